using System.Text;
using Dora.Core.Protocol;
using Dora.Namespace.Tests.Harness;
using static Dora.Namespace.Tests.SessionFixture;

namespace Dora.Namespace.Tests;

/// <summary>Interactive sessions without a terminal: <c>dora exec</c>, <c>run -i</c> and the protocol itself.</summary>
public sealed class SessionTests(SessionFixture fixture) : IClassFixture<SessionFixture>
{
    private readonly InitInNamespace _init = fixture.Init;

    [Theory]
    [InlineData("exec web -- true", 0)]
    [InlineData("exec web -- sh -c 'exit 7'", 7)]
    [InlineData("exec web -- sh -c 'exit 255'", 255)]
    [InlineData("exec web -- sh -c 'kill -KILL $$'", 128 + 9)]
    [InlineData("exec web -- sh -c 'kill -SEGV $$'", 128 + 11)]
    [InlineData("exec web -- sh -c 'kill -TERM $$'", 128 + 15)]
    [InlineData("exec web -- nonexistent", 127)]
    [InlineData("exec web -- /nonexistent", 127)]
    [InlineData("exec web -- /etc/passwd", 126)]
    [InlineData("exec web -- /etc", 126)]
    [InlineData("exec web --dir /nonexistent -- true", 125)]
    [InlineData("exec web --user nobody-here -- true", 125)]
    [InlineData("exec nothing -- true", 125)]
    [InlineData("exec bare -- true", 125)] // does not run
    [InlineData("exec web", 2)]
    [InlineData("exec web -- -x", 2)]
    [InlineData("run -i -- sh -c 'exit 9'", 9)]
    [InlineData("run -i --timeout 300ms -- sleep 100", 124)]
    [InlineData("attach web", 125)]
    [InlineData("attach nothing", 3)]
    public void The_exit_code_is_that_of_the_command(string command, int code) => fixture.Dora(command).Expect(code);

    [Fact]
    public void Ten_megabytes_pass_both_ways_byte_for_byte() => _init.Run("""
        cd /tmp && head -c 10485760 /dev/urandom >there && /pandora/dora exec web -- cat <there >back && cmp there back &&
        /pandora/dora exec web -- sha256sum <there | cut -c-64 >told && sha256sum there | cut -c-64 | cmp - told && rm there back told
        """, TimeSpan.FromSeconds(60)).Expect();

    [Fact]
    public void Output_and_errors_arrive_apart_and_without_a_line_end_of_ours()
    {
        var outcome = fixture.Dora("exec web -- sh -c 'printf one; printf two >&2'");
        Assert.Equal((0, "one", "two"), (outcome.ExitCode, outcome.Output, outcome.Errors));
    }

    [Fact]
    public void It_has_what_the_process_of_the_service_has()
    {
        string told = fixture.Dora("exec web -- sh -c 'id -un; pwd; echo $WORD $HOME; umask; ulimit -n; grep -E \"NoNewPrivs|CapBnd\" /proc/self/status; touch /tmp/seen; cat /proc/self/oom_score_adj'").Expect();
        Assert.Equal("plain\n/usr\nkept /tmp\n0027\n333\nCapBnd:\t0000000000000001\nNoNewPrivs:\t1\n0\n", told);
        Assert.False(File.Exists(_init.Inside("/tmp/seen"))); // in the tmp that is the service's alone
        Assert.Equal("seen\n", fixture.Dora("exec web -- ls /tmp").Expect());
        string overridden = fixture.Dora("exec web --user root --dir / --env WORD=other --env MORE=a=b -- sh -c 'id -un; pwd; echo $WORD $MORE; ls /tmp'").Expect();
        Assert.Equal("root\n/\nother a=b\nseen\n", overridden);
    }

    [Fact]
    public void It_is_in_the_namespaces_of_the_service()
    {
        Assert.Equal("in-the-box\n", fixture.Dora("exec box -- hostname").Expect());
        string[] processes = fixture.Dora("exec box -- ps -e -o args=").Expect().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Contains("sleep 100000", processes);
        Assert.DoesNotContain(processes, line => line.Contains("init", StringComparison.Ordinal));
        string same = _init.Run("for ns in mnt uts ipc pid; do a=$(/pandora/dora exec box -- readlink /proc/self/ns/$ns); b=$(readlink /proc/self/ns/$ns); [ $a != $b ] || echo $ns; done; "
            + "for ns in net user; do a=$(/pandora/dora exec box -- readlink /proc/self/ns/$ns); b=$(readlink /proc/self/ns/$ns); [ $a = $b ] || echo $ns; done").Expect();
        Assert.Equal("", same);
    }

