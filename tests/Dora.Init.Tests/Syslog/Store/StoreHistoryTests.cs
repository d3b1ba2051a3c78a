using System.Text;
using Dora.Core.Linux;
using Dora.Core.Protocol;
using Dora.Core.Protocol.Json;
using Dora.Syslog.Store;
using Xunit;

namespace Dora.Init.Tests.Syslog.Store;

public sealed class StoreHistoryTests : StoreFixture
{
    private const long First = 1_795_303_201_000_000; // of Line(0): 2026-11-21T23:20:01Z
    private static readonly LogQuery s_all = new(null, LogQuery.MaxLines, false);

    [Fact]
    public void Lines_of_plain_and_compressed_files_come_in_order_and_the_last_ones_are_counted_from_the_end()
    {
        Fill(200, compressed: 2);
        Assert.Equal(Range(1, 200), Ask(s_all));
        for (int lines = 0; lines < 200; lines += 13) Assert.Equal(Range(201 - lines, lines), Ask(s_all with { Lines = lines }));
        Assert.Equal(Range(51, 99), Ask(s_all with { After = 50 }, before: 150));
        Assert.Equal(Range(140, 10), Ask(s_all with { Lines = 10 }, before: 150));
    }

    [Fact]
    public void Times_boots_and_texts_choose_lines()
    {
        Fill(200, compressed: 1);
        using (var store = Open(new StoreLimits(1 << 20, 16 << 10, 1, 0), NextBoot))
            for (int i = 1; i <= 3; i++) store.Append(Line(i, $"of the NEXT boot {i}", First + 3_600_000_000 + i), TimeSpan.Zero).ThrowIfError("append");
        Assert.Equal([1, 2, 3], Ask(s_all, boot: NextBoot));
        Assert.Equal(Range(1, 200), Ask(s_all with { Boot = "-1" }, boot: NextBoot, before: 2)); // the number is this boot's
        Assert.Equal(Range(1, 200), Ask(s_all with { Boot = "1a2b" }, boot: NextBoot));
        Assert.Equal(Range(1, 200), Ask(s_all with { Boot = ThisBoot }, boot: NextBoot));
        Assert.Equal([100, 101], Ask(s_all with { SinceUs = First + 100_000, UntilUs = First + 101_000 }, boot: NextBoot));
        Assert.Equal([200, 1, 2, 3], Ask(s_all with { SinceUs = First + 200_000 }, boot: NextBoot));
        Assert.Equal([2], Ask(s_all with { Grep = "next BOOT 2", IgnoreCase = true }, boot: NextBoot));
        Assert.Empty(Ask(s_all with { Grep = "next BOOT 2" }, boot: NextBoot));
        Assert.Contains("404", Answer(s_all with { Boot = "-2" }, long.MaxValue, NextBoot));
        string boots = Answer(s_all with { Boots = true }, long.MaxValue, NextBoot);
        Assert.Contains("{\"index\":-1,\"boot\":\"1a2b3c4d\",\"first\":\"2026-11-21T23:20:01Z\",\"last\":\"2026-11-21T23:20:01Z\",", boots);
        Assert.Contains("{\"index\":0,\"boot\":\"ffff0000\",\"first\":\"2026-11-22T00:20:01Z\"", boots);
    }

    [Fact]
    public void Damaged_files_cost_their_own_lines_at_most()
    {
        Fill(200, compressed: 2);
        var random = new Random(5);
        string[] paths = Directory.GetFiles(Folder);
        byte[][] whole = [.. paths.Select(File.ReadAllBytes)];
        for (int round = 0; round < 60; round++)
        {
            int one = random.Next(paths.Length);
            byte[] damaged = [.. whole[one]];
            for (int i = 0; i < 20; i++) damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            File.WriteAllBytes(paths[one], damaged[..random.Next(damaged.Length)]);
            var numbers = Ask(s_all);
            Assert.True(numbers.Count >= 90, $"{numbers.Count} lines, {Path.GetFileName(paths[one])} is damaged");
            File.WriteAllBytes(paths[one], whole[one]);
        }
    }

    private static List<long> Range(int first, int count) => [.. Enumerable.Range(first, count).Select(i => (long)i)];

    private void Fill(int lines, int compressed)
    {
        using var store = Open(new StoreLimits(1 << 20, 16 << 10, 1, 0));
        for (int i = 1; i <= lines; i++) Append(store, i, $"{i} {new string('x', 300)}");
        for (int i = 0; i < compressed; i++)
        {
            store.BeginCompressing(store.Uncompressed()!.Value, out var compression).ThrowIfError("begin");
            using (compression)
            {
                bool isDone = false;
                while (!isDone) compression!.Step(out isDone).ThrowIfError("compress");
                store.EndCompressing(compression!, Errno.None).ThrowIfError("end");
            }
        }
        Assert.True(Files().Count > 3);
    }

    private List<long> Ask(LogQuery query, long before = long.MaxValue, string boot = ThisBoot)
    {
        string[] parts = Answer(query, before, boot).Split("\r\n\r\n", 2);
        Assert.StartsWith("HTTP/1.1 200 OK\r\n", parts[0]);
        return [.. parts[1].Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonMapReader.Read<LogLine>(Encoding.UTF8.GetBytes(line)).Sequence!.Value)];
    }

    private string Answer(LogQuery query, long before, string boot)
    {
        Sys.SocketPair(Libc.SOCK_STREAM, out var client, out var served).ThrowIfError("socketpair");
        using (client)
        {
            Sys.SetNonBlocking(served).ThrowIfError("fcntl");
            var answering = new Thread(() =>
            {
                using (served) _ = new StoreHistory(served, Opened, query, before, boot).Answer(withHead: true);
            });
            answering.Start();
            var text = new StringBuilder();
            byte[] buffer = new byte[65536];
            while (true)
            {
                Sys.WaitReadable(client, Sys.TimeSinceBoot() + TimeSpan.FromSeconds(20)).ThrowIfError("poll");
                Sys.Read(client, buffer, out int count).ThrowIfError("read");
                if (count == 0) break;
                text.Append(Encoding.UTF8.GetString(buffer, 0, count));
            }
            answering.Join();
            return text.ToString();
        }
    }
}
