using System.Net;
using System.Net.Sockets;
using System.Text;
using Dora.Core.Configuration;
using Dora.Core.Linux;
using Dora.Core.Protocol;
using Dora.Syslog;
using Xunit;

namespace Dora.Init.Tests.Syslog.Receiving;

/// <summary>Real sockets of the loopback interface, and whoever sends to them anything.</summary>
public sealed class ReceivingTests : IDisposable
{
    private const int RingSize = 4 << 20;
    private readonly LoopThread _thread = new();
    private readonly int _loopThread;
    private readonly SharedMemory _memory;
    private readonly List<Socket> _sockets = [];
    private readonly List<TcpClient> _clients = [];
    private LogServer _server = null!;

    public ReceivingTests()
    {
        Sys.MakeMemoryFile("log-ring", out var file).ThrowIfError("memfd_create");
        SharedMemory.Map(file, RingSize + LogRates.Size, out var memory).ThrowIfError("mmap");
        file.Dispose();
        _memory = memory!;
        _loopThread = _thread.Call(() => Environment.CurrentManagedThreadId);
    }

    public void Dispose()
    {
        foreach (var client in _clients) client.Dispose();
        if (_server is not null) _thread.Call(_server.Close);
        _thread.Dispose();
        foreach (var socket in _sockets) socket.Dispose();
        _memory.Dispose();
    }

    [Fact]
    public void Datagrams_are_lines_of_their_senders()
    {
        var place = Start("udp", SocketType.Dgram);
        using var sender = new UdpClient();
        foreach (string text in new[] { "<30>Nov 21 23:20:01 web1 nginx[12]: hello", "<13>1 - - - - - - two\nlines", "", "\0\0\n", "<34>1 - kernel kernel 1 - - not of this one" })
            sender.Send(Encoding.UTF8.GetBytes(text), place);
        WaitFor(4);
        Assert.Equal(["30 @127.0.0.1 web1 nginx[12]: hello", "13 @127.0.0.1: two", "13 @127.0.0.1: lines", "34 @127.0.0.1 kernel kernel[1]: not of this one"], Lines());
    }

    [Fact]
    public void A_long_datagram_is_whole()
    {
        var place = Start("udp", SocketType.Dgram);
        using var sender = new UdpClient();
        string text = new('x', 60_000);
        sender.Send(Encoding.UTF8.GetBytes("<13>t: " + text), place);
        WaitFor(8);
        Assert.Equal(text, string.Concat(Lines().Select(line => line[(line.IndexOf(": ", StringComparison.Ordinal) + 2)..])));
    }

    [Fact]
    public void Nobody_else_may_send()
    {
        var place = Start("udp", SocketType.Dgram, "[192.0.2.0/24, 'fd00::/8']");
        using var sender = new UdpClient();
        for (int i = 0; i < 5; i++) sender.Send("<13>no"u8.ToArray(), place);
        WaitFor(1);
        Assert.Equal(["45 syslog: @127.0.0.1 may not send ('from' of /etc/dora/log.yaml): what it sends is not read"], Lines());
    }

    [Fact]
    public void A_connection_of_another_is_closed()
    {
        var place = Start("tcp", SocketType.Stream, "192.0.2.7");
        AssertClosed(Connect(place));
        WaitFor(1);
        Assert.Contains("may not send", Assert.Single(Lines()));
    }

    [Fact]
    public void Both_framings_in_any_pieces()
    {
        var place = Start("tcp", SocketType.Stream);
        var stream = Connect(place).GetStream();
        byte[] bytes = "<30>1 - web1 nginx 12 - - a\n24 <30>1 - web1 - - - - b\nb\n<13>c\n19 <30>1 - - - - - "u8.ToArray();
        foreach (byte b in bytes)
        {
            stream.Write([b]);
            stream.Flush();
        }
        WaitFor(4);
        Assert.Equal(["30 @127.0.0.1 web1 nginx[12]: a", "30 @127.0.0.1 web1: b", "30 @127.0.0.1 web1: b", "13 @127.0.0.1: c"], Lines());
        stream.Write("- d"u8);
        WaitFor(5);
        Assert.Equal("30 @127.0.0.1: d", Lines()[^1]);
    }

