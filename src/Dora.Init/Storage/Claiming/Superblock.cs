using System.Buffers.Binary;
using System.Numerics;
using System.Text;

namespace Dora.Init.Storage.Claiming;

/// <summary>How far a claim has come. The superblock is one sector, so a change of state happens wholly or not at all.</summary>
internal enum SuperblockState
{
    /// <summary>The claim writes. What it may have written is in the plan; with an empty plan: nothing yet beside our own area.</summary>
    Claiming = 1,

    /// <summary>Everything is written: the partition holds the file system.</summary>
    Ready = 2,

    /// <summary>The disk has grown and the partition table is being moved to its new end.</summary>
    Growing = 3,

    /// <summary>
    /// The disk is about to join a storage: its partition table is written, and the file system takes the partition next. As
    /// long as it has not, the plan says what is on the disk, as in a claim.
    /// </summary>
    Joining = 4,
}

internal enum StorageFileSystem
{
    Btrfs = 1,
    Ext4 = 2,
}

/// <summary>
/// The sector that makes a disk ours, at <see cref="DiskLayout.SuperblockOffset"/>. Little endian; what is not named is zero.
/// A checksum (CRC-32C) covers all of it. A reader refuses a major version that it does not know, and takes any minor one.
/// </summary>
internal sealed record Superblock
{
    public const int Bytes = DiskLayout.SectorBytes;
    public const int CurrentMajor = 1, CurrentMinor = 0;
    private const int LongestText = 64;

    public static ReadOnlySpan<byte> Magic => "Pandora storage\n"u8;

    public int Major { get; init; } = CurrentMajor;
    public int Minor { get; init; } = CurrentMinor;
    public required SuperblockState State { get; init; }
    public required StorageFileSystem FileSystem { get; init; }

    /// <summary>The file system as mount(8) names it.</summary>
    public string Type => FileSystem == StorageFileSystem.Btrfs ? "btrfs" : "ext4";

    /// <summary>The partition is a LUKS2 container.</summary>
    public bool IsEncrypted { get; init; }

    /// <summary>What the disk's empty sectors read as: 0x00, or 0xFF on flash that was never written.</summary>
    public byte Fill { get; init; }

    /// <summary>Which disk of the storage: 0 is the one that it began with.</summary>
    public int Number { get; init; }

    /// <summary>The same on all disks that belong together.</summary>
    public required Guid Storage { get; init; }

    /// <summary>Also the GUID of the disk in its GPT.</summary>
    public required Guid Disk { get; init; }

    public required Guid Partition { get; init; }

    /// <summary>The UUID that the file system (not the container) was made with.</summary>
    public required Guid FileSystemId { get; init; }

    public required long PartitionBytes { get; init; }
    public required long DiskBytes { get; init; }

    /// <summary>Unix time of the claim, by a clock that may have been wrong.</summary>
    public long Claimed { get; init; }

    public int PlanBytes { get; init; }
    public uint PlanChecksum { get; init; }

    /// <summary>The machine that used it last (product_uuid of DMI), and when.</summary>
    public Guid Machine { get; init; }

    public long Used { get; init; }

    /// <summary>Of the disk when it was claimed, for messages.</summary>
    public string Serial { get; init; } = "";

    public string Model { get; init; } = "";

    /// <summary>Null if there is none. One that is damaged or too new is no reason for null: <paramref name="problem"/> says what is wrong.</summary>
    public static Superblock? Read(ReadOnlySpan<byte> sector, out string? problem)
    {
        problem = null;
        if (sector.Length < Bytes || !sector.StartsWith(Magic)) return null;
        sector = sector[..Bytes];
        if (Checksum(sector) != BinaryPrimitives.ReadUInt32LittleEndian(sector[16..]))
        {
            problem = "Pandora's superblock is damaged: its checksum is wrong";
            return null;
        }
        int major = BinaryPrimitives.ReadUInt16LittleEndian(sector[20..]), minor = BinaryPrimitives.ReadUInt16LittleEndian(sector[22..]);
        if (major != CurrentMajor)
        {
            problem = $"Pandora's superblock is of version {major}.{minor}, this system knows version {CurrentMajor}";
            return null;
        }
        var found = new Superblock
        {
            Major = major,
            Minor = minor,
            State = (SuperblockState)Integer(sector, 24),
            FileSystem = (StorageFileSystem)Integer(sector, 28),
            IsEncrypted = (Integer(sector, 32) & 1) != 0,
            Number = Integer(sector, 36),
            Storage = Id(sector, 40),
            Disk = Id(sector, 56),
            Partition = Id(sector, 72),
            FileSystemId = Id(sector, 88),
            Fill = sector[104],
            PartitionBytes = Long(sector, 112),
            DiskBytes = Long(sector, 120),
            Claimed = Long(sector, 128),
            PlanBytes = Integer(sector, 136),
            PlanChecksum = (uint)Integer(sector, 140),
            Machine = Id(sector, 152),
            Used = Long(sector, 168),
            Serial = Text(sector.Slice(176, LongestText)),
            Model = Text(sector.Slice(240, LongestText)),
        };
        problem = found.Nonsense();
        return problem is null ? found : null;
    }