    [Fact]
    public void Users_network_and_devices_of_its_own_are_entered_too()
    {
        string told = fixture.Dora("exec alone -- sh -c 'id -u; wc -l </proc/self/uid_map; ls /sys/class/net /dev | grep -cE \"^(lo|kmsg)$\"; ip -o link | wc -l; grep CapEff /proc/self/status'").Expect();
        Assert.Equal("1234\n2\n1\n1\nCapEff:\t0000000000000000\n", told);
        string same = _init.Run("for ns in user net mnt; do a=$(/pandora/dora exec alone -- readlink /proc/self/ns/$ns); b=$(readlink /proc/self/ns/$ns); [ $a != $b ] || echo $ns; done").Expect();
        Assert.Equal("", same);
        Assert.Equal("0\n", fixture.Dora("exec alone --user root -- id -u").Expect());
        // Somebody who does not exist there.
        _init.Run("echo other:x:4321:4321::/:/bin/sh >>/etc/passwd").Expect();
        Assert.Contains(": invalid argument (EINVAL)", fixture.Dora("exec alone --user other -- id") is { ExitCode: 125 } refused ? refused.Errors : "");
        Assert.Equal("/dev/pts/0 1234", fixture.Dora("exec alone -t -- sh -c 'echo $(tty) $(stat -c %u $(tty))'").Expect().Trim());
    }

    [Fact]
    public void A_root_of_the_services_own_is_entered_and_what_is_missing_there_is_told()
    {
        // One static program is all that there is.
        string source = Path.Combine(Path.GetTempPath(), $"pandora-sleep-{Environment.ProcessId}.c");
        try
        {
            File.WriteAllText(source, "#include <unistd.h>\n#include <stdio.h>\nint main(int n, char **v) { if (n > 2) return puts(v[2]) < 0; sleep(100000); }\n");
            Programs.Run(TimeSpan.FromSeconds(60), "clang", "-static", "-o", _init.Inside("/bare/sleep"), source).Expect();
        }
        finally
        {
            File.Delete(source);
        }
        _init.Change("start", "bare");
        Assert.Equal("inside\n", fixture.Dora("exec bare -- /sleep x inside").Expect());
        var shell = fixture.Dora("shell bare");
        Assert.Equal((127, "dora: bare: there is no /bin/sh in its surroundings; 'dora exec bare -- PROGRAM' runs what there is\n"), (shell.ExitCode, shell.Errors));
        _init.Change("stop", "bare");
    }

    [Fact]
    public void It_ends_when_the_service_stops()
    {
        fixture.InBackground("bystander", "exec web --name bystander -- sleep 1000");
        _init.WaitForState("bystander", "running");
        // Before the relay has it there is nobody whose end could be told.
        _init.WaitFor("its command", () => fixture.ProcessesOf("bystander").Any(pid => InitInNamespace.CommandLine(pid) == "sleep 1000"));
        _init.Change("restart", "web");
        Assert.Equal("143", fixture.CodeOf("bystander"));
        _init.WaitForState("bystander", "stopped");
        _init.WaitForState("web", "running");
        _init.WaitForLog("bystander: stopping: web has ended");
    }

    [Fact]
    public void A_relay_has_only_what_is_its_own_and_the_command_only_its_streams()
    {
        fixture.InBackground("holder", "exec web --name holder -- sleep 1000");
        _init.WaitForState("holder", "running");
        int command = _init.WaitFor("its command", () => fixture.ProcessesOf("holder").FirstOrDefault(pid => InitInNamespace.CommandLine(pid) == "sleep 1000"));
        int relay = fixture.ProcessesOf("holder").Single(pid => pid != command);
        Assert.Equal("init relay", InitInNamespace.CommandLine(relay));
        // /dev/null, two log pipes, the client, the socket for others, signals, and two pipes from the command: stdin has ended, what it was launched with is closed.
        const string expected = "/dev/null anon_inode pipe pipe pipe pipe socket socket";
        string held = "";
        _init.WaitFor(expected, () => (held = string.Join(' ', Directory.GetFileSystemEntries($"/proc/{relay}/fd").Select(entry => new FileInfo(entry).LinkTarget?.Split(':')[0]).Order())) == expected);
        _init.WaitFor("its streams alone: its loader has read what it needs", () => Directory.EnumerateFileSystemEntries($"/proc/{command}/fd").Select(Path.GetFileName).Order().SequenceEqual(["0", "1", "2"]));
        Assert.All(Directory.EnumerateFileSystemEntries($"/proc/{command}/fd"), entry => Assert.StartsWith("pipe:", new FileInfo(entry).LinkTarget));
        // The session's user can neither trace the relay nor end it.
        string uid = File.ReadLines($"/proc/{relay}/status").Single(line => line.StartsWith("Uid:", StringComparison.Ordinal));
        Assert.Equal("Uid:\t0\t0\t0\t0", uid);
        _init.Change("stop", "holder");
    }

