using System.Text.Json;
using Dora.Namespace.Tests.Harness;

namespace Dora.Namespace.Tests;

/// <summary>The API's sockets in the file system, who may do what through them, and the events that they tell.</summary>
public class ControlSocketTests
{
    static readonly Dictionary<string, string> s_services = new() { ["web"] = "command: [/bin/sleep, '100000']\n" };

    const string Curl = "curl -s -m 5 --unix-socket /run/dora/dora.sock";

    [Theory]
    [InlineData("rm /run/dora/dora.sock")]
    [InlineData("mv /run/dora/dora.sock /run/dora/elsewhere")]
    [InlineData("rm -r /run/dora")]
    public void A_socket_that_is_removed_comes_back(string remove)
    {
        using var init = new InitInNamespace(s_services);
        int manager = init.ManagerPid();
        string before = init.Run("stat -c %i /run/dora/dora.sock").Output;
        // rm may find the folder not empty any more: the manager is that quick.
        _ = init.Run(remove);
        init.WaitFor("another socket", () => init.Run($"{Curl} http://d/v1/version >/dev/null && stat -c %i /run/dora/dora.sock").Output is { Length: > 0 } now && now != before ? now : null);
        init.WaitFor("the other socket", () => init.Run("curl -s -m 5 --unix-socket /run/dora/read/dora.sock http://d/v1/version").Output.Contains("pandora") ? "there" : null);
        Assert.Equal(manager, init.ManagerPid());
        // Also from the next manager on, which has taken the new one up.
        init.KillManager();
        Assert.Equal("running", init.Service("web").State);
    }

    [Fact]
    public void SIGUSR1_to_PID_1_makes_the_sockets_anew_and_open_connections_go_on()
    {
        using var init = new InitInNamespace(s_services);
        string before = init.Run("stat -c %i /run/dora/dora.sock").Output;
        // A client that has sent half of its request.
        var outcome = init.Run("""
            python3 - <<'END'
            import os, signal, socket, time
            s = socket.socket(socket.AF_UNIX); s.connect('/run/dora/dora.sock'); s.sendall(b'GET /v1/version HTTP/1.1\r\nHo')
            inode = os.stat('/run/dora/dora.sock').st_ino
            os.kill(1, signal.SIGUSR1)
            for i in range(500):
                try:
                    if os.stat('/run/dora/dora.sock').st_ino != inode: break
                except FileNotFoundError: pass
                time.sleep(0.01)
            s.sendall(b'st: d\r\nConnection: close\r\n\r\n')
            print(s.recv(65536).decode())
            END
            """);
        Assert.Contains("HTTP/1.1 200", outcome.Output);
        Assert.NotEqual(before, init.Run("stat -c %i /run/dora/dora.sock").Output);
        Assert.Equal("running", init.Service("web").State);
    }

    [Fact]
    public void The_socket_for_chroots_lets_nobody_do_more_than_read()
    {
        using var init = new InitInNamespace(s_services);
        var outcome = init.Run("""
            set -e
            c='curl -s -m 5 --unix-socket /run/dora/read/dora.sock'
            $c http://d/v1/services
            $c -w '%{http_code}\n' -X POST http://d/v1/services/web/stop
            # Handed into a chroot: bind-mounted over the folder where dora looks for its socket.
            mkdir -p /tmp/jail/run/dora && mount --bind /run/dora/read /tmp/jail/run/dora
            curl -s -m 5 -w '%{http_code}\n' -X POST --unix-socket /tmp/jail/run/dora/dora.sock http://d/v1/services/web/stop
            ls /tmp/jail/run/dora
            umount /tmp/jail/run/dora
            """);
        Assert.Equal(0, outcome.ExitCode);
        Assert.Contains("\"web\"", outcome.Output);
        Assert.Equal(2, outcome.Output.Split("access.denied").Length - 1);
        Assert.EndsWith("403\ndora.sock\n", outcome.Output);
        Assert.Equal("running", init.Service("web").State);
    }