    /// <summary>The sector.</summary>
    public byte[] Write()
    {
        var sector = new byte[Bytes];
        Magic.CopyTo(sector);
        BinaryPrimitives.WriteUInt16LittleEndian(sector.AsSpan(20), (ushort)Major);
        BinaryPrimitives.WriteUInt16LittleEndian(sector.AsSpan(22), (ushort)Minor);
        BinaryPrimitives.WriteInt32LittleEndian(sector.AsSpan(24), (int)State);
        BinaryPrimitives.WriteInt32LittleEndian(sector.AsSpan(28), (int)FileSystem);
        BinaryPrimitives.WriteInt32LittleEndian(sector.AsSpan(32), IsEncrypted ? 1 : 0);
        BinaryPrimitives.WriteInt32LittleEndian(sector.AsSpan(36), Number);
        Storage.TryWriteBytes(sector.AsSpan(40), bigEndian: true, out _);
        Disk.TryWriteBytes(sector.AsSpan(56), bigEndian: true, out _);
        Partition.TryWriteBytes(sector.AsSpan(72), bigEndian: true, out _);
        FileSystemId.TryWriteBytes(sector.AsSpan(88), bigEndian: true, out _);
        sector[104] = Fill;
        BinaryPrimitives.WriteInt64LittleEndian(sector.AsSpan(112), PartitionBytes);
        BinaryPrimitives.WriteInt64LittleEndian(sector.AsSpan(120), DiskBytes);
        BinaryPrimitives.WriteInt64LittleEndian(sector.AsSpan(128), Claimed);
        BinaryPrimitives.WriteInt32LittleEndian(sector.AsSpan(136), PlanBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(sector.AsSpan(140), PlanChecksum);
        Machine.TryWriteBytes(sector.AsSpan(152), bigEndian: true, out _);
        BinaryPrimitives.WriteInt64LittleEndian(sector.AsSpan(168), Used);
        Put(Serial, sector.AsSpan(176, LongestText));
        Put(Model, sector.AsSpan(240, LongestText));
        BinaryPrimitives.WriteUInt32LittleEndian(sector.AsSpan(16), Checksum(sector));
        return sector;
    }

    /// <summary>CRC-32C (RFC 3720 12.1), as btrfs and ext4 have it.</summary>
    public static uint Crc32C(ReadOnlySpan<byte> bytes)
    {
        uint crc = uint.MaxValue;
        while (bytes.Length >= 8)
        {
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
            bytes = bytes[8..];
        }
        foreach (byte b in bytes) crc = BitOperations.Crc32C(crc, b);
        return ~crc;
    }

    // What a checksum cannot tell: written by somebody who meant something else.
    private string? Nonsense() =>
        State is < SuperblockState.Claiming or > SuperblockState.Joining ? $"Pandora's superblock: unknown state {(int)State}"
        : FileSystem is not (StorageFileSystem.Btrfs or StorageFileSystem.Ext4) ? $"Pandora's superblock: unknown file system {(int)FileSystem}"
        : PartitionBytes <= 0 || PartitionBytes > DiskBytes - DiskLayout.PartitionOffset || PlanBytes is < 0 or > DiskLayout.LongestPlan || Fill is not (0 or 0xFF)
            ? "Pandora's superblock: its sizes contradict each other"
        : null;

    private static uint Checksum(ReadOnlySpan<byte> sector)
    {
        Span<byte> copy = stackalloc byte[Bytes];
        sector.CopyTo(copy);
        copy.Slice(16, 4).Clear();
        return Crc32C(copy);
    }

    private static int Integer(ReadOnlySpan<byte> sector, int at) => BinaryPrimitives.ReadInt32LittleEndian(sector[at..]);

    private static long Long(ReadOnlySpan<byte> sector, int at) => BinaryPrimitives.ReadInt64LittleEndian(sector[at..]);

    private static Guid Id(ReadOnlySpan<byte> sector, int at) => new(sector.Slice(at, 16), bigEndian: true);

    private static string Text(ReadOnlySpan<byte> bytes)
    {
        int end = bytes.IndexOf((byte)0);
        return Encoding.UTF8.GetString(end < 0 ? bytes : bytes[..end]);
    }

    private static void Put(string text, Span<byte> to)
    {
        // Whole characters only.
        while (Encoding.UTF8.GetByteCount(text) > to.Length) text = text[..^1];
        Encoding.UTF8.GetBytes(text, to);
    }
}
