using System.Buffers.Binary;
using Dora.Init.Storage.Claiming;
using Dora.Init.Storage.Disks;
using Dora.Init.Storage.Probing;

namespace Dora.Init.Tests.Storage.Probing;

/// <summary>A disk of ours in memory, as far as the probe looks at it: superblock, partition table, marks of the file system.</summary>
internal static class PandoraDisk
{
    public const long Size = 9 << 20;

    public static Superblock Describe(long size = Size, SuperblockState state = SuperblockState.Ready, StorageFileSystem fileSystem = StorageFileSystem.Btrfs, bool isEncrypted = false) => new()
    {
        State = state,
        FileSystem = fileSystem,
        IsEncrypted = isEncrypted,
        Storage = new("aaaaaaaa-0000-4000-8000-000000000001"),
        Disk = new("aaaaaaaa-0000-4000-8000-000000000002"),
        Partition = new("aaaaaaaa-0000-4000-8000-000000000003"),
        FileSystemId = new("aaaaaaaa-0000-4000-8000-000000000004"),
        PartitionBytes = DiskLayout.PartitionBytes(size),
        DiskBytes = size,
        Model = "QEMU HARDDISK",
        Serial = "1234",
    };

    public static MemoryDisk Make(Superblock superblock, int sectorBytes = 512, byte fill = 0, long? size = null)
    {
        var disk = new MemoryDisk(size ?? superblock.DiskBytes, fill);
        disk.Write(DiskLayout.SuperblockOffset, superblock.Write());
        foreach (var (offset, bytes) in Pieces(superblock, sectorBytes)) disk.Write(offset, bytes);
        return disk;
    }

    public static MemoryDisk Make() => Make(Describe());

    /// <summary>What a claim writes beside the superblock, in its order.</summary>
    public static List<(long Offset, byte[] Bytes)> Pieces(Superblock superblock, int sectorBytes = 512)
    {
        var pieces = new List<(long, byte[])>();
        if (superblock.State is SuperblockState.Joining) return [.. Table(superblock, sectorBytes)];
        if (superblock.IsEncrypted) pieces.Add((DiskLayout.PartitionOffset, Padded([.. "LUKS"u8, 0xBA, 0xBE, 0, 2])));
        else if (superblock.FileSystem == StorageFileSystem.Btrfs)
            pieces.Add((DiskLayout.PartitionOffset + (64 << 10), Padded([.. new byte[32], .. superblock.FileSystemId.ToByteArray(bigEndian: true), .. new byte[16], .. "_BHRfS_M"u8])));
        else
            pieces.Add((DiskLayout.PartitionOffset + 1024, Padded([.. new byte[56], 0x53, 0xEF, .. new byte[46], .. superblock.FileSystemId.ToByteArray(bigEndian: true)])));
        pieces.AddRange(Table(superblock, sectorBytes));
        return pieces;
    }

    public static (long Offset, byte[] Bytes)[] Table(Superblock superblock, int sectorBytes = 512, long? size = null) => GuidPartitionTable.Compose(
        size ?? superblock.DiskBytes, sectorBytes, superblock.Disk, superblock.Partition, DiskLayout.PartitionType, DiskLayout.PartitionName,
        DiskLayout.PartitionOffset, size is { } other ? DiskLayout.PartitionBytes(other) : superblock.PartitionBytes);

    /// <summary>A claim that has written its plan and the first pieces of it.</summary>
    public static MemoryDisk MakeUnfinished(Superblock superblock, int written, byte fill = 0)
    {
        var pieces = Pieces(superblock);
        byte[] plan = Plan(superblock, pieces);
        var planned = superblock with { State = superblock.State is SuperblockState.Joining ? SuperblockState.Joining : SuperblockState.Claiming, Fill = fill, PlanBytes = plan.Length, PlanChecksum = Superblock.Crc32C(plan) };
        var disk = new MemoryDisk(superblock.DiskBytes, fill);
        disk.Write(DiskLayout.SuperblockOffset, planned.Write()).Write(DiskLayout.PlanOffset, plan);
        foreach (var (offset, bytes) in pieces[..written]) disk.Write(offset, bytes);
        return disk;
    }

    public static byte[] Plan(Superblock superblock, List<(long Offset, byte[] Bytes)> pieces)
    {
        var plan = new ClaimPlan();
        foreach (var (offset, bytes) in pieces.OrderBy(static p => p.Offset))
            foreach (var place in ProbedPlaces.Of(superblock.DiskBytes))
            {
                long start = Math.Max(offset, place.Offset), end = Math.Min(offset + bytes.Length, place.End);
                if (start < end) plan.Add(start, bytes.AsSpan((int)(start - offset), (int)(end - start)));
            }
        return plan.Write();
    }

    /// <summary>The same disk with its header's checksums made right again.</summary>
    public static MemoryDisk Resealed(this MemoryDisk disk, long headerAt = 512)
    {
        byte[] header = disk.Bytes(headerAt, 92);
        long entriesAt = BinaryPrimitives.ReadInt64LittleEndian(header.AsSpan(72)) * 512;
        if (entriesAt is > 0 and < 1 << 20) BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(88), GuidPartitionTable.Crc32(disk.Bytes(entriesAt, 16 << 10)));
        header.AsSpan(16, 4).Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(16), GuidPartitionTable.Crc32(header));
        return disk.Write(headerAt, header);
    }

    public static MemoryDisk ResealedSuperblock(this MemoryDisk disk)
    {
        byte[] sector = disk.Bytes(DiskLayout.SuperblockOffset, Superblock.Bytes);
        sector.AsSpan(16, 4).Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(sector.AsSpan(16), Superblock.Crc32C(sector));
        return disk.Write(DiskLayout.SuperblockOffset, sector);
    }

    static byte[] Padded(byte[] bytes)
    {
        Array.Resize(ref bytes, (bytes.Length + 511) / 512 * 512);
        return bytes;
    }
}
