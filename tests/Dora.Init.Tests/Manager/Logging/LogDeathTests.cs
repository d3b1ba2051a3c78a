using System.Runtime.InteropServices;
using System.Text;
using Dora.Core.Configuration;
using Dora.Core.Linux;
using Dora.Core.Protocol;
using Dora.Core.Events;
using Dora.Syslog;
using Xunit;

namespace Dora.Init.Tests.Manager.Logging;

/// <summary>
/// Syslog dies at any step, between any two stores and system calls, again and again, and the next one goes on with the same
/// memory and the same descriptors: every line is there once, in order, and nobody was ever sent a line that was taken back.
/// </summary>
public sealed unsafe class LogDeathTests
{
    private static readonly int s_factor = int.TryParse(Environment.GetEnvironmentVariable("PANDORA_FUZZ_FACTOR"), out int factor) ? factor : 1;

    [Fact]
    public void Death_at_every_single_step_loses_and_doubles_nothing()
    {
        int steps = new World(1, lines: 5, isLong: false).Run(_ => false);
        Assert.InRange(steps, 100, 20_000);
        for (int fatal = 1; fatal <= steps; fatal++) new World(1, lines: 5, isLong: false).Run(step => step == fatal);
    }

    [Fact]
    public void Death_after_death_at_random_loses_and_doubles_nothing()
    {
        for (int seed = 0; seed < 30 * s_factor; seed++)
        {
            var random = new Random(seed);
            int rarity = random.Next(3) switch { 0 => 15, 1 => 100, _ => 1000 };
            new World(seed, lines: random.Next(1, 80), isLong: seed % 4 == 0).Run(_ => random.Next(rarity) == 0);
        }
    }

    [Fact]
    public void Death_at_every_single_step_counts_what_is_dropped_exactly_once()
    {
        int steps = new World(1, lines: 8, isLong: false, limit: 3).Run(_ => false);
        for (int fatal = 1; fatal <= steps; fatal++) new World(1, lines: 8, isLong: false, limit: 3).Run(step => step == fatal);
        for (int seed = 0; seed < 20 * s_factor; seed++)
        {
            var random = new Random(seed);
            new World(seed, lines: random.Next(1, 60), isLong: seed % 4 == 0, limit: random.Next(1, 20)).Run(_ => random.Next(40) == 0);
        }
    }

    [Fact]
    public void Death_at_every_step_of_telling_tells_what_was_dropped_exactly_once()
    {
        byte* memory = (byte*)NativeMemory.AllocZeroed(LogRing.MinimumSize + LogRates.Size), rates = memory + LogRing.MinimumSize;
        for (int fatal = 0, step = 1; fatal < step; fatal++)
        {
            step = 0;
            new Span<byte>(memory, LogRing.MinimumSize + LogRates.Size).Clear();
            for (bool isAlive = false; !isAlive;)
            {
                try
                {
                    var ring = new LogRing(memory, LogRing.MinimumSize, () =>
                    {
                        if (++step == fatal) throw new Died();
                    }, rates);
                    ring.Rates!.Usual = new(1, TimeSpan.FromSeconds(1));
                    using var loop = new EventLoop();
                    var server = new LogServer(loop, ring);
                    if (ring.NextSequence == 1 && !ring.Rates.HasUntold)
                    {
                        int index = ring.Rates.For("web"u8, 0);
                        for (int i = 0; i < 5; i++) _ = ring.Rates.TryTake(index, 0);
                    }
                    server.TellIfDue(ring.Rates.For("web"u8, 0));
                    server.Close();
                    isAlive = true;
                }
                catch (Died)
                {
                }
            }
            var after = new LogRing(memory, LogRing.MinimumSize, null, rates);
            var position = after.Oldest;
            Assert.True(after.TryRead(ref position, out var line, out _));
            Assert.Equal(("web", "4 lines were dropped: more than 1 in 1s"), (Encoding.UTF8.GetString(line.Service), Encoding.UTF8.GetString(line.Text)));
            Assert.False(after.TryRead(ref position, out _, out _));
            Assert.Equal([("web", 4L, PollLimit.None)], after.Rates!.Dropped());
        }
        NativeMemory.Free(memory);
    }

