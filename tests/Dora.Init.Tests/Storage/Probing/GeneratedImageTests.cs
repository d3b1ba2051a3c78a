using System.Buffers.Binary;
using Dora.Init.Storage.Claiming;
using Dora.Init.Storage.Disks;
using Dora.Init.Storage.Probing;
using Dora.Tests.Harness;
using Xunit;
using Xunit.Abstractions;

namespace Dora.Init.Tests.Storage.Probing;

/// <summary>
/// "10,000 generated images (every signature at every place it can be, single non-zero bytes anywhere in the probed places,
/// truncated and shifted tables) through the decision: not one non-empty disk is claimed." Each generator knows what it has
/// made; the probe must never call it empty, and never ours unless it is.
/// </summary>
public class GeneratedImageTests(ITestOutputHelper output)
{
    int _images;

    // What the generator has put there is not ours and not empty.
    void MustBeLeftAlone(MemoryDisk disk, string what)
    {
        _images++;
        var found = ContentProbe.Look(disk);
        Assert.True(found.Kind is ContentKind.Foreign or ContentKind.Unsure && found.Reason.Length > 0, $"{what}: {found}");
    }

    static readonly long[] s_sizes = [512, 4096, 100_000, 3 << 20, (9 << 20) + 512, (70 << 20) + 1, 300L << 20, (1L << 40) + 512];

    static long AnyProbed(Random random, long size)
    {
        var places = ProbedPlaces.Of(size);
        var place = places[random.Next(places.Count)];
        return place.Offset + random.Next(place.Length);
    }

    static bool IsProbed(long size, long at, int length)
    {
        foreach (var place in ProbedPlaces.Of(size))
            if (at >= place.Offset && at + length <= place.End) return true;
        return false;
    }

    [Fact]
    public void Ten_thousand_images_that_are_not_empty_and_not_ours_are_all_left_alone()
    {
        var random = new Random(20261121);
        Run("single bytes", () => SingleBytes(random, Fuzz.Rounds(3000)));
        Run("each place", EachPlace);
        Run("signatures", () => SignaturesEverywhere(random));
        Run("tables", () => Tables(random, Fuzz.Rounds(1500)));
        Run("ours, changed", OursWithEachByteChanged);
        Run("unfinished, with foreign sectors", () => UnfinishedWithForeignSectors(random, Fuzz.Rounds(1500)));
        Run("random sectors", () => RandomSectors(random, Fuzz.Rounds(1500)));
        output.WriteLine($"{_images} images");
        Assert.True(_images >= 10_000, $"{_images} images only");
    }

    void Run(string what, Action generate)
    {
        int before = _images;
        var clock = System.Diagnostics.Stopwatch.StartNew();
        generate();
        output.WriteLine($"{what}: {_images - before} in {clock.ElapsedMilliseconds} ms");
    }

    void SingleBytes(Random random, int rounds)
    {
        for (int round = 0; round < rounds; round++)
        {
            long size = s_sizes[random.Next(s_sizes.Length)], at = AnyProbed(random, size);
            byte fill = (byte)(random.Next(2) * 0xFF), value = (byte)(round % 3 == 0 ? ~fill : 1 << random.Next(8) ^ fill);
            MustBeLeftAlone(new MemoryDisk(size, fill).Write(at, [value]), $"{value:x2} in {fill:x2} at {at} of {size}");
        }
        for (int value = 1; value < 0xFF; value++) MustBeLeftAlone(new MemoryDisk(512, (byte)value), $"a disk full of {value:x2}");
    }

    void EachPlace()
    {
        foreach (long size in new[] { (9L << 20) + 512, (70L << 20) + 1, 1L << 40 })
            foreach (byte fill in new byte[] { 0, 0xFF })
                foreach (var place in ProbedPlaces.Of(size))
                {
                    MustBeLeftAlone(new MemoryDisk(size, fill).Write(place.Offset, [0x80]), $"first byte of the place at {place.Offset}");
                    MustBeLeftAlone(new MemoryDisk(size, fill).Write(place.End - 1, [0x01]), $"last byte of the place at {place.Offset}");
                    // All of it, of the other kind of emptiness.
                    MustBeLeftAlone(new MemoryDisk(size, fill).Write(place.Offset, Enumerable.Repeat((byte)~fill, 4096).ToArray()), $"other fill at {place.Offset}");
                }
    }

