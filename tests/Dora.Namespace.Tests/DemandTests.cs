using System.Net.Sockets;
using Dora.Namespace.Tests.Harness;

namespace Dora.Namespace.Tests;

/// <summary><c>start: demand</c> with sockets: the first connection starts the service.</summary>
public class DemandTests
{
    const string Demand = "start: demand\nsockets:\n  - unix: /run/lazy.sock\n";

    [Fact]
    public void The_first_connection_starts_it_and_a_stop_closes_its_socket()
    {
        using var init = new InitInNamespace(new Dictionary<string, string> { ["lazy"] = "command: [/bin/sleep, '1000']\n" + Demand });
        init.WaitForState("lazy", "listening");
        Assert.Single(init.Children()); // the manager alone
        Connect(init);
        init.WaitForState("lazy", "running");
        Connect(init); // goes into the backlog of the same socket
        init.Change("stop", "lazy");
        Assert.Equal("stopped", init.Service("lazy").State);
        Assert.Throws<SocketException>(() => Connect(init));
        init.Change("start", "lazy");
        Connect(init);
    }

    [Fact]
    public void It_goes_on_listening_when_it_has_ended_and_when_the_manager_is_killed()
    {
        using var init = new InitInNamespace(new Dictionary<string, string>
        {
            ["lazy"] = "command: [/usr/bin/perl, -e, 'open S, \"<&=3\"; accept(C, S); sleep 2']\n" + Demand,
        });
        init.WaitForState("lazy", "listening");
        Programs.Run(TimeSpan.FromSeconds(5), "sh", "-c", $"kill -9 {init.ManagerPid()}").Expect();
        Connect(init);
        init.WaitForState("lazy", "running");
        init.WaitForState("lazy", "listening");
        Connect(init);
        init.WaitForState("lazy", "running");
    }

    [Fact]
    public void One_that_never_takes_the_connection_does_not_spin()
    {
        using var init = new InitInNamespace(new Dictionary<string, string> { ["lazy"] = "command: [/bin/sh, -c, 'echo x >>/run/runs']\n" + Demand });
        init.WaitForState("lazy", "listening");
        Connect(init);
        Thread.Sleep(2000);
        // At 0, 200, 600 and 1400 ms, and what starting takes.
        Assert.InRange(File.ReadAllLines(init.Inside("/run/runs")).Length, 2, 5);
        Assert.Equal("listening", init.Service("lazy").State);
    }

    [Fact]
    public void One_that_cannot_be_started_is_tried_again_after_its_longest_wait()
    {
        using var init = new InitInNamespace(new Dictionary<string, string>
        {
            ["lazy"] = "command: /run/later\nrestart: {when: never, cap: 1500ms}\n" + Demand,
        });
        init.WaitForState("lazy", "listening");
        Connect(init);
        init.WaitForState("lazy", "failed");
        init.Run("printf '#!/bin/sh\\nsleep 1000\\n' >/run/later; chmod 755 /run/later").Expect();
        init.WaitForState("lazy", "running", TimeSpan.FromSeconds(5));
    }

    [Fact]
    public void Descriptors_and_their_variables_are_exact()
    {
        const string script = "echo $$ $LISTEN_PID $LISTEN_FDS $LISTEN_FDNAMES >/run/told; readlink /proc/$$/fd/3 /proc/$$/fd/4 /proc/$$/fd/5 >>/run/told; exec sleep 1000";
        using var init = new InitInNamespace(new Dictionary<string, string>
        {
            ["two"] = $"command: [/bin/sh, -c, '{script}']\nenvironment: {{LISTEN_PID: '1'}}\nsockets:\n  - unix: /run/two.sock\n  - tcp: 4711\n",
        });
        init.WaitForState("two", "running");
        string[] told = init.WaitFor("what it was told", () => File.Exists(init.Inside("/run/told")) && File.ReadAllLines(init.Inside("/run/told")) is { Length: 3 } lines ? lines : null)!;
        int pid = init.Service("two").Pid!.Value;
        Assert.Equal($"{pid} {pid} 2 /run/two.sock:4711", told[0]);
        Assert.All(told[1..], line => Assert.StartsWith("socket:", line));
    }

    static void Connect(InitInNamespace init)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Connect(new UnixDomainSocketEndPoint(init.Inside("/run/lazy.sock")));
    }
}
