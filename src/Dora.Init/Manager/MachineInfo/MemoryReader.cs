using Dora.Core.Protocol.Machine;

namespace Dora.Init.Manager.MachineInfo;

/// <summary>Memory: /proc/meminfo.</summary>
internal static class MemoryReader
{
    public static MemoryInfo Read(string root) => Parse(SystemText.Table($"{root}/proc/meminfo"));

    internal static MemoryInfo Parse(string meminfo)
    {
        var values = new Dictionary<string, long>();
        foreach (var line in meminfo.AsSpan().EnumerateLines())
        {
            int colon = line.IndexOf(':');
            if (colon <= 0) continue;
            var rest = line[(colon + 1)..];
            long kilobytes = SystemText.NextNumber(ref rest);
            if (kilobytes is >= 0 and < long.MaxValue / 1024) values[line[..colon].ToString()] = kilobytes * 1024;
        }
        long Of(string name) => values.GetValueOrDefault(name);
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