    void SignaturesEverywhere(Random random)
    {
        foreach (var line in SignatureTests.Lines)
        {
            foreach (long size in new[] { (3L << 20) + 512, (70L << 20) + 1, 300L << 20, 2L << 40 })
                foreach (long at in line.On(size))
                    if (at >= 0 && IsProbed(size, at, line.Magic.Length)) MustBeLeftAlone(new MemoryDisk(size).Write(at, line.Magic), $"{line.Name} at {at} of {size}");
            // Where it does not belong, and torn at its end.
            for (int i = 0; i < 8; i++)
            {
                long size = s_sizes[random.Next(3, s_sizes.Length)], at = AnyProbed(random, size);
                byte fill = (byte)(random.Next(2) * 0xFF);
                int from = 0;
                while (line.Magic[from] == fill) from++;
                MustBeLeftAlone(new MemoryDisk(size, fill).Write(at - from, line.Magic.AsSpan(0, random.Next(from + 1, line.Magic.Length + 1))), $"{line.Name}, a part of it at {at} of {size}");
            }
        }
    }

    // Partition tables that are cut off, moved, mixed up, of the wrong size.
    void Tables(Random random, int rounds)
    {
        for (int round = 0; round < rounds; round++)
        {
            long size = s_sizes[random.Next(3, s_sizes.Length)] & -4096;
            int sector = random.Next(2) == 0 ? 512 : 4096;
            var disk = new MemoryDisk(size, (byte)(random.Next(4) == 0 ? 0xFF : 0));
            var type = random.Next(2) == 0 ? DiskLayout.PartitionType : new Guid("0fc63daf-8483-4772-8e79-3d69d8477de4");
            var pieces = GuidPartitionTable.Compose(size, sector, Guid.NewGuid(), Guid.NewGuid(), type, "x", 1 << 20, 4096 * random.NextInt64(1, (size >> 12) - 400));
            long shift = random.Next(3) == 0 ? random.Next(-8, 8) * 512 : 0;
            bool isAny = false;
            foreach (var (offset, bytes) in pieces)
            {
                if (random.Next(3) == 0) continue;
                var part = bytes.AsSpan(0, random.Next(3) == 0 ? random.Next(bytes.Length) : bytes.Length);
                if (part.IndexOfAnyExcept((byte)0) < 0 && part.IndexOfAnyExcept((byte)0xFF) < 0 || offset + shift < 0 || offset + shift + part.Length > size) continue;
                if (part.IndexOfAnyExcept(disk.Bytes(size / 2, 1)[0]) < 0) continue;
                disk.Write(offset + shift, part);
                isAny = true;
            }
            if (isAny) MustBeLeftAlone(disk, $"tables, round {round}");
        }
    }

