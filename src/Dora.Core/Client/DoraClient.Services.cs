using Dora.Core.Protocol;

namespace Dora.Core.Client;

/// <summary>Services, what is done with them, and how they came up.</summary>
public sealed partial class DoraClient
{
    /// <summary>All services.</summary>
    public Answer<IReadOnlyList<ServiceSummary>> Services() => GetList<ServiceSummary>("/v1/services");

    /// <summary>One service and what explains its state.</summary>
    public Answer<ServiceStatus> Service(string name) => Get<ServiceStatus>($"/v1/services/{Escape(name)}");

    /// <summary>What each service uses of CPU, memory and disks.</summary>
    public Answer<IReadOnlyList<ServiceUsage>> Usage() => GetList<ServiceUsage>("/v1/usage");

    /// <summary>Begins a change on a service; <see cref="WaitFor"/> waits for its end.</summary>
    /// <param name="name">The service.</param>
    /// <param name="verb"><c>start</c>, <c>stop</c>, <c>restart</c>, <c>reload</c>, <c>pin-up</c>, <c>pin-down</c>, <c>unpin</c>, <c>mask</c> or <c>unmask</c>.</param>
    public Answer<ChangeInfo> Change(string name, string verb) => Post<ChangeInfo>($"/v1/services/{Escape(name)}/{verb}");

    /// <summary>A change as it is now.</summary>
    public Answer<ChangeInfo> Change(string id) => Get<ChangeInfo>($"/v1/changes/{Escape(id)}");

    /// <summary>Runs a command once, as a service of its own; the change ends with it.</summary>
    /// <param name="service">A service file as JSON.</param>
    /// <param name="name">What it is called; the machine chooses unless told.</param>
    public Answer<ChangeInfo> Run(byte[] service, string? name = null) =>
        Post<ChangeInfo>(name is null ? "/v1/run" : $"/v1/run?name={Escape(name)}", service);

    /// <summary>How the service files differ from what is in use.</summary>
    public Answer<ReloadReport> CompareFiles() => Get<ReloadReport>("/v1/reload");

    /// <summary>Takes the service files up.</summary>
    /// <param name="fingerprint">Of the report that was looked at: refused if anything has changed since.</param>
    public Answer<ReloadReport> ReloadFiles(string fingerprint) => Post<ReloadReport>($"/v1/reload?fingerprint={Escape(fingerprint)}");

    /// <summary>Stages and services of this boot.</summary>
    public Answer<BootReport> Boot() => Get<BootReport>("/v1/boot");
}
