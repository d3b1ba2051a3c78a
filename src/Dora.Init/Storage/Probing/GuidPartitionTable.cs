using System.Buffers.Binary;
using System.Text;
using Dora.Core.Linux;
using Dora.Init.Storage.Disks;

namespace Dora.Init.Storage.Probing;

/// <summary>
/// One of the two copies of a GUID partition table (UEFI 2.10, section 5.3): read with its checksums, or composed as the
/// bytes that a claim writes. A sector is 512 or 4096 bytes: a table is only valid for the size it was made for.
/// </summary>
internal sealed class GuidPartitionTable
{
    public const int EntryBytes = 128, Entries = 128;
    private const int HeaderBytes = 92, NameAt = 56, NameCharacters = 36;
    private const int LongestEntries = 128 << 10;

    internal readonly struct Partition(ReadOnlySpan<byte> entry)
    {
        public readonly Guid Type = new(entry[..16]);

        /// <summary>The first field of <see cref="Type"/>.</summary>
        public readonly uint TypeWord = BinaryPrimitives.ReadUInt32LittleEndian(entry);

        public readonly Guid Id = new(entry.Slice(16, 16));
        public readonly long First = BinaryPrimitives.ReadInt64LittleEndian(entry[32..]);

        /// <summary>The last of its sectors, not the one behind it.</summary>
        public readonly long Last = BinaryPrimitives.ReadInt64LittleEndian(entry[40..]);
    }

    private GuidPartitionTable(ReadOnlySpan<byte> header, Partition[] partitions, int sectorBytes)
    {
        SectorBytes = sectorBytes;
        Partitions = partitions;
        Alternate = Long(header, 32);
        FirstUsable = Long(header, 40);
        LastUsable = Long(header, 48);
        Disk = new Guid(header.Slice(56, 16));
    }

    public static ReadOnlySpan<byte> Magic => "EFI PART"u8;

    public int SectorBytes { get; }
    public Guid Disk { get; }

    /// <summary>Sector of the other copy's header; of the primary one: the last sector of the disk it was made for.</summary>
    public long Alternate { get; }

    public long FirstUsable { get; }
    public long LastUsable { get; }

    /// <summary>Those in use, in the order of their entries.</summary>
    public Partition[] Partitions { get; }

    /// <summary>The copy whose header lies in the given sector (1: the primary one). Null without one; <paramref name="problem"/> says what is wrong with one that is there.</summary>
    public static GuidPartitionTable? Read(IDiskContent disk, int sectorBytes, long sector, out string? problem)
    {
        problem = null;
        if (sector < 1 || sector >= disk.SizeBytes / sectorBytes) return null;
        Span<byte> header = stackalloc byte[512];
        var errno = disk.Read(sector * sectorBytes, header);
        if (errno != Errno.None) problem = $"its header cannot be read: {errno.Describe()}";
        if (errno != Errno.None || !header.StartsWith(Magic)) return null;
        uint length = Word(header, 12), count = Word(header, 80), size = Word(header, 84);
        if (length is < HeaderBytes or > 512) return Refuse(out problem, "the length of its header is wrong");
        uint checksum = Word(header, 16);
        header.Slice(16, 4).Clear();
        if (checksum != Crc32(header[..(int)length])) return Refuse(out problem, "the checksum of its header is wrong");
        long entriesAt = Long(header, 72), last = disk.SizeBytes / sectorBytes - 1;
        if (Long(header, 24) != sector) return Refuse(out problem, "its header is that of another sector");
        if (size is < EntryBytes or > 4096 || size % EntryBytes != 0 || count == 0 || (ulong)count * size > LongestEntries || entriesAt < 2 || entriesAt > last)
            return Refuse(out problem, "the place of its entries is wrong");
        var entries = new byte[count * size];
        if (entriesAt * sectorBytes > disk.SizeBytes - entries.Length) return Refuse(out problem, "its entries lie behind the end of the disk");
        errno = disk.Read(entriesAt * sectorBytes, entries);
        if (errno != Errno.None) return Refuse(out problem, $"its entries cannot be read: {errno.Describe()}");
        if (Word(header, 88) != Crc32(entries)) return Refuse(out problem, "the checksum of its entries is wrong");
        return new GuidPartitionTable(header, InUse(entries, (int)size), sectorBytes);
    }

