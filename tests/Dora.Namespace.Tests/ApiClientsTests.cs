using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using Dora.Namespace.Tests.Harness;

namespace Dora.Namespace.Tests;

/// <summary>Many clients of the API at once, clients that mean harm, clients from elsewhere, and clients whose manager dies.</summary>
public class ApiClientsTests
{
    const string Curl = "curl -s -m 5 --unix-socket /run/dora/dora.sock";

    [Fact]
    public void Sixty_four_clients_at_once_are_served_or_told_that_it_is_busy()
    {
        using var init = new InitInNamespace(new Dictionary<string, string> { ["web"] = "command: [/bin/sleep, '100000']\n" });
        var statuses = new ConcurrentBag<string>();
        InParallel(64, TimeSpan.FromSeconds(30), client =>
        {
            for (int round = 0; round < 25; round++)
            {
                using var socket = Connect(init);
                socket.Send("GET /v1/services HTTP/1.1\r\nHost: d\r\nConnection: close\r\n\r\n"u8);
                string answer = ReadToEnd(socket);
                Assert.True(answer.StartsWith("HTTP/1.1 200", StringComparison.Ordinal) ? answer.Contains("\"web\"") : answer.Contains("http.busy"), answer);
                statuses.Add(answer[9..12]);
            }
        });
        Assert.Equal(64 * 25, statuses.Count);
        Assert.True(statuses.Count(status => status == "200") > 64 * 25 / 2);
    }

    [Fact]
    public void A_user_who_takes_every_connection_does_not_lock_root_out()
    {
        using var init = new InitInNamespace(new Dictionary<string, string> { ["web"] = "command: [/bin/sleep, '100000']\n" });
        // Twice as many as there is room for, some silent, some in the middle of a request, each made anew as soon as it is closed.
        File.WriteAllText(init.Inside("/tmp/greedy.py"), """
            import select, socket, sys
            def connect(i):
                s = socket.socket(socket.AF_UNIX); s.connect('/run/dora/dora.sock')
                if i % 2: s.sendall(b'GET /v1/serv')
                return s
            held = [connect(i) for i in range(128)]
            print('held', flush=True)
            while True:
                for s in select.select(held, [], [])[0]:
                    try:
                        if s.recv(4096): continue
                    except OSError: pass
                    s.close(); held.remove(s); held.append(connect(len(held)))
            """);
        init.Run("setsid setpriv --reuid 65534 --regid 65534 --clear-groups /usr/bin/python3 /tmp/greedy.py >/tmp/greedy.out 2>&1 &").Expect();
        init.WaitFor("the greedy one", () => File.ReadAllText(init.Inside("/tmp/greedy.out")).Contains("held"));
        // Another user may be told that it is busy; root never is.
        for (int i = 0; i < 100; i++) Assert.Equal(200, init.Request(HttpMethod.Get, "/v1/services").Status);
        Assert.Equal("done", init.Change("restart", "web").GetProperty("status").GetString());
        init.Run("pkill -f greedy.py");
        init.WaitFor("room for others", () => init.Run($"setpriv --reuid 65534 --regid 65534 --clear-groups {Curl} http://d/v1/version").Output.Contains("pandora") ? "there" : null);
    }

    [Fact]
    public void A_hundred_may_follow_the_log_and_a_user_who_takes_every_place_does_not_keep_root_from_it()
    {
        using var init = new InitInNamespace(new Dictionary<string, string>
        {
            ["syslog"] = "command: [/pandora/syslog]\nlogger: true\nrestart: always\n",
            ["teller"] = Scripts.Service("while :; do echo told; sleep 0.1; done"),
        });
        init.WaitForState("teller", "running");
        File.WriteAllText(init.Inside("/tmp/follow.py"), """
            import select, socket
            held, answers = [], {b'200': 0, b'503': 0}
            for i in range(150):
                s = socket.socket(socket.AF_UNIX); s.connect('/run/dora/dora.sock'); held.append(s)
                s.sendall(b'GET /v1/logs?follow=true HTTP/1.1\r\nHost: d\r\n\r\n')
                answers[s.recv(65536)[9:12]] += 1
            print(answers[b'200'], answers[b'503'], flush=True)
            while True:
                for s in select.select(held, [], [])[0]:
                    if not s.recv(65536): held.remove(s)
            """);
        init.Run("setsid setpriv --reuid 65534 --regid 65534 --clear-groups /usr/bin/python3 /tmp/follow.py >/tmp/follow.out 2>&1 &").Expect();
        string counts = init.WaitFor("the followers", () => File.ReadAllText(init.Inside("/tmp/follow.out")) is { Length: > 0 } text && text.EndsWith('\n') ? text : null)!;
        Assert.Equal("112 38\n", counts);
        Assert.Contains("told", init.Run("/pandora/dora log -n 5 teller").Expect());
        using var follower = Connect(init);
        follower.Send("GET /v1/logs?service=teller&lines=0&follow=true HTTP/1.1\r\nHost: d\r\n\r\n"u8);
        ReadUntil(follower, new StringBuilder(), "told");
    }

