using System.Text.Json;
using System.Text.RegularExpressions;
using Dora.Namespace.Tests.Harness;

namespace Dora.Namespace.Tests;

/// <summary>Programs that know nothing of Pandora log into it unmodified: every line with its service or tag, pid, priority and text.</summary>
public class LegacyLogTests(Xunit.Abstractions.ITestOutputHelper output)
{
    const string Logger = "command: [/pandora/syslog]\nuser: plain\nlogger: true\nrestart: always\n";

    const string Program = """
        #include <syslog.h>
        #include <stdio.h>
        #include <string.h>
        #include <unistd.h>
        int main(void)
        {
            static char large[3000];
            memset(large, 'z', sizeof large - 1);
            printf("pid %d\n", (int)getpid());
            fflush(stdout);
            syslog(LOG_NOTICE, "before openlog");
            openlog("cprog", LOG_PID | LOG_PERROR, LOG_AUTH);
            syslog(LOG_WARNING, "from C: %d", 42);
            syslog(LOG_LOCAL7 | LOG_DEBUG, "two\nlines");
            syslog(LOG_KERN | LOG_EMERG, "no kernel");
            setlogmask(LOG_UPTO(LOG_ERR));
            syslog(LOG_INFO, "masked");
            closelog();
            openlog("a name, with anything: in it", LOG_NDELAY, LOG_DAEMON);
            syslog(LOG_ERR, "colon: kept [as it is]");
            syslog(LOG_CRIT, "%s", large);
            return pause(); // who is gone when it is read is known by its tag alone
        }
        """;

    [Theory]
    [InlineData("clang")]
    [InlineData("musl-gcc")]
    public void Syslog_3_of_the_c_libraries(string compiler)
    {
        using var init = new InitInNamespace(new Dictionary<string, string>
        {
            ["syslog"] = Logger,
            ["legacy"] = "command: [/pandora/cprog]\nuser: plain\nafter: [syslog]\n",
        }, folder =>
        {
            string source = Path.Combine(folder, "pandora/cprog.c");
            File.WriteAllText(source, Program);
            Programs.Run(TimeSpan.FromSeconds(60), compiler, compiler == "clang" ? "-O1" : "-static", "-o", Path.Combine(folder, "pandora/cprog"), source).Expect();
        });
        var lines = WaitForLines(init, "legacy", 12);
        output.WriteLine(string.Join('\n', lines));
        int pid = int.Parse(lines.Single(line => line.Stream == "output").Message[4..]);
        var sent = lines.Where(line => line.Stream == "syslog").ToList();
        Assert.All(sent, line => Assert.Equal(pid, line.Pid));
        Assert.Equal(["before openlog", "from C: 42", "two", "lines", "no kernel", "colon: kept [as it is]", new string('z', LengthOf(compiler))],
            sent.Select(line => line.Message.Replace("cprog: ", "").Replace("a name, with anything: in it: ", "")));
        // Its service's name is another: what it calls itself stands in front.
        Assert.All(sent.Where(line => line.Message.Contains("from C") || line.Message.Contains("two")), line => Assert.StartsWith("cprog: ", line.Message));
        // A facility of the kernel is the user's; 5 is what syslog(3) said before openlog(3).
        Assert.Equal([5, 4, 7, 7, 0, 3, 2], sent.Select(line => line.Priority));
        // LOG_PERROR: the same on standard error, which is the service's too.
        Assert.Equal([$"cprog[{pid}]: from C: 42", $"cprog[{pid}]: two", "lines", $"cprog[{pid}]: no kernel"],
            lines.Where(line => line.Stream == "error").Select(line => line.Message.Replace("cprog: ", $"cprog[{pid}]: ")));
    }

    // musl sends at most 1023 bytes, header and all.
    static int LengthOf(string compiler) => compiler == "clang" ? 2999 : 1023 - "<26>Nov 22 00:11:26 a name, with anything: in it: ".Length;