    /// <summary>
    /// Both copies and the protective MBR of a disk with one partition, in whole sectors, in the order in which they may be
    /// written: a table is there at once with its header, and the backup before the primary one.
    /// </summary>
    public static (long Offset, byte[] Bytes)[] Compose(
        long diskBytes, int sectorBytes, Guid disk, Guid partition, Guid type, string name, long partitionOffset, long partitionBytes)
    {
        long last = diskBytes / sectorBytes - 1;
        int entrySectors = Entries * EntryBytes / sectorBytes;
        long firstUsable = 2 + entrySectors, lastUsable = last - entrySectors - 1;
        long first = partitionOffset / sectorBytes, end = (partitionOffset + partitionBytes) / sectorBytes;
        if (partitionOffset % sectorBytes != 0 || partitionBytes % sectorBytes != 0 || first < firstUsable || end <= first || end - 1 > lastUsable)
            throw new ArgumentOutOfRangeException(nameof(partitionOffset));
        var entries = new byte[Entries * EntryBytes];
        type.TryWriteBytes(entries);
        partition.TryWriteBytes(entries.AsSpan(16));
        BinaryPrimitives.WriteInt64LittleEndian(entries.AsSpan(32), first);
        BinaryPrimitives.WriteInt64LittleEndian(entries.AsSpan(40), end - 1);
        for (int i = 0; i < name.Length && i < NameCharacters; i++) BinaryPrimitives.WriteUInt16LittleEndian(entries.AsSpan(NameAt + i * 2), name[i]);
        uint entriesChecksum = Crc32(entries);
        return
        [
            ((last - entrySectors) * sectorBytes, entries),
            (last * sectorBytes, Header(last, 1, last - entrySectors)),
            (2L * sectorBytes, entries),
            (sectorBytes, Header(1, last, 2)),
            (0, ProtectiveMbr(last, sectorBytes)),
        ];

        byte[] Header(long own, long other, long entriesAt)
        {
            var header = new byte[sectorBytes];
            Magic.CopyTo(header);
            BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(8), 0x00010000);
            BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(12), HeaderBytes);
            BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(24), own);
            BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(32), other);
            BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(40), firstUsable);
            BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(48), lastUsable);
            disk.TryWriteBytes(header.AsSpan(56));
            BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(72), entriesAt);
            BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(80), Entries);
            BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(84), EntryBytes);
            BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(88), entriesChecksum);
            BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(16), Crc32(header.AsSpan(0, HeaderBytes)));
            return header;
        }
    }

    /// <summary>CRC-32 of IEEE 802.3, as UEFI and zlib have it; a table of 16 is quick enough for 16 KiB.</summary>
    internal static uint Crc32(ReadOnlySpan<byte> bytes)
    {
        ReadOnlySpan<uint> nibbles =
        [
            0x00000000, 0x1DB71064, 0x3B6E20C8, 0x26D930AC, 0x76DC4190, 0x6B6B51F4, 0x4DB26158, 0x5005713C,
            0xEDB88320, 0xF00F9344, 0xD6D6A3E8, 0xCB61B38C, 0x9B64C2B0, 0x86D3D2D4, 0xA00AE278, 0xBDBDF21C,
        ];
        uint crc = uint.MaxValue;
        foreach (byte b in bytes)
        {
            crc ^= b;
            crc = (crc >> 4) ^ nibbles[(int)(crc & 15)];
            crc = (crc >> 4) ^ nibbles[(int)(crc & 15)];
        }
        return ~crc;
    }

    // UEFI 2.10, 5.2.3: one record of type EE over all of the disk, as far as 32 bits reach.
    private static byte[] ProtectiveMbr(long last, int sectorBytes)
    {
        var mbr = new byte[sectorBytes];
        ReadOnlySpan<byte> record = [0x00, 0x00, 0x02, 0x00, 0xEE, 0xFF, 0xFF, 0xFF, 0x01, 0x00, 0x00, 0x00];
        record.CopyTo(mbr.AsSpan(446));
        BinaryPrimitives.WriteUInt32LittleEndian(mbr.AsSpan(458), (uint)Math.Min(last, uint.MaxValue));
        mbr[510] = 0x55;
        mbr[511] = 0xAA;
        return mbr;
    }

    private static Partition[] InUse(ReadOnlySpan<byte> entries, int size)
    {
        int count = 0;
        for (int at = 0; at < entries.Length; at += size)
            if (IsUsed(entries[at..])) count++;
        var partitions = new Partition[count];
        for (int at = 0, i = 0; at < entries.Length; at += size)
            if (IsUsed(entries[at..])) partitions[i++] = new Partition(entries.Slice(at, EntryBytes));
        return partitions;
    }

    private static bool IsUsed(ReadOnlySpan<byte> entry) => entry[..16].IndexOfAnyExcept((byte)0) >= 0;

    private static GuidPartitionTable? Refuse(out string? problem, string why)
    {
        problem = why;
        return null;
    }

    private static uint Word(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt32LittleEndian(bytes[at..]);

    private static long Long(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadInt64LittleEndian(bytes[at..]);
}
