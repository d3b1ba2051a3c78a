using System.Net.Sockets;
using System.Text;
using Dora.Core.Events;
using Dora.Core.Linux;
using Dora.Init.Manager.Control;

namespace Dora.Init.Tests.Manager.Control;

/// <summary>
/// A control server on a socket of its own. <see cref="Run"/> runs the loop on the test's thread and the client's part
/// on another; both are over when it returns, and no connection may be left.
/// </summary>
internal sealed class ControlFixture : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("dora-control-").FullName;
    private readonly FileDescriptor _listener;

    public ControlFixture(ControlLimits? limits = null, IReadOnlyList<Route>? routes = null, uint? operatorGroup = null, Action<Action>? whenSaved = null, Access most = Access.Admin)
    {
        Sys.Socket(Libc.AF_UNIX, Libc.SOCK_STREAM | Libc.SOCK_NONBLOCK, 0, out _listener).ThrowIfError("socket");
        Sys.BindUnix(_listener, SocketPath).ThrowIfError("bind", SocketPath);
        Sys.Listen(_listener, 128).ThrowIfError("listen");
        Loop = new EventLoop { Failed = (owner, exception) => LoopFailures.Add($"{owner}: {exception}") };
        Machine = new FakeMachine(Loop);
        Server = new ControlServer(Loop, Machine, Log.Add, limits, routes) { WhenSaved = whenSaved ?? (action => action()) };
        _ = new ControlListener(Server, _listener, operatorGroup, most);
    }

    public string SocketPath => Path.Combine(_folder, "dora.sock");
    public EventLoop Loop { get; }
    public FakeMachine Machine { get; }
    public ControlServer Server { get; }
    public List<string> Log { get; } = [];
    public List<string> LoopFailures { get; } = [];

    public static ControlLimits Fast { get; } = new()
    {
        RequestTime = TimeSpan.FromMilliseconds(300),
        WriteTime = TimeSpan.FromMilliseconds(300),
        LingerTime = TimeSpan.FromMilliseconds(200),
        SweepInterval = TimeSpan.FromMilliseconds(20),
    };

    public void Run(Action client)
    {
        Exception? failure = null;
        Sys.Pipe(out var readEnd, out var writeEnd).ThrowIfError("pipe");
        var thread = new Thread(() =>
        {
            try { client(); }
            catch (Exception exception) { failure = exception; }
            finally { writeEnd.Dispose(); }
        });
        // What the client closed at its very end is seen before the loop stops, however long that takes on a busy machine.
        void Settle(TimeSpan limit)
        {
            if (Server.ConnectionCount == 0 || EventLoop.Now >= limit) Loop.Stop();
            else Loop.After(TimeSpan.FromMilliseconds(5), "test", () => Settle(limit));
        }
        Watch? over = null;
        over = Loop.Watch(readEnd, Libc.EPOLLIN, "test", _ =>
        {
            Loop.Unwatch(over!);
            Loop.After(TimeSpan.FromMilliseconds(30), "test", () => Settle(EventLoop.Now + TimeSpan.FromSeconds(5)));
        });
        var watchdog = Loop.After(TimeSpan.FromSeconds(30), "test", () => throw new TimeoutException("the client did not end"));
        thread.Start();
        Loop.Run();
        watchdog.Cancel();
        thread.Join();
        readEnd.Dispose();
        if (failure is not null) throw new AggregateException("client", failure);
        if (LoopFailures.Count > 0) throw new InvalidOperationException(string.Join('\n', LoopFailures));
    }

    public Socket Connect()
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified) { ReceiveTimeout = 10_000, SendTimeout = 10_000 };
        socket.Connect(new UnixDomainSocketEndPoint(SocketPath));
        return socket;
    }

    /// <summary>Sends, and reads until the server closes.</summary>
    public string Talk(string request)
    {
        using var socket = Connect();
        socket.Send(Encoding.Latin1.GetBytes(request));
        return ReadAll(socket);
    }

    public static string ReadAll(Socket socket)
    {
        var text = new StringBuilder();
        byte[] buffer = new byte[65536];
        for (int count; (count = socket.Receive(buffer)) > 0;) text.Append(Encoding.Latin1.GetString(buffer, 0, count));
        return text.ToString();
    }

    /// <summary>Waits until the server has closed its side, whatever lies unread.</summary>
    public static void WaitForHangUp(Socket socket)
    {
        var limit = Sys.TimeSinceBoot() + TimeSpan.FromSeconds(20);
        // Without events asked for, poll(2) tells of POLLHUP alone.
        Span<Libc.pollfd> fds = [new Libc.pollfd { fd = (int)socket.Handle }];
        while (fds[0].revents == 0)
        {
            _ = Sys.Poll(fds, limit);
            if (Sys.TimeSinceBoot() >= limit) throw new TimeoutException("the server does not hang up");
        }
    }

    /// <summary>A request that closes the connection behind its answer.</summary>
    public static string Once(string method, string path, string body = "") =>
        $"{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {body.Length}\r\n\r\n{body}";

    public void Dispose()
    {
        Server.Dispose();
        Loop.Dispose();
        _listener.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}
