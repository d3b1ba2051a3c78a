using Dora.Core.Linux;
using Dora.Init.Storage.Claiming;
using Dora.Init.Storage.Disks;
using Dora.Init.Storage.Probing;
using Xunit;

namespace Dora.Init.Tests.Storage.Probing;

/// <summary>The rules of the probe, each by an example; all of them by ten thousand: <see cref="GeneratedImageTests"/>.</summary>
public class ContentProbeTests
{
    static void Expect(ContentKind kind, string reason, IDiskContent disk)
    {
        var found = ContentProbe.Look(disk);
        Assert.True(kind == found.Kind && found.Reason == reason, $"{found.Kind}: {found.Reason}");
    }

    static void ExpectPart(ContentKind kind, string part, IDiskContent disk)
    {
        var found = ContentProbe.Look(disk);
        Assert.True(kind == found.Kind && found.Reason.Contains(part), $"{found.Kind}: {found.Reason}");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(511)]
    [InlineData(512)]
    [InlineData(4096)]
    [InlineData(1_000_001)]
    [InlineData(8 << 20)]
    [InlineData((8 << 20) + 1)]
    [InlineData((8 << 20) + 512)]
    [InlineData((8 << 20) + (64 << 10) + 1)]
    [InlineData((1L << 40) + 4096)]
    [InlineData(16L << 40)]
    [InlineData((1L << 60) - 1)]
    public void An_empty_disk_of_any_size_is_empty_and_one_byte_makes_it_another(long size)
    {
        foreach (byte fill in new byte[] { 0, 0xFF })
        {
            var empty = ContentProbe.Look(new MemoryDisk(size, fill));
            Assert.Equal((ContentKind.Empty, fill), (empty.Kind, empty.Fill));
            Assert.Equal(empty, ContentProbe.Look(new MemoryDisk(size, fill)));
            foreach (var place in ProbedPlaces.Of(size))
                foreach (long at in new[] { place.Offset, place.End - 1 })
                {
                    var found = ContentProbe.Look(new MemoryDisk(size, fill).Write(at, [0x41]));
                    Assert.True(found.Kind == ContentKind.Unsure && found.Fingerprint != empty.Fingerprint, $"{size} bytes, {fill}, one at {at}: {found}");
                    Assert.Equal(size == 1 ? $"data at byte 0 that is not known here" : $"data at {Words.Offset(at)} that is not known here", found.Reason);
                }
        }
    }

    [Fact]
    public void A_disk_without_size_is_not_empty() => Expect(ContentKind.Unsure, "it has no size", new MemoryDisk(0));

    [Fact]
    public void Zero_and_ff_together_are_not_empty()
    {
        Expect(ContentKind.Unsure, "a mixture of zero and 0xFF: 0xFF first at 8 MiB", new MemoryDisk(1 << 30).Write(8 << 20, new byte[65536].Select(static _ => (byte)0xFF).ToArray()));
        Expect(ContentKind.Unsure, "a mixture of zero and 0xFF: zero first at byte 1", new MemoryDisk(1 << 30).Write(0, [0xFF]));
        Expect(ContentKind.Unsure, "a mixture of zero and 0xFF: zero first at 1023 MiB", new MemoryDisk(1 << 30, 0xFF).Write(1023 << 20, [0]));
        Expect(ContentKind.Unsure, "data at byte 0 that is not known here", new MemoryDisk(1 << 30, 0x55));
    }

    [Fact]
    public void What_cannot_be_read_is_not_empty()
    {
        Expect(ContentKind.Unsure, "it cannot be read at 64 MiB: input/output error (EIO)", new MemoryDisk(1 << 30) { BadAt = (64 << 20) + 700 });
        Expect(ContentKind.Unsure, "it cannot be read at byte 0: no medium found (ENOMEDIUM)", new MemoryDisk(1 << 30) { BadAt = 3, BadReason = Errno.ENOMEDIUM });
        foreach (var place in ProbedPlaces.Of(1 << 30))
            Assert.Equal(ContentKind.Unsure, ContentProbe.Look(new MemoryDisk(1 << 30) { BadAt = place.End - 1 }).Kind);
    }

