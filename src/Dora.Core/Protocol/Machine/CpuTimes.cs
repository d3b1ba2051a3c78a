using Dora.Core.Protocol.Json;

namespace Dora.Core.Protocol.Machine;

/// <summary>Where the time of a CPU went since boot, as /proc/stat counts it.</summary>
public sealed class CpuTimes : IJsonMapped<CpuTimes>
{
    /// <summary>Number of the CPU; null for all together.</summary>
    public int? Id { get; init; }

    /// <summary>Its frequency now; null where the kernel does not tell.</summary>
    public int? Mhz { get; init; }

    /// <summary>Processes, those of guests included.</summary>
    public long UserMs { get; init; }

    /// <summary>Processes with a positive nice value.</summary>
    public long NiceMs { get; init; }

    /// <summary>The kernel.</summary>
    public long SystemMs { get; init; }

    /// <summary>Nothing to do.</summary>
    public long IdleMs { get; init; }

    /// <summary>Nothing to do but to wait for a disk.</summary>
    public long IoWaitMs { get; init; }

    /// <summary>Interrupts.</summary>
    public long IrqMs { get; init; }

    /// <summary>What interrupts have left to be done.</summary>
    public long SoftIrqMs { get; init; }

    /// <summary>Taken by the host of a virtual machine.</summary>
    public long StealMs { get; init; }

    /// <summary>Virtual machines of this one.</summary>
    public long GuestMs { get; init; }

    /// <inheritdoc/>
    public static CpuTimes Map(JsonMap json, CpuTimes? from) => new()
    {
        Id = json.Integer("id", from?.Id),
        Mhz = json.Integer("mhz", from?.Mhz),
        UserMs = json.Number("userMs", from?.UserMs) ?? 0,
        NiceMs = json.Number("niceMs", from?.NiceMs) ?? 0,
        SystemMs = json.Number("systemMs", from?.SystemMs) ?? 0,
        IdleMs = json.Number("idleMs", from?.IdleMs) ?? 0,
        IoWaitMs = json.Number("ioWaitMs", from?.IoWaitMs) ?? 0,
        IrqMs = json.Number("irqMs", from?.IrqMs) ?? 0,
        SoftIrqMs = json.Number("softIrqMs", from?.SoftIrqMs) ?? 0,
        StealMs = json.Number("stealMs", from?.StealMs) ?? 0,
        GuestMs = json.Number("guestMs", from?.GuestMs) ?? 0,
    };
}
