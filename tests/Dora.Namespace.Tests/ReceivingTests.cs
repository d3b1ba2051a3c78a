using System.Text.Json;
using Dora.Namespace.Tests.Harness;

namespace Dora.Namespace.Tests;

/// <summary>Other machines (here: programs, over the loopback interface) send to ports below 1024, although syslog may not bind them.</summary>
public class ReceivingTests
{
    static readonly TimeSpan s_limit = TimeSpan.FromSeconds(40);

    const string Everywhere = "receive:\n- udp: 514\n- tcp: 514\n";

    static InitInNamespace Start(string log, Action<string>? prepare = null) => new(new Dictionary<string, string>
    {
        ["syslog"] = "command: [/pandora/syslog, --ring=16777216]\nuser: plain\nlogger: true\nrestart:\n  when: always\n  delay: 10ms\n  factor: 1\n  limit: 0\n",
        ["rsyslog"] = "command: [/usr/sbin/rsyslogd, -n, -f, /etc/rsyslog-test.conf, -i, /run/rsyslog.pid]\nstart: demand\nrestart: never\n",
        ["log-forward"] = "for-each: argument\ncommand: [/pandora/syslog, forward, '%i']\nnotify: systemd\nstart-timeout: none\nrestart: always\n",
        ["log-forwards"] = "type: oneshot\nstart: demand\ncommand: [/pandora/syslog, forwards]\nrestart: never\n",
    }, files =>
    {
        File.WriteAllText(Path.Combine(files, "etc/dora/log.yaml"), log);
        prepare?.Invoke(files);
    });

