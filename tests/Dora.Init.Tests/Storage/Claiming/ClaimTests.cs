using System.Diagnostics;
using Dora.Core.Linux;
using Dora.Init.Storage.Claiming;
using Dora.Init.Storage.Disks;
using Dora.Init.Storage.Mounting;
using Dora.Init.Storage.Probing;
using Xunit;

namespace Dora.Init.Tests.Storage.Claiming;

/// <summary>The claim's writes, cut at each one: what the next boot finds is empty, or provably ours, and can be finished.</summary>
public sealed class ClaimTests : IDisposable
{
    const long Size = 512 << 20;
    readonly string _folder = Directory.CreateTempSubdirectory("pandora-claim-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("btrfs", 0, 512)]
    [InlineData("btrfs", 0xFF, 512)]
    [InlineData("btrfs", 0, 4096)]
    [InlineData("ext4", 0, 512)]
    [InlineData("ext4", 0xFF, 4096)]
    public void A_claim_makes_an_empty_disk_ours(string type, byte fill, int sectorBytes)
    {
        var disk = new RecordedDisk(Size, fill, sectorBytes);
        Assert.Equal(ContentKind.Empty, ContentProbe.Look(disk).Kind);
        var superblock = Run(disk, type, fill);
        var found = ContentProbe.Look(disk);
        Assert.True(found.Kind == ContentKind.Ours, found.Reason);
        Assert.Equal(SuperblockState.Ready, found.Superblock!.State);
        Assert.Equal(superblock.Storage, found.Superblock.Storage);
    }

    [Theory]
    [InlineData("btrfs", 0, 512)]
    [InlineData("btrfs", 0xFF, 4096)]
    [InlineData("ext4", 0, 512)]
    public void A_power_cut_at_any_write_leaves_a_disk_that_the_next_boot_finishes(string type, byte fill, int sectorBytes)
    {
        var whole = new RecordedDisk(Size, fill, sectorBytes);
        Run(whole, type, fill);
        var random = new Random(5);
        int unfinished = 0;
        for (int count = 0; count <= whole.Writes.Count; count++)
        {
            for (int variant = 0; variant < 3; variant++)
            {
                var disk = new RecordedDisk(Size, fill, sectorBytes);
                RecordedDisk.ApplyCut(disk, whole.Writes, count, random);
                if (Finish(disk, type, $"cut at write {count}, variant {variant}", random, isCutAgain: variant == 2)) unfinished++;
            }
        }
        Assert.True(unfinished > whole.Writes.Count, $"{unfinished} unfinished claims seen at {whole.Writes.Count} writes");
    }

    /// <summary>What the next boot does: takes back and claims anew. True if the claim was found unfinished.</summary>
    bool Finish(RecordedDisk disk, string type, string where, Random random, bool isCutAgain)
    {
        var found = ContentProbe.Look(disk);
        Assert.True(found.Kind is ContentKind.Empty or ContentKind.OursUnfinished or ContentKind.Ours, $"{where}: {found.Kind}: {found.Reason}");
        if (found.Kind is ContentKind.Ours) return false;
        byte fill = found.Fill;
        if (found.Kind is ContentKind.OursUnfinished)
        {
            fill = found.Superblock!.Fill;
            if (isCutAgain)
            {
                var trial = disk.Copy();
                Assert.Null(Claim.TakeBack(trial, found.Superblock));
                int cut = trial.Writes.Count == 0 ? 0 : random.Next(trial.Writes.Count);
                RecordedDisk.ApplyCut(disk, trial.Writes, cut, random);
                var again = ContentProbe.Look(disk);
                Assert.True(again.Kind is ContentKind.OursUnfinished, $"{where}, cut again while it was taken back: {again.Kind}: {again.Reason}");
            }
            Assert.Null(Claim.TakeBack(disk, found.Superblock));
        }
        Run(disk, type, fill);
        var end = ContentProbe.Look(disk);
        Assert.True(end.Kind is ContentKind.Ours, $"{where}: finished: {end.Kind}: {end.Reason}");
        return found.Kind is ContentKind.OursUnfinished;
    }

    [Fact]
    public void A_device_that_fails_after_any_write_ends_the_claim_with_words()
    {
        var whole = new RecordedDisk(Size);
        Run(whole, "btrfs", 0);
        for (int count = 0; count < whole.Writes.Count; count++)
        {
            var disk = new RecordedDisk(Size) { FailAfter = count };
            using var content = new SparseFile(Image("btrfs", Size));
            string? failure = new Claim(disk, Describe(disk, "btrfs", 0), content).Run();
            Assert.NotNull(failure);
            Assert.Contains("input/output error", failure, StringComparison.OrdinalIgnoreCase);
            Assert.Equal(count, disk.Writes.Count);
            var found = ContentProbe.Look(disk);
            Assert.True(found.Kind == (count == 0 ? ContentKind.Empty : ContentKind.OursUnfinished), $"failed after write {count}: {found.Kind}: {found.Reason}");
        }
    }

    [Fact]
    public void What_somebody_writes_into_an_unfinished_claim_makes_it_his()
    {
        var whole = new RecordedDisk(Size);
        Run(whole, "btrfs", 0);
        var random = new Random(11);
        for (int i = 0; i < 300; i++)
        {
            var disk = new RecordedDisk(Size);
            // At least the first superblock, which was flushed before all else, and not the last.
            RecordedDisk.ApplyCut(disk, whole.Writes, random.Next(2, whole.Writes.Count), random);
            var places = ProbedPlaces.Of(Size);
            var place = places[random.Next(places.Count)];
            long at = (place.Offset + random.Next(place.Length)) / 512 * 512;
            if (at is >= DiskLayout.SuperblockOffset and < DiskLayout.PartitionOffset) continue;
            var sector = new byte[512];
            Assert.Equal(Errno.None, disk.Read(at, sector));
            sector[random.Next(512)] ^= (byte)(1 << random.Next(8));
            disk.Apply(at, sector);
            var found = ContentProbe.Look(disk);
            Assert.True(found.Kind is ContentKind.Unsure or ContentKind.Foreign, $"a changed sector at {at}: {found.Kind}: {found.Reason}");
        }
    }

    [Fact]
    public void A_dry_run_tells_each_write_and_writes_nothing()
    {
        var disk = new RecordedDisk(Size);
        var told = new List<(long, long)>();
        using var content = new SparseFile(Image("btrfs", Size));
        Assert.Null(new Claim(disk, Describe(disk, "btrfs", 0), content) { IsDryRun = true, Step = step => told.Add((step.Offset, step.Length)) }.Run());
        Assert.Empty(disk.Writes);
        var done = new RecordedDisk(Size);
        Run(done, "btrfs", 0);
        Assert.Equal(done.Writes.Select(write => (write.Offset, (long)write.Content.Length)), told);
    }

    [Fact]
    public void What_is_written_is_what_sgdisk_and_btrfs_call_whole()
    {
        var disk = new RecordedDisk(Size);
        var superblock = Run(disk, "btrfs", 0);
        string file = Path.Combine(_folder, "disk");
        using (var stream = File.Create(file))
        {
            stream.SetLength(Size);
            foreach (var (offset, content, _) in disk.Writes)
            {
                stream.Position = offset;
                stream.Write(content);
            }
        }
        Assert.Contains("No problems found", Tool("sgdisk", "-v", file));
        string info = Tool("sgdisk", "-i", "1", file);
        Assert.Contains(DiskLayout.PartitionType.ToString(), info, StringComparison.OrdinalIgnoreCase);
        Assert.Contains(superblock.Partition.ToString(), info, StringComparison.OrdinalIgnoreCase);
        string partition = Path.Combine(_folder, "partition");
        Tool("dd", $"if={file}", $"of={partition}", "bs=1M", "skip=1", $"count={superblock.PartitionBytes >> 20}", "conv=sparse", "status=none");
        Assert.Contains("no error found", Tool("btrfs", "check", partition));
    }

    [Theory]
    [InlineData(512)]
    [InlineData(4096)]
    public void A_grown_disk_gets_a_table_that_fits_whenever_the_power_goes(int sectorBytes)
    {
        var small = new RecordedDisk(Size, 0, sectorBytes);
        var superblock = Run(small, "btrfs", 0);
        var grown = small.Grown(Size * 2);
        Assert.True(ContentProbe.Look(grown) is { Kind: ContentKind.Ours }, ContentProbe.Look(grown).Reason);
        Assert.Null(GrownDisk.Write(grown, superblock with { State = SuperblockState.Ready }));
        var random = new Random(3);
        for (int count = 0; count <= grown.Writes.Count; count++)
        {
            var disk = small.Grown(Size * 2);
            RecordedDisk.ApplyCut(disk, grown.Writes, count, random);
            var found = ContentProbe.Look(disk);
            Assert.True(found.Kind is ContentKind.Ours, $"cut at write {count}: {found.Kind}: {found.Reason}");
            Assert.Null(GrownDisk.Write(disk, found.Superblock!));
            var end = ContentProbe.Look(disk);
            Assert.True(end is { Kind: ContentKind.Ours, Superblock: { State: SuperblockState.Ready } now } && now.PartitionBytes == DiskLayout.PartitionBytes(Size * 2), end.Reason);
        }
    }

    Superblock Run(RecordedDisk disk, string type, byte fill)
    {
        var superblock = Describe(disk, type, fill);
        using var content = new SparseFile(Image(type, disk.SizeBytes));
        Assert.Null(new Claim(disk, superblock, content).Run());
        return superblock;
    }

    // One image serves all claims of a test: they differ in all else.
    static Superblock Describe(RecordedDisk disk, string type, byte fill) =>
        Claim.Describe(disk, fill, type == "ext4" ? StorageFileSystem.Ext4 : StorageFileSystem.Btrfs, "A model", "17", 1) with { FileSystemId = s_id };

    static readonly Guid s_id = new("0d3c1a52-53ee-4a53-8e4e-d9a32f7a4f3b");

    string Image(string type, long diskBytes)
    {
        string path = Path.Combine(_folder, $"{type}-{diskBytes}");
        if (File.Exists(path)) return path;
        using (var file = File.Create(path)) file.SetLength(DiskLayout.PartitionBytes(diskBytes));
        if (type == "btrfs") Tool("mkfs.btrfs", "--quiet", "--nodiscard", "--uuid", s_id.ToString(), path);
        else Tool("mke2fs", "-q", "-F", "-t", "ext4", "-b", "4096", "-U", s_id.ToString(), "-E", "nodiscard,lazy_itable_init=1,lazy_journal_init=1", path);
        return path;
    }

    static string Tool(string name, params string[] arguments)
    {
        var start = new ProcessStartInfo(name, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["PATH"] = "/usr/sbin:/sbin:" + Environment.GetEnvironmentVariable("PATH");
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        Assert.True(process.WaitForExit(TimeSpan.FromSeconds(60)), name);
        Assert.True(process.ExitCode == 0, $"{name}: exit code {process.ExitCode}\n{output}{errors.Result}");
        return output + errors.Result;
    }
}