    [Fact]
    public void Root_of_a_user_namespace_and_a_peer_without_a_pid_are_who_the_kernel_says()
    {
        using var init = new InitInNamespace(s_services);
        // Uid 0 in a namespace of its own is still the user who made it.
        var outcome = init.Run($"setpriv --reuid 65534 --regid 65534 --clear-groups unshare --user --map-root-user sh -c 'id -u; {Curl} -X POST http://d/v1/services/web/stop; {Curl} http://d/v1/version'");
        Assert.StartsWith("0\n", outcome.Output);
        Assert.Contains("access.denied", outcome.Output);
        Assert.Contains("you are uid 65534", outcome.Output);
        Assert.Contains("\"pandora\"", outcome.Output);
        // Group ids count only as the kernel has them, too.
        Assert.Contains("access.denied", init.Run($"setpriv --reuid 65534 --regid 65534 --clear-groups {Curl} -X POST http://d/v1/services/web/stop").Output);
        Assert.Equal("running", init.Service("web").State);
    }

    [Fact]
    public void Events_are_followed_across_a_manager_that_is_killed()
    {
        using var init = new InitInNamespace(s_services);
        init.WaitForState("web", "running");
        init.Change("restart", "web");
        var first = Events(init, 0);
        Assert.Equal(Enumerable.Range(1, first.Count).Select(id => (long)id), first.Select(e => e.GetProperty("id").GetInt64()));
        Assert.Contains(first, e => Kind(e) == "manager.started");
        Assert.Contains(first, e => Kind(e) == "service.state" && e.GetProperty("service").GetString() == "web" && e.GetProperty("after").GetString() == "running");
        Assert.Contains(first, e => Kind(e) == "change" && e.GetProperty("status").GetString() == "done" && e.GetProperty("verb").GetString() == "restart");
        long last = first[^1].GetProperty("id").GetInt64();

        init.KillManager();
        init.Change("stop", "web");
        var then = Events(init, last);
        Assert.Equal(last + 1, then[0].GetProperty("id").GetInt64());
        Assert.Single(then, e => Kind(e) == "manager.started");
        Assert.Contains(then, e => Kind(e) == "service.state" && e.GetProperty("after").GetString() == "stopped");
        // What the first manager has told is known to the second: no service is told of again that has not moved.
        Assert.DoesNotContain(then, e => Kind(e) == "service.state" && e.GetProperty("after").GetString() == "running");
    }

    [Fact]
    public void A_follower_sees_what_happens_as_it_happens()
    {
        using var init = new InitInNamespace(s_services);
        init.WaitForState("web", "running");
        var outcome = init.Run($$"""
            curl -sN -m 8 --unix-socket /run/dora/dora.sock 'http://d/v1/events?follow=true&after=0' >/tmp/followed & followed=$!
            curl -sN -m 8 -H 'Accept: text/event-stream' --unix-socket /run/dora/dora.sock http://d/v1/events >/tmp/sse & sse=$!
            until grep -q manager.started /tmp/followed && grep -q manager.started /tmp/sse; do sleep 0.02; done
            {{Curl}} -X POST http://d/v1/services/web/stop >/dev/null
            until grep -q '"after":"stopped"' /tmp/followed && grep -q '"after":"stopped"' /tmp/sse; do sleep 0.02; done
            kill $followed $sse; grep -c '^event: service.state' /tmp/sse
            """, TimeSpan.FromSeconds(15));
        Assert.NotEqual("0\n", outcome.Output);
        Assert.Equal(0, outcome.ExitCode);
    }

    static string Kind(JsonElement e) => e.GetProperty("kind").GetString()!;

    static List<JsonElement> Events(InitInNamespace init, long after) =>
        [.. init.Run($"{Curl} 'http://d/v1/events?after={after}'").Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)];
}