    [Fact]
    public void Clients_of_other_pid_namespaces_are_who_the_kernel_says()
    {
        using var init = new InitInNamespace(new Dictionary<string, string> { ["web"] = "command: [/bin/sleep, '100000']\n" });
        // From one inside, where the client is pid 1 of its own.
        Assert.Contains("\"web\"", init.Run($"unshare --pid --fork {Curl} http://d/v1/services").Expect());
        Assert.Contains("access.denied", init.Run($"setpriv --reuid 65534 --regid 65534 --clear-groups unshare --user --map-root-user --pid --fork {Curl} -X POST http://d/v1/services/web/stop").Output);
        // From the host, which init cannot see: the client's pid is 0 there.
        string socket = init.Inside("/run/dora/dora.sock");
        Assert.Contains("\"web\"", Programs.Run(TimeSpan.FromSeconds(20), "curl", "-s", "-m", "5", "--unix-socket", socket, "http://d/v1/services").Expect());
        // The socket's path leads through /proc/PID/root, which is root's alone: the descriptor is opened for the user.
        var denied = Programs.Run(TimeSpan.FromSeconds(20), "/usr/bin/python3", "-c", """
            import os, socket, sys
            os.chdir(os.path.dirname(sys.argv[1]))
            os.setgroups([]); os.setgid(65534); os.setuid(65534)
            s = socket.socket(socket.AF_UNIX); s.connect('dora.sock')
            s.sendall(b'POST /v1/services/web/stop HTTP/1.1\r\nHost: d\r\nConnection: close\r\n\r\n')
            print(s.recv(65536).decode())
            """, socket);
        Assert.Contains("you are uid 65534", denied.Expect());
        Assert.Equal("done", init.Change("restart", "web").GetProperty("status").GetString());
        Assert.Equal("running", init.Service("web").State);
    }

    [Fact]
    public void Clients_that_change_and_list_at_once_all_come_to_an_end()
    {
        var services = new Dictionary<string, string> { ["base"] = "command: [/bin/sleep, '100000']\n" };
        for (int i = 0; i < 6; i++) services[$"s{i}"] = $"command: [/bin/sleep, '100000']\nneeds: [{(i % 2 == 0 ? "base" : $"s{i - 1}")}]\n";
        using var init = new InitInNamespace(services);
        int manager = init.ManagerPid();
        var changes = new ConcurrentBag<string>();
        long listed = 0;
        var clock = Stopwatch.StartNew();
        InParallel(16, TimeSpan.FromSeconds(40), client =>
        {
            var random = new Random(client);
            string[] verbs = ["start", "stop", "restart"], names = [.. services.Keys];
            while (clock.Elapsed < TimeSpan.FromSeconds(4))
            {
                if (client % 2 == 0)
                {
                    Assert.Equal(200, init.Request(HttpMethod.Get, random.Next(3) switch { 0 => "/v1/services", 1 => "/v1/services/base", _ => "/v1/usage" }).Status);
                    Interlocked.Increment(ref listed);
                    continue;
                }
                var (status, change) = init.Request(HttpMethod.Post, $"/v1/services/{names[random.Next(names.Length)]}/{verbs[random.Next(verbs.Length)]}");
                Assert.Equal(202, status);
                string id = change.GetProperty("id").GetString()!;
                changes.Add(id);
                // Some wait, some for a moment only, some not at all.
                if (random.Next(3) is var patience && patience > 0)
                    Assert.True(init.Request(HttpMethod.Get, $"/v1/changes/{id}?wait={(patience == 1 ? "9s" : "5ms")}").Status is 200 or 404);
            }
        });
        Assert.True(listed > 20 && changes.Count > 20, $"{listed} lists, {changes.Count} changes");
        // Each has ended, whatever the later ones made of it; old ones may be forgotten.
        foreach (string id in changes)
        {
            var (status, change) = init.Request(HttpMethod.Get, $"/v1/changes/{id}?wait=9s");
            Assert.True(status == 404 || change.GetProperty("status").GetString() is "done" or "failed", $"{id}: {change}");
        }
        Assert.Equal("done", init.Change("start", "s5").GetProperty("status").GetString());
        Assert.Equal(manager, init.ManagerPid());
    }

