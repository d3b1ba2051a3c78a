using System.Runtime.InteropServices;
using System.Text;
using Dora.Core.Protocol;
using Dora.Syslog;
using Xunit;

namespace Dora.Init.Tests.Syslog;

public sealed unsafe class LogRingTests : IDisposable
{
    private const int Size = LogRing.MinimumSize;
    private readonly byte* _memory = (byte*)NativeMemory.AllocZeroed(Size);

    public void Dispose() => NativeMemory.Free(_memory);

    [Fact]
    public void Ring_holds_the_newest_lines_of_a_simple_model()
    {
        for (int seed = 0; seed < 20; seed++)
        {
            new Span<byte>(_memory, Size).Clear();
            var random = new Random(seed);
            var ring = new LogRing(_memory, Size);
            List<(long Sequence, string Service, string Text, int Pid)> model = [];
            for (int i = 0; i < 2000; i++)
            {
                int length = random.Next(20) == 0 ? random.Next(9000) : random.Next(200);
                string text = new((char)('a' + i % 26), length);
                string service = "s" + random.Next(4);
                long sequence = Append(ring, service, text, i);
                model.Add((sequence, service, length > LogRing.MaximumText ? text[..LogRing.MaximumText] : text, i));
                if (random.Next(100) == 0) ring = new LogRing(_memory, Size); // a new process attaches
            }
            Assert.True(ring.Recovered);
            var kept = ReadAll(ring, ring.Oldest);
            Assert.True(kept.Count > 3);
            Assert.Equal(model.TakeLast(kept.Count), kept);
            Assert.Equal(2001, ring.NextSequence);
            Assert.Equal(2000 - kept.Count, ring.Overwritten);
            // Nothing is thrown away before it must: what is kept and one longest record fill the ring.
            Assert.True(kept.Sum(l => l.Text.Length + 64) + LogRing.MaximumText * 2 + 600 > Size - LogRing.TableSize);
        }
    }

    [Fact]
    public void Behind_a_line_is_the_next_and_overwritten_ones_are_counted()
    {
        var ring = new LogRing(_memory, Size);
        for (int i = 1; i <= 5; i++) Append(ring, "web", $"{i}", 1);
        var position = ring.Behind(3);
        Assert.True(ring.TryRead(ref position, out var entry, out long lost));
        Assert.Equal((4, 0), (entry.Sequence, lost));
        Assert.Equal(ring.Newest, ring.Behind(5));
        Assert.Equal(ring.Newest, ring.Behind(long.MaxValue));
        for (int i = 0; i < 1000; i++) Append(ring, "web", new string('x', 100), 1);
        position = ring.Behind(5);
        Assert.True(ring.TryRead(ref position, out entry, out lost));
        Assert.Equal(ring.FirstSequence, entry.Sequence);
        Assert.Equal(ring.FirstSequence - 6, lost);
    }

    [Fact]
    public void Tail_begins_at_the_last_lines_of_the_service_and_its_instances()
    {
        var ring = new LogRing(_memory, Size);
        foreach (string service in new[] { "dhcp@eth0", "dhcpd", "dhcp", "web", "dhcp@eth1", "web" }) Append(ring, service, service, 1);
        Assert.Equal(["dhcp@eth0", "dhcp", "dhcp@eth1"], Names(ring, 100, "dhcp"));
        Assert.Equal(["dhcp", "dhcp@eth1"], Names(ring, 2, "dhcp"));
        Assert.Equal(["dhcp@eth0"], Names(ring, 1, "dhcp@eth0"));
        Assert.Equal(["dhcp@eth1", "web"], Names(ring, 2, ""));
        Assert.Empty(Names(ring, 0, ""));
        Assert.Empty(Names(ring, 10, "dhc"));
    }

    [Fact]
    public void Overtaken_reader_learns_how_many_lines_it_missed()
    {
        var ring = new LogRing(_memory, Size);
        Append(ring, "a", "first", 1);
        var position = ring.Oldest;
        for (int i = 0; i < 2000; i++) Append(ring, "a", "some text that fills the ring", i);
        Assert.True(ring.TryRead(ref position, out var entry, out long lost));
        Assert.True(lost > 0);
        Assert.Equal(lost + 1, entry.Sequence);
        Assert.Equal(ring.Overwritten, lost);
    }

    [Fact]
    public void Damaged_memory_is_never_trusted()
    {
        var random = new Random(7);
        for (int round = 0; round < 3000; round++)
        {
            new Span<byte>(_memory, Size).Clear();
            var ring = new LogRing(_memory, Size);
            for (int i = 0; i < 300; i++) Append(ring, "web", new string('x', random.Next(300)), i);
            for (int hits = random.Next(1, 4); hits > 0; hits--)
                _memory[random.Next(3) == 0 ? random.Next(64) : random.Next(Size)] = (byte)random.Next(256);
            ring = new LogRing(_memory, Size);
            ReadAll(ring, ring.Oldest);
            for (int i = 0; i < 300; i++) Append(ring, "web", new string('y', 200), i);
            Assert.True(ReadAll(ring, ring.Oldest).Count > 50);
        }
    }

    [Fact]
    public void Process_that_died_before_the_last_store_leaves_a_sound_ring()
    {
        var ring = new LogRing(_memory, Size);
        for (int i = 0; i < 1000; i++) Append(ring, "web", "line " + i, i);
        ulong end = ring.Newest.Offset;
        Append(ring, "web", "half", 1);
        ((ulong*)_memory)[3] = end; // the end had not moved yet
        var again = new LogRing(_memory, Size);
        Assert.True(again.Recovered);
        var lines = ReadAll(again, again.Oldest);
        Assert.Equal("line 999", lines[^1].Text);
        Assert.Equal(lines[^1].Sequence + 2, Append(again, "web", "next", 1));
        Assert.True(new LogRing(_memory, Size).Recovered);
    }

    private static long Append(LogRing ring, string service, string text, int pid) => ring.Append(new LogEntry
    {
        Service = Encoding.UTF8.GetBytes(service), Text = Encoding.UTF8.GetBytes(text), Pid = pid, Source = LogSource.Output,
    });

    private static List<(long Sequence, string Service, string Text, int Pid)> ReadAll(LogRing ring, LogPosition position)
    {
        List<(long, string, string, int)> lines = [];
        while (ring.TryRead(ref position, out var e, out _))
            lines.Add((e.Sequence, Encoding.UTF8.GetString(e.Service), Encoding.UTF8.GetString(e.Text), e.Pid));
        return lines;
    }

    private static IEnumerable<string> Names(LogRing ring, int lines, string service) =>
        ReadAll(ring, ring.Tail(lines, Encoding.UTF8.GetBytes(service))).Select(l => l.Service)
            .Where(s => LogRing.Matches(Encoding.UTF8.GetBytes(service), Encoding.UTF8.GetBytes(s)));
}
