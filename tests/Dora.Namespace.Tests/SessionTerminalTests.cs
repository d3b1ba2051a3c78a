using System.Diagnostics;
using System.Text;
using Dora.Core.Protocol;
using Dora.Namespace.Tests.Harness;
using static Dora.Namespace.Tests.SessionFixture;

namespace Dora.Namespace.Tests;

/// <summary>Interactive sessions at a terminal: dora on a pseudo terminal, typed at by Harness/terminal.py.</summary>
public sealed class SessionTerminalTests(SessionFixture fixture) : IClassFixture<SessionFixture>
{
    private readonly InitInNamespace _init = fixture.Init;

    [Fact]
    public void A_shell_has_a_terminal_of_its_own_with_our_size_and_follows_it() => fixture.Drive("""
        t = Terminal("/pandora/dora exec web -- sh")
        t.expect("$ ")
        t.ask("stty size; tty; echo $TERM=; id -un", "30 100\r\n/dev/pts/")
        t.expect("xterm=\r\nplain\r\n")
        t.ask("stat -c %U:%a $(tty)", "plain:620")
        t.resize(11, 222)
        t.ask("until [ \"$(stty size)\" = '11 222' ]; do sleep 0.05; done; echo se''en", "seen\r\n")
        t.type("exit 5\n")
        same(t.code(), 5)
        """);

    [Fact]
    public void Ctrl_c_ends_what_is_in_the_foreground_and_the_shell_goes_on() => fixture.Drive("""
        t = Terminal("/pandora/dora exec web -- sh")
        t.expect("$ ")
        t.ask("sh -c 'echo run''ning; exec sleep 1000'", "running\r\n")
        t.type("\x03")
        t.expect("$ ")
        t.ask("echo al''ive $?", "alive 130\r\n")
        t.type("\x04")
        same(t.code(), 0)
        """);

    [Fact]
    public void Jobs_are_controlled() => fixture.Drive("""
        t = Terminal("/pandora/dora exec web -- sh")
        t.expect("$ ")
        t.ask("set -m; sleep 1000 & echo back''ground", "background\r\n")
        t.ask("jobs", "Running")
        t.type("fg\n")
        t.expect("sleep 1000\r\n")
        time.sleep(0.3)
        t.type("\x1a")
        t.expect("Stopped")
        t.ask("echo st''ill", "still\r\n")
        t.type("fg\n")
        t.expect("sleep 1000\r\n")
        time.sleep(0.3)
        t.type("\x03")
        t.ask("echo g''one $(jobs | wc -l)", "gone 0\r\n")
        t.type("exit\n")
        same(t.code(), 0)
        """);

    [Fact]
    public void A_login_shell_of_the_machine_and_a_shell_in_other_namespaces() => fixture.Drive("""
        t = Terminal("/pandora/dora shell")
        t.expect("# ")
        t.ask("echo $0 $PWD $HOME", "-sh /root /root\r\n")
        t.type("exit 3\n")
        same(t.code(), 3)
        t = Terminal("/pandora/dora shell --user plain")
        t.expect("$ ")
        t.ask("echo $0 $PWD $(id -un)", "-sh /tmp plain\r\n")
        t.type("exit\n")
        same(t.code(), 0)
        t = Terminal("/pandora/dora shell box")
        t.expect("# ")
        t.ask("hostname; tty", "in-the-box\r\n/dev/pts/")
        t.type("sleep 1000\n")
        time.sleep(0.3)
        t.type("\x03")
        t.ask("echo al''ive", "alive\r\n")
        t.type("exit 4\n")
        same(t.code(), 4)
        """);

    [Fact]
    public void A_terminal_is_what_it_was_after_the_end_a_signal_and_a_stop() => fixture.Drive("""
        for how in ["exit", signal.SIGTERM, signal.SIGHUP, signal.SIGINT]:
            t = Terminal("sh -c '/pandora/dora exec web -- sh; echo code $? is; read -r line'")
            t.expect("$ ")
            if not t.is_raw(): fail("the terminal is not raw")
            if how == "exit":
                t.type("exit 0\n")
                t.expect("code 0 is")
            else:
                dora = wait_for("dora", lambda: output(f"pgrep -P {t.pid} dora").strip())
                os.kill(int(dora), how)
                t.expect(f"code {128 + how} is")
            if t.is_raw(): fail(f"the terminal is raw after {how}")
            t.type("\n")
            t.code()
        t = Terminal("/pandora/dora exec web -- sh")
        t.expect("$ ")
        t.kill(signal.SIGTSTP)
        wait_for("a terminal as before", lambda: not t.is_raw())
        t.kill(signal.SIGCONT)
        wait_for("a raw terminal", t.is_raw)
        t.ask("echo st''ill", "still\r\n")
        t.type("exit\n")
        same(t.code(), 0)
        """);

    [Fact]
    public void Without_a_terminal_of_ours_there_is_none_and_with_one_only_if_it_is_wanted() => fixture.Drive("""
        same(output("/pandora/dora exec web -- tty </dev/null").strip(), "not a tty")
        same(output("/pandora/dora exec web -t -- sh -c 'stty size; tty' </dev/null").split("\n")[0], "24 80")
        t = Terminal("/pandora/dora exec web -T -- sh -c 'tty; echo bytes'")
        t.expect("not a tty\r\nbytes\r\n")
        same(t.code(), 0)
        same(output("echo 'echo pi''ped; exit 6' | /pandora/dora exec web -t -- sh; echo $?").split("\n")[-2], "6")
        """);

