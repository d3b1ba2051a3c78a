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
            if ((superblock.Machine == machine && superblock.State == SuperblockState.Ready) || disk.Disk.Info.ReadOnly) continue;
            var errno = Write(disk, superblock with { State = SuperblockState.Ready, Machine = machine, Used = DateTimeOffset.UtcNow.ToUnixTimeSeconds() });
            if (errno != Errno.None) Log.Warn($"storage: {disk.Disk.Describe()}: note which machine uses it: {errno.Describe()}");
        }
    }

    /// <summary>A disk that was about to join has joined. Null when that is written down.</summary>
    public static string? Finish(LookedAt disk)
    {
        if (disk.Content?.Superblock is not { } superblock) return "its superblock is gone";
        var errno = Write(disk, superblock with { State = SuperblockState.Ready });
        return errno == Errno.None ? null : $"write its superblock: {errno.Describe()}";
    }

    // The partition may be mounted: this sector lies before it.
    private static Errno Write(LookedAt disk, Superblock superblock)
    {
        var errno = Sys.Open(disk.Disk.Info.Path, Libc.O_WRONLY, 0, out var device);
        if (errno != Errno.None) return errno;
        using (device)
        {
            errno = Sys.WriteAllAt(device, superblock.Write(), DiskLayout.SuperblockOffset);
            return errno == Errno.None ? Sys.Synchronize(device) : errno;
        }
    }
}
