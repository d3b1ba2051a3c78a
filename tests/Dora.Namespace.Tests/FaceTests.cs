using System.Diagnostics;
using System.Text.Json;
using System.Xml.Linq;
using Dora.Core.Linux;
using Dora.Namespace.Tests.Harness;

namespace Dora.Namespace.Tests;

/// <summary>What people see of dora, from the published one against a running init.</summary>
public sealed class FaceTests : IDisposable
{
    private readonly InitInNamespace _init = new(new Dictionary<string, string>
    {
        ["busy"] = "command: [/bin/sh, -c, 'while :; do :; done']\ndescription: takes a CPU\n",
        ["db"] = "command: [/bin/sleep, '100000']\nslice: batch\n",
        ["batch"] = "type: group\n",
        ["web"] = "command: [/bin/sleep, '100000']\nneeds: [db]\nwants: [busy]\n",
        ["made"] = "type: oneshot\ncommand: [/bin/true]\nunless: {path: /etc/passwd}\n",
        ["gone"] = "command: [/usr/bin/there-is-no-such-program]\nrestart: never\n",
    });

    public FaceTests()
    {
        try
        {
            _init.WaitForState("gone", "failed");
        }
        catch
        {
            _init.Dispose(); // nobody disposes what was not made
            throw;
        }
    }

    public void Dispose() => _init.Dispose();

    private Outcome Dora(string arguments) => _init.Run($"/pandora/dora {arguments}");

    [Fact]
    public void The_list_answers_whether_all_is_fine_and_the_status_what_to_do()
    {
        string list = Dora("service list").Expect();
        Assert.Contains("services: 1 failed, ", list);
        Assert.Contains("\n  gone: failed: ", list);
        Assert.EndsWith("try 'dora service status gone'\n", list);
        string status = Dora("service status gone").Expect();
        Assert.Matches("what to do +see whether /usr/bin/there-is-no-such-program is there", status);
        Assert.Matches("state +failed for [0-9]+ s\n", status);
        Assert.Matches("slice +batch\n", Dora("service status db").Expect());
        Assert.Matches("unless +/etc/passwd\n", Dora("service status made").Expect());
        string tree = Dora("service tree web").Expect();
        Assert.Matches(@"^web running \d+ s\n.*db running \d+ s\n.*\(busy\) running \d+ s\n$", tree);
    }

    [Fact]
    public void Usage_is_that_of_the_cgroup()
    {
        JsonElement Busy() => _init.Get("/v1/usage").EnumerateArray().Single(service => service.GetProperty("name").GetString() == "busy");
        long before = Busy().GetProperty("cpuMs").GetInt64();
        _init.WaitFor("a busy service takes time", () => Busy().GetProperty("cpuMs").GetInt64() > before + 50);
        var gone = _init.Get("/v1/usage").EnumerateArray().Single(service => service.GetProperty("name").GetString() == "gone");
        Assert.False(gone.TryGetProperty("cpuMs", out _));
        string top = Dora("top --once").Expect();
        Assert.Matches(@"\nbusy +running +[1-9][0-9.]* ", top);
        Assert.StartsWith("SERVICE", top);
        Assert.Contains("services, ", top);
    }

    [Theory]
    [InlineData("os.write(master, b'q')")]
    [InlineData("os.write(master, b'\\x03')")]
    [InlineData("os.kill(child, signal.SIGTERM)")]
    [InlineData("os.kill(child, signal.SIGHUP)")]
    public void Top_leaves_the_terminal_as_it_was(string end)
    {
        var outcome = _init.Run("exec python3 -", TimeSpan.FromSeconds(40), $$"""
            import fcntl, os, pty, select, signal, struct, termios, time
            master, slave = pty.openpty()
            fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack('HHHH', 20, 60, 0, 0))
            before = termios.tcgetattr(slave)
            child = os.fork()
            if child == 0:
                os.setsid(); fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
                for fd in (0, 1, 2): os.dup2(slave, fd)
                os.environ['TERM'] = 'xterm'
                os.execv('/pandora/dora', ['dora', 'top'])
            seen = b''
            def until(text):
                global seen
                end = time.monotonic() + 20
                while text not in seen:
                    if not select.select([master], [], [], end - time.monotonic())[0]: raise SystemExit('no %r in %r' % (text, seen[-2000:]))
                    seen += os.read(master, 65536)
            until(b'sorted by CPU')
            raw = termios.tcgetattr(slave)
            assert not raw[3] & termios.ECHO, 'echo'
            os.write(master, b'm'); until(b'sorted by memory')
            fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack('HHHH', 5, 60, 0, 0))
            # What is on its way is of the old size: a whole screen of the new one has to come.
            seen = b''
            def small():
                return any(b'\x1b[J' in part and b'sorted by memory' in part and part.count(b'\n') < 6 for part in seen.split(b'\x1b[H')[1:])
            end = time.monotonic() + 20
            while not small():
                if not select.select([master], [], [], end - time.monotonic())[0]: raise SystemExit('no small screen in %r' % seen[-2000:])
                seen += os.read(master, 65536)
            {{end}}
            until(b'\x1b[?25h\x1b[?1049l')
            _, status = os.waitpid(child, 0)
            assert os.waitstatus_to_exitcode(status) == 0, status
            assert termios.tcgetattr(slave) == before, 'terminal'
            print('fine')
            """);
        Assert.Equal("fine\n", outcome.Expect());
    }