    [Fact]
    public void A_log_is_followed_across_a_manager_that_is_killed_and_a_wait_is_cut_off()
    {
        using var init = new InitInNamespace(new Dictionary<string, string>
        {
            ["syslog"] = "command: [/pandora/syslog]\nlogger: true\nrestart: always\n",
            ["teller"] = Scripts.Service("until [ -e /run/go ]; do sleep 0.02; done; i=0; while :; do i=$((i + 1)); echo line $i; sleep 0.05; done"),
            ["slow"] = Scripts.Service("trap '' TERM; exec sleep 100000", "stop-timeout: 60s\n"),
        });
        init.WaitForSyslog();
        init.WaitForState("teller", "running");
        using var follower = Connect(init);
        follower.Send("GET /v1/logs?service=teller&lines=0&follow=true HTTP/1.1\r\nHost: d\r\n\r\n"u8);
        using var waiter = Connect(init);
        init.WaitForTrap("slow");
        string id = init.Request(HttpMethod.Post, "/v1/services/slow/stop").Body.GetProperty("id").GetString()!;
        waiter.Send(Encoding.ASCII.GetBytes($"GET /v1/changes/{id}?wait=60s HTTP/1.1\r\nHost: d\r\n\r\n"));
        var text = new StringBuilder();
        ReadUntil(follower, text, "200 OK");
        File.WriteAllText(init.Inside("/run/go"), ""); // syslog has the follower: it gets every line
        ReadUntil(follower, text, "line 5\"");
        init.KillManager();
        // syslog has the connection of the follower; that of the waiter was the manager's, and closes without an answer.
        Assert.Equal("", ReadToEnd(waiter));
        ReadUntil(follower, text, "line 60\"");
        var lines = text.ToString().Split('\n').Where(line => line.Contains("\"message\":\"line ")).Select(line => int.Parse(line.Split("\"message\":\"line ")[1].Split('"')[0])).ToList();
        Assert.Equal(Enumerable.Range(lines[0], lines.Count), lines);
    }

    static void InParallel(int count, TimeSpan limit, Action<int> client)
    {
        var failures = new ConcurrentQueue<Exception>();
        var threads = Enumerable.Range(0, count).Select(number => new Thread(() =>
        {
            try { client(number); }
            catch (Exception exception) { failures.Enqueue(exception); }
        }, 256 * 1024)).ToList();
        threads.ForEach(thread => thread.Start());
        var end = DateTime.UtcNow + limit;
        foreach (var thread in threads)
            Assert.True(thread.Join(end > DateTime.UtcNow ? end - DateTime.UtcNow : TimeSpan.Zero), "a client hangs");
        if (failures.TryDequeue(out var first)) throw new AggregateException(first);
    }

    static Socket Connect(InitInNamespace init)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified) { SendTimeout = 10_000 };
        socket.Connect(new UnixDomainSocketEndPoint(init.Inside("/run/dora/dora.sock")));
        return socket;
    }

    static string ReadToEnd(Socket socket)
    {
        var text = new StringBuilder();
        while (Read(socket, text)) { }
        return text.ToString();
    }

    static void ReadUntil(Socket socket, StringBuilder text, string wanted)
    {
        var end = DateTime.UtcNow + TimeSpan.FromSeconds(60);
        while (!text.ToString().Contains(wanted))
        {
            Assert.True(DateTime.UtcNow < end, $"no '{wanted}' within 60 s: {text}");
            Assert.True(Read(socket, text), $"closed before '{wanted}': {text}");
        }
    }

    static bool Read(Socket socket, StringBuilder text)
    {
        byte[] buffer = new byte[64 * 1024];
        if (!socket.Poll(TimeSpan.FromSeconds(15), SelectMode.SelectRead)) throw new TimeoutException($"nothing came for 15 s behind: {text}");
        try
        {
            int count = socket.Receive(buffer);
            text.Append(Encoding.UTF8.GetString(buffer, 0, count));
            return count > 0;
        }
        catch (SocketException exception) when (exception.SocketErrorCode == SocketError.ConnectionReset)
        {
            return false; // closed with bytes of ours unread: told that it is busy
        }
    }
}
