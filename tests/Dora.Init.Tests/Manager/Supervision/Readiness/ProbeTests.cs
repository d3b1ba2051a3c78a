using System.Diagnostics;
using System.Net.Sockets;
using System.Net;
using System.Text;
using Dora.Core.Configuration;
using Dora.Core.Events;
using Dora.Init.Manager.Supervision.Readiness;
using Xunit;

namespace Dora.Init.Tests.Manager.Supervision.Readiness;

/// <summary>Probes, watchdogs and waits for files on a real loop.</summary>
public sealed class ProbeTests : IDisposable
{
    private readonly LoopThread _loop = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("pandora-probe-").FullName;

    public void Dispose()
    {
        _loop.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private string? Once(ProbeSettings settings)
    {
        var told = new TaskCompletionSource<string?>();
        Probe? probe = null;
        _loop.Call(() =>
        {
            probe = new Probe(_loop.Loop, "web", settings, () => new ConnectAttempt(_loop.Loop, "web", settings), fault =>
            {
                told.TrySetResult(fault);
                probe!.Dispose();
            });
            probe.Begin(TimeSpan.Zero);
        });
        Assert.True(told.Task.Wait(TimeSpan.FromSeconds(20)), "nothing was told");
        return told.Task.Result;
    }

    private static ProbeSettings To(ProbeKind kind, int port, string path = "/", double timeout = 5) => new()
    {
        Kind = kind, Port = port, Path = path, Interval = TimeSpan.FromMilliseconds(10), Timeout = TimeSpan.FromSeconds(timeout),
    };

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("::1")]
    public void A_port_that_listens_on_either_family_is_there(string address)
    {
        using var listener = new TcpListener(IPAddress.Parse(address), 0);
        listener.Start();
        Assert.Null(Once(To(ProbeKind.Tcp, ((IPEndPoint)listener.LocalEndpoint).Port)));
    }

