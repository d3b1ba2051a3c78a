using Dora.Core.Protocol;

namespace Dora.Core.Client;

/// <summary>Services that are run at times.</summary>
public sealed partial class DoraClient
{
    /// <summary>All jobs, without their runs.</summary>
    public Answer<IReadOnlyList<JobInfo>> Jobs() => GetList<JobInfo>("/v1/jobs");

    /// <summary>One job and its last runs.</summary>
    public Answer<JobInfo> Job(string name) => Get<JobInfo>($"/v1/jobs/{Escape(name)}");

    /// <summary>Runs a job now; the change ends with it.</summary>
    public Answer<ChangeInfo> RunJob(string name) => Post<ChangeInfo>($"/v1/jobs/{Escape(name)}/run");
}
