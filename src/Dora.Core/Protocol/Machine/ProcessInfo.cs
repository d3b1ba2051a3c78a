using Dora.Core.Protocol.Json;

namespace Dora.Core.Protocol.Machine;

/// <summary>One process in <c>GET /v1/machine/processes</c>.</summary>
public sealed class ProcessInfo : IJsonMapped<ProcessInfo>
{
    /// <summary>Its number.</summary>
    public int Pid { get; init; }

    /// <summary>Who started it, or took it over; 0 for none.</summary>
    public int ParentPid { get; init; }

    /// <summary>Its user.</summary>
    public int Uid { get; init; }

    /// <summary>Up to 15 bytes that it may choose itself.</summary>
    public required string Name { get; init; }

    /// <summary>Program and arguments; empty for kernel threads and for what has ended. It may have overwritten them.</summary>
    public IReadOnlyList<string> Command { get; init; } = [];

    /// <summary><c>running</c>, <c>sleeping</c>, <c>blocked</c> (waits for a disk or device), <c>stopped</c>, <c>traced</c>, <c>zombie</c>, <c>idle</c>, <c>dead</c>.</summary>
    public required string State { get; init; }

    /// <summary>True for a thread of the kernel; absent for any other.</summary>
    public bool? Kernel { get; init; }

    /// <summary>Service that it belongs to, by its cgroup.</summary>
    public string? Service { get; init; }

    /// <summary>When it was started; with the pid it names the process for ever.</summary>
    public Moment? StartedAt { get; init; }

    /// <summary>Time that it ran, in user and kernel.</summary>
    public long CpuMs { get; init; }

    /// <summary>Memory that it has in RAM, shared pages included.</summary>
    public long RssBytes { get; init; }

    /// <summary>Addresses that it has mapped.</summary>
    public long VirtualBytes { get; init; }

    /// <summary>Memory that it has in swap.</summary>
    public long? SwapBytes { get; init; }

    /// <summary>How many.</summary>
    public int Threads { get; init; }

    /// <summary>Descriptors; null where they cannot be counted.</summary>
    public int? OpenFiles { get; init; }

    /// <summary>Its nice value.</summary>
    public int Nice { get; init; }

    /// <summary>Of one process: its cgroup.</summary>
    public string? Cgroup { get; init; }

    /// <summary>Of one process, for callers who may change things: the file that it runs.</summary>
    public string? Executable { get; init; }

    /// <summary>Of one process, for callers who may change things: its working directory.</summary>
    public string? Directory { get; init; }

    /// <summary>Of one process: its resource limits.</summary>
    public IReadOnlyList<ProcessLimit>? Limits { get; init; }

    /// <inheritdoc/>
    public static ProcessInfo Map(JsonMap json, ProcessInfo? from) => new()
    {
        Pid = json.Integer("pid", from?.Pid) ?? 0,
        ParentPid = json.Integer("parentPid", from?.ParentPid) ?? 0,
        Uid = json.Integer("uid", from?.Uid) ?? 0,
        Name = json.RequiredText("name", from?.Name),
        Command = json.Texts("command", from?.Command) ?? [],
        State = json.RequiredText("state", from?.State),
        Kernel = json.Flag("kernel", from?.Kernel),
        Service = json.Text("service", from?.Service),
        StartedAt = json.Member("startedAt", from?.StartedAt),
        CpuMs = json.Number("cpuMs", from?.CpuMs) ?? 0,
        RssBytes = json.Number("rssBytes", from?.RssBytes) ?? 0,
        VirtualBytes = json.Number("virtualBytes", from?.VirtualBytes) ?? 0,
        SwapBytes = json.Number("swapBytes", from?.SwapBytes),
        Threads = json.Integer("threads", from?.Threads) ?? 0,
        OpenFiles = json.Integer("openFiles", from?.OpenFiles),
        Nice = json.Integer("nice", from?.Nice) ?? 0,
        Cgroup = json.Text("cgroup", from?.Cgroup),
        Executable = json.Text("executable", from?.Executable),
        Directory = json.Text("directory", from?.Directory),
        Limits = json.Members("limits", from?.Limits),
    };
}
