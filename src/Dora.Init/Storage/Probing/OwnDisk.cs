using System.Buffers.Binary;
using Dora.Core.Linux;
using Dora.Init.Storage.Claiming;
using Dora.Init.Storage.Disks;

namespace Dora.Init.Storage.Probing;

/// <summary>Whether a disk is what its superblock says: size, partition table and file system.</summary>
internal static class OwnDisk
{
    /// <summary>Null if all agree. <paramref name="notes"/> goes behind "Pandora's storage".</summary>
    /// <param name="isTableLost">There is no valid partition table: somebody else's may be in its place.</param>
    public static string? Disagreement(IDiskContent disk, Superblock ours, out string notes, out bool isTableLost)
    {
        notes = ours.FileSystem is StorageFileSystem.Btrfs ? " (btrfs" : " (ext4";
        notes += ours.IsEncrypted ? ", encrypted)" : ")";
        isTableLost = false;
        if (ours.DiskBytes > disk.SizeBytes || ours.PartitionBytes > disk.SizeBytes - DiskLayout.PartitionOffset)
            return $"the disk had {Words.Number(ours.DiskBytes)} bytes, and has {Words.Number(disk.SizeBytes)} now: it was cut off, or is seen through another controller";
        if (ours.DiskBytes < disk.SizeBytes) notes += $"; the disk has grown from {Words.Size(ours.DiskBytes)} to {Words.Size(disk.SizeBytes)}";

        bool isGrowing = ours.State is SuperblockState.Growing;
        var table = Primary(disk, out string? problem);
        if (table is null && Backup(disk, ours) is { } backup)
        {
            if (isGrowing)
            {
                table = backup;
                notes += "; its partition table is found in the backup copy only";
            }
            else problem += "; its backup copy is whole";
        }
        if (table is null)
        {
            isTableLost = true;
            return $"the partition table is damaged: {problem}";
        }
        if (isGrowing) notes += "; its growth is not finished";
        if (ours.State is SuperblockState.Joining) notes += "; its joining is not finished";
        return OfTable(disk, ours, table, isGrowing) ?? OfProtectiveMbr(disk) ?? OfContent(disk, ours);
    }

    private static GuidPartitionTable? Primary(IDiskContent disk, out string? problem)
    {
        var table = GuidPartitionTable.Read(disk, 512, 1, out problem);
        if (table is not null) return table;
        table = GuidPartitionTable.Read(disk, 4096, 1, out string? other);
        problem ??= other ?? "it is not there";
        return table;
    }

    // At the end of the disk as it is, or as it was before it grew.
    private static GuidPartitionTable? Backup(IDiskContent disk, Superblock ours)
    {
        for (int sector = 512; sector <= 4096; sector *= 8)
        {
            if (GuidPartitionTable.Read(disk, sector, disk.SizeBytes / sector - 1, out _) is { } now) return now;
            if (GuidPartitionTable.Read(disk, sector, ours.DiskBytes / sector - 1, out _) is { } before) return before;
        }
        return null;
    }

    private static string? OfTable(IDiskContent disk, Superblock ours, GuidPartitionTable table, bool isGrowing)
    {
        if (table.Disk != ours.Disk) return Differs("the partition table is of disk ", table.Disk, ours.Disk);
        if (table.Partitions.Length != 1) return $"the partition table has {Words.Count(table.Partitions.Length, "partition")}, not one";
        var partition = table.Partitions[0];
        if (partition.Type != DiskLayout.PartitionType) return $"its partition is of type {partition.Type.ToString()}, not Pandora's";
        if (partition.Id != ours.Partition) return Differs("its partition is ", partition.Id, ours.Partition);
        long sector = table.SectorBytes, last = disk.SizeBytes / sector - 1;
        if (partition.First != DiskLayout.PartitionOffset / sector) return $"its partition begins at sector {Words.Number(partition.First)}, not {Words.Number(DiskLayout.PartitionOffset / sector)}";
        if (partition.First < table.FirstUsable || partition.Last > table.LastUsable || table.LastUsable >= last || table.Alternate > last)
            return "the partition table is of another disk: it names sectors that cannot be used";
        long length = (partition.Last - partition.First + 1) * sector;
        if (length == ours.PartitionBytes) return null;
        // A table on its way to the new end: of this size, or of one that the disk had in between.
        if (isGrowing && (length == DiskLayout.PartitionBytes(disk.SizeBytes) || length == DiskLayout.PartitionBytes((table.Alternate + 1) * sector))) return null;
        return $"its partition has {Words.Number(length)} bytes, not {Words.Number(ours.PartitionBytes)}";
    }

    // UEFI 2.10, 5.2.3. Without it the kernel does not take the table for one, and with another record in it the disk is somebody's, too.
    private static string? OfProtectiveMbr(IDiskContent disk)
    {
        Span<byte> sector = stackalloc byte[512];
        if (disk.Read(0, sector) is not Errno.None and var errno) return $"its first sector cannot be read: {errno.Describe()}";
        if (sector[510] != 0x55 || sector[511] != 0xAA) return "the protective MBR is damaged";
        int protective = 0;
        for (int at = 446; at < 510; at += 16)
        {
            if (sector[at + 4] == 0) continue;
            if (sector[at + 4] != 0xEE || BinaryPrimitives.ReadInt32LittleEndian(sector[(at + 8)..]) != 1) return "its MBR has partitions, too";
            protective++;
        }
        return protective == 1 ? null : "the protective MBR is damaged";
    }

    private static string? OfContent(IDiskContent disk, Superblock ours)
    {
        // LUKS2 On-Disk Format 2.1; fs/btrfs: superblock at 64 KiB, fsid at 32, magic at 64; fs/ext4: superblock at 1 KiB, magic at 56, UUID at 104.
        (long at, int magicAt, int idAt) = ours.IsEncrypted ? (0L, 0, -1) : ours.FileSystem is StorageFileSystem.Btrfs ? (64L << 10, 64, 32) : (1L << 10, 56, 104);
        var magic = ours.IsEncrypted ? [0x4C, 0x55, 0x4B, 0x53, 0xBA, 0xBE, 0x00, 0x02] : ours.FileSystem is StorageFileSystem.Btrfs ? "_BHRfS_M"u8 : [0x53, 0xEF];
        string name = ours.IsEncrypted ? "LUKS2 container" : ours.FileSystem is StorageFileSystem.Btrfs ? "btrfs file system" : "ext4 file system";
        Span<byte> block = stackalloc byte[512];
        var errno = disk.Read(DiskLayout.PartitionOffset + at, block);
        if (errno != Errno.None) return $"the {name} in its partition cannot be read: {errno.Describe()}";
        if (!block[magicAt..].StartsWith(magic)) return $"there is no {name} in its partition";
        if (idAt < 0) return null;
        var id = new Guid(block.Slice(idAt, 16), bigEndian: true);
        return id == ours.FileSystemId ? null : Differs($"the {name} in its partition is ", id, ours.FileSystemId);
    }

    private static string Differs(string what, Guid found, Guid ours) => $"{what}{found.ToString()}, not {ours.ToString()}";
}
