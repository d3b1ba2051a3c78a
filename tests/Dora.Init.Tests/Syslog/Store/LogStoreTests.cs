using System.IO.Compression;
using Dora.Core.Linux;
using Dora.Core.Protocol;
using Dora.Core.Events;
using Dora.Syslog.Store;
using Xunit;

namespace Dora.Init.Tests.Syslog.Store;

public sealed class LogStoreTests : StoreFixture
{
    [Fact]
    public void File_begins_with_boot_and_number_and_is_taken_up_where_it_ends()
    {
        using (var store = Open(default))
        {
            Assert.Equal(0, store.LastSequence);
            for (int i = 1; i <= 3; i++) Append(store, i);
            Assert.True(store.IsDirty);
            Assert.Equal(Errno.None, store.Synchronize());
            Assert.False(store.IsDirty);
        }
        Assert.StartsWith($"# pandora log 1 boot={ThisBoot} opened=", File.ReadAllText(Current));
        using (var store = Open(default))
        {
            Assert.Equal((3, 1_795_303_201_003_000), (store.LastSequence, store.LastTimeUs));
            Append(store, 4);
        }
        Assert.Equal([1, 2, 3, 4], Sequences());
        Assert.Equal(["current.log"], Files());
        Assert.Empty(Told);
    }

    [Fact]
    public void One_process_at_a_time()
    {
        using var store = Open(default);
        using var other = New(default);
        Assert.Equal(Errno.EAGAIN, other.Open());
        store.Dispose();
        Assert.Equal(Errno.None, other.Open());
    }

    [Fact]
    public void Every_cut_and_every_tail_of_zeros_leaves_the_whole_lines_before_it()
    {
        using (var store = Open(default))
            for (int i = 1; i <= 5; i++) Append(store, i, $"line {i} \\x41 é");
        byte[] whole = File.ReadAllBytes(Current);
        for (int cut = 0; cut <= whole.Length; cut++)
            foreach (int zeros in (int[])[0, 700])
            {
                File.WriteAllBytes(Current, [.. whole[..cut], .. new byte[zeros]]);
                Told.Clear();
                using (var store = Open(default)) Append(store, store.LastSequence + 1, "next");
                int lines = Math.Max(0, whole.AsSpan(0, cut).Count((byte)'\n') - 1);
                Assert.Equal(Enumerable.Range(1, lines + 1).Select(i => (long)i), Sequences(line => Assert.Fail($"cut {cut}: {line}")));
                bool isTold = Told.Count > 0;
                bool isCut = zeros > 0 || (cut > 0 && whole[cut - 1] != '\n');
                // Before the end of the first line there is nothing to tell of.
                if (whole.AsSpan(0, cut).Contains((byte)'\n')) Assert.Equal(isCut, isTold);
                File.Delete(Current);
            }
    }

    [Fact]
    public void Damage_between_lines_stays_and_costs_no_other()
    {
        var random = new Random(11);
        using (var store = Open(default))
            for (int i = 1; i <= 200; i++) Append(store, i);
        byte[] whole = File.ReadAllBytes(Current);
        for (int round = 0; round < 300; round++)
        {
            byte[] damaged = [.. whole];
            int at = random.Next(whole.AsSpan().IndexOf((byte)'\n') + 1, whole.Length - 400), length = random.Next(1, 300);
            random.NextBytes(damaged.AsSpan(at, length));
            File.WriteAllBytes(Current, damaged);
            using (var store = Open(default))
            {
                Assert.Equal(200, store.LastSequence);
                Append(store, 201);
            }
            var numbers = Sequences().Distinct().ToList();
            Assert.Equal(201, numbers[^1]);
            Assert.True(numbers.Count >= 201 - length / 40 - 2, $"{numbers.Count} of 201 after {length} bytes");
        }
    }

    [Fact]
    public void Other_boot_seals_the_file()
    {
        using (var store = Open(default)) Append(store, 9);
        using (var store = Open(default, NextBoot))
        {
            Assert.Equal(0, store.LastSequence);
            Append(store, 1);
        }
        Assert.Equal(["00000001-20261121T232001Z-20261121T232001Z-1a2b3c4d.log", "current.log"], Files());
        Assert.Equal([9, 1], Sequences());
        Assert.True(StoreFile.TryParse(Files()[0], out var file));
        Assert.Equal((1, "1a2b3c4d", false), (file.Number, file.Boot, file.IsCompressed));
    }

    [Fact]
    public void Rotation_keeps_the_total_within_its_bound_over_many_files_and_deletes_the_oldest()
    {
        using var store = Open(Small);
        string text = new('x', 300);
        for (int i = 1; i <= 5000; i++)
        {
            Append(store, i, text);
            if (i % 10 == 0) Assert.InRange(Directory.GetFiles(Folder).Sum(path => new FileInfo(path).Length), 0, Small.Total);
        }
        var numbers = Sequences(line => Assert.Fail(line));
        Assert.Equal(5000, numbers[^1]);
        Assert.True(numbers.Count > 80, $"{numbers.Count}");
        Assert.Equal(Enumerable.Range(5001 - numbers.Count, numbers.Count).Select(i => (long)i), numbers);
        Assert.InRange(Files().Count, 3, 6);
    }

