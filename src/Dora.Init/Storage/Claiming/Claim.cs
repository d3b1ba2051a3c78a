using Dora.Core.Linux;
using Dora.Init.Storage.Disks;
using Dora.Init.Storage.Probing;

namespace Dora.Init.Storage.Claiming;

/// <summary>One step of a claim, told before it is done.</summary>
/// <param name="What">What is written.</param>
/// <param name="Offset">Where, in bytes from the beginning of the disk.</param>
/// <param name="Length">How many bytes.</param>
internal readonly record struct ClaimStep(string What, long Offset, long Length);

/// <summary>
/// Writes a storage onto an empty disk. All that is going to be written is known before the first byte (the file system
/// is in memory, see <see cref="ClaimTemplate"/>), and the disk says at every moment whose it is:
///
///   1. superblock, state Claiming, no plan   from here on the disk is ours, and empty but for our own area
///   2. the plan, behind the superblock
///   3. superblock, state Claiming, with plan from here on every sector is empty or as the plan has it
///   4. the file system; then the GPT: backup, primary, protective MBR
///   5. superblock, state Ready
///
/// Between the steps the disk is flushed. A superblock is one sector, which a disk writes wholly or not at all. So when
/// the power goes at any write, also in the middle of one, the next boot finds an empty disk, or an unfinished claim that
/// it can prove to be nothing else (<see cref="ContentProbe"/>): it takes back what the plan names (<see cref="TakeBack"/>),
/// which is the same state with less in it, and begins anew. Or it finds it done.
///
/// The plan names only sectors in the places that are probed: nobody looks at the others.
/// </summary>
internal sealed class Claim(IDiskWriter disk, Superblock superblock, IClaimContent content)
{
    private const int ChunkBytes = 64 << 10;

    private readonly (long Offset, byte[] Bytes)[] _table = GuidPartitionTable.Compose(
        disk.SizeBytes, disk.SectorBytes, superblock.Disk, superblock.Partition, DiskLayout.PartitionType, DiskLayout.PartitionName,
        DiskLayout.PartitionOffset, superblock.PartitionBytes);

    /// <summary>Told before each write; with a dry run that is all that happens.</summary>
    public Action<ClaimStep>? Step { get; init; }

    public bool IsDryRun { get; init; }

    /// <summary>The state in the end: Ready, or Joining for a disk that another program makes a part of its file system.</summary>
    public SuperblockState Last { get; init; } = SuperblockState.Ready;

    /// <summary>What goes onto a disk that nobody has used.</summary>
    public static Superblock Describe(IDiskWriter disk, byte fill, StorageFileSystem fileSystem, string model, string serial, long now) => new()
    {
        State = SuperblockState.Claiming,
        FileSystem = fileSystem,
        Fill = fill,
        Storage = Guid.NewGuid(),
        Disk = Guid.NewGuid(),
        Partition = Guid.NewGuid(),
        FileSystemId = Guid.NewGuid(),
        PartitionBytes = DiskLayout.PartitionBytes(disk.SizeBytes),
        DiskBytes = disk.SizeBytes,
        Claimed = now,
        Model = model,
        Serial = serial,
    };

    /// <summary>Null when the disk is a storage now; else what failed, in words.</summary>
    public string? Run()
    {
        byte[] plan = MakePlan();
        if (plan.Length > DiskLayout.LongestPlan) return $"the file system is too large to be made safely: a plan of {plan.Length >> 10} KiB, {DiskLayout.LongestPlan >> 10} KiB fit";
        var begun = superblock with { State = SuperblockState.Claiming, PlanBytes = 0, PlanChecksum = 0 };
        var planned = begun with { PlanBytes = plan.Length, PlanChecksum = Superblock.Crc32C(plan) };
        return Write("superblock: a claim begins", DiskLayout.SuperblockOffset, begun.Write()) ?? Flush()
            ?? Write("plan of the claim", DiskLayout.PlanOffset, plan) ?? Flush()
            ?? Write("superblock: the plan is there", DiskLayout.SuperblockOffset, planned.Write()) ?? Flush()
            ?? WriteContent() ?? WriteTable() ?? Flush()
            ?? Write($"superblock: {Last}".ToLowerInvariant(), DiskLayout.SuperblockOffset, (planned with { State = Last }).Write()) ?? Flush();
    }

