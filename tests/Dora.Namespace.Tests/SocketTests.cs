using System.Net.Sockets;
using System.Text;
using Dora.Namespace.Tests.Harness;

namespace Dora.Namespace.Tests;

/// <summary>Sockets that are held for services: inetd style, and across managers.</summary>
public class SocketTests
{
    const string Echo = "command: [/bin/cat]\nsockets:\n  - unix: /run/echo.sock\nper-connection: true\n";

    [Fact]
    public void Each_connection_gets_a_process_and_it_is_gone_afterwards()
    {
        using var init = new InitInNamespace(new Dictionary<string, string> { ["echo"] = Echo });
        init.WaitForState("echo", "listening");
        using (var one = Connect(init))
        using (var two = Connect(init))
        {
            Assert.Equal("one", Ask(one, "one"));
            Assert.Equal("two", Ask(two, "two"));
            Assert.Equal(3, init.Children().Count);
        }
        init.WaitFor("the processes to be gone", () => init.Children().Count == 1);
        Assert.Equal("listening", init.Service("echo").State);
    }

    [Fact]
    public void A_connection_lives_on_when_the_manager_is_killed_and_new_ones_are_taken()
    {
        using var init = new InitInNamespace(new Dictionary<string, string> { ["echo"] = Echo });
        init.WaitForState("echo", "listening");
        using var old = Connect(init);
        Assert.Equal("before", Ask(old, "before"));
        int manager = init.ManagerPid();
        Programs.Run(TimeSpan.FromSeconds(5), "sh", "-c", $"kill -9 {manager}").Expect();
        Assert.Equal("after", Ask(old, "after"));
        using var fresh = Connect(init);
        Assert.Equal("fresh", Ask(fresh, "fresh"));
    }

    [Fact]
    public void Stopping_the_service_ends_listening_and_leaves_connections_alone_and_a_start_listens_again()
    {
        using var init = new InitInNamespace(new Dictionary<string, string> { ["echo"] = Echo });
        init.WaitForState("echo", "listening");
        using var old = Connect(init);
        Assert.Equal("before", Ask(old, "before"));
        init.Change("restart", "echo");
        Assert.Equal("after", Ask(old, "after"));
        init.WaitForState("echo", "listening");
        using var fresh = Connect(init);
        Assert.Equal("fresh", Ask(fresh, "fresh"));
    }

    [Fact]
    public void More_connections_than_allowed_wait_or_are_refused_and_the_service_goes_on()
    {
        using var init = new InitInNamespace(new Dictionary<string, string> { ["echo"] = Echo + "max-connections: 4\n" });
        init.WaitForState("echo", "listening");
        var sockets = Enumerable.Range(0, 12).Select(_ => Connect(init)).ToList();
        Assert.Equal("first", Ask(sockets[0], "first"));
        Assert.InRange(init.Children().Count, 2, 5);
        sockets.ForEach(socket => socket.Dispose());
        init.WaitFor("the processes to be gone", () => init.Children().Count == 1);
        using var fresh = Connect(init);
        Assert.Equal("fresh", Ask(fresh, "fresh"));
    }

    internal static Socket Connect(InitInNamespace init)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified) { ReceiveTimeout = 10_000 };
        socket.Connect(new UnixDomainSocketEndPoint(init.Inside("/run/echo.sock")));
        return socket;
    }

    internal static string Ask(Socket socket, string text)
    {
        socket.Send(Encoding.ASCII.GetBytes(text));
        var buffer = new byte[100];
        return Encoding.ASCII.GetString(buffer, 0, socket.Receive(buffer));
    }
}