    // A boot looks at all disks, one after the other; each place costs a disk that turns some 10 ms.
    [Fact]
    public void A_boot_reads_of_a_disk_with_somebodys_data_only_what_names_them()
    {
        MemoryDisk Disk() => new MemoryDisk(1L << 40).Write(0, "somebody's data"u8);
        MemoryDisk whole = Disk(), quick = Disk(), empty = new(1L << 40);
        Assert.Equal(ContentProbe.Look(whole).Reason, ContentProbe.Look(quick, isQuick: true).Reason);
        Assert.InRange(whole.Reads, 128 + 77, 400);
        Assert.InRange(quick.Reads, 1, 100); // for the most part of the search for a name
        // What may be claimed is looked at as a whole.
        ContentProbe.Look(empty, isQuick: true);
        Assert.InRange(empty.Reads, 128 + 77, 400);
    }

    [Fact]
    public void Buffers_stay_small()
    {
        var disk = new MemoryDisk(1L << 40);
        ContentProbe.Look(disk);
        Assert.InRange(disk.LongestRead, 1, 256 << 10);
    }

    [Theory]
    [InlineData(512, StorageFileSystem.Btrfs, false, "Pandora's storage (btrfs)")]
    [InlineData(512, StorageFileSystem.Ext4, false, "Pandora's storage (ext4)")]
    [InlineData(4096, StorageFileSystem.Btrfs, false, "Pandora's storage (btrfs)")]
    [InlineData(4096, StorageFileSystem.Ext4, true, "Pandora's storage (ext4, encrypted)")]
    [InlineData(512, StorageFileSystem.Btrfs, true, "Pandora's storage (btrfs, encrypted)")]
    internal void Ours_is_what_its_superblock_says(int sector, StorageFileSystem fileSystem, bool isEncrypted, string reason)
    {
        var superblock = PandoraDisk.Describe(300 << 20, fileSystem: fileSystem, isEncrypted: isEncrypted);
        var disk = PandoraDisk.Make(superblock, sector);
        Expect(ContentKind.Ours, reason, disk);
        Assert.Equal(superblock, ContentProbe.Look(disk).Superblock);
    }

    [Fact]
    public void Ours_stays_ours_with_a_bad_sector_in_its_data()
    {
        var superblock = PandoraDisk.Describe(300 << 20);
        var disk = new MemoryDisk(300 << 20) { BadAt = 128 << 20 };
        foreach (var (offset, bytes) in PandoraDisk.Pieces(superblock)) disk.Write(offset, bytes);
        disk.Write(DiskLayout.SuperblockOffset, superblock.Write());
        Expect(ContentKind.Ours, "Pandora's storage (btrfs); it cannot be read at 128 MiB: input/output error (EIO)", disk);
    }

    [Fact]
    public void Ours_that_is_damaged_is_unsure_and_says_what_disagrees()
    {
        const string but = "ours by its superblock, but ";
        long last = PandoraDisk.Size - 512;
        Expect(ContentKind.Unsure, but + "the partition table is damaged: it is not there; its backup copy is whole (found: GPT with 1 partition (Pandora), its backup copy only)",
            PandoraDisk.Make().Write(512, new byte[8]));
        Expect(ContentKind.Unsure, but + "the partition table is damaged: the checksum of its entries is wrong (found: damaged GPT (the checksum of its entries is wrong))",
            PandoraDisk.Make().Write(1024, [1]).Write(last, [0]));
        ExpectPart(ContentKind.Unsure, "(found: XFS file system)", PandoraDisk.Make().Write(0, new byte[34 * 512]).Write(0, "XFSB"u8).Write(last, new byte[512]));
        Expect(ContentKind.Unsure, but + "the protective MBR is damaged", PandoraDisk.Make().Write(510, [0]));
        Expect(ContentKind.Unsure, but + "the protective MBR is damaged", PandoraDisk.Make().Write(446, new byte[64]));
        Expect(ContentKind.Unsure, but + "its MBR has partitions, too", PandoraDisk.Make().Write(466, [7]));
        Expect(ContentKind.Unsure, but + "there is no btrfs file system in its partition", PandoraDisk.Make().Write(DiskLayout.PartitionOffset + 65600, [0]));
        Expect(ContentKind.Unsure, but + "the btrfs file system in its partition is bbaaaaaa-0000-4000-8000-000000000004, not aaaaaaaa-0000-4000-8000-000000000004",
            PandoraDisk.Make().Write(DiskLayout.PartitionOffset + 65568, [0xBB]));
        Expect(ContentKind.Unsure, but + "there is no LUKS2 container in its partition",
            PandoraDisk.Make(PandoraDisk.Describe(isEncrypted: true)).Write(DiskLayout.PartitionOffset + 7, [1]));
        Expect(ContentKind.Unsure, but + "the partition table has 2 partitions, not one", PandoraDisk.Make().Write(1024 + 128, [1]).Resealed());
        Expect(ContentKind.Unsure, "Pandora's superblock is damaged: its checksum is wrong", PandoraDisk.Make().Write(DiskLayout.SuperblockOffset + 300, [1]));
        Expect(ContentKind.Unsure, "Pandora's superblock is of version 2.0, this system knows version 1", PandoraDisk.Make(PandoraDisk.Describe() with { Major = 2 }));
        ExpectPart(ContentKind.Foreign, "GPT with 1 partition (Pandora)", PandoraDisk.Make().Write(DiskLayout.SuperblockOffset, new byte[512]));
    }

