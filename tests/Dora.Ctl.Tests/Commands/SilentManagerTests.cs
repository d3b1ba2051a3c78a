using System.Diagnostics;
using System.Net.Sockets;
using Xunit;

namespace Dora.Ctl.Tests.Commands;

/// <summary>A manager that does not answer: whoever asks hears so within a second.</summary>
public sealed class SilentManagerTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("dora-silent-").FullName;
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);

    public void Dispose()
    {
        _listener.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private string Listen(int backlog)
    {
        string path = Path.Combine(_folder, "s");
        _listener.Bind(new UnixDomainSocketEndPoint(path));
        _listener.Listen(backlog);
        return path;
    }

    private static (int Code, string Error) Timed(params string[] arguments)
    {
        var clock = Stopwatch.StartNew();
        var (code, _, error) = CannedServer.Run(arguments);
        Assert.InRange(clock.ElapsedMilliseconds, 0, 1500); // a second, and what a busy machine adds
        return (code, error);
    }

    [Theory]
    [InlineData("service list")]
    [InlineData("log -f")]
    [InlineData("boot")]
    public void Nobody_takes_the_connection(string command)
    {
        var (code, error) = Timed([.. command.Split(' '), "--socket", Listen(8)]);
        Assert.Equal(5, code);
        Assert.Contains("init's manager does not answer\nhint: services run on without it", error);
    }

    [Fact]
    public void The_queue_is_full()
    {
        string path = Listen(1);
        var waiting = new List<Socket>();
        for (int i = 0; i < 8; i++)
        {
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified) { Blocking = false };
            waiting.Add(socket);
            try
            {
                socket.Connect(new UnixDomainSocketEndPoint(path));
            }
            catch (SocketException)
            {
                break;
            }
        }
        var (code, error) = Timed("version", "--socket", path);
        Assert.Equal(5, code);
        Assert.Contains("it takes no connections\nhint: ", error);
        foreach (var socket in waiting) socket.Dispose();
    }

    [Fact]
    public void A_late_answer_is_waited_for_while_the_manager_lives()
    {
        using var server = new CannedServer();
        server.Add("GET /v1/version", 200, "{}");
        server.AnswerLate("GET /v1/reload", TimeSpan.FromMilliseconds(1500), 200, """{"fingerprint":"1","services":[],"problems":[]}""");
        var (code, output, error) = server.Dora("service", "reload", "--dry-run");
        Assert.Equal((0, ""), (code, error));
        Assert.Contains("nothing has changed", output);
        Assert.Contains("GET /v1/version", server.Requests);
    }

    [Fact]
    public void An_order_waits_for_the_next_manager_and_says_so()
    {
        using var server = new CannedServer();
        server.DropsProbes = true;
        server.AnswerLate("POST /v1/services/web/start", TimeSpan.FromMilliseconds(1500), 202, """{"id":"5","verb":"start","service":"web","status":"done","before":"stopped","after":"running"}""");
        var (code, output, error) = server.Dora("service", "start", "web");
        Assert.Equal((0, "web: started, it was stopped and is running\n"), (code, output));
        Assert.Contains("init's manager does not answer; waiting for the next one\n", error);
    }

    [Fact]
    public void Nobody_listens()
    {
        string path = Listen(8);
        _listener.Close();
        File.WriteAllText(path, ""); // a file that is no socket: as after a crash of whoever forwarded it
        var (code, error) = Timed("version", "--socket", path);
        Assert.Equal(5, code);
        Assert.Contains("nobody listens", error);
        Assert.Contains("hint: ", error);
    }
}
