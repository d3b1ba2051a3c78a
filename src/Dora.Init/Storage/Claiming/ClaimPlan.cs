using System.Buffers.Binary;
using Dora.Core.Linux;
using Dora.Init.Storage.Disks;

namespace Dora.Init.Storage.Claiming;

/// <summary>
/// What a claim is going to write, sector by sector, as checksums. It lies behind the superblock before the first other
/// sector is written, so that a claim that was cut short can be told from anything else: each sector on the disk is then
/// either still empty or the very one that the plan has. Whatever is not is somebody's, and the disk is left alone.
///
/// On disk: records of offset (8 bytes, from the beginning of the disk), number of sectors (4), zero (4), and a CRC-32C
/// (4) for each sector; by offset, without overlap.
/// </summary>
internal sealed class ClaimPlan
{
    private const int RecordHead = 16;

    /// <summary>Sectors that follow each other, by their checksums.</summary>
    internal readonly record struct Run(long Offset, uint[] Checksums)
    {
        public long End => Offset + (long)Checksums.Length * DiskLayout.SectorBytes;
    }

    private readonly List<Run> _runs = [];

    public IReadOnlyList<Run> Runs => _runs;

    public static ClaimPlan Empty { get; } = new();

    /// <summary>Adds what will be written at an offset; by rising offsets, in whole sectors.</summary>
    public void Add(long offset, ReadOnlySpan<byte> content)
    {
        if (_runs.Count > 0 && offset < _runs[^1].End) throw new ArgumentOutOfRangeException(nameof(offset));
        var checksums = new uint[content.Length / DiskLayout.SectorBytes];
        for (int i = 0; i < checksums.Length; i++) checksums[i] = Superblock.Crc32C(content.Slice(i * DiskLayout.SectorBytes, DiskLayout.SectorBytes));
        if (_runs.Count > 0 && _runs[^1].End == offset) _runs[^1] = _runs[^1] with { Checksums = [.. _runs[^1].Checksums, .. checksums] };
        else _runs.Add(new Run(offset, checksums));
    }

    /// <summary>Whether this is what the claim writes there, sector for sector.</summary>
    public bool Explains(long offset, ReadOnlySpan<byte> sectors)
    {
        for (int at = 0; at < sectors.Length; at += DiskLayout.SectorBytes)
            if (ChecksumAt(offset + at) is not { } checksum || checksum != Superblock.Crc32C(sectors.Slice(at, DiskLayout.SectorBytes))) return false;
        return true;
    }

    private uint? ChecksumAt(long offset)
    {
        int low = 0, high = _runs.Count - 1;
        while (low <= high)
        {
            int middle = (low + high) / 2;
            var run = _runs[middle];
            if (offset < run.Offset) high = middle - 1;
            else if (offset >= run.End) low = middle + 1;
            else return run.Checksums[(offset - run.Offset) / DiskLayout.SectorBytes];
        }
        return null;
    }

    public byte[] Write()
    {
        int length = 0;
        foreach (var run in _runs) length += RecordHead + run.Checksums.Length * 4;
        var bytes = new byte[length];
        var to = bytes.AsSpan();
        foreach (var (offset, checksums) in _runs)
        {
            BinaryPrimitives.WriteInt64LittleEndian(to, offset);
            BinaryPrimitives.WriteInt32LittleEndian(to[8..], checksums.Length);
            to = to[RecordHead..];
            foreach (uint checksum in checksums)
            {
                BinaryPrimitives.WriteUInt32LittleEndian(to, checksum);
                to = to[4..];
            }
        }
        return bytes;
    }

    /// <summary>The plan of an unfinished claim. Null where it cannot be read or is not what the superblock says.</summary>
    public static ClaimPlan? Read(IDiskContent disk, Superblock superblock)
    {
        if (superblock.PlanBytes == 0) return Empty;
        var bytes = new byte[superblock.PlanBytes];
        return disk.Read(DiskLayout.PlanOffset, bytes) == Errno.None && Superblock.Crc32C(bytes) == superblock.PlanChecksum ? Parse(bytes) : null;
    }

    internal static ClaimPlan? Parse(ReadOnlySpan<byte> bytes)
    {
        var plan = new ClaimPlan();
        long end = 0;
        while (!bytes.IsEmpty)
        {
            if (bytes.Length < RecordHead) return null;
            long offset = BinaryPrimitives.ReadInt64LittleEndian(bytes);
            int count = BinaryPrimitives.ReadInt32LittleEndian(bytes[8..]);
            bytes = bytes[RecordHead..];
            if (offset < end || offset % DiskLayout.SectorBytes != 0 || count <= 0 || count > bytes.Length / 4 || offset > long.MaxValue - (long)count * DiskLayout.SectorBytes) return null;
            var checksums = new uint[count];
            for (int i = 0; i < count; i++) checksums[i] = BinaryPrimitives.ReadUInt32LittleEndian(bytes[(i * 4)..]);
            bytes = bytes[(count * 4)..];
            plan._runs.Add(new Run(offset, checksums));
            end = plan._runs[^1].End;
        }
        return plan;
    }
}
