using System.Text;
using System.Text.Json;
using Dora.Namespace.Tests.Harness;

namespace Dora.Namespace.Tests;

/// <summary>Cases of other people's logs (docs/cases.md, I) with the published programs.</summary>
public class LogCaseTests
{
    const string Logger = "command: [/pandora/syslog]\nuser: plain\nlogger: true\nrestart:\n  when: always\n  delay: 10ms\n  factor: 1\n  limit: 0\n";

    /// <summary>"last line in failure"</summary>
    [Fact]
    public void Last_words_of_what_failed_are_told_with_the_failure()
    {
        using var init = new InitInNamespace(new Dictionary<string, string>
        {
            ["syslog"] = Logger,
            ["bad"] = "start: demand\nrestart: never\nafter: [syslog]\ncommand: [/bin/sh, -c, 'echo opening the door; echo the door is locked >&2; exit 3']\n",
            ["once"] = "type: oneshot\nstart: demand\nafter: [syslog]\ncommand: [/bin/sh, -c, 'printf \"no end of line, no key\"; exit 4']\n",
        });
        init.WaitForState("syslog", "running");
        var failed = init.Run("/pandora/dora service start once");
        Assert.NotEqual(0, failed.ExitCode);
        Assert.Contains("dora service status once", failed.Errors);
        init.WaitFor("the last words in the status", () => init.Run("/pandora/dora service status once").Output.Contains("no end of line, no key"));
        init.Run("/pandora/dora service start bad");
        init.WaitForState("bad", "failed");
        init.WaitFor("its last words in its status", () => init.Run("/pandora/dora service status bad").Output is var status
            && status.Contains("opening the door") && status.Contains("the door is locked") && status.Contains('3'));
    }

    /// <summary>"follow across restart loses no line": of the service, and of syslog.</summary>
    [Fact]
    public async Task One_who_follows_gets_every_line_over_restarts_of_the_service_and_of_syslog()
    {
        using var init = new InitInNamespace(new Dictionary<string, string>
        {
            ["syslog"] = Logger,
            ["teller"] = "restart:\n  when: always\n  delay: 10ms\n  factor: 1\n  limit: 0\nafter: [syslog]\ncommand: [/bin/sh, -c, "
                + "'i=$(cat /root/next 2>/dev/null || echo 0); end=$((i + 40)); while [ $i -lt $end ]; do echo line $i; i=$((i + 1)); echo $i >/root/next; sleep 0.01; done']\n",
        });
        init.WaitForState("teller", "running");
        var follower = Task.Run(() => init.Run("timeout 60 /pandora/dora log -f -n 10000 -o cat teller | sed '/^line 600$/q'", TimeSpan.FromSeconds(60)));
        for (int kill = 0; kill < 5; kill++)
        {
            await Task.Delay(700);
            int syslog = init.WaitFor("syslog", () => init.ProcessesIn("dora/services/syslog") is [var first, ..] ? first : 0);
            Processes.Signal(syslog, 9);
        }
        string[] lines = (await follower).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(Enumerable.Range(0, 601).Select(i => $"line {i}"), lines);
    }