    [Fact]
    public void A_port_that_does_not_is_refused()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        int port = ((IPEndPoint)listener.LocalEndpoint).Port;
        listener.Stop();
        Assert.Equal($"connect to port {port}: connection refused (ECONNREFUSED)", Once(To(ProbeKind.Tcp, port)));
    }

    [Fact]
    public void A_unix_socket_is_there_once_it_listens()
    {
        string path = Path.Combine(_folder, "s");
        Assert.Equal($"connect to {path}: no such file or directory (ENOENT)", Once(To(ProbeKind.Unix, 0, path)));
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(path));
        Assert.Equal($"connect to {path}: connection refused (ECONNREFUSED)", Once(To(ProbeKind.Unix, 0, path)));
        socket.Listen();
        Assert.Null(Once(To(ProbeKind.Unix, 0, path)));
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\n\r\n", null)]
    [InlineData("HTTP/1.1 302 Found\r\n\r\n", null)]
    [InlineData("HTTP/1.1 503 Busy\r\n\r\n", "http status 503")]
    [InlineData("nonsense", "the answer is not http")]
    [InlineData("", "no answer to http")]
    public async Task The_status_of_http_decides(string answer, string? expected)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        int port = ((IPEndPoint)listener.LocalEndpoint).Port;
        var request = Task.Run(() =>
        {
            using var client = listener.AcceptSocket();
            var buffer = new byte[2048];
            string text = "";
            while (!text.Contains("\r\n\r\n")) text += Encoding.ASCII.GetString(buffer, 0, client.Receive(buffer));
            // A byte at a time: the answer need not come in one piece.
            try
            {
                foreach (byte b in Encoding.ASCII.GetBytes(answer)) client.Send([b]);
            }
            catch (SocketException)
            {
                // The status was all that it wanted.
            }
            return text;
        });
        Assert.Equal(expected, Once(To(ProbeKind.Http, port, "/health?x=1")));
        Assert.StartsWith($"GET /health?x=1 HTTP/1.1\r\nHost: localhost:{port}\r\n", await request);
    }

    [Fact]
    public void One_that_never_answers_has_its_time_and_no_more()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        long start = Stopwatch.GetTimestamp();
        Assert.Equal("no answer within 200 ms", Once(To(ProbeKind.Http, ((IPEndPoint)listener.LocalEndpoint).Port, timeout: 0.2)));
        Assert.InRange(Stopwatch.GetElapsedTime(start).TotalSeconds, 0.19, 15);
    }

    [Fact]
    public void Tries_go_on_until_it_is_disposed()
    {
        int tries = 0;
        Probe? probe = null;
        _loop.Call(() =>
        {
            probe = new Probe(_loop.Loop, "web", To(ProbeKind.Unix, 0, "/nowhere"), () => new ConnectAttempt(_loop.Loop, "web", To(ProbeKind.Unix, 0, "/nowhere")), _ => tries++);
            probe.Begin(TimeSpan.Zero);
        });
        _loop.Until(() => tries >= 5, "five tries");
        int then = _loop.Call(() =>
        {
            probe!.Dispose();
            return tries;
        });
        Thread.Sleep(100);
        Assert.Equal(then, _loop.Call(() => tries));
    }

    [Fact]
    public void A_file_is_seen_though_its_folders_come_and_go_before_it()
    {
        string path = Path.Combine(_folder, "a/b/c");
        bool isSeen = false;
        _loop.Call(() => new FileAppearance(_loop.Loop, "web", path, null, () => isSeen = true).Begin());
        Directory.CreateDirectory(Path.Combine(_folder, "a"));
        Thread.Sleep(30);
        Directory.Delete(Path.Combine(_folder, "a"));
        Directory.CreateDirectory(Path.Combine(_folder, "a/b"));
        File.WriteAllText(Path.Combine(_folder, "a/b/other"), "");
        Thread.Sleep(50);
        Assert.False(_loop.Call(() => isSeen));
        File.WriteAllText(path, "");
        _loop.Until(() => isSeen, "the file to be seen");
    }

    [Fact]
    public void A_file_that_is_there_is_seen_at_once_and_one_from_before_only_when_it_is_another()
    {
        string path = Path.Combine(_folder, "pid");
        File.WriteAllText(path, "1");
        bool isSeen = false, isNew = false;
        string? mark = FileAppearance.MarkOf(path);
        _loop.Call(() => new FileAppearance(_loop.Loop, "web", path, null, () => isSeen = true).Begin());
        _loop.Call(() => new FileAppearance(_loop.Loop, "web", path, mark, () => isNew = true).Begin());
        Assert.True(_loop.Call(() => isSeen));
        Thread.Sleep(50);
        Assert.False(_loop.Call(() => isNew));
        File.WriteAllText(path + ".new", "1");
        File.Move(path + ".new", path, overwrite: true);
        _loop.Until(() => isNew, "the new file to be seen");
        Assert.Null(FileAppearance.MarkOf(_folder + "/nothing"));
    }

    [Fact]
    public void A_watchdog_goes_off_after_its_interval_and_each_sign_of_life_puts_that_off()
    {
        TimeSpan missed = default;
        var (watchdog, start) = _loop.Call(() => (new Watchdog(_loop.Loop, "web", TimeSpan.FromMilliseconds(300), () => missed = EventLoop.Now), EventLoop.Now));
        for (int i = 0; i < 4; i++)
        {
            Thread.Sleep(100);
            _loop.Call(watchdog.Alive);
        }
        var last = _loop.Call(() => EventLoop.Now);
        Assert.Equal(default, _loop.Call(() => missed));
        _loop.Until(() => missed != default, "the watchdog to go off");
        Assert.InRange((missed - last).TotalMilliseconds, 250, 10_000);
        Assert.True(missed - start >= TimeSpan.FromMilliseconds(650));
        _loop.Call(watchdog.Dispose);
    }
}