    [Fact]
    public void Logger_of_util_linux_and_of_busybox()
    {
        (string Command, int Priority, string Text)[] calls =
        [
            ("logger -t mytag -p daemon.err 'classic words'", 3, "classic words"),
            ("logger -i -t mytag -p local3.debug 'with a pid'", 7, "with a pid"),
            ("logger --rfc3164 -t mytag -p user.warning 'old form: with colon'", 4, "old form: with colon"),
            ("logger --rfc5424 -t mytag -p user.notice 'new form'", 5, "new form"),
            ("logger --rfc5424=notime,notq,nohost -t mytag -p user.notice 'new form, bare'", 5, "new form, bare"),
            ("logger --rfc5424 --msgid ID7 --sd-id zoo@123 --sd-param 'tiger=\"hungry\"' --sd-param 'x=\"a\\]b\"' -t mytag -p auth.crit 'structured'", 2, "structured"),
            ("logger --rfc5424 --sd-id zoo@123 --sd-param 'a=\"1\"' --sd-id other@5 --sd-param 'b=\"2\"' -t mytag -p auth.crit 'two of them'", 2, "two of them"),
            ("logger -t mytag -p kern.alert 'not the kernel'", 1, "not the kernel"),
            ("printf 'ünïcödé ☃\\n' | logger -t mytag -p mail.info", 6, "ünïcödé ☃"),
            ("logger -t mytag --prio-prefix -p mail.info '<3>in front'", 6, "<3>in front"),
            ("busybox logger -t mytag -p daemon.err 'box words'", 3, "box words"),
            ("printf 'one\\ntwo\\n' | busybox logger -t mytag -p local0.notice", 5, "one"),
            ("busybox logger -t 'mytag' -p auth.emerg 'end [1]: of all'", 0, "end [1]: of all"),
        ];
        // Each as a service and from outside of all services: there its tag is all that is known.
        string script = "#!/bin/sh\n" + string.Concat(calls.Select(call => call.Command + "\n"));
        using var init = new InitInNamespace(new Dictionary<string, string>
        {
            ["syslog"] = Logger,
            ["legacy"] = "type: oneshot\ncommand: [/bin/sh, /pandora/calls]\nafter: [syslog]\n",
        }, folder => File.WriteAllText(Path.Combine(folder, "pandora/calls"), script));
        init.WaitForState("legacy", "done");
        var expected = calls.SelectMany(call => call.Text == "one" ? [(call.Priority, "one"), (call.Priority, "two")] : new[] { (call.Priority, call.Text) }).ToList();
        // A logger that has gone by the time it is read is root's, and believed its tag: either name, in one order.
        var lines = WaitForLines(init, "", expected.Count, line => line.Service is "legacy" or "mytag");
        output.WriteLine($"{lines.Count(line => line.Service == "legacy")} of {lines.Count} were there when they were read");
        // In a service its tag, which is not the service's name, stands in front of a message.
        Assert.Equal(expected, lines.Select(line => (line.Priority, line.Service == "legacy" && line.Message.StartsWith("mytag: ", StringComparison.Ordinal) ? line.Message[7..] : line.Message)));
        Assert.All(lines, line => Assert.Equal(line.Service == "legacy" && line.Message != "two", line.Message.StartsWith("mytag: ", StringComparison.Ordinal)));
        Assert.All(lines, line => Assert.True(line.Stream == "syslog" && line.Pid > 1));
        // From outside of all services the tag is all that is known.
        init.Run("sed 's/mytag/outside/' /pandora/calls | sh").Expect();
        Assert.Equal(expected, WaitForLines(init, "outside", expected.Count).Select(line => (line.Priority, line.Message)));
    }