    [Fact]
    public void A_client_that_is_killed_takes_its_command_along()
    {
        foreach (string way in (string[])["", "trap \"\" HUP TERM; "])
        {
            fixture.InBackground("orphan", $"exec web --name orphan -- sh -c '{way}(sleep 4713 &) ; while :; do sleep 1; done'");
            _init.WaitFor("its child", () => fixture.ProcessesOf("orphan").Any(pid => InitInNamespace.CommandLine(pid) == "sleep 4713"));
            _init.Run("kill -9 $(cat /run/orphan.pid)").Expect();
            _init.WaitFor("its end", () => fixture.ProcessesOf("orphan").Count == 0);
            _init.WaitFor("the state of its end", () => _init.Service("orphan").State is "done" or "failed");
        }
    }

    [Fact]
    public void It_goes_on_when_the_manager_is_killed_and_its_end_is_known_to_the_next()
    {
        fixture.InBackground("survivor", "exec web --name survivor -- sh -c 'echo before; until [ -e /tmp/go ]; do sleep 0.05; done; cat; echo after; exit 9'");
        _init.WaitFor("its first word", () => fixture.Text("survivor.out") == "before\n");
        _init.KillManager();
        _init.WaitForState("survivor", "running");
        _init.KillManager();
        fixture.Dora("exec web -- touch /tmp/go").Expect();
        Assert.Equal("9", fixture.CodeOf("survivor"));
        Assert.Equal("before\nafter\n", fixture.Text("survivor.out"));
        _init.WaitForState("survivor", "done");
        Assert.Equal(9, _init.Get("/v1/services/survivor").GetProperty("lastExit").GetProperty("code").GetInt32());
        fixture.Dora("exec web -- rm /tmp/go").Expect();
    }

    [Fact]
    public void A_manager_that_is_killed_right_after_the_request_leaves_nothing_behind_that_nobody_knows()
    {
        for (int i = 0; i < 4; i++)
        {
            int manager = _init.ManagerPid();
            using var socket = fixture.Ask($"/v1/exec?name=quick{i}", """{"command":["/bin/sleep","1000"]}""");
            Thread.Sleep(3 * i);
            Processes.Signal(manager, 9);
            _init.WaitFor("another manager", () => _init.ManagerPid() is var pid && pid != manager);
            var status = _init.Services().GetValueOrDefault($"quick{i}");
            socket.Dispose();
            if (status is not null) _init.WaitFor("its end", () => _init.Service($"quick{i}").State is "failed" or "done" or "stopped");
            _init.WaitFor("nothing of it", () => fixture.ProcessesOf($"quick{i}").Count == 0);
        }
    }

    [Fact]
    public void A_signal_reaches_the_command()
    {
        foreach (var (name, number, code) in (ReadOnlySpan<(string, int, string)>)[("INT", 2, "42"), ("TERM", 15, "43")])
        {
            fixture.InBackground("signalled", $"exec web -- sh -c 'trap \"exit {code}\" {name}; echo ready; while :; do sleep 0.05; done'");
            _init.WaitFor("its trap", () => fixture.Text("signalled.out") == "ready\n");
            _init.Run($"kill -{number} $(cat /run/signalled.pid)").Expect();
            Assert.Equal(code, fixture.CodeOf("signalled"));
            _init.Run("rm /run/signalled.*").Expect();
        }
    }

    [Fact]
    public void Who_closes_our_output_ends_the_command()
    {
        Assert.Equal("y\ny\n", _init.Run("/pandora/dora exec web --name yes -- yes | head -n 2").Expect());
        _init.WaitFor("its end", () => _init.Service("yes").State is "done" or "failed");
        Assert.Equal("141\n", _init.Run("(/pandora/dora exec web -- yes; echo $? >/run/yes.code) | head -n 1 >/dev/null; cat /run/yes.code").Expect());
    }

