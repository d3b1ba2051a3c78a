using Dora.Core.Protocol.Json;

namespace Dora.Core.Protocol;

/// <summary>
/// One service in <c>GET /v1/usage</c>: what its processes use, by their cgroup. A figure is null where the kernel does not
/// count it (its controller is not there), and all are where nothing of the service runs.
/// </summary>
public sealed record ServiceUsage : IJsonMapped<ServiceUsage>
{
    /// <summary>Name of the service.</summary>
    public required string Name { get; init; }

    /// <summary>One of <see cref="ServiceStates"/>.</summary>
    public required string State { get; init; }

    /// <summary>Restarts since it was last started by boot or by an operator.</summary>
    public int Restarts { get; init; }

    /// <summary>Time on CPUs since this run began, in user and kernel mode.</summary>
    public long? CpuMs { get; init; }

    /// <summary>Memory now: of its processes, and page cache and kernel memory on their account.</summary>
    public long? MemoryBytes { get; init; }

    /// <summary>The most that it has been in this run.</summary>
    public long? MemoryPeakBytes { get; init; }

    /// <summary>Processes and threads.</summary>
    public long? Tasks { get; init; }

    /// <summary>Read from disks.</summary>
    public long? IoReadBytes { get; init; }
    /// <summary>Written to disks.</summary>
    public long? IoWriteBytes { get; init; }

    /// <inheritdoc/>
    public static ServiceUsage Map(JsonMap json, ServiceUsage? from) => new()
    {
        Name = json.RequiredText("name", from?.Name),
        State = json.RequiredText("state", from?.State),
        Restarts = json.Integer("restarts", from?.Restarts) ?? 0,
        CpuMs = json.Number("cpuMs", from?.CpuMs),
        MemoryBytes = json.Number("memoryBytes", from?.MemoryBytes),
        MemoryPeakBytes = json.Number("memoryPeakBytes", from?.MemoryPeakBytes),
        Tasks = json.Number("tasks", from?.Tasks),
        IoReadBytes = json.Number("ioReadBytes", from?.IoReadBytes),
        IoWriteBytes = json.Number("ioWriteBytes", from?.IoWriteBytes),
    };
}