    // Every byte that says something, with the checksums made right again where there are any.
    void OursWithEachByteChanged()
    {
        foreach (var fileSystem in new[] { StorageFileSystem.Btrfs, StorageFileSystem.Ext4 })
        {
            var superblock = PandoraDisk.Describe(4 << 20, fileSystem: fileSystem);
            long last = (4 << 20) - 512;

            // Magic, checksum, major version, state, file system, encryption (one bit), identities, sizes say where things are; number,
            // storage, fill, times, plan, machine and texts do not.
            for (int at = 0; at < Superblock.Bytes; at++)
            {
                MustBeLeftAlone(Changed(DiskLayout.SuperblockOffset + at, (byte)(1 << at % 8)), $"superblock, byte {at}");
                foreach (byte mask in new byte[] { 0x01, 0x80, 0xFF })
                {
                    if (at is < 16 or 20 or 21 or (>= 24 and < 33) or (>= 56 and < 104) or (>= 112 and < 128) && (at, mask) is not ((24, 0x01) or (32, 0x80)))
                        MustBeLeftAlone(Changed(DiskLayout.SuperblockOffset + at, mask).ResealedSuperblock(), $"superblock resealed, byte {at} ^ {mask:x2}");
                }
            }

            // Header: 8 revision, 16 checksum, 20 and beyond 92 reserved, 32 other copy, 40 and 48 usable are not in question.
            for (int at = 0; at < 92; at++)
            {
                if (at is >= 20 and < 24) continue;
                MustBeLeftAlone(Changed(512 + at, 0x40), $"header, byte {at}");
                if (at is < 8 or >= 24 and < 32 or >= 56 and < 72) MustBeLeftAlone(Changed(512 + at, 0x40).Resealed(), $"header resealed, byte {at}");
            }
            for (int at = 0; at < 128; at++)
            {
                MustBeLeftAlone(Changed(1024 + at, 0x40), $"entry, byte {at}");
                if (at < 48) MustBeLeftAlone(Changed(1024 + at, 0x40).Resealed(), $"entry resealed, byte {at}"); // then attributes and name
            }
            for (int entry = 1; entry < 128; entry++) MustBeLeftAlone(Changed(1024 + 128 * entry, 0x40).Resealed(), $"entry {entry} in use");
            // Type and first sector of the protective record, types of the others, mark at the end.
            foreach (int at in new[] { 450, 454, 455, 456, 457, 466, 482, 498, 510, 511 }) MustBeLeftAlone(Changed(at, 0x40), $"MBR, byte {at}");
            var (place, from, to) = fileSystem == StorageFileSystem.Btrfs ? (65536, 32, 48) : (1024, 104, 120);
            for (int at = from; at < to; at++) MustBeLeftAlone(Changed(DiskLayout.PartitionOffset + place + at, 0x40), $"file system, byte {at}");
            for (int at = 0; at < (fileSystem == StorageFileSystem.Btrfs ? 8 : 2); at++)
                MustBeLeftAlone(Changed(DiskLayout.PartitionOffset + place + (fileSystem == StorageFileSystem.Btrfs ? 64 : 56) + at, 0x40), $"magic, byte {at}");
            // Superblock alone, table alone, moved by a sector, at the end.
            byte[] sector = superblock.Write();
            MustBeLeftAlone(new MemoryDisk(4 << 20).Write(DiskLayout.SuperblockOffset, sector), "superblock alone");
            MustBeLeftAlone(PandoraDisk.Make(superblock).Write(DiskLayout.SuperblockOffset, new byte[512]), "no superblock");
            MustBeLeftAlone(PandoraDisk.Make(superblock).Write(DiskLayout.SuperblockOffset, new byte[512]).Write(DiskLayout.SuperblockOffset + 512, sector), "superblock moved");
            MustBeLeftAlone(PandoraDisk.Make(superblock, size: (4 << 20) - 512), "cut off");
            for (int cut = 1; cut < 92; cut++) MustBeLeftAlone(PandoraDisk.Make(superblock).Write(512 + cut, new byte[512 - cut]).Write(last, [0]), $"header cut at {cut}");

            MemoryDisk Changed(long at, byte mask)
            {
                var disk = PandoraDisk.Make(superblock);
                return disk.Write(at, [(byte)(disk.Bytes(at, 1)[0] ^ mask)]);
            }
        }
    }

    void UnfinishedWithForeignSectors(Random random, int rounds)
    {
        UnfinishedWithForeignSectors(random, rounds * 2 / 3, PandoraDisk.Describe());
        UnfinishedWithForeignSectors(random, rounds / 3, PandoraDisk.Describe(state: SuperblockState.Joining));
    }