    /// <summary>Who sends is the kernel's word: neither a tag nor a pid makes another service of a sender.</summary>
    [Fact]
    public void A_sender_cannot_pretend()
    {
        const string Forge = """
            import os, socket, time
            s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            s.connect('/dev/log')
            print('pid', os.getpid(), flush=True)
            for text in (b'<38>Nov 21 03:55:35 sshd[1]: tag', b'<38>1 2026-11-21T03:55:35Z host sshd 1 - - header', b'<6>kernel: panic', b'no priority',
                         b'<999>too large', b'\xff\xfe<13>junk \x00\x01', b'<13>1 - - - - [broken', b'<13>a\nb\r\n\nc'):
                s.send(text)
            s.send(b'<13>' + b'x' * 100000)
            for data in (b'', b'\n\n\n', b'<13>'): s.send(data)
            # Another pid in the credentials: not for an ordinary user.
            try:
                import struct
                s.sendmsg([b'<13>forged'], [(socket.SOL_SOCKET, socket.SCM_CREDENTIALS, struct.pack('iII', 1, 0, 0))])
            except PermissionError:
                s.send(b'<13>refused')
            # Gone, perhaps, before it is asked who it was.
            for i in range(40):
                if os.fork() == 0:
                    s.send(b'<38>%s[1]: gone' % (b'sshd', b'kernel', b'init', b'syslog')[i % 4])
                    os._exit(0)
                os.wait()
            s.send(b'<13>last')
            while True: time.sleep(100)
            """;
        using var init = new InitInNamespace(new Dictionary<string, string>
        {
            ["syslog"] = Logger,
            ["sshd"] = "command: [/bin/sleep, '100000']\n",
            ["liar"] = "command: [/usr/bin/python3, /pandora/forge.py]\nuser: plain\nafter: [syslog, sshd]\n",
        }, folder => File.WriteAllText(Path.Combine(folder, "pandora/forge.py"), Forge));
        var lines = init.WaitFor("the last one", () => Lines(init, "liar") is var found && found.Exists(line => line.Message == "last") ? found : null);
        int pid = int.Parse(lines.Single(line => line.Stream == "output").Message[4..]);
        var sent = lines.Where(line => line.Stream == "syslog" && line.Message != "last" && !line.Message.EndsWith("gone", StringComparison.Ordinal)).ToList();
        Assert.All(sent, line => Assert.Equal(pid, line.Pid));
        Assert.Equal(["sshd: tag", "sshd: header", "kernel: panic", "no priority", "<999>too large", "\\xff\\xfe<13>junk \0\u0001", "1 - - - - [broken", "a", "b", "", "c"], sent.Take(11).Select(line => line.Message));
        Assert.Equal([6, 6, 6, 5, 5, 5, 5, 5, 5, 5, 5], sent.Take(11).Select(line => line.Priority));
        // What is longer than a message may be is cut, and that is told.
        var large = sent.Skip(11).SkipLast(1).ToList();
        Assert.Matches(new Regex("^x+$"), large[0].Message);
        Assert.Equal(65536 - 4, large.SkipLast(1).Sum(line => line.Message.Length));
        Assert.Equal("34468 bytes of this message were cut off", large[^1].Message);
        Assert.Equal("refused", sent[^1].Message);
        var gone = Lines(init, "").Where(line => line.Message.EndsWith("gone", StringComparison.Ordinal)).ToList();
        Assert.Equal(40, gone.Count);
        Assert.All(gone, line => Assert.Contains(line.Service, new[] { "liar", "sshd?", "kernel?", "init?", "syslog?" }));
        Assert.Equal("", init.LogOf("sshd"));
        output.WriteLine($"{gone.Count(line => line.Service == "liar")} of 40 short-lived senders were known");
    }

