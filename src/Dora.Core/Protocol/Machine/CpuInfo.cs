using Dora.Core.Protocol.Json;

namespace Dora.Core.Protocol.Machine;

/// <summary>Answer of <c>GET /v1/machine/cpu</c>.</summary>
public sealed class CpuInfo : IJsonMapped<CpuInfo>
{
    /// <summary>As the processor names its maker: <c>GenuineIntel</c>, <c>AuthenticAMD</c>.</summary>
    public string? Vendor { get; init; }

    /// <summary>As the processor names itself.</summary>
    public string? Model { get; init; }

    /// <summary>CPUs that the kernel runs on: threads of cores.</summary>
    public int Count { get; init; }

    /// <summary>Packages; null where the kernel does not tell.</summary>
    public int? Sockets { get; init; }

    /// <summary>Cores of all packages; null where the kernel does not tell.</summary>
    public int? Cores { get; init; }

    /// <summary>What the processors can do, in the kernel's words.</summary>
    public IReadOnlyList<string> Flags { get; init; } = [];

    /// <summary>Tasks that ran or waited for a disk, averaged over a minute.</summary>
    public double? Load1 { get; init; }

    /// <summary>The same over five minutes.</summary>
    public double? Load5 { get; init; }

    /// <summary>The same over a quarter of an hour.</summary>
    public double? Load15 { get; init; }

    /// <summary>Tasks that run or could run at this moment.</summary>
    public int? Running { get; init; }

    /// <summary>All tasks, threads included.</summary>
    public int? Tasks { get; init; }

    /// <summary>Since boot.</summary>
    public long? ContextSwitches { get; init; }

    /// <summary>Since boot.</summary>
    public long? Interrupts { get; init; }

    /// <summary>Times of all CPUs together.</summary>
    public CpuTimes? Total { get; init; }

    /// <summary>Each of them.</summary>
    public IReadOnlyList<CpuTimes> Cpus { get; init; } = [];

    /// <inheritdoc/>
    public static CpuInfo Map(JsonMap json, CpuInfo? from) => new()
    {
        Vendor = json.Text("vendor", from?.Vendor),
        Model = json.Text("model", from?.Model),
        Count = json.Integer("count", from?.Count) ?? 0,
        Sockets = json.Integer("sockets", from?.Sockets),
        Cores = json.Integer("cores", from?.Cores),
        Flags = json.Texts("flags", from?.Flags) ?? [],
        Load1 = json.Decimal("load1", from?.Load1),
        Load5 = json.Decimal("load5", from?.Load5),
        Load15 = json.Decimal("load15", from?.Load15),
        Running = json.Integer("running", from?.Running),
        Tasks = json.Integer("tasks", from?.Tasks),
        ContextSwitches = json.Number("contextSwitches", from?.ContextSwitches),
        Interrupts = json.Number("interrupts", from?.Interrupts),
        Total = json.Member("total", from?.Total),
        Cpus = json.Members("cpus", from?.Cpus) ?? [],
    };
}