    [Fact]
    public void A_batch_that_is_larger_than_the_ring_is_taken_back_to_an_empty_one()
    {
        byte* memory = (byte*)NativeMemory.AllocZeroed(LogRing.MinimumSize);
        var ring = new LogRing(memory, LogRing.MinimumSize);
        ring.Append(new LogEntry { Service = "web"u8, Text = "before"u8, Source = LogSource.Output });
        ring.Begin((byte)'x');
        for (int i = 0; i < 2000; i++) ring.Append(new LogEntry { Service = "web"u8, Text = "of the batch"u8, Source = LogSource.Output });
        var next = new LogRing(memory, LogRing.MinimumSize);
        Assert.True(next.Recovered);
        Assert.Equal((2, 2), (next.NextSequence, next.FirstSequence));
        Assert.Equal(2, next.Append(new LogEntry { Service = "web"u8, Text = "again"u8, Source = LogSource.Output }));
        NativeMemory.Free(memory);
    }

    [Fact]
    public void A_ring_of_the_format_before_keeps_its_lines()
    {
        const int Size = LogRing.MinimumSize;
        byte* memory = (byte*)NativeMemory.AllocZeroed(Size);
        new LogRing(memory, Size).Append(new LogEntry { Service = "web"u8, Text = "kept"u8, Source = LogSource.Output });
        *(ulong*)memory = 0x31474E4952444E50; // "PNDRING1", whose header ended after 56 bytes
        new Span<byte>(memory + 56, 72).Fill(0xEE);
        new Span<byte>(memory + Size - LogRing.TableSize, LogRing.TableSize).Fill(0xEE);
        var ring = new LogRing(memory, Size);
        Assert.True(ring.Recovered);
        Assert.False(ring.IsTaking);
        Assert.Equal((1, 2), (ring.FirstSequence, ring.NextSequence));
        Assert.Null(ring.UnfinishedOf(unchecked((long)0xEEEEEEEEEEEEEEEE)));
        NativeMemory.Free(memory);
    }

    [Fact]
    public void More_streams_in_the_middle_of_a_line_than_the_table_holds_cost_the_eldest_its_mark()
    {
        byte* memory = (byte*)NativeMemory.AllocZeroed(LogRing.MinimumSize);
        var ring = new LogRing(memory, LogRing.MinimumSize);
        for (int stream = 1; stream <= 65; stream++)
        {
            ring.Begin((byte)'x', stream);
            ring.GoesOn((byte)(stream & 7));
            *ring.Witness = (byte)'x';
            Assert.True(ring.Settle());
        }
        Assert.Null(ring.UnfinishedOf(1));
        for (int stream = 2; stream <= 65; stream++) Assert.Equal((byte)(stream & 7), ring.UnfinishedOf(stream)!.Value);
        ring.Forget(2);
        Assert.Null(ring.UnfinishedOf(2));
        NativeMemory.Free(memory);
    }

    [Fact]
    public void A_server_that_is_closed_leaves_the_ring_alone_whatever_was_posted_before()
    {
        Sys.MakeMemoryFile("log-ring", out var file).ThrowIfError("memfd_create");
        SharedMemory.Map(file, LogRing.MinimumSize, out var memory).ThrowIfError("mmap");
        file.Dispose();
        using var loop = new EventLoop();
        Sys.SocketPair(Libc.SOCK_STREAM, out var reader, out var served).ThrowIfError("socketpair");
        using (reader)
        {
            var server = new LogServer(loop, new LogRing(memory!.Pointer, memory.Length));
            server.Serve(served, new LogQuery(null, 0, true));
            server.Note("its readers are to be told of this");
            server.Close();
            memory.Dispose(); // touching it now would end the process
            loop.Post("test", loop.Stop);
            loop.Run();
        }
        Assert.Equal(0, loop.TimerCount);
    }

    private sealed class Died : Exception;

    /// <summary>Pipes and a socket with their writers, the memory, and one syslog after another.</summary>
    private sealed class World
    {
        private const int Size = 16 << 20;
        private const int Pipes = 3;

        private readonly byte* _memory = (byte*)NativeMemory.AllocZeroed(Size + LogRates.Size);
        private readonly int _limit; // of the first pipe and of /dev/log
        private readonly FileDescriptor[] _read = new FileDescriptor[Pipes], _write = new FileDescriptor[Pipes];
        private readonly FileDescriptor _devLog, _sender;
        private readonly byte[][] _input = new byte[Pipes][];
        private readonly int[] _written = new int[Pipes];
        private readonly List<string> _datagrams = [];
        private readonly List<string> _sent = []; // to readers
        private readonly Random _random;
        private int _datagramsSent, _steps, _quiet;

