using Dora.Core.Protocol.Json;

namespace Dora.Core.Protocol.Machine;

/// <summary>Answer of <c>GET /v1/machine/memory</c>.</summary>
public sealed class MemoryInfo : IJsonMapped<MemoryInfo>
{
    /// <summary>All that the kernel has.</summary>
    public long TotalBytes { get; init; }

    /// <summary>In use for nothing at all.</summary>
    public long FreeBytes { get; init; }

    /// <summary>What programs could still have without swapping, as the kernel reckons.</summary>
    public long AvailableBytes { get; init; }

    /// <summary>What programs and the kernel hold and cannot be dropped: total - free - buffers - cached - reclaimable slab + shared.</summary>
    public long InUseBytes { get; init; }

    /// <summary>Blocks of disks.</summary>
    public long BuffersBytes { get; init; }

    /// <summary>Contents of files, tmpfs included.</summary>
    public long CachedBytes { get; init; }

    /// <summary>tmpfs and shared memory: a part of cached that cannot be dropped.</summary>
    public long SharedBytes { get; init; }

    /// <summary>The kernel's own objects.</summary>
    public long SlabBytes { get; init; }

    /// <summary>Of these, what can be dropped.</summary>
    public long SlabReclaimableBytes { get; init; }

    /// <summary>Memory of programs that is no file's.</summary>
    public long AnonymousBytes { get; init; }

    /// <summary>Files mapped by programs.</summary>
    public long MappedBytes { get; init; }

    /// <summary>To be written to disks.</summary>
    public long DirtyBytes { get; init; }

    /// <summary>Being written.</summary>
    public long WritebackBytes { get; init; }

    /// <summary>Stacks of tasks.</summary>
    public long KernelStackBytes { get; init; }

    /// <summary>Tables of pages.</summary>
    public long PageTablesBytes { get; init; }

    /// <summary>Promised to programs.</summary>
    public long CommittedBytes { get; init; }

    /// <summary>All swap.</summary>
    public long SwapTotalBytes { get; init; }

    /// <summary>Of that, not in use.</summary>
    public long SwapFreeBytes { get; init; }

    /// <inheritdoc/>
    public static MemoryInfo Map(JsonMap json, MemoryInfo? from) => new()
    {
        TotalBytes = json.Number("totalBytes", from?.TotalBytes) ?? 0,
        FreeBytes = json.Number("freeBytes", from?.FreeBytes) ?? 0,
        AvailableBytes = json.Number("availableBytes", from?.AvailableBytes) ?? 0,
        InUseBytes = json.Number("inUseBytes", from?.InUseBytes) ?? 0,
        BuffersBytes = json.Number("buffersBytes", from?.BuffersBytes) ?? 0,
        CachedBytes = json.Number("cachedBytes", from?.CachedBytes) ?? 0,
        SharedBytes = json.Number("sharedBytes", from?.SharedBytes) ?? 0,
        SlabBytes = json.Number("slabBytes", from?.SlabBytes) ?? 0,
        SlabReclaimableBytes = json.Number("slabReclaimableBytes", from?.SlabReclaimableBytes) ?? 0,
        AnonymousBytes = json.Number("anonymousBytes", from?.AnonymousBytes) ?? 0,
        MappedBytes = json.Number("mappedBytes", from?.MappedBytes) ?? 0,
        DirtyBytes = json.Number("dirtyBytes", from?.DirtyBytes) ?? 0,
        WritebackBytes = json.Number("writebackBytes", from?.WritebackBytes) ?? 0,
        KernelStackBytes = json.Number("kernelStackBytes", from?.KernelStackBytes) ?? 0,
        PageTablesBytes = json.Number("pageTablesBytes", from?.PageTablesBytes) ?? 0,
        CommittedBytes = json.Number("committedBytes", from?.CommittedBytes) ?? 0,
        SwapTotalBytes = json.Number("swapTotalBytes", from?.SwapTotalBytes) ?? 0,
        SwapFreeBytes = json.Number("swapFreeBytes", from?.SwapFreeBytes) ?? 0,
    };
}
