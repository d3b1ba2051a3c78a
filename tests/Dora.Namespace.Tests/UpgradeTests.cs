using Dora.Namespace.Tests.Harness;

namespace Dora.Namespace.Tests;

/// <summary>`dora init upgrade`: another manager and another guard, and nothing else happens.</summary>
public class UpgradeTests
{
    static readonly Dictionary<string, string> s_files = new()
    {
        ["web"] = "command: [/bin/sleep, '100000']\nrestart: always\n",
        ["talker"] = "command: [/bin/sh, -c, 'while :; do echo hello; sleep 0.05; done']\n",
        ["held"] = "command: [/bin/sh, -c, 'exec sleep 1000']\nsockets:\n  - tcp: 8099\nstart: demand\n",
    };

    [Fact]
    public void Pids_sockets_pipes_and_a_scheduled_end_are_kept()
    {
        using var init = new InitInNamespace(s_files);
        var before = init.WaitForState("web", "running");
        var talker = init.WaitForState("talker", "running");
        init.WaitForState("held", "listening");
        init.Run("/pandora/dora reboot --in 1h").Expect();
        int manager = init.ManagerPid();
        string executable = Executable(init.Pid);
        Assert.EndsWith("/pandora/init", executable);

        init.Run("cp /pandora/init /tmp/new && /pandora/dora init upgrade /tmp/new && rm /tmp/new").Expect();
        Assert.StartsWith("/memfd:init", Executable(init.Pid));
        int next = init.ManagerPid();
        Assert.NotEqual(manager, next);
        Assert.StartsWith("/memfd:init", Executable(next));
        Assert.Equal(before, init.Service("web"));
        Assert.Equal(talker, init.Service("talker")); // without its pipe it would have died of SIGPIPE
        Assert.Equal("listening", init.Service("held").State);
        Assert.Equal("scheduled", init.Get("/v1/machine").GetProperty("state").GetString());
        Assert.StartsWith("done", init.Get("/v1/machine").GetProperty("lastUpgrade").GetString());
        Assert.Equal("init", File.ReadAllText($"/proc/{init.Pid}/comm").Trim());
        Assert.Equal(2, Directory.GetDirectories($"/proc/{init.Pid}/task").Length);

        // The new pair does its work: reaps, restarts, survives its manager, is upgraded again, ends.
        init.Run($"kill -9 {before.Pid}").Expect();
        var web = init.WaitForService("web", service => service.State == "running" && service.Pid != before.Pid);
        init.Run("kill -9 " + ShutdownRequestTests.InsidePid(next)).Expect();
        init.WaitFor("another manager", () => init.ManagerPid() is var pid && pid != next);
        Assert.Equal(web, init.Service("web"));
        int descriptors = Directory.GetFileSystemEntries($"/proc/{init.Pid}/fd").Length;
        init.Run("/pandora/dora init upgrade /pandora/init").Expect();
        Assert.Equal(web, init.Service("web"));
        Assert.Equal(descriptors, Directory.GetFileSystemEntries($"/proc/{init.Pid}/fd").Length);
        Assert.Equal(202, init.Request(HttpMethod.Post, "/v1/machine/poweroff").Status);
        Assert.Equal(2, init.WaitForEnd(TimeSpan.FromSeconds(15)));
    }

    [Fact]
    public void What_is_no_init_is_refused_and_nothing_happens()
    {
        using var init = new InitInNamespace(s_files, files => Compile(files, "liar", Liar("write(1, \"pandora-init 9\\n\", 15); return 0;")));
        var before = init.WaitForState("web", "running");
        int manager = init.ManagerPid();
        foreach (var (path, why) in new[]
        {
            ("/nonexistent", "no such file or directory"), ("/etc/passwd", "it is no executable (ELF)"), ("/bin/sleep", "it is not static"),
            ("/pandora/dora", "it is no init of Pandora"), ("/etc", "read /etc: is a directory"), ("/dev/null", "it is empty"),
        })
        {
            var refused = init.Run($"/pandora/dora init upgrade {path}");
            Assert.Equal((path, 1), (path, refused.ExitCode));
            Assert.Contains(why, refused.Errors);
        }
        Assert.Equal(manager, init.ManagerPid());
        Assert.Equal(before, init.Service("web"));
    }

    [Theory]
    [InlineData("return 3;", "it ended with exit code 3")]
    [InlineData("pause(); return 0;", "it did not come up within")]
    public void A_manager_that_does_not_come_up_is_rolled_back(string manager, string why)
    {
        using var init = new InitInNamespace(s_files, files => Compile(files, "liar", Liar(manager)));
        var before = init.WaitForState("web", "running");
        string executable = Executable(init.Pid);
        var failed = init.Run("/pandora/dora init upgrade /pandora/liar", TimeSpan.FromSeconds(40));
        Assert.Equal(1, failed.ExitCode);
        Assert.Contains("rolled back: " + why, failed.Errors);
        Assert.Equal(executable, Executable(init.Pid));
        Assert.Equal(before, init.Service("web"));
        Assert.Equal(executable, Executable(init.ManagerPid()));
    }