    static List<JsonElement> Lines(InitInNamespace init, string service) =>
        [.. init.LogOf(service).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)];

    static string Text(JsonElement line, string name) => line.TryGetProperty(name, out var value) ? value.ToString() : "";

    static List<string> Numbered(InitInNamespace init, string service) =>
        [.. Lines(init, service).Select(line => Text(line, "message")).Where(text => text.StartsWith("line ", StringComparison.Ordinal))];

    [Theory]
    [InlineData("-d -n 127.0.0.1 -P 514", "@127.0.0.1")]
    [InlineData("-T -n 127.0.0.1 -P 514", "@127.0.0.1")]
    [InlineData("-T --octet-count -n 127.0.0.1 -P 514", "@127.0.0.1")]
    [InlineData("-d --rfc3164 -n 127.0.0.1 -P 514", "@127.0.0.1")]
    [InlineData("-T --rfc3164 -n ::1 -P 514", "@::1")]
    [InlineData("-d -n ::1 -P 514", "@::1")]
    public void Logger_of_util_linux(string how, string name)
    {
        using var init = Start(Everywhere);
        init.WaitForSyslog();
        init.Run($"logger {how} -t kernel -p auth.crit --id=77 'it says: it is the kernel'").Expect();
        var line = init.WaitFor("the line", () => Lines(init, name).FirstOrDefault() is { ValueKind: JsonValueKind.Object } found ? (object)found : null, s_limit) as JsonElement?;
        string host = init.Run("cat /proc/sys/kernel/hostname").Expect().Trim();
        Assert.Equal((name, "remote", host, "kernel[77]", "it says: it is the kernel", "4", "2"),
            (Text(line!.Value, "service"), Text(line.Value, "stream"), Text(line.Value, "host"), Text(line.Value, "tag"), Text(line.Value, "message"), Text(line.Value, "facility"), Text(line.Value, "priority")));
        Assert.Equal("", Text(line.Value, "pid"));
        Assert.DoesNotContain(Lines(init, "kernel"), other => Text(other, "message").Contains("it says"));
        Assert.Contains($"{name} {host} kernel[77]: it says: it is the kernel", init.Run($"/pandora/dora log {name}").Expect());
        Assert.Matches("receives at udp 514, tcp 514, [0-9]+ connections", init.Run("/pandora/dora log --status").Expect());
    }

    [Theory]
    [InlineData("udp", "")]
    [InlineData("tcp", "")]
    [InlineData("tcp", " TCP_Framing=\"octet-counted\"")]
    public void Rsyslog_sends_every_line_with_its_own_name_and_time(string protocol, string framing)
    {
        using var init = Start(Everywhere, files => File.WriteAllText(Path.Combine(files, "etc/rsyslog-test.conf"), $"""
            module(load="imfile")
            global(workDirectory="/run" localHostname="web1")
            input(type="imfile" file="/etc/lines" tag="app" severity="warning" facility="local3")
            action(type="omfwd" target="127.0.0.1" port="514" protocol="{protocol}" template="RSYSLOG_SyslogProtocol23Format"{framing})

            """));
        init.WaitForSyslog();
        init.Run("i=0; while [ $i -lt 500 ]; do i=$((i+1)); echo line $i; done > /etc/lines; /pandora/dora service start rsyslog").Expect();
        init.WaitFor("the last line", () => Numbered(init, "@127.0.0.1").Contains("line 500"), s_limit);
        Assert.Equal(Enumerable.Range(1, 500).Select(i => $"line {i}"), Numbered(init, "@127.0.0.1"));
        var line = Lines(init, "@127.0.0.1").First(line => Text(line, "message") == "line 7");
        Assert.Equal(("web1", "app", "19", "4"), (Text(line, "host"), Text(line, "tag"), Text(line, "facility"), Text(line, "priority")));
    }

    [Fact]
    public void A_kill_or_a_restart_loses_no_datagram_and_refuses_no_connection()
    {
        using var init = Start(Everywhere);
        init.WaitForSyslog();
        const string Sender = """
            import socket, sys, time
            udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            for i in range(1, 601):
                udp.sendto(b'<13>u: line %d' % i, ('127.0.0.1', 514))
                if i % 6 == 0:
                    # A connection for each: it is taken up whenever it comes, and what it brings stands when we are answered by the end.
                    with socket.create_connection(('127.0.0.1', 514), timeout=20) as tcp:
                        tcp.sendall(b'<13>t: conn %d\n' % i)
                time.sleep(0.004)
            """;
        File.WriteAllText(init.Inside("/run/sender.py"), Sender);
        Outcome? sent = null;
        var sender = new Thread(() => sent = init.Run("python3 /run/sender.py", TimeSpan.FromSeconds(60)));
        sender.Start();
        for (int kill = 0; kill < 8; kill++)
        {
            int syslog = init.WaitFor("a syslog", () => init.ProcessesIn("dora/services/syslog") is [var pid, ..] ? pid : 0);
            Thread.Sleep(150);
            if (kill == 4) init.Run("/pandora/dora service restart syslog").Expect();
            else if (kill == 6) init.KillManager();
            else
            {
                Processes.Signal(syslog, 9);
                init.WaitFor("its end", () => !init.ProcessesIn("dora/services/syslog").Contains(syslog));
            }
            Thread.Sleep(50);
        }
        sender.Join();
        sent!.Expect();
        init.WaitFor("the last line", () => Numbered(init, "@127.0.0.1").Contains("line 600"), s_limit);
        Assert.Equal(Enumerable.Range(1, 600).Select(i => $"line {i}"), Numbered(init, "@127.0.0.1"));
        Assert.Contains("dora: 0", init.Run("/pandora/dora log --status | grep -c lost | sed 's/^/dora: /'").Output);
    }

    [Fact]
    public void Nothing_listens_unless_it_is_wanted_and_who_may_not_send_is_refused()
    {
        using var init = Start("receive:\n- {udp: 514, from: [192.0.2.0/24]}\n- {tcp: 127.0.0.1:601, from: '::1'}\n");
        init.WaitForSyslog();
        init.Run("logger -d -n 127.0.0.1 -P 514 refused; logger -T -n 127.0.0.1 -P 601 refused").Expect();
        init.WaitFor("that it is told", () => Lines(init, "syslog").Count(line => Text(line, "message").Contains("@127.0.0.1 may not send")) == 1, s_limit);
        Assert.Empty(Lines(init, "@127.0.0.1"));
        Assert.NotEqual(0, init.Run("logger -T -n 127.0.0.1 -P 514 nobody-is-there").ExitCode);
        // The file is taken up by a restart.
        File.WriteAllText(init.Inside("/etc/dora/log.yaml"), "receive: [{tcp: 514}]\n");
        init.Run("/pandora/dora service restart syslog && logger -T -n 127.0.0.1 -P 514 taken").Expect();
        init.WaitFor("the line", () => Lines(init, "@127.0.0.1").Count == 1, s_limit);
        Assert.NotEqual(0, init.Run("logger -T -n 127.0.0.1 -P 601 nobody-is-there").ExitCode);
        // A mistake is told, and the log goes on without it.
        File.WriteAllText(init.Inside("/etc/dora/log.yaml"), "receive: [{tcp: 514, form: 10.0.0.7}]\n");
        init.Run("/pandora/dora service restart syslog").Expect();
        init.WaitFor("the mistake", () => Lines(init, "syslog").Any(line => Text(line, "message") == "/etc/dora/log.yaml:1:22: unknown key 'receive.form'; did you mean 'from'?"), s_limit);
        Assert.NotEqual(0, init.Run("logger -T -n 127.0.0.1 -P 514 nobody-is-there").ExitCode);
    }

    [Fact]
    public void A_port_that_is_taken_is_told_and_the_log_works_without_it()
    {
        using var init = Start("");
        init.WaitForSyslog();
        File.WriteAllText(init.Inside("/etc/dora/log.yaml"), Everywhere);
        init.Run("(timeout 40 python3 -c \"import socket,time; s=socket.socket(socket.AF_INET6); s.bind(('::',514)); s.listen(); open('/run/held','w'); time.sleep(40)\" > /dev/null 2>&1 &)").Expect();
        init.WaitFor("the holder", () => File.Exists(init.Inside("/run/held")), s_limit);
        init.Run("/pandora/dora service restart syslog && logger -d -n 127.0.0.1 -P 514 by-udp").Expect();
        init.WaitFor("the datagram", () => Lines(init, "@127.0.0.1").Count == 1, s_limit);
        init.WaitForLog("syslog: bind tcp 514: address already in use (EADDRINUSE): nothing is received there");
    }

    [Fact]
    public void A_machine_that_forwards_to_itself_has_its_lines_twice_and_no_more()
    {
        using var init = Start(Everywhere + "forward:\n- {name: self, to: 'tcp://127.0.0.1:514'}\n");
        init.WaitForSyslog();
        init.Run("/pandora/dora service start log-forwards").Expect();
        init.WaitForState("log-forward@self", "running");
        init.Run("logger -t once only-once").Expect();
        int Count() => init.Run("/pandora/dora log -n 100000 -o cat").Expect().Split('\n').Count(line => line == "only-once");
        init.WaitFor("the second", () => Count() >= 2, s_limit);
        init.Run("logger -t once the-end").Expect();
        init.WaitFor("a later line", () => Lines(init, "@127.0.0.1").Any(line => Text(line, "message") == "the-end"), s_limit);
        Assert.Equal(2, Count());
    }

    [Fact]
    public void A_relay_passes_lines_on_in_the_name_of_their_sender()
    {
        // rsyslog as the target; the sender has an address of its own, or its lines would be ours.
        using var init = Start(Everywhere + "forward:\n- {name: central, to: 'udp://127.0.0.1:1514', select: 'local3.*'}\n", files => File.WriteAllText(Path.Combine(files, "etc/rsyslog-test.conf"), """
            module(load="imudp")
            global(workDirectory="/run")
            template(name="all" type="string" string="%fromhost-ip%|%pri%|%hostname%|%app-name%|%procid%|%msg%\n")
            input(type="imudp" address="127.0.0.1" port="1514")
            action(type="omfile" file="/run/received" template="all")

            """));
        init.WaitForSyslog();
        init.Run("/pandora/dora service start rsyslog && /pandora/dora service start log-forwards").Expect();
        init.WaitForState("log-forward@central", "running");
        init.Run("logger -d -n 127.0.0.1 -P 514 -p local3.info -t app from-this-machine").Expect();
        init.Run("""
            unshare --net sh -c 'echo $$ > /run/other.pid; while [ ! -e /run/linked ]; do sleep 0.02; done; ip link set lo up; ip addr add 10.9.0.2/24 dev peer0; ip link set peer0 up; sleep 0.3; logger -d -n 10.9.0.1 -P 514 -p local3.info -t app --id=5 relayed; sleep 1' &
            while [ ! -s /run/other.pid ]; do sleep 0.02; done
            ip link add link0 type veth peer name peer0 netns $(cat /run/other.pid) && ip addr add 10.9.0.1/24 dev link0 && ip link set link0 up && touch /run/linked
            wait
            """);
        init.WaitFor("the line at rsyslog", () => File.Exists(init.Inside("/run/received")) && File.ReadAllText(init.Inside("/run/received")).Contains("relayed"), s_limit);
        string host = init.Run("cat /proc/sys/kernel/hostname").Expect().Trim();
        string received = File.ReadAllText(init.Inside("/run/received"));
        Assert.Matches($@"127\.0\.0\.1\|158\|{host}\|app\|5\| ?relayed", received);
        Assert.DoesNotContain("from-this-machine", received);
        Assert.Single(Lines(init, "@10.9.0.2"));
    }

    [Fact]
    public void A_service_with_a_limit_is_dropped_and_told_in_its_status()
    {
        using var init = new InitInNamespace(new Dictionary<string, string>
        {
            ["syslog"] = "command: [/pandora/syslog]\nuser: plain\nlogger: true\nrestart: always\n",
            ["chatty"] = "type: oneshot\nstart: demand\ncommand: [/bin/sh, -c, 'i=0; while [ $i -lt 50 ]; do i=$((i+1)); echo line $i; done; logger -t x by-syslog; sleep 0.5']\nlog-rate: 10/2s\n",
            ["quiet"] = "type: oneshot\nstart: demand\ncommand: [/bin/sh, -c, 'i=0; while [ $i -lt 50 ]; do i=$((i+1)); echo line $i; done']\n",
        });
        init.WaitForSyslog();
        init.Run("/pandora/dora service start chatty && /pandora/dora service start quiet").Expect();
        init.WaitFor("the line that tells", () => Lines(init, "chatty").Any(line => Text(line, "message") is "40 lines were dropped: more than 10 in 2s" or "41 lines were dropped: more than 10 in 2s"), s_limit);
        Assert.Equal(10, Numbered(init, "chatty").Count);
        Assert.Equal(50, Numbered(init, "quiet").Count);
        Assert.Matches("log +4[01] lines were dropped since boot, more than 10/2s", init.Run("/pandora/dora service status chatty").Expect());
        Assert.Matches("chatty: 4[01] lines were dropped since boot, more than 10/2s", init.Run("/pandora/dora log --status").Expect());
        // Without a restart of the service, nor of anything.
        init.Run("sed -i 's,^log-rate.*,log-rate: none,' /etc/dora/services/chatty.yaml && /pandora/dora service reload && /pandora/dora service restart chatty").Expect();
        init.WaitFor("all of it", () => Numbered(init, "chatty").Count == 60, s_limit);
    }
}