        public World(int seed, int lines, bool isLong, int limit = 0)
        {
            _limit = limit;
            _random = new Random(seed);
            for (int i = 0; i < Pipes; i++)
            {
                Sys.Pipe(out _read[i], out _write[i]).ThrowIfError("pipe2");
                Sys.SetNonBlocking(_write[i]).ThrowIfError("fcntl");
                _input[i] = Input(lines, isLong && i == 0);
            }
            Sys.SocketPair(Libc.SOCK_DGRAM, out _devLog, out _sender).ThrowIfError("socketpair");
            Sys.SetNonBlocking(_devLog).ThrowIfError("fcntl");
            Sys.SetSocketOption(_devLog, Libc.SOL_SOCKET, Libc.SO_PASSCRED, 1).ThrowIfError("setsockopt");
            for (int i = 0; i < lines; i++) _datagrams.Add($"<30>tool: {i} {new string('d', _random.Next(50))}");
        }

        public int Run(Func<int, bool> isFatal)
        {
            // Enough of them: the last one lives.
            int deaths = 0;
            while (!RunOne(step => deaths < 60 && isFatal(step))) deaths++;
            Check();
            foreach (var fd in _read) fd.Dispose();
            _devLog.Dispose();
            _sender.Dispose();
            NativeMemory.Free(_memory);
            return _steps;
        }

        /// <summary>One syslog; true if it has taken all there is, false if it died.</summary>
        private bool RunOne(Func<int, bool> isFatal)
        {
            LogRing ring;
            try
            {
                ring = new LogRing(_memory, Size, () =>
                {
                    if (isFatal(++_steps)) throw new Died();
                }, _memory + Size);
            }
            catch (Died)
            {
                return false; // while it settled what its predecessor had begun
            }
            if (_limit > 0)
            {
                var limit = new PollLimit(_limit, TimeSpan.FromHours(1));
                ring.Rates!.Set("p0"u8, limit, 0);
                ring.Rates.Usual = limit; // for whoever sends to /dev/log
                for (int i = 1; i < Pipes; i++) ring.Rates.Set(Encoding.UTF8.GetBytes("p" + i), PollLimit.None, 0);
            }
            using var loop = new EventLoop();
            bool hasDied = false;
            Sys.SocketPair(Libc.SOCK_STREAM, out var reader, out var served).ThrowIfError("socketpair");
            var server = new LogServer(loop, ring) { LinePatience = TimeSpan.FromHours(1) };
            loop.Failed = (_, exception) => throw exception; // nothing runs after a death
            loop.Post("test", () =>
            {
                for (int i = 0; i < Pipes; i++)
                {
                    Sys.Duplicate(_read[i], out var copy).ThrowIfError("fcntl");
                    server.AddStream(i + 1, i == 1 ? LogSource.Error : LogSource.Output, "p" + i, copy);
                }
                Sys.Duplicate(_devLog, out var socket).ThrowIfError("fcntl");
                server.ListenTo(socket, []);
                server.Serve(served, new LogQuery(null, 0, true));
            });
            _quiet = 0;
            loop.Post("writers", () => Write(loop, server));
            try
            {
                loop.Run();
            }
            catch (Died)
            {
                hasDied = true;
            }
            server.Close();
            Collect(reader);
            return !hasDied;
        }

        private void Write(EventLoop loop, LogServer server)
        {
            _quiet++;
            for (int i = 0; i < Pipes; i++)
            {
                if (!_write[i].IsOpen) continue;
                int count = Math.Min(_random.Next(1, _random.Next(8) == 0 ? 60_000 : 300), _input[i].Length - _written[i]);
                if (Sys.Write(_write[i], _input[i].AsSpan(_written[i], count), out int written) == Errno.None) _quiet = 0;
                _written[i] += written;
                if (_written[i] == _input[i].Length) _write[i].Dispose();
            }
            if (_datagramsSent < _datagrams.Count)
            {
                _quiet = 0;
                if (Sys.Send(_sender, Encoding.UTF8.GetBytes(_datagrams[_datagramsSent]), null, Libc.MSG_DONTWAIT) == Errno.None) _datagramsSent++;
            }
            if (server.StreamCount > 0) _quiet = 0;
            if (_quiet > 3) loop.After(TimeSpan.Zero, "test", loop.Stop); // a Stop in what is posted would wait for the next event
            else loop.Post("writers", () => Write(loop, server));
        }