    [Fact]
    public void Old_enough_is_sealed_too()
    {
        using var store = Open(new StoreLimits(0, 0, 1, 60));
        Append(store, 1);
        store.Append(Line(2), EventLoop.Now + TimeSpan.FromSeconds(59)).ThrowIfError("append");
        Assert.Single(Files());
        store.Append(Line(3), EventLoop.Now + TimeSpan.FromSeconds(61)).ThrowIfError("append");
        Assert.Equal(2, Files().Count);
        Assert.Equal([1, 2, 3], Sequences());
    }

    [Fact]
    public void Clock_that_jumps_back_does_not_change_the_order()
    {
        using (var store = Open(default))
        {
            store.Append(Line(1, timeUs: 1_795_303_201_000_000), EventLoop.Now).ThrowIfError("append");
            store.Append(Line(2, timeUs: 1_000_000), EventLoop.Now).ThrowIfError("append");
        }
        Open(default, NextBoot).Dispose();
        Assert.StartsWith("00000001-19700101T000001Z-20261121T232001Z-", Files()[0]);
    }

    [Fact]
    public void Kill_at_any_step_of_sealing_and_compressing_loses_and_doubles_nothing()
    {
        // Each world is what a kill leaves; the next process takes it up.
        void Begin(int lines)
        {
            foreach (string name in Files()) File.Delete(Path.Combine(Folder, name));
            using var store = Open(Small);
            for (int i = 1; i <= lines; i++) Append(store, i, new string('x', 300));
        }

        void Check(string step, int lines)
        {
            using (var store = Open(Small))
            {
                Assert.True(lines == store.LastSequence, $"{step}: {store.LastSequence} is last, not {lines}");
                Append(store, lines + 1);
            }
            Assert.Equal(Enumerable.Range(1, lines + 1).Select(i => (long)i), Sequences());
        }

        Begin(30);
        File.Move(Current, Path.Combine(Folder, "00000001-20261121T232001Z-20261121T232001Z-1a2b3c4d.log"));
        Check("renamed", 30);
        Begin(30);
        File.Move(Current, Path.Combine(Folder, "00000001-20261121T232001Z-20261121T232001Z-1a2b3c4d.log"));
        File.WriteAllText(Current, "");
        Check("no first line", 30);
        File.WriteAllText(Path.Combine(Folder, "00000001-20261121T232001Z-20261121T232001Z-1a2b3c4d.log.gz.part"), "junk");
        Assert.True(Reopened());
        string plain = Path.Combine(Folder, "00000001-20261121T232001Z-20261121T232001Z-1a2b3c4d.log");
        Compress(plain);
        Assert.True(Reopened());
        Assert.Equal(["00000001-20261121T232001Z-20261121T232001Z-1a2b3c4d.log.gz", "current.log"], Files());
        Check("both forms", 31);

        bool Reopened()
        {
            Open(Small).Dispose();
            return !File.Exists(Path.Combine(Folder, "00000001-20261121T232001Z-20261121T232001Z-1a2b3c4d.log.gz.part"));
        }
    }

    [Fact]
    public void Compressed_file_takes_the_place_of_the_plain_one()
    {
        using var store = Open(Small);
        for (int i = 1; i <= 60; i++) Append(store, i, new string('x', 300));
        long before = store.Total;
        var file = store.Uncompressed()!.Value;
        store.BeginCompressing(file, out var compression).ThrowIfError("begin");
        using (compression)
        {
            int steps = 1;
            bool isDone;
            for (; compression!.Step(out isDone) is var errno && !isDone; steps++) Assert.Equal(Errno.None, errno);
            Assert.True(steps > 1);
            store.EndCompressing(compression, Errno.None).ThrowIfError("end");
        }
        Assert.Null(store.Uncompressed());
        Assert.Equal(Enumerable.Range(1, 60).Select(i => (long)i), Sequences());
        Assert.True(store.Total < before - 10_000);
        Assert.Equal(Directory.GetFiles(Folder).Sum(path => new FileInfo(path).Length), store.Total);
    }

    [Fact]
    public void Files_of_others_are_left_alone()
    {
        foreach (string name in new[] { "notes", "00000001.log", "00000001-20261121T232001Z-20261121T232001Z-1a2b3c4d.log.old", "x.gz" }) File.WriteAllText(Path.Combine(Folder, name), "mine");
        using var store = Open(Small);
        for (int i = 1; i <= 1000; i++) Append(store, i, new string('x', 300));
        Assert.Equal(4, Directory.GetFiles(Folder).Count(path => File.ReadAllText(path) == "mine"));
    }

    private static void Compress(string path)
    {
        using var from = File.OpenRead(path);
        using var target = new GZipStream(File.Create(path + ".gz"), CompressionLevel.Fastest);
        from.CopyTo(target);
    }
}