    [Fact]
    public void Fifty_sessions_at_once_come_to_their_ends()
    {
        string told = _init.Run("for i in $(seq 50); do (echo $i | /pandora/dora exec web -- sh -c 'read n; exit $n'; echo \"$i $?\") & done; wait", TimeSpan.FromSeconds(60)).Expect();
        Assert.Equal(Enumerable.Range(1, 50).Select(i => $"{i} {i}"), told.Split('\n', StringSplitOptions.RemoveEmptyEntries).OrderBy(line => int.Parse(line.Split(' ')[0])));
        _init.WaitFor("an empty dora/jobs", () => !_init.Cgroups().Any(cgroup => cgroup.StartsWith("dora/jobs/exec-", StringComparison.Ordinal)));
    }

    [Fact]
    public void A_stop_by_somebody_else_is_seen_and_limits_hold()
    {
        fixture.InBackground("limited", "run -i --name limited --limit cgroup.max.descendants=7 -- sh -c 'cat /sys/fs/cgroup/dora/jobs/limited/cgroup.max.descendants; sleep 1000'");
        _init.WaitFor("its limit", () => fixture.Text("limited.out") == "7\n");
        _init.Change("stop", "limited");
        Assert.Equal("stopped", _init.Service("limited").State);
        Assert.Equal("143", fixture.CodeOf("limited"));
    }

    [Fact]
    public void A_lost_connection_says_what_has_become_of_the_session()
    {
        fixture.InBackground("cut", "exec web --name cut -- sh -c 'echo begun; exec sleep 1000'");
        _init.WaitFor("its first word", () => fixture.Text("cut.out") == "begun\n");
        Processes.Signal(fixture.ProcessesOf("cut").Single(pid => InitInNamespace.CommandLine(pid) == "init relay"), 9);
        Assert.Equal("125", fixture.CodeOf("cut"));
        Assert.Contains("dora: exec: cut: the connection to it was lost; it is ", fixture.Text("cut.err"));
        _init.WaitFor("nothing of it", () => fixture.ProcessesOf("cut").Count == 0);
    }

    [Fact]
    public void What_a_client_sends_behind_its_request_is_input()
    {
        byte[] behind = [.. Frame(SessionFrameType.Input, "early\n"), .. Frame(SessionFrameType.Input, "")];
        using var socket = fixture.Ask("/v1/exec", """{"command":["cat"]}""", behind);
        var (head, frames) = Split(Read(socket));
        Assert.StartsWith("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: dora-frames\r\nDora-Session: run-", head);
        Assert.Equal(["1:early\n", "5:\0\0"], frames);
    }

    [Fact]
    public void A_client_that_shuts_its_side_still_gets_the_rest()
    {
        using var socket = fixture.Ask("/v1/exec", """{"command":["sh","-c","cat; echo end; exit 3"]}""", Frame(SessionFrameType.Input, "a"));
        socket.Shutdown(System.Net.Sockets.SocketShutdown.Send);
        Assert.Equal("aend\n", string.Concat(Split(Read(socket)).Frames.Where(frame => frame[0] == '1').Select(frame => frame[2..])));
    }

    [Theory]
    [InlineData("\u0001\0\0\0\0\0\0\u0001x", "frame of type 1: a client sends")]
    [InlineData("\0\0\u0001\0\0\0\0\u0001x", "bytes 1 to 3 of its head are not zero")]
    [InlineData("\0\0\0\0\0\u0001\0\u0001", "frame of 65537 bytes")]
    [InlineData("\u0004\0\0\0\0\0\0\u0003", "3 bytes of content instead of 4")]
    [InlineData("GET / HTTP/1.1\r\n\r\n", "frame of type 71")]
    public void What_is_no_frame_ends_the_session_with_words(string sent, string expected)
    {
        using var socket = fixture.Ask("/v1/exec?name=refused", """{"command":["sleep","1000"]}""", Encoding.Latin1.GetBytes(sent));
        Assert.Contains(expected, Split(Read(socket)).Frames.Single(frame => frame[0] == '3'));
        _init.WaitFor("its end", () => fixture.ProcessesOf("refused").Count == 0);
        _init.WaitFor("the state of its end", () => _init.Service("refused").State is "done" or "failed");
    }