    /// <summary>
    /// Makes an unfinished claim as if it had just begun: whatever the plan names is empty again. Null when that is done;
    /// also here the power may go at any write.
    /// </summary>
    public static string? TakeBack(IDiskWriter disk, Superblock unfinished)
    {
        if (ClaimPlan.Read(disk, unfinished) is not { } plan) return null; // it was not written to its end: nothing else was
        var now = new byte[ChunkBytes];
        var empty = new byte[ChunkBytes];
        empty.AsSpan().Fill(unfinished.Fill);
        foreach (var run in plan.Runs)
        {
            for (long at = run.Offset; at < run.End; at += ChunkBytes)
            {
                int length = (int)Math.Min(ChunkBytes, run.End - at);
                var errno = disk.Read(at, now.AsSpan(0, length));
                if (errno != Errno.None) return $"read at {at}: {errno.Describe()}";
                if (now.AsSpan(0, length).SequenceEqual(empty.AsSpan(0, length))) continue;
                errno = disk.Write(at, empty.AsSpan(0, length));
                if (errno != Errno.None) return $"write at {at}: {errno.Describe()}";
            }
        }
        var flushed = disk.Flush();
        return flushed == Errno.None ? null : $"flush: {flushed.Describe()}";
    }

    private byte[] MakePlan()
    {
        var plan = new ClaimPlan();
        var places = ProbedPlaces.Of(disk.SizeBytes);
        // The table is in the order of writing: backwards it begins with what lies first on the disk.
        for (int i = _table.Length - 1; i >= 0; i--)
            if (_table[i].Offset < DiskLayout.PartitionOffset) Plan(plan, places, _table[i].Offset, _table[i].Bytes);
        ForEachChunk((offset, bytes) =>
        {
            Plan(plan, places, offset, bytes);
            return null;
        });
        foreach (var (offset, bytes) in _table)
            if (offset >= DiskLayout.PartitionOffset) Plan(plan, places, offset, bytes);
        return plan.Write();
    }

    private static void Plan(ClaimPlan plan, IReadOnlyList<ProbedPlaces.Place> places, long offset, ReadOnlySpan<byte> bytes)
    {
        foreach (var place in places)
        {
            long start = Math.Max(offset, place.Offset) / DiskLayout.SectorBytes * DiskLayout.SectorBytes, end = Math.Min(offset + bytes.Length, place.End);
            if (start < end) plan.Add(start, bytes[(int)(start - offset)..(int)(end - offset)]);
        }
    }

    private string? WriteContent() => ForEachChunk((offset, bytes) => Write($"{superblock.FileSystem} file system".ToLowerInvariant(), offset, bytes)) ?? Flush();

    private string? WriteTable()
    {
        foreach (var (offset, bytes) in _table)
            if (Write("partition table", offset, bytes) is { } failure) return failure;
        return null;
    }

    private delegate string? ChunkAction(long offset, ReadOnlySpan<byte> bytes);

    private string? ForEachChunk(ChunkAction act)
    {
        var buffer = new byte[ChunkBytes];
        for (long from = 0; content.Next(from, out long start, out long end); from = end)
        {
            end = Math.Min(end, superblock.PartitionBytes);
            for (long at = start; at < end;)
            {
                var chunk = buffer.AsSpan(0, (int)Math.Min(ChunkBytes, end - at));
                content.Read(at, chunk);
                if (act(DiskLayout.PartitionOffset + at, chunk) is { } failure) return failure;
                at += chunk.Length;
            }
        }
        return null;
    }

    private string? Write(string what, long offset, ReadOnlySpan<byte> bytes)
    {
        Step?.Invoke(new ClaimStep(what, offset, bytes.Length));
        if (IsDryRun) return null;
        var errno = disk.Write(offset, bytes);
        return errno == Errno.None ? null : $"write {what} at {offset}: {errno.Describe()}";
    }

    private string? Flush()
    {
        if (IsDryRun) return null;
        var errno = disk.Flush();
        return errno == Errno.None ? null : $"flush: {errno.Describe()}";
    }
}