    /// <summary>What a command wrote waits in its pipes for the next syslog; so does whoever reads it, also one who has seen nothing yet.</summary>
    [Fact]
    public void While_syslog_is_being_restarted_a_command_that_is_run_and_a_follower_wait_for_the_next_one()
    {
        using var init = new InitInNamespace(new Dictionary<string, string>
        {
            ["syslog"] = "command: [/pandora/syslog]\nuser: plain\nlogger: true\nrestart: {when: always, delay: 3s}\n",
        });
        init.WaitForSyslog();
        init.Run("/pandora/dora run --name again -- /bin/echo before").Expect();
        int syslog = init.Service("syslog").Pid ?? 0;
        string sockets = $"ls -l /proc/{syslog}/fd | grep -c socket:";
        string before = init.Run(sockets).Output;
        init.Run("(setsid /pandora/dora log -f -n 0 -o cat again >/run/seen 2>&1 &) </dev/null >/dev/null 2>&1").Expect();
        init.WaitFor("the follower", () => init.Run(sockets).Output != before);
        init.Run($"kill -9 {syslog}").Expect();
        init.WaitForState("syslog", "backoff");
        var during = init.Run("/pandora/dora run --name again -- /bin/sh -c 'echo one; echo two; exit 3'", TimeSpan.FromSeconds(20));
        Assert.Equal((3, "one\ntwo\n"), (during.ExitCode, during.Output));
        Assert.Matches("^(dora: run: waiting for the log, at most 30 s: syslog or init is being restarted\n)?$", during.Errors);
        init.WaitFor("the same with the follower", () => File.ReadAllText(init.Inside("/run/seen")) == "one\ntwo\n");

        init.Run("/pandora/dora service stop syslog").Expect();
        var without = init.Run("/pandora/dora run --name again -- /bin/sh -c 'echo three; exit 4'");
        Assert.Equal((4, ""), (without.ExitCode, without.Output));
        Assert.Contains("its output is not to be had now: logs: syslog was stopped", without.Errors);
    }

    /// <summary>"binary, no newline, 64 KiB line", and one of a megabyte: every byte is there, in marked pieces, and nobody else's line is touched.</summary>
    [Fact]
    public void Binary_words_without_an_end_and_very_long_lines_come_out_as_they_went_in()
    {
        const string Writer = """
            import os, random
            random.seed(7)
            def put(data):
                while data: data = data[os.write(1, data):]
            put(bytes(b for b in range(256) if b != 10) + b'\n')
            put(b'x' * 65536 + b'\n')
            put('ä€😀'.encode() * 120000 + b'\n')
            put(random.randbytes(70000).replace(b'\n', b'') + b'\n')
            put(b'no newline at all')
            """;
        using var init = new InitInNamespace(new Dictionary<string, string>
        {
            ["syslog"] = "command: [/pandora/syslog, --ring=8388608]\nuser: plain\nlogger: true\nrestart: always\n",
            ["other"] = "command: [/bin/sh, -c, 'while :; do echo quiet words; sleep 0.02; done']\nafter: [syslog]\n",
            ["junk"] = "type: oneshot\nafter: [other]\ncommand: [/usr/bin/python3, /pandora/junk.py]\n",
        }, folder => File.WriteAllText(Path.Combine(folder, "pandora/junk.py"), Writer));
        init.WaitForState("junk", "done");
        var lines = init.WaitFor("the end", () => Messages(init, "junk") is var all && all.Count > 0 && all[^1] == "no newline at all" ? all : null);
        Assert.Equal(5, lines.Count);
        Assert.Equal(string.Concat(Enumerable.Range(0, 256).Where(b => b != 10).Select(b => b < 0x80 ? ((char)b).ToString() : $"\\x{b:x2}")), lines[0]);
        Assert.Equal(new string('x', 65536), lines[1]);
        Assert.Equal(string.Concat(Enumerable.Repeat("ä€😀", 120000)), lines[2]);
        Assert.InRange(lines[3].Length, 70000, 280000);
        Assert.All(Messages(init, "other"), line => Assert.Equal("quiet words", line));
    }

    /// <summary>Messages of a service, those that go on joined to what they go on.</summary>
    static List<string> Messages(InitInNamespace init, string service)
    {
        var messages = new List<StringBuilder>();
        foreach (string json in init.LogOf(service).Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            using var document = JsonDocument.Parse(json);
            string message = document.RootElement.GetProperty("message").GetString()!;
            if (document.RootElement.TryGetProperty("continued", out var continued) && continued.GetBoolean()) messages[^1].Append(message);
            else messages.Add(new StringBuilder(message));
        }
        return messages.ConvertAll(message => message.ToString());
    }
}