    [Fact]
    public void Who_does_not_read_holds_up_the_command_and_nothing_else()
    {
        using var socket = fixture.Ask("/v1/exec?name=slow", """{"command":["sh","-c","i=0; while :; do i=$((i+1)); echo $i; echo $i >/run/slow.count; done"]}""");
        Read(socket, answer => Encoding.Latin1.GetString(answer).Contains("101"));
        string before = "", now = "";
        _init.WaitFor("a halt", () =>
        {
            before = now;
            Thread.Sleep(300);
            now = File.ReadAllText(_init.Inside("/run/slow.count"));
            return now.Length > 0 && now == before;
        });
        // Its memory is what the buffers hold.
        Assert.InRange(int.Parse(now), 1, 400_000);
        Assert.Equal("alive\n", fixture.Dora("exec web -- echo alive").Expect());
        // It goes on as soon as somebody reads.
        Read(socket, answer => answer.Length > 2_000_000);
        _init.WaitFor("more", () => File.ReadAllText(_init.Inside("/run/slow.count")) is { Length: > 0 } more && more != now);
    }

    [Theory]
    [InlineData("/v1/exec?tty=yes", "{}", 400, "tty=yes: true or false is expected")]
    [InlineData("/v1/exec?rows=0", "{}", 400, "rows=0: a number from 1 to 65535")]
    [InlineData("/v1/exec?color=1", "{}", 400, "parameter 'color' is not known: name, service, tty, rows, columns, stdin, detachable")]
    [InlineData("/v1/exec", """{"comand":["/bin/true"]}""", 400, "unknown key 'comand'; did you mean 'command'?")]
    [InlineData("/v1/exec", """{"stdout":"none"}""", 400, "stdout: makes no sense for a session")]
    [InlineData("/v1/exec", """{"restart":"always"}""", 400, "restart: makes no sense for a command that is run once")]
    [InlineData("/v1/exec?service=web", """{"private-network":true}""", 400, "private-network: makes no sense in the surroundings of web")]
    [InlineData("/v1/exec?service=nothing", "", 404, "nothing: there is no such service")]
    [InlineData("/v1/exec?name=web", "", 409, "web: there is a service of this name")]
    [InlineData("/v1/exec?name=a%20b", "", 400, "'a b' is not the name of a service")]
    [InlineData("/v1/exec", """{"command":["nonexistent"]}""", 409, "session.exec-failed")]
    [InlineData("/v1/exec", """{"command":["/bin/true"],"directory":"/nonexistent"}""", 409, "session.launch-failed")]
    [InlineData("/v1/exec", """{"command":["/bin/true"],"user":"nobody-here"}""", 409, "session.launch-failed")]
    [InlineData("/v1/services/web/attach", "", 409, "session.none")]
    public void What_makes_no_sense_is_refused_by_an_ordinary_answer(string path, string body, int status, string expected)
    {
        // The connection of a refusal by the manager stays open for a further request.
        using var socket = fixture.Ask(path, body);
        string answer = Encoding.UTF8.GetString(Read(socket, so => Encoding.UTF8.GetString(so).EndsWith("}\n", StringComparison.Ordinal)));
        Assert.StartsWith($"HTTP/1.1 {status} ", answer);
        Assert.Contains(expected, answer);
    }

    [Theory]
    [InlineData("")]
    [InlineData("Connection: Upgrade\r\n")]
    [InlineData("Upgrade: dora-frames\r\n")]
    [InlineData("Connection: Upgrade\r\nUpgrade: websocket\r\n")]
    public void Without_an_upgrade_it_is_426(string fields)
    {
        using var socket = fixture.Ask("/v1/exec", "", fields: fields + "Connection: close\r\n");
        string answer = Encoding.UTF8.GetString(Read(socket));
        Assert.StartsWith("HTTP/1.1 426 Upgrade Required\r\n", answer);
        Assert.Contains("\r\nUpgrade: dora-frames\r\n", answer);
        Assert.Contains("session.upgrade-required", answer);
    }

    [Fact]
    public void Only_root_may()
    {
        foreach (string command in (string[])["exec web -- true", "shell", "attach web", "run -i -- true"])
            Assert.Contains("only root may do this", _init.Run($"setpriv --reuid 1234 --regid 1235 --clear-groups /pandora/dora {command} </dev/null") is { ExitCode: 125 or 4 } denied ? denied.Errors : "");
    }
}