    /// <summary>Syslog at full work, lines in pieces and datagrams, and not one is lost or torn: neither by an upgrade nor by another syslog.</summary>
    [Fact]
    public void Syslog_goes_on_through_an_upgrade_and_is_replaced_without_losing_a_line()
    {
        const string pieces = "use IO::Handle; STDOUT->autoflush(1); my $i = 0; until (-e '/run/enough') { for (1..20) { $i++; print qq(line $i begins, ); select undef, undef, undef, 0.01 unless $i % 20; print qq(goes on, ) if $i % 3; print qq(ends\\n) } select undef, undef, undef, 0.01 }; print qq(last $i\\n); sleep 1000";
        const string datagrams = "use IO::Socket::UNIX; $| = 1; my $s = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Peer => '/dev/log') or die; my $i = 0; until (-e '/run/enough') { $i++; send($s, qq(<30>Nov 21 03:55:35 sent[1]: line $i ends), 0) or die $!; select undef, undef, undef, 0.0005 }; print qq(last $i\\n); sleep 1000";
        using var init = new InitInNamespace(new Dictionary<string, string>
        {
            ["syslog"] = "command: [/pandora/syslog, --ring=16777216]\nuser: plain\nlogger: true\nrestart: always\n",
            ["pieces"] = $"command: [/usr/bin/perl, -e, \"{pieces}\"]\nneeds: [syslog]\n",
            ["sends"] = $"command: [/usr/bin/perl, -e, \"{datagrams}\"]\nneeds: [syslog]\n",
        });
        init.WaitForState("pieces", "running");
        var before = init.WaitForState("sends", "running");
        int syslog = Assert.Single(init.ProcessesIn("dora/services/syslog"));
        init.Run("cp /pandora/init /tmp/new").Expect();
        for (int round = 0; round < 5; round++)
        {
            init.Run("/pandora/dora init upgrade /tmp/new").Expect();
            Assert.Equal([syslog], init.ProcessesIn("dora/services/syslog"));
            // It goes alone: who needs it stays, and while its successor is on its way a question waits for that.
            init.Run("/pandora/dora service restart syslog && /pandora/dora log -n 1").Expect();
            syslog = init.WaitFor("another syslog", () => init.ProcessesIn("dora/services/syslog") is [var pid] && pid != syslog ? pid : 0);
        }
        Assert.Equal((before.Pid, 0), (init.Service("sends").Pid, init.Service("sends").Restarts));

        File.WriteAllText(init.Inside("/run/enough"), "");
        AssertAllAreThere(init, "pieces", i => i % 3 == 0 ? $"line {i} begins, ends" : $"line {i} begins, goes on, ends");
        AssertAllAreThere(init, "sends", i => $"sent: line {i} ends");
    }

    static void AssertAllAreThere(InitInNamespace init, string service, Func<int, string> expected)
    {
        string Lines() => init.Run($"/pandora/dora log {service} -n 100000 --json", TimeSpan.FromSeconds(60)).Expect();
        string last = init.WaitFor($"the last line of {service}", () => Lines().Split('\n').FirstOrDefault(line => line.Contains("\"message\":\"last ")), TimeSpan.FromSeconds(60));
        var messages = Lines().Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => System.Text.Json.JsonDocument.Parse(line).RootElement.GetProperty("message").GetString()!).ToList();
        int count = int.Parse(System.Text.Json.JsonDocument.Parse(last).RootElement.GetProperty("message").GetString()!["last ".Length..]);
        Assert.InRange(count, 100, 90_000);
        var there = messages.ToHashSet();
        var missing = Enumerable.Range(1, count).Where(i => !there.Contains(expected(i))).ToList();
        Assert.True(missing.Count == 0, $"{service}: {missing.Count} of {count} lines are missing or torn, the first {string.Join(", ", missing.Take(5))}");
    }

    static string Executable(int pid) => File.ResolveLinkTarget($"/proc/{pid}/exe", false)!.FullName;

    /// <summary>A program that passes the self test and then is no manager.</summary>
    static string Liar(string manager) => $$"""
        #include <string.h>
        #include <unistd.h>
        int main(int argc, char **argv) {
            if (argc > 1 && strcmp(argv[1], "--version") == 0) { (void)!write(1, "pandora-init 9\n", 15); return 0; }
            {{manager}}
        }
        """;

    static void Compile(string files, string name, string source)
    {
        string file = Path.Combine(files, "pandora", name);
        File.WriteAllText(file + ".c", source);
        Programs.Run(TimeSpan.FromSeconds(60), "clang", "-static", "-O1", "-Wno-unused-result", "-o", file, file + ".c").Expect();
    }
}