        private void Collect(FileDescriptor reader)
        {
            var text = new StringBuilder();
            byte[] buffer = new byte[1 << 16];
            while (Sys.Read(reader, buffer, out int count) == Errno.None && count > 0) text.Append(Encoding.Latin1.GetString(buffer, 0, count));
            reader.Dispose();
            int begin = text.ToString().IndexOf("\r\n\r\n", StringComparison.Ordinal);
            if (begin < 0) return;
            // The last one may be cut.
            _sent.AddRange(text.ToString()[(begin + 4)..].Split('\n').SkipLast(1).Where(line => line.Length > 0));
        }

        private void Check()
        {
            var ring = new LogRing(_memory, Size, null, _memory + Size);
            Assert.True(ring.Recovered);
            Assert.Equal(1, ring.FirstSequence);
            var lines = Enumerable.Range(0, Pipes + 1).Select(_ => new List<string>()).ToArray();
            var formatted = new HashSet<string>();
            byte[] json = new byte[1 << 17];
            long sequence = 0;
            var position = ring.Oldest;
            while (ring.TryRead(ref position, out var entry, out _))
            {
                Assert.True(entry.Sequence > sequence);
                sequence = entry.Sequence;
                int source = entry.Source == LogSource.Syslog ? Pipes : entry.Service[1] - '0';
                lines[source].Add(Line(entry.Priority, entry.IsContinuation, entry.Text));
                formatted.Add(Encoding.Latin1.GetString(json, 0, LogLineWriter.Write(entry, json)).TrimEnd('\n'));
            }
            for (int i = 0; i < Pipes; i++) Assert.Equal(i == 0 ? First(Expected(_input[0], false)) : Expected(_input[i], i == 1), lines[i]);
            Assert.Equal(First(_datagrams.Select(text => Line(30, false, Encoding.UTF8.GetBytes(text[10..].TrimEnd())))), lines[Pipes]);
            long dropped = ring.Rates!.Dropped().Sum(entry => entry.Total);
            if (_limit == 0) Assert.Equal(0, dropped);
            else Assert.Equal(Expected(_input[0], false).Count - lines[0].Count + _datagrams.Count - lines[Pipes].Count, dropped);
            foreach (string sent in _sent) Assert.Contains(sent, formatted);
            Assert.NotEmpty(_sent);
        }

        // All are within one window.
        private IEnumerable<string> First(IEnumerable<string> lines) => _limit == 0 ? lines : lines.Take(_limit);

        private static List<string> Expected(byte[] input, bool isError)
        {
            List<string> lines = [];
            var cutter = new LineCutter(input);
            int severity = 0;
            while (cutter.Next(isEnd: true))
            {
                var line = cutter.Line;
                if (!cutter.IsContinuation) severity = PriorityPrefix.TryStrip(ref line, out int said) ? said : isError ? 4 : 6;
                lines.Add(Line((byte)(24 | severity), cutter.IsContinuation, line));
            }
            return lines;
        }

        private static string Line(byte priority, bool isContinuation, ReadOnlySpan<byte> text) => $"{priority} {isContinuation} {Convert.ToHexString(text)}";

        private byte[] Input(int lines, bool isLong)
        {
            var input = new MemoryStream();
            for (int i = 0; i < lines; i++)
            {
                byte[] text = new byte[_random.Next(20) == 0 && lines > 5 ? _random.Next(30_000) : _random.Next(120)];
                if (i == lines / 2) text = new byte[isLong ? 1 << 20 : 9000];
                _random.NextBytes(text);
                if (_random.Next(2) == 0 || text.Length == 9000) text.AsSpan().Fill((byte)('a' + i % 26)); // else junk, with ends of lines in it
                else if (_random.Next(2) == 0) text.AsSpan().Replace((byte)'\n', (byte)' ');
                if (_random.Next(3) == 0) input.Write(Encoding.UTF8.GetBytes($"<{_random.Next(9)}>"));
                input.Write(text);
                input.Write(_random.Next(5) == 0 ? "\r\n"u8 : "\n"u8);
            }
            input.Write("no end"u8);
            return input.ToArray();
        }
    }
}