    /// <summary>OpenSSH as it comes, beside another one that says the same on standard error (-e): line by line the same words.</summary>
    [Fact]
    public void Sshd_of_a_login_and_of_those_that_fail()
    {
        const string Settings = """
            ListenAddress 127.0.0.1
            HostKey /etc/ssh/host
            AuthorizedKeysFile /etc/ssh/authorized
            PermitRootLogin yes
            PasswordAuthentication no
            KbdInteractiveAuthentication no
            UsePAM no
            UseDNS no
            PidFile none
            LogLevel VERBOSE
            SyslogFacility AUTH

            """;
        using var init = new InitInNamespace(new Dictionary<string, string>
        {
            ["syslog"] = Logger,
            ["sshd"] = "command: [/usr/sbin/sshd, -D, -f, /etc/ssh/config, -p, '2201']\nafter: [syslog]\nruntime-directory: sshd\n",
            ["reference"] = "command: [/usr/sbin/sshd, -D, -e, -f, /etc/ssh/config, -p, '2202']\nafter: [sshd]\n",
        }, folder =>
        {
            string ssh = Path.Combine(folder, "etc/ssh");
            Directory.CreateDirectory(ssh);
            foreach (string key in new[] { "host", "mine", "other" })
                Programs.Run(TimeSpan.FromSeconds(20), "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", key, "-f", Path.Combine(ssh, key)).Expect();
            File.Copy(Path.Combine(ssh, "mine.pub"), Path.Combine(ssh, "authorized"));
            File.WriteAllText(Path.Combine(ssh, "config"), Settings);
            File.AppendAllText(Path.Combine(folder, "etc/passwd"), "sshd:x:100:65534::/run/sshd:/usr/sbin/nologin\n");
        });
        const string Login = "ssh -F /dev/null -o BatchMode=yes -o IdentitiesOnly=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null";
        int session = 0;
        foreach (var (service, port) in new[] { ("reference", 2202), ("sshd", 2201) })
        {
            void Saw(string last) => init.WaitFor($"'{last}' of {service}", () => Lines(init, service).Exists(line => line.Message.StartsWith(last, StringComparison.Ordinal)));
            Saw("Server listening on 127.0.0.1");
            session = int.Parse(init.Run($"{Login} -i /etc/ssh/mine -p {port} root@127.0.0.1 'echo $PPID'").Expect());
            Saw("Disconnected from user root");
            Assert.NotEqual(0, init.Run($"{Login} -i /etc/ssh/other -p {port} root@127.0.0.1 true").ExitCode);
            Saw("Connection closed by authenticating user root");
            Assert.NotEqual(0, init.Run($"{Login} -i /etc/ssh/mine -p {port} stranger@127.0.0.1 true").ExitCode);
            Saw("Connection closed by invalid user stranger");
            init.Run($"printf 'no client at all\\r\\n' | busybox nc -w 5 127.0.0.1 {port}").Expect();
            Saw("banner exchange");
        }
        var lines = Lines(init, "sshd");
        output.WriteLine(string.Join('\n', lines));
        // On standard error sshd leaves out the word in front of an error. Whether it comes to tell the end of a session is a matter of who hangs up first.
        bool MayBeMissing(Line line) => line.Message.StartsWith("Close session", StringComparison.Ordinal);
        var told = Lines(init, "reference").FindAll(line => line.Stream == "error" && !MayBeMissing(line)).ConvertAll(line => Anonymous(line.Message));
        int error = told.FindIndex(message => message.StartsWith("kex_exchange_identification", StringComparison.Ordinal));
        told[error] = "error: " + told[error];
        Assert.Equal(told, lines.Where(line => !MayBeMissing(line)).Select(line => Anonymous(line.Message)));
        Assert.Equal(18, told.Count);
        Assert.All(lines, line => Assert.Equal(("syslog", 4, line.Message.StartsWith("error: ", StringComparison.Ordinal) ? 3 : 6), (line.Stream, line.Facility, line.Priority)));
        // Each connection has a process of its own; the shell of the session has told which.
        int pid = lines[0].Pid;
        foreach (var line in lines)
        {
            if (line.Message.StartsWith("Connection from", StringComparison.Ordinal)) Assert.NotEqual(pid, pid = line.Pid);
            Assert.Equal(pid, line.Pid);
        }
        Assert.Equal(session, lines.Single(line => line.Message.StartsWith("Accepted publickey for root from 127.0.0.1 port", StringComparison.Ordinal)).Pid);
        string[] shown = init.Run("/pandora/dora log -o cat sshd").Expect().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(lines.Select(line => line.Message), shown);
    }

    static string Anonymous(string message) => Regex.Replace(message, @"\bport \d+", "port N");

    sealed record Line(string Message, int Priority, string Stream, int Pid, string Service, int Facility);

    static List<Line> WaitForLines(InitInNamespace init, string service, int count, Predicate<Line>? which = null)
    {
        var lines = new List<Line>();
        try
        {
            init.WaitFor("its lines", () => (lines = Lines(init, service).FindAll(which ?? (_ => true))).Count >= count, TimeSpan.FromSeconds(10));
        }
        catch (TimeoutException)
        {
            Assert.Fail($"{lines.Count} lines of {service} instead of {count}:\n{string.Join('\n', lines)}");
        }
        return lines;
    }

    static List<Line> Lines(InitInNamespace init, string service) =>
        [.. init.LogOf(service).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(json =>
        {
            using var document = JsonDocument.Parse(json);
            var root = document.RootElement;
            return new Line(root.GetProperty("message").GetString()!, root.GetProperty("priority").GetInt32(), root.GetProperty("stream").GetString()!,
                root.TryGetProperty("pid", out var pid) && pid.ValueKind == JsonValueKind.Number ? pid.GetInt32() : 0, root.GetProperty("service").GetString()!, root.GetProperty("facility").GetInt32());
        })];
}