    [Fact]
    public void A_grown_disk_is_ours_and_a_cut_one_is_not()
    {
        var superblock = PandoraDisk.Describe(300 << 20);
        Expect(ContentKind.Ours, "Pandora's storage (btrfs); the disk has grown from 300 MiB to 1.5 GiB", PandoraDisk.Make(superblock, size: 1536 << 20));
        Expect(ContentKind.Unsure, $"ours by its superblock, but the disk had {300 << 20} bytes, and has {299 << 20} now: it was cut off, or is seen through another controller",
            PandoraDisk.Make(superblock, size: 299 << 20));
    }

    [Fact]
    public void A_growth_that_was_cut_short_is_ours_at_each_of_its_writes()
    {
        const long now = 500 << 20;
        var superblock = PandoraDisk.Describe(300 << 20, SuperblockState.Growing);
        var disk = PandoraDisk.Make(superblock, size: now);
        var seen = new List<string>();
        foreach (var (offset, bytes) in PandoraDisk.Table(superblock, size: now))
        {
            // The power may go in the middle: the first half of it is there.
            disk.Write(offset, bytes.AsSpan(0, bytes.Length / 2));
            Assert.Equal(ContentKind.Ours, ContentProbe.Look(disk).Kind);
            disk.Write(offset, bytes);
            Assert.Equal(ContentKind.Ours, ContentProbe.Look(disk).Kind);
        }
        Expect(ContentKind.Ours, "Pandora's storage (btrfs); the disk has grown from 300 MiB to 500 MiB; its growth is not finished", disk);
        Expect(ContentKind.Ours, "Pandora's storage (btrfs); the disk has grown from 300 MiB to 500 MiB; its partition table is found in the backup copy only; its growth is not finished",
            disk.Write(512, new byte[16]));
        ExpectPart(ContentKind.Unsure, "the partition table is damaged", disk.Write(now - 512, new byte[16]).Write((300 << 20) - 512, new byte[16]));
        // Not growing, the primary one must be whole.
        ExpectPart(ContentKind.Unsure, "the partition table is damaged: it is not there; its backup copy is whole",
            PandoraDisk.Make(superblock with { State = SuperblockState.Ready }, size: now).Write(512, new byte[16]));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(0xFF)]
    public void An_unfinished_claim_is_ours_at_each_of_its_writes_and_with_foreign_data_it_is_not(byte fill)
    {
        var superblock = PandoraDisk.Describe();
        int pieces = PandoraDisk.Pieces(superblock).Count;
        var random = new Random(5);
        for (int written = 0; written <= pieces; written++)
        {
            var disk = PandoraDisk.MakeUnfinished(superblock, written, fill);
            var found = ContentProbe.Look(disk);
            Assert.True(found is { Kind: ContentKind.OursUnfinished, Reason: "an unfinished claim of Pandora, and nothing else" } && found.Fill == fill, found.ToString());

            // Half of the next one, in whole sectors.
            if (written < pieces)
            {
                var (offset, bytes) = PandoraDisk.Pieces(superblock)[written];
                Assert.Equal(ContentKind.OursUnfinished, ContentProbe.Look(disk.Write(offset, bytes.AsSpan(0, bytes.Length / 1024 * 512))).Kind);
            }
            // A damaged plan explains nothing: with nothing written that is as good.
            var damaged = PandoraDisk.MakeUnfinished(superblock, written, fill).Write(DiskLayout.PlanOffset, [0x77]);
            if (written == 0) Expect(ContentKind.OursUnfinished, "an unfinished claim of Pandora, before its plan was written, and nothing else", damaged);
            else ExpectPart(ContentKind.Unsure, "an unfinished claim of Pandora, its plan is damaged, and data at ", damaged);

            var place = ProbedPlaces.Of(PandoraDisk.Size)[random.Next(ProbedPlaces.Of(PandoraDisk.Size).Count)];
            long at = place.Offset + random.Next(place.Length);
            if (at is >= DiskLayout.SuperblockOffset and < DiskLayout.PartitionOffset || disk.Bytes(at, 1)[0] != fill) continue;
            ExpectPart(ContentKind.Unsure, $"an unfinished claim of Pandora, and data at {Words.Offset(at & -512)} that is not of it", disk.Write(at, [0x5A]));
        }
    }

