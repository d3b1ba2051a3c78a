using System.Diagnostics;
using Dora.Namespace.Tests.Harness;

namespace Dora.Namespace.Tests;

/// <summary>
/// A user without rights passes TCP sockets whose close(2) takes 20 s (SO_LINGER, unsent data, a peer that reads nothing) to
/// every socket of ours that he can write to, and closes his own: the last close is ours, and nobody may have to wait for it
/// (InterruptTimer).
/// </summary>
public class LingerTests
{
    static readonly TimeSpan s_limit = TimeSpan.FromSeconds(2);

    // linger.py HOW WHERE: says "sent" when it has closed its own and lives on, so that the peers live.
    const string Sender = """
        import os, socket, struct, sys, time
        how, where = sys.argv[1:]
        kept = []
        def lingering():
            listener = socket.socket(); listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            listener.bind(('127.0.0.1', 0)); listener.listen(1)
            client = socket.socket(); client.connect(listener.getsockname()); kept.append((listener, listener.accept()[0]))
            client.setblocking(False)
            try:
                while True: client.send(bytes(65536))
            except BlockingIOError: pass
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 20))
            return client
        def within(inner):
            a, b = socket.socketpair()
            socket.send_fds(a, [b'x'], [one.fileno() for one in inner])
            for one in inner: one.close()
            a.close()
            return [b]
        cargo = [lingering() for _ in range(3)]
        if how == 'nested': cargo = within(within(cargo))
        def send(s, data):
            socket.send_fds(s, [data], [one.fileno() for one in cargo])
            for one in cargo: one.close()
        def connect():
            s = socket.socket(socket.AF_UNIX); s.connect('/run/dora/dora.sock'); s.settimeout(10); kept.append(s)
            return s
        def datagram(path):
            s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.connect(path)
            return s
        def answered(request):
            s = connect(); s.sendall(request)
            assert b' 200 ' in s.recv(65536)
            return s
        if where == 'store':
            talk = datagram(os.environ['NOTIFY_SOCKET'])
            send(talk, b'FDSTORE=1\nFDNAME=x\nREADY=1')
            while not os.path.exists('/run/stored'): time.sleep(0.01)
            talk.send(b'FDSTOREREMOVE=1\nFDNAME=x'); talk.send(b'STATUS=removed')
            time.sleep(60)
        s = None
        if where == 'events': s = answered(b'GET /v1/events HTTP/1.1\r\nHost: d\r\n\r\n')
        if where == 'log': s = answered(b'GET /v1/logs?follow=true HTTP/1.1\r\nHost: d\r\n\r\n')
        if where == 'nonsense': s = connect(); s.sendall(b'nonsense\r\n\r\n'); s.recv(65536)
        if where == 'refused':
            for _ in range(128): connect()
            time.sleep(0.5)
        print('ready', flush=True)
        while not os.path.exists('/run/stopped'): time.sleep(0.01)
        if where == 'dev-log': send(datagram('/dev/log'), b'<13>rude: words')
        elif where == 'notify': send(datagram('/run/dora/notify/quiet'), b'READY=1')
        elif where == 'part' or where == 'gone': s = connect(); send(s, b'GET /v1/vers')
        elif s: send(s, b'unread')
        else: send(connect(), b'GET /v1/version HTTP/1.1\r\nHost: d\r\n\r\n')
        if s and where != 'part': s.close()
        print('sent', flush=True)
        time.sleep(60)
        """;

    [Theory]
    [InlineData("direct", "dev-log")]
    [InlineData("nested", "dev-log")]
    [InlineData("direct", "log")]
    [InlineData("nested", "log")]
    public void Syslog_waits_for_nobodys_connection(string how, string where)
    {
        using var init = Start();
        Send(init, how, where, init.WaitFor("syslog", () => init.ProcessesIn("dora/services/syslog") is [var first, ..] ? first : 0));
        init.Run("python3 -c \"import socket; s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.connect('/dev/log'); s.send(b'<13>good: after it')\"").Expect();
        var start = Stopwatch.StartNew();
        init.WaitFor("the next line", () => init.LogOf("").Contains("after it"), s_limit);
        Assert.True(start.Elapsed < s_limit, $"{start.Elapsed}");
        if (where == "dev-log") Assert.Contains("words", init.LogOf(""));
    }

