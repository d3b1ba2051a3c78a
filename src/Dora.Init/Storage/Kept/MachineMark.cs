using Dora.Core.Linux;
using Dora.Init.Storage.Claiming;
using Dora.Init.Storage.Disks;

namespace Dora.Init.Storage.Kept;

/// <summary>Which machine used a storage last: what tells whose it is when two are found. Written only when it changes.</summary>
internal static class MachineMark
{
    public static void Put(IReadOnlyList<LookedAt> disks, Guid machine)
    {
        foreach (var disk in disks)
        {
            var superblock = disk.Content!.Superblock!;
            if (superblock.Machine == machine || disk.Disk.Info.ReadOnly) continue;
            var sector = (superblock with { Machine = machine, Used = DateTimeOffset.UtcNow.ToUnixTimeSeconds() }).Write();
            // Not through the whole disk's page cache alone: the partition is mounted, this sector lies before it.
            var errno = Sys.Open(disk.Disk.Info.Path, Libc.O_WRONLY, 0, out var device);
            if (errno == Errno.None)
                using (device)
                {
                    errno = Sys.WriteAllAt(device, sector, DiskLayout.SuperblockOffset);
                    if (errno == Errno.None) errno = Sys.Synchronize(device);
                }
            if (errno != Errno.None) Log.Warn($"storage: {disk.Disk.Describe()}: note which machine uses it: {errno.Describe()}");
        }
    }
}