    [Fact]
    public void An_unfinished_claim_of_a_disk_of_another_size_is_left_alone()
    {
        var superblock = PandoraDisk.Describe();
        var disk = PandoraDisk.MakeUnfinished(superblock, 0);
        disk.SizeBytes += 1 << 20;
        ExpectPart(ContentKind.Unsure, $"an unfinished claim of Pandora, of a disk of {PandoraDisk.Size} bytes: this one has {PandoraDisk.Size + (1 << 20)}", disk);
    }

    [Fact]
    public void A_disk_that_joins_is_unfinished_until_it_has_the_file_system_and_ours_from_then_on()
    {
        var superblock = PandoraDisk.Describe(state: SuperblockState.Joining);
        var pieces = PandoraDisk.Pieces(superblock);
        for (int written = 0; written <= pieces.Count; written++)
            Expect(ContentKind.OursUnfinished, "an unfinished claim of Pandora, and nothing else", PandoraDisk.MakeUnfinished(superblock, written));
        var disk = PandoraDisk.MakeUnfinished(superblock, pieces.Count);
        var fileSystem = PandoraDisk.Pieces(superblock with { State = SuperblockState.Ready })[0];
        Expect(ContentKind.Ours, "Pandora's storage (btrfs); its joining is not finished", disk.Write(fileSystem.Offset, fileSystem.Bytes));
        // Something else in the partition, or the file system of another storage, is neither.
        ExpectPart(ContentKind.Unsure, $"an unfinished claim of Pandora, and data at {Words.Offset(fileSystem.Offset)} that is not of it",
            disk.Write(fileSystem.Offset + 32, [0x11]));
        ExpectPart(ContentKind.Unsure, "an unfinished claim of Pandora, its plan is damaged, and data at ", PandoraDisk.MakeUnfinished(superblock, pieces.Count).Write(DiskLayout.PlanOffset, [0x77]));
    }

    [Fact]
    public void The_fingerprint_changes_with_any_bit_and_with_the_size()
    {
        var seen = new HashSet<ulong>();
        for (int bit = 0; bit < 8; bit++)
            foreach (long at in new long[] { 0, 1, 7, 8, 511, 65535, 65536, 4 << 20, PandoraDisk.Size - 1 })
                Assert.True(seen.Add(ContentProbe.Look(PandoraDisk.Make().Write(at, [(byte)(PandoraDisk.Make().Bytes(at, 1)[0] ^ 1 << bit)])).Fingerprint));
        Assert.True(seen.Add(ContentProbe.Look(PandoraDisk.Make()).Fingerprint));
        for (long size = 0; size < 9000; size += 512) Assert.True(seen.Add(ContentProbe.Look(new MemoryDisk(size)).Fingerprint));
    }
}