    [Theory]
    [InlineData("direct", "request")]
    [InlineData("nested", "request")]
    [InlineData("direct", "part")]
    [InlineData("direct", "nonsense")]
    [InlineData("direct", "events")]
    [InlineData("nested", "events")]
    [InlineData("direct", "refused")]
    [InlineData("nested", "gone")]
    [InlineData("direct", "notify")]
    [InlineData("nested", "notify")]
    public void The_manager_waits_for_nobodys_connection(string how, string where)
    {
        using var init = Start();
        int manager = init.ManagerPid();
        Send(init, how, where, manager);
        for (int i = 0; i < 3; i++)
        {
            var start = Stopwatch.StartNew();
            Assert.Equal(200, init.Request(HttpMethod.Get, "/v1/services").Status);
            Assert.True(start.Elapsed < s_limit, $"{start.Elapsed}");
            Thread.Sleep(100);
        }
        Assert.Equal(manager, init.ManagerPid());
        // What a service starts with is as it was: nothing blocked, nothing ignored, no handler.
        string status = init.Run("python3 -c \"import socket\"; cat /proc/$(pidof -s sleep)/status").Output;
        Assert.Contains("SigBlk:\t0000000000000000", status);
        Assert.Contains("SigCgt:\t0000000000000000", status);
    }

    /// <summary>The last close is that of PID 1, which must reap.</summary>
    [Theory]
    [InlineData("direct")]
    [InlineData("nested")]
    public void The_guard_waits_for_nobodys_connection(string how)
    {
        using var init = Start(("keeper", $"command: [/usr/bin/python3, /pandora/linger.py, {how}, store]\nuser: plain\nnotify: systemd\nfd-store: 3\n"));
        init.WaitForState("keeper", "running");
        Thread.Sleep(200);
        File.WriteAllText(init.Inside("/run/stored"), "");
        init.WaitFor("its word", () => init.Run("/pandora/dora service status keeper").Output.Contains("removed"));
        var start = Stopwatch.StartNew();
        Assert.Equal("done", init.Change("stop", "web").GetProperty("status").GetString());
        Assert.True(start.Elapsed < s_limit, $"{start.Elapsed}");
        init.Run("kill -ALRM 1").Expect();
        Assert.Equal("done", init.Change("start", "web").GetProperty("status").GetString());
    }

    /// <summary>Or a thread of the runtime would get it in its place.</summary>
    [Fact]
    public void The_signal_is_open_in_the_thread_of_the_loop_alone()
    {
        using var init = Start();
        foreach (int pid in (int[])[init.Pid, init.ManagerPid(), init.ProcessesIn("dora/services/syslog")[0]])
            foreach (string task in Directory.GetDirectories($"/proc/{pid}/task"))
            {
                string blocked = File.ReadLines($"{task}/status").First(line => line.StartsWith("SigBlk:", StringComparison.Ordinal))[7..].Trim();
                bool isBlocked = (Convert.ToUInt64(blocked, 16) >> 13 & 1) != 0;
                Assert.True(isBlocked != task.EndsWith($"/{pid}", StringComparison.Ordinal), $"{InitInNamespace.CommandLine(pid)}: {task}: {blocked}");
            }
    }

    static InitInNamespace Start(params (string Name, string Text)[] more)
    {
        var services = new Dictionary<string, string>
        {
            ["syslog"] = "command: [/pandora/syslog]\nuser: plain\nlogger: true\nrestart: always\n",
            ["web"] = "command: [/bin/sleep, '1000']\n",
            ["quiet"] = "command: [/bin/sleep, '1000']\nnotify: systemd\nstart-timeout: 10m\n",
        };
        foreach (var (name, text) in more) services.Add(name, text);
        var init = new InitInNamespace(services, folder => File.WriteAllText(Path.Combine(folder, "pandora/linger.py"), Sender));
        init.WaitForState("syslog", "running");
        init.WaitForState("quiet", "starting");
        init.WaitForSyslog();
        return init;
    }

    // The receiver stands still until the sender has closed his own: or he might have to wait himself.
    static void Send(InitInNamespace init, string how, string where, int receiver)
    {
        init.Run($"setsid setpriv --reuid 65534 --regid 65534 --clear-groups /usr/bin/python3 /pandora/linger.py {how} {where} >/tmp/sender.out 2>&1 &").Expect();
        bool isReady = false;
        init.WaitFor("the sender", () =>
        {
            string said = File.ReadAllText(init.Inside("/tmp/sender.out"));
            Assert.DoesNotContain("Traceback", said);
            if (!isReady && said.Contains("ready"))
            {
                isReady = true;
                Processes.Signal(receiver, 19);
                File.WriteAllText(init.Inside("/run/stopped"), "");
            }
            return said.Contains("sent");
        });
        Processes.Signal(receiver, 18);
        // Whoever is going to be stuck is by now.
        Thread.Sleep(200);
    }
}
