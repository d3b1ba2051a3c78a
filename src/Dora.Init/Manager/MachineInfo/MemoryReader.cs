using Dora.Core.Protocol.Machine;

namespace Dora.Init.Manager.MachineInfo;

/// <summary>Memory: /proc/meminfo.</summary>
internal static class MemoryReader
{
    public static MemoryInfo Read(string root) => Parse(SystemText.Table($"{root}/proc/meminfo"));

    internal static MemoryInfo Parse(string meminfo)
    {
        long Of(string name)
        {
            foreach (var line in meminfo.AsSpan().EnumerateLines())
            {
                if (line.Length <= name.Length || line[name.Length] != ':' || !line.StartsWith(name)) continue;
                var rest = line[(name.Length + 1)..];
                return SystemText.NextNumber(ref rest) is var kilobytes and >= 0 and < long.MaxValue / 4096 ? kilobytes * 1024 : 0;
            }
            return 0;
        }

        return new MemoryInfo
        {
            TotalBytes = Of("MemTotal"),
            FreeBytes = Of("MemFree"),
            AvailableBytes = Of("MemAvailable"),
            InUseBytes = Of("MemTotal") - Of("MemFree") - Of("Buffers") - Of("Cached") - Of("SReclaimable") + Of("Shmem"),
            BuffersBytes = Of("Buffers"),
            CachedBytes = Of("Cached"),
            SharedBytes = Of("Shmem"),
            SlabBytes = Of("Slab"),
            SlabReclaimableBytes = Of("SReclaimable"),
            AnonymousBytes = Of("AnonPages"),
            MappedBytes = Of("Mapped"),
            DirtyBytes = Of("Dirty"),
            WritebackBytes = Of("Writeback"),
            KernelStackBytes = Of("KernelStack"),
            PageTablesBytes = Of("PageTables"),
            CommittedBytes = Of("Committed_AS"),
            SwapTotalBytes = Of("SwapTotal"),
            SwapFreeBytes = Of("SwapFree"),
        };
    }
}
