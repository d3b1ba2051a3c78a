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
            if (disk.Disk.Info.ReadOnly) continue;
            string? failure = Finish(disk.Disk) ?? Change(disk.Disk, superblock => superblock.Machine == machine ? null : superblock with { Machine = machine, Used = DateTimeOffset.UtcNow.ToUnixTimeSeconds() });
            if (failure is not null) Log.Warn($"storage: {disk.Disk.Describe()}: note which machine uses it: {failure}");
        }
    }

    /// <summary>Disks that were about to join have joined, since the file system on them is mounted. Null when that is written down.</summary>
    public static string? Finish(Disk disk) =>
        Change(disk, superblock => superblock.State == SuperblockState.Joining ? superblock with { State = SuperblockState.Ready } : null);

    /// <summary>
    /// What is on the disk now counts, not what was there when it was looked at: it may have grown since. The partition may be
    /// mounted: this sector lies before it.
    /// </summary>
    private static string? Change(Disk disk, Func<Superblock, Superblock?> change)
    {
        var errno = Sys.Open(disk.Info.Path, Libc.O_RDWR, 0, out var device);
        if (errno != Errno.None) return $"open: {errno.Describe()}";
        using (device)
        {
            var sector = new byte[Superblock.Bytes];
            errno = Sys.ReadAt(device, sector, DiskLayout.SuperblockOffset, out int count);
            if (errno != Errno.None) return $"read: {errno.Describe()}";
            if (count != sector.Length) return "read: it has become smaller";
            if (Superblock.Read(sector, out string? problem) is not { } superblock) return problem ?? "its superblock is gone";
            if (change(superblock) is not { } changed) return null;
            errno = Sys.WriteAllAt(device, changed.Write(), DiskLayout.SuperblockOffset);
            if (errno == Errno.None) errno = Sys.Synchronize(device);
            return errno == Errno.None ? null : $"write: {errno.Describe()}";
        }
    }
}