    void UnfinishedWithForeignSectors(Random random, int rounds, Superblock superblock)
    {
        int pieces = PandoraDisk.Pieces(superblock).Count;
        for (int round = 0; round < rounds; round++)
        {
            byte fill = (byte)(random.Next(2) * 0xFF);
            var disk = PandoraDisk.MakeUnfinished(superblock, random.Next(pieces + 1), fill);
            Assert.Equal(ContentKind.OursUnfinished, ContentProbe.Look(disk).Kind);
            long at = AnyProbed(random, superblock.DiskBytes);
            if (at is >= DiskLayout.SuperblockOffset and < DiskLayout.PartitionOffset) continue;
            byte before = disk.Bytes(at, 1)[0], value = (byte)random.Next(256);
            if (value == before) continue;
            disk.Write(at, [value]);
            MustBeLeftAlone(disk, $"round {round}: {value:x2} in place of {before:x2} at {at}");
        }
        // Our own area ends where it ends.
        foreach (long at in new[] { DiskLayout.SuperblockOffset - 512, DiskLayout.SuperblockOffset - 1, DiskLayout.PartitionOffset, DiskLayout.PartitionOffset + 511 })
            MustBeLeftAlone(PandoraDisk.MakeUnfinished(superblock, 0).Write(at, [1]), $"beside our own area, at {at}");
        // The plan is of something else, or lies about what it is.
        for (int at = 0; at < 40; at++)
        {
            var disk = PandoraDisk.MakeUnfinished(superblock, pieces);
            MustBeLeftAlone(disk.Write(DiskLayout.PlanOffset + at, [(byte)(disk.Bytes(DiskLayout.PlanOffset + at, 1)[0] ^ 0x10)]), $"plan, byte {at}");
        }
        for (int at = 136; at < 144; at++)
        {
            var disk = PandoraDisk.MakeUnfinished(superblock, pieces);
            long place = DiskLayout.SuperblockOffset + at;
            MustBeLeftAlone(disk.Write(place, [(byte)(disk.Bytes(place, 1)[0] ^ 0x10)]).ResealedSuperblock(), $"plan's length and checksum, byte {at}");
        }
    }

    void RandomSectors(Random random, int rounds)
    {
        var sectors = new byte[8192];
        for (int round = 0; round < rounds; round++)
        {
            long size = s_sizes[random.Next(s_sizes.Length)], at = AnyProbed(random, size) & -512;
            var piece = sectors.AsSpan(0, random.Next(64, sectors.Length));
            random.NextBytes(piece);
            MustBeLeftAlone(new MemoryDisk(size, (byte)(random.Next(2) * 0xFF)).Write(at, piece), $"random data at {at} of {size}");
        }
    }

    [Fact]
    public void Bytes_of_any_kind_at_all_places_that_are_read_never_throw()
    {
        var random = new Random(7);
        Span<byte> bytes = stackalloc byte[8];
        for (int round = 0; round < Fuzz.Rounds(2000); round++)
        {
            var superblock = PandoraDisk.Describe(6 << 20, (SuperblockState)random.Next(1, 5), (StorageFileSystem)random.Next(1, 3), random.Next(4) == 0);
            var disk = random.Next(3) == 0 ? PandoraDisk.MakeUnfinished(superblock, random.Next(6)) : PandoraDisk.Make(superblock, random.Next(2) == 0 ? 512 : 4096);
            for (int i = random.Next(1, 12); i > 0; i--)
            {
                long at = random.Next(6) switch
                {
                    0 => DiskLayout.SuperblockOffset + random.Next(512),
                    1 => DiskLayout.PlanOffset + random.Next(128),
                    2 => 512 + random.Next(92),
                    3 => 1024 + random.Next(512),
                    4 => superblock.DiskBytes - 512 + random.Next(92),
                    _ => random.NextInt64(superblock.DiskBytes),
                };
                BinaryPrimitives.WriteInt64LittleEndian(bytes, random.Next(5) switch { 0 => long.MaxValue, 1 => long.MinValue, 2 => -1, 3 => 0, _ => random.NextInt64() });
                disk.Write(at, bytes[..random.Next(1, 9)]);
            }
            // Checksums that are right let it further in.
            if (random.Next(2) == 0) disk.Resealed();
            if (random.Next(2) == 0) disk.Resealed(superblock.DiskBytes - 512);
            if (random.Next(2) == 0) disk.ResealedSuperblock();
            if (random.Next(8) == 0) disk.SizeBytes = random.NextInt64(8 << 20);
            var found = ContentProbe.Look(disk);
            // Cut off before anything that was written, it is.
            if (found.Kind == ContentKind.Empty) Assert.True(disk.SizeBytes < 1 << 20 && disk.Bytes(0, (int)disk.SizeBytes).All(static b => b == 0));
            Assert.NotEqual("", found.Reason);
            Assert.DoesNotContain('\n', found.Reason);
        }
    }
}