    [Fact]
    public void A_client_that_is_killed_hangs_up_its_shell()
    {
        fixture.Drive("""
            t = Terminal("/pandora/dora exec web --name hung -- sh")
            t.expect("$ ")
            t.ask("(sleep 4714 &); sleep 4715 & echo rea''dy", "ready\r\n")
            t.kill()
            same(t.code(), -9)
            """);
        _init.WaitFor("its end", () => fixture.ProcessesOf("hung").Count == 0);
        _init.WaitForState("hung", "done");
    }

    [Fact]
    public void One_that_is_detached_goes_on_and_is_taken_up_again_with_what_it_has_written_meanwhile()
    {
        fixture.Drive("""
            t = Terminal("/pandora/dora run -t --detachable --name kept -- /bin/sh")
            t.expect("# ")
            t.ask("echo fi''rst", "first\r\n")
            t.ask("(sleep 1; echo me''anwhile) &", "\r\n")
            t.type("\x10\x11")
            t.expect("detached: kept goes on, 'dora attach kept' takes it up again\r\n")
            same(t.code(), 0)
            """);
        Assert.Equal("running", _init.Service("kept").State);
        _init.KillManager();
        fixture.Drive("""
            t = Terminal("/pandora/dora attach kept --detach-keys ctrl-x,d", rows=50, columns=60)
            t.expect("first\r\n")
            t.expect("meanwhile\r\n")
            t.ask("stty size", "50 60\r\n")
            t.ask("seq 1 40000", "\n40000\r\n")
            t.type("\x18d")
            same(t.code(), 0)
            t = Terminal("/pandora/dora attach kept")
            t.expect("\n40000\r\n")
            # The last 64 KiB: of five digits and a line end each.
            if not 60000 < len(t.all) < 70000: fail(f"{len(t.all)} bytes were kept")
            if b"\n20000\r\n" in t.all: fail("more was kept than was to be")
            t.ask("stty size", "30 100\r\n")
            t.kill()
            t.code()
            t = Terminal("/pandora/dora attach kept")
            t.expect("30 100\r\n")
            t.type("exit 9\n")
            same(t.code(), 9)
            """);
        _init.WaitForState("kept", "done");
        Assert.Contains("kept: the session has ended", fixture.Dora("attach kept") is { ExitCode: 125 } ended ? ended.Errors : "");
    }

    [Fact]
    public void Left_alone_from_the_start_it_waits_for_somebody()
    {
        Assert.Equal("patient\n", fixture.Dora("run -dt --name patient -- sh").Expect());
        fixture.Drive("""
            t = Terminal("/pandora/dora attach patient")
            t.ask("echo he''re", "here\r\n")
            t.type("exit 0\n")
            same(t.code(), 0)
            """);
    }

    [Fact]
    public void Two_clients_see_the_same_and_either_may_type() => fixture.Drive("""
        a = Terminal("/pandora/dora run -t --name shared -- /bin/sh")
        a.expect("# ")
        b = Terminal("/pandora/dora attach shared", rows=40, columns=90)
        b.expect("# ")
        b.ask("stty size; echo of''b", "ofb\r\n")
        a.expect("40 90\r\nofb\r\n")
        a.ask("echo of''a", "ofa\r\n")
        b.expect("ofa\r\n")
        # The first one goes: the session is not detachable, but somebody is there.
        a.kill()
        a.code()
        b.ask("echo st''ill", "still\r\n")
        b.type("exit 8\n")
        same(b.code(), 8)
        """);

    [Fact]
    public void A_slow_client_beside_another_is_dropped_and_not_waited_for()
    {
        using var socket = fixture.Ask("/v1/exec?name=crowd&tty=true", """{"command":["/bin/sh"]}""");
        Read(socket, answer => Encoding.Latin1.GetString(answer).Contains("# "));
        using var lazy = fixture.Ask("/v1/services/crowd/attach");
        Read(lazy, answer => Encoding.Latin1.GetString(answer).Contains("101 Switching"));
        var clock = Stopwatch.StartNew();
        socket.Send(Frame(SessionFrameType.Input, "seq 1 300000; echo do''ne; exit 3\n"));
        var (_, frames) = Split([.. "HTTP/1.1 101\r\n\r\n"u8, .. Read(socket, seconds: 30)]);
        Assert.Contains("done", string.Concat(frames.TakeLast(4)));
        Assert.Equal("5:\0\u0003", frames[^1]);
        Assert.InRange(clock.Elapsed.TotalSeconds, 9, 28);
        // It was cut off in the middle.
        Assert.DoesNotContain("\n300000", Encoding.Latin1.GetString(Read(lazy)));
    }

    [Fact]
    public void An_empty_terminal_is_no_end_of_its_output() => fixture.Drive("""
        t = Terminal("/pandora/dora exec web -- sh -c 'exec </dev/null >/dev/null 2>&1; sleep 0.5; echo back >/dev/tty; exit 2'")
        t.expect("back\r\n")
        same(t.code(), 2)
        """);

    [Fact]
    public void A_service_stop_ends_a_shell_that_takes_no_notice_of_term() => fixture.Drive("""
        t = Terminal("/pandora/dora exec web --name stubborn -- sh")
        t.expect("$ ")
        begun = time.monotonic()
        same(os.system("/pandora/dora service stop stubborn >/dev/null"), 0)
        same(t.code(), 129)
        if time.monotonic() - begun > 4: fail("it was killed by the deadline")
        """);
}
