using Dora.Core.Protocol.Json;

namespace Dora.Core.Protocol.Machine;

/// <summary>Answer of <c>GET /v1/machine/os</c>.</summary>
public sealed class OsInfo : IJsonMapped<OsInfo>
{
    /// <summary>Name of the machine.</summary>
    public required string Hostname { get; init; }

    /// <summary>Release of the kernel: <c>6.1.0-28-cloud-amd64</c>.</summary>
    public required string Kernel { get; init; }

    /// <summary>When and how it was built.</summary>
    public required string KernelVersion { get; init; }

    /// <summary><c>x86_64</c>.</summary>
    public required string Machine { get; init; }

    /// <summary>Id in os-release: <c>debian</c>.</summary>
    public string? Distribution { get; init; }

    /// <summary>The name for people.</summary>
    public string? DistributionName { get; init; }

    /// <summary>Version in os-release.</summary>
    public string? DistributionVersion { get; init; }

    /// <summary>Version of init.</summary>
    public required string InitVersion { get; init; }

    /// <summary>An id that is new for each boot.</summary>
    public string? BootId { get; init; }

    /// <summary>When the kernel started, by the wall clock of now: UTC in ISO 8601.</summary>
    public required string BootedAt { get; init; }

    /// <summary>How long ago that was.</summary>
    public long UptimeMs { get; init; }

    /// <summary>What the boot loader gave the kernel.</summary>
    public string? CommandLine { get; init; }

    /// <inheritdoc/>
    public static OsInfo Map(JsonMap json, OsInfo? from) => new()
    {
        Hostname = json.RequiredText("hostname", from?.Hostname),
        Kernel = json.RequiredText("kernel", from?.Kernel),
        KernelVersion = json.RequiredText("kernelVersion", from?.KernelVersion),
        Machine = json.RequiredText("machine", from?.Machine),
        Distribution = json.Text("distribution", from?.Distribution),
        DistributionName = json.Text("distributionName", from?.DistributionName),
        DistributionVersion = json.Text("distributionVersion", from?.DistributionVersion),
        InitVersion = json.RequiredText("initVersion", from?.InitVersion),
        BootId = json.Text("bootId", from?.BootId),
        BootedAt = json.RequiredText("bootedAt", from?.BootedAt),
        UptimeMs = json.Number("uptimeMs", from?.UptimeMs) ?? 0,
        CommandLine = json.Text("commandLine", from?.CommandLine),
    };
}