    [Fact]
    public void What_has_no_end_is_a_message_when_its_sender_is_gone()
    {
        var place = Start("tcp", SocketType.Stream);
        var client = Connect(place);
        client.GetStream().Write("<13>whole\n<13>half"u8);
        client.Client.Shutdown(SocketShutdown.Send);
        WaitFor(2);
        Assert.Equal(["13 @127.0.0.1: whole", "13 @127.0.0.1: half"], Lines());
        Until(() => _server.ConnectionCount == 0, "no connection");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_megabyte_is_kept_in_part_and_its_sender_goes_on(bool isCounted)
    {
        var place = Start("tcp", SocketType.Stream);
        var stream = Connect(place).GetStream();
        string message = "<13>t: " + new string('x', 1 << 20);
        stream.Write(Encoding.ASCII.GetBytes((isCounted ? $"{message.Length} " : "") + message + "\n<13>next\n"));
        Until(() => Lines().Contains("13 @127.0.0.1: next"), "the next");
        var lines = Lines();
        Assert.Equal($"13 @127.0.0.1 - t: {message.Length - 65536} bytes of this message were cut off", lines[^2]);
        Assert.Equal(65536 - 7, lines.SkipLast(2).Sum(line => line.Length - "13 @127.0.0.1 - t: ".Length));
    }

    [Fact]
    public void A_length_that_none_can_have_ends_the_connection_and_is_told()
    {
        var place = Start("tcp", SocketType.Stream);
        var client = Connect(place);
        client.GetStream().Write("<13>whole\n1000000000 <13>x"u8);
        AssertClosed(client);
        WaitFor(2);
        Assert.Equal(["13 @127.0.0.1: whole", "45 syslog: @127.0.0.1: a message said a length that none can have: the connection was closed"], Lines());
    }

    [Fact]
    public void Who_never_sends_or_never_ends_is_closed_and_half_a_message_is_kept()
    {
        var place = Start("tcp", SocketType.Stream, patience: TimeSpan.FromMilliseconds(300));
        var silent = Connect(place);
        var half = Connect(place);
        half.GetStream().Write("<13>half"u8);
        var good = Connect(place);
        good.GetStream().Write("<13>whole\n"u8);
        AssertClosed(silent);
        Until(() => _server.ConnectionCount == 1, "one connection is left");
        good.GetStream().Write("<13>after a pause\n"u8);
        WaitFor(4);
        Assert.Contains("13 @127.0.0.1: half", Lines());
        Assert.Contains("13 @127.0.0.1: after a pause", Lines());
        Assert.Single(Lines(), line => line.Contains("brought no whole message within"));
    }

    [Fact]
    public void One_address_has_so_many_connections_and_the_next_is_refused()
    {
        var place = Start("tcp", SocketType.Stream);
        for (int i = 0; i < 32; i++)
        {
            Connect(place).GetStream().Write(Encoding.ASCII.GetBytes($"<13>{i}\n"));
        }
        WaitFor(32);
        AssertClosed(Connect(place));
        AssertClosed(Connect(place));
        Until(() => Lines().Any(line => line.Contains("a connection was refused: there are 32 of this address")), "the refusal");
        Assert.Single(Lines(), line => line.Contains("refused"));
        _clients[0].GetStream().Write("<13>goes on\n"u8);
        Until(() => Lines().Contains("13 @127.0.0.1: goes on"), "the first");
    }

    [Fact]
    public void A_flood_holds_up_nobody_here_and_takes_no_memory()
    {
        var place = Start("tcp", SocketType.Stream);
        using var stop = new CancellationTokenSource();
        var flood = new Thread(() =>
        {
            byte[] bytes = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("<13>flood\n", 5000)));
            try
            {
                while (!stop.IsCancellationRequested) _clients[0].GetStream().Write(bytes);
            }
            catch (IOException)
            {
            }
        });
        Connect(place);
        flood.Start();
        Sys.Pipe(out var read, out var write, 0).ThrowIfError("pipe2");
        _thread.Call(() => _server.AddStream(1, LogSource.Output, "web", read));
        var position = _thread.Call(() => _server.Ring.Newest);
        for (int i = 0; i < 50; i++)
        {
            Sys.Write(write, Encoding.ASCII.GetBytes($"line {i}\n"), out _).ThrowIfError("write");
            string line = $"line {i}";
            Until(() => LastOf("web", ref position) == line, line);
        }
        long before = GC.GetTotalMemory(true);
        for (int i = 0; i < 20; i++) Thread.Sleep(10);
        Assert.InRange(GC.GetTotalMemory(true) - before, long.MinValue, 8 << 20);
        // And all of it goes on.
        long lines = _thread.Call(() => _server.Ring.NextSequence);
        Until(() => _server.Ring.NextSequence > lines + 10_000, "more of the flood");
        stop.Cancel();
        flood.Join();
        write.Dispose();
    }

    [Fact]
    public void What_the_kernel_loses_is_counted_and_told_once_also_by_the_next_syslog()
    {
        var place = Start("udp", SocketType.Dgram);
        using var sender = new UdpClient();
        void Overrun() => _thread.Call(() => // its loop stands still meanwhile
        {
            byte[] datagram = new byte[30_000];
            datagram.AsSpan().Fill((byte)'x');
            for (int i = 0; i < 200; i++) sender.Send(datagram, place);
        });
        Overrun();
        Until(() => Losses() > 0 && Lines().Any(line => line.Contains("datagrams were lost at udp")), "the loss");
        long first = Losses();
        Assert.Contains(Lines(), line => line == $"28 syslog: {first} datagrams were lost at udp {Port()}: they came faster than they could be read");
        Again();
        sender.Send("<13>after\n"u8.ToArray(), place);
        Until(() => Lines().Any(line => line.EndsWith(": after", StringComparison.Ordinal)), "the line after that");
        Assert.Equal(first, Losses());
        Overrun();
        Until(() => Losses() > first, "the second loss");
    }

    [Fact]
    public void What_waits_while_no_syslog_runs_is_there_with_the_next_once()
    {
        var datagrams = Start("udp", SocketType.Dgram);
        using var sender = new UdpClient();
        sender.Send("<13>1"u8.ToArray(), datagrams);
        WaitFor(1);
        _thread.Call(_server.Close);
        for (int i = 2; i < 50; i++) sender.Send(Encoding.ASCII.GetBytes($"<13>{i}"), datagrams);
        Again();
        WaitFor(49);
        Assert.Equal(Enumerable.Range(1, 49).Select(i => $"13 @127.0.0.1: {i}"), Lines());
    }

    [Fact]
    public void An_orderly_end_takes_what_connections_have_brought()
    {
        var place = Start("tcp", SocketType.Stream);
        var client = Connect(place);
        client.GetStream().Write("<13>1\n"u8);
        WaitFor(1);
        _thread.Call(() =>
        {
            client.GetStream().Write(Encoding.ASCII.GetBytes(string.Concat(Enumerable.Range(2, 999).Select(i => $"<13>{i}\n"))));
            _server.Leave(() => { });
        });
        Assert.Equal(Enumerable.Range(1, 1000).Select(i => $"13 @127.0.0.1: {i}"), Lines());
        // Whoever comes now waits for the next one.
        Connect(place).GetStream().Write("<13>late\n"u8);
        Assert.Equal(0, _server.ConnectionCount);
        _thread.Call(_server.Close);
        Again();
        Until(() => Lines().Contains("13 @127.0.0.1: late"), "who came in between");
    }

    [Fact]
    public void Senders_have_limits_as_services_have()
    {
        var place = Start("udp", SocketType.Dgram, more: "rate: 3/1h\n");
        using var sender = new UdpClient();
        for (int i = 0; i < 10; i++) sender.Send(Encoding.ASCII.GetBytes($"<13>host{i}: {i}"), place);
        Until(() => _server.Ring.Rates!.Dropped().Exists(entry => entry is ("@127.0.0.1", 7, _)), "seven dropped");
        Assert.Equal(3, Lines().Count);
    }

    private string _file = "", _kind = "";

    private IPEndPoint Start(string kind, SocketType type, string from = "", TimeSpan? patience = null, string more = "")
    {
        var socket = new Socket(AddressFamily.InterNetwork, type, type == SocketType.Dgram ? ProtocolType.Udp : ProtocolType.Tcp);
        _sockets.Add(socket);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        if (type == SocketType.Stream) socket.Listen(64);
        var place = (IPEndPoint)socket.LocalEndPoint!;
        _kind = kind;
        _file = $"{more}receive:\n- {kind}: {place.Port}\n" + (from.Length > 0 ? $"  from: {from}\n" : "");
        Again(patience);
        return place;
    }

    private string Port() => ((IPEndPoint)_sockets[0].LocalEndPoint!).Port.ToString();

    /// <summary>A syslog, with the memory and the socket of the one before.</summary>
    private unsafe void Again(TimeSpan? patience = null) => _thread.Call(() =>
    {
        _server?.Close();
        _server = new LogServer(_thread.Loop, new LogRing(_memory.Pointer, RingSize, null, _memory.Pointer + RingSize)) { SenderPatience = patience ?? TimeSpan.FromMinutes(1) };
        _server.Configure(LogFile.Read("log.yaml", Encoding.UTF8.GetBytes(_file)));
        Sys.Duplicate(new FileDescriptor((int)_sockets[0].Handle), out var copy).ThrowIfError("fcntl");
        _server.Receive($"receive-{_kind}-{Port()}", copy);
    });

    private TcpClient Connect(IPEndPoint place)
    {
        var client = new TcpClient { NoDelay = true };
        _clients.Add(client);
        client.Connect(place);
        client.Client.ReceiveTimeout = 20_000;
        return client;
    }

    // With a reset where something was unread.
    private static void AssertClosed(TcpClient client)
    {
        try
        {
            Assert.Equal(0, client.Client.Receive(new byte[1]));
        }
        catch (SocketException exception)
        {
            Assert.Equal(SocketError.ConnectionReset, exception.SocketErrorCode);
        }
    }

    private void Until(Func<bool> condition, string what) => _thread.Until(condition, what);

    private void WaitFor(int lines) => Until(() => Read().Count >= lines, $"{lines} lines");

    private List<string> Lines() => Environment.CurrentManagedThreadId == _loopThread ? Read() : _thread.Call(Read);

    private long Losses()
    {
        long Sum() => _server.Ring.Rates!.Dropped().Where(entry => entry.Name.StartsWith("udp ", StringComparison.Ordinal)).Sum(entry => entry.Total);
        return Environment.CurrentManagedThreadId == _loopThread ? Sum() : _thread.Call(Sum);
    }

    /// <summary>Its last line, of those that were not seen before.</summary>
    private string? LastOf(string service, ref LogPosition position)
    {
        string? last = null;
        while (_server.Ring.TryRead(ref position, out var entry, out _))
            if (entry.Service.Length == service.Length && Encoding.ASCII.GetString(entry.Service) == service) last = Encoding.UTF8.GetString(entry.Text);
        return last;
    }

    private List<string> Read()
    {
        var lines = new List<string>();
        var position = _server.Ring.Oldest;
        while (_server.Ring.TryRead(ref position, out var entry, out _))
            lines.Add($"{entry.Priority} {Encoding.UTF8.GetString(entry.Service)}: {Encoding.UTF8.GetString(entry.Text)}");
        return lines;
    }
}