    [Fact]
    public void A_manager_that_hangs_is_told_within_a_second_and_an_order_is_carried_out_by_the_next()
    {
        int manager = _init.ManagerPid();
        Processes.Signal(manager, Libc.SIGSTOP);
        try
        {
            var clock = Stopwatch.StartNew();
            var list = Dora("service list");
            Assert.InRange(clock.ElapsedMilliseconds, 0, 5000); // a second, and what nsenter and a busy machine add; an answer is waited for 45 s
            Assert.Equal(5, list.ExitCode);
            Assert.Contains("/run/dora/dora.sock: init's manager does not answer\nhint: ", list.Errors);
            Assert.Equal("", _init.Run("/pandora/dora service restart db >/run/order.out 2>/run/order.err </dev/null & echo $! >/run/order.pid").Output);
            _init.WaitFor("the order says that it waits", () => File.ReadAllText(_init.Inside("/run/order.err")).Contains("waiting for the next one"));
        }
        finally
        {
            Processes.Signal(manager, Libc.SIGCONT);
        }
        _init.WaitFor("the order is done", () => File.ReadAllText(_init.Inside("/run/order.out")).Contains("db: restarted"));
    }

    [Fact]
    public void Boot_is_drawn_and_told()
    {
        Dora("boot --plot /run/boot.svg").Expect();
        var svg = XDocument.Load(_init.Inside("/run/boot.svg"));
        Assert.Contains(svg.Descendants(), element => element.Name.LocalName == "text" && element.Value == "web");
        Assert.Contains("decided by ", Dora("boot").Expect());
        long ready = _init.Get("/v1/boot").GetProperty("readyMs").GetInt64();
        Dora("service restart web").Expect();
        Assert.Equal(ready, _init.Get("/v1/boot").GetProperty("readyMs").GetInt64());
        File.WriteAllText(_init.Inside("/etc/dora/services/added.yaml"), "command: [/bin/sleep, '1000']\n");
        Dora("service reload").Expect();
        _init.WaitForState("added", "running");
        Assert.Equal(ready, _init.Get("/v1/boot").GetProperty("readyMs").GetInt64());
        _init.KillManager();
        var boot = _init.Get("/v1/boot");
        Assert.Equal(ready, boot.GetProperty("readyMs").GetInt64());
        Assert.DoesNotContain(boot.GetProperty("services").EnumerateArray(), service => service.GetProperty("name").GetString() == "added");
    }

    [Fact]
    public void Requests_are_sent_as_they_are_told_and_names_complete()
    {
        var unavailable = Dora("api GET '/v1/logs?lines=1'"); // there is no syslog here
        Assert.Equal(1, unavailable.ExitCode);
        Assert.Contains("\"log.unavailable\"", unavailable.Output);
        Assert.StartsWith("hint: ", unavailable.Errors);
        Assert.Equal(3, Dora("api GET /v1/services/nix").ExitCode);
        Assert.Equal(4, _init.Run("setpriv --reuid 1234 --regid 1235 --clear-groups /pandora/dora api POST /v1/services/db/stop").ExitCode);
        Assert.StartsWith("HTTP/1.1 202 Accepted\n", Dora("api POST /v1/services/db/stop -i").Expect());
        Assert.Equal("batch\nbusy\n", _init.Run("/pandora/dora complete -- service start b | cut -f1").Output);
    }
}
