using Dora.Core.Linux;
using Dora.Init.Storage.Claiming;
using Dora.Init.Storage.Disks;
using Dora.Init.Storage.Probing;

namespace Dora.Init.Storage.Mounting;

/// <summary>
/// A disk that has become larger since its table was written: a virtual disk, or a copy onto a larger one. The table is
/// written anew for the new size, while nothing of it is in use. That is a change of five places, so the superblock says
/// first that it happens (Growing): a table that was cut short then counts as ours, and is written again.
/// </summary>
internal static class GrownDisk
{
    /// <summary>Words about what was done, empty for nothing; or the failure.</summary>
    public static string FitTable(LookedAt disk, out string? failure)
    {
        failure = null;
        var superblock = disk.Content!.Superblock!;
        bool isCutShort = superblock.State == SuperblockState.Growing;
        long size = disk.Disk.Info.SizeBytes;
        if (!isCutShort && DiskLayout.PartitionBytes(size) <= superblock.PartitionBytes) return "";
        var errno = BlockDevice.OpenAlone(disk.Disk.Info.Path, out var device);
        // Mounted already, or read-only: it is used as large as it was.
        if (errno != Errno.None) return isCutShort ? Fail(out failure, $"open: {errno.Describe()}") : "";
        using (device)
        {
            if (Write(device, superblock) is { } why) return Fail(out failure, $"its partition table could not be fitted to {Disk.Size(size)}: {why}");
            errno = device.ReadPartitions();
            return errno == Errno.None ? $", grown to {Disk.Size(size)}" : Fail(out failure, $"read the partition table: {errno.Describe()}");
        }
    }

    /// <summary>Null when the table fits; else what failed.</summary>
    internal static string? Write(IDiskWriter device, Superblock superblock)
    {
        var grown = superblock with
        {
            State = SuperblockState.Growing,
            PartitionBytes = Math.Max(DiskLayout.PartitionBytes(device.SizeBytes), superblock.PartitionBytes),
            DiskBytes = device.SizeBytes,
        };
        // Until the table is done the old sizes are the ones that count.
        if (Put(device, DiskLayout.SuperblockOffset, (superblock with { State = SuperblockState.Growing }).Write()) is { } failure) return failure;
        foreach (var (offset, bytes) in GuidPartitionTable.Compose(device.SizeBytes, device.SectorBytes, grown.Disk, grown.Partition, DiskLayout.PartitionType,
            DiskLayout.PartitionName, DiskLayout.PartitionOffset, grown.PartitionBytes))
            if (Put(device, offset, bytes) is { } why) return why;
        return Put(device, DiskLayout.SuperblockOffset, (grown with { State = SuperblockState.Ready }).Write());
    }

    // Each behind the other: the backup is whole before the primary one is touched.
    private static string? Put(IDiskWriter device, long offset, byte[] bytes)
    {
        var errno = device.Write(offset, bytes);
        if (errno == Errno.None) errno = device.Flush();
        return errno == Errno.None ? null : $"write at {offset}: {errno.Describe()}";
    }

    private static string Fail(out string? failure, string why)
    {
        failure = why;
        return "";
    }
}
