using System.Diagnostics;
using Dora.Namespace.Tests.Harness;

namespace Dora.Namespace.Tests;

/// <summary><c>dora run</c> against a running init with its syslog; one init for all, each test runs commands of its own.</summary>
public sealed class RunTests(RunTests.Running running) : IClassFixture<RunTests.Running>
{
    public sealed class Running : IDisposable
    {
        public Running() => Init.WaitForSyslog();

        public InitInNamespace Init { get; } = new(new Dictionary<string, string>
        {
            ["syslog"] = "command: [/pandora/syslog]\nlogger: true\nrestart: always\n",
            ["web"] = "command: [/bin/sleep, '100000']\n",
        });

        public void Dispose() => Init.Dispose();
    }

    private readonly InitInNamespace _init = running.Init;

    private Outcome Dora(string arguments) => _init.Run($"cd /tmp && /pandora/dora {arguments}", TimeSpan.FromSeconds(20));

    private void KillManager() => Programs.Run(TimeSpan.FromSeconds(5), "sh", "-c", $"kill -9 {_init.ManagerPid()}").Expect();

    /// <summary>dora in the background; its exit code and output are in /run/NAME.code and .out.</summary>
    private void InBackground(string name, string arguments) => _init.Run(
        $"(setsid sh -c 'env --default-signal=INT /pandora/dora run --name {name} {arguments} >/run/{name}.out 2>/run/{name}.err & echo $! >/run/{name}.pid; wait $!; echo $? >/run/{name}.code') </dev/null >/dev/null 2>&1 &").Expect();

    private string Result(string name) => _init.WaitFor($"the end of {name}", () =>
        File.Exists(_init.Inside($"/run/{name}.code")) && File.ReadAllText(_init.Inside($"/run/{name}.code")) is { Length: > 0 } code ? code.Trim() : null, TimeSpan.FromSeconds(15))!;

    private string Text(string file) => File.ReadAllText(_init.Inside(file));

    [Theory]
    [InlineData("/bin/true", 0)]
    [InlineData("/bin/sh -c 'exit 1'", 1)]
    [InlineData("sh -c 'exit 255'", 255)] // found in PATH
    [InlineData("/bin/sh -c 'kill -KILL $$'", 128 + 9)]
    [InlineData("/bin/sh -c 'kill -SEGV $$'", 128 + 11)]
    [InlineData("/nonexistent", 127)]
    [InlineData("nonexistent", 127)]
    [InlineData("/etc/passwd", 126)]
    [InlineData("/etc", 126)]
    public void The_exit_code_is_that_of_the_command(string command, int code) => Dora($"run -- {command}").Expect(code);

    [Theory]
    [InlineData("--timeout 200ms", "/bin/sleep 1000", "\"result\":\"timeout\"")]
    [InlineData("", "/nonexistent", "\"result\":\"exec-failed\",\"errno\":\"ENOENT\"")]
    [InlineData("", "/etc/passwd", "\"result\":\"exec-failed\",\"errno\":\"EACCES\"")]
    [InlineData("--dir /nonexistent", "/bin/true", "\"result\":\"launch-failed\",\"errno\":\"ENOENT\"")]
    [InlineData("", "/bin/sh -c 'kill -SEGV $$'", "\"result\":\"signal\"")]
    [InlineData("", "/bin/true", "\"result\":\"success\"")]
    public void Why_it_ended_is_told_to_programs(string options, string command, string expected)
    {
        Dora($"run --name why {options} -- {command}");
        Assert.Contains(expected, Dora("service status why --json").Expect());
    }

    [Fact]
    public void Output_and_errors_arrive_whole_and_apart()
    {
        var outcome = Dora("run -- /bin/sh -c 'echo one; echo two >&2; printf three'");
        Assert.Equal((0, "one\nthree\n", "two\n"), (outcome.ExitCode, outcome.Output, outcome.Errors));
    }

    [Fact]
    public void A_long_line_and_many_lines_arrive_to_the_last_byte()
    {
        const string script = "my $n = 65536; print chr(97 + $_ % 26) x 1 for 1..$n; print qq(\\n); print qq($_\\n) for 1..1000";
        string output = Dora($"run -- /usr/bin/perl -e '{script}'").Expect();
        string[] lines = output.Split('\n');
        Assert.Equal(65536, lines[0].Length);
        Assert.Equal(string.Concat(Enumerable.Range(1, 65536).Select(i => (char)(97 + i % 26))), lines[0]);
        Assert.Equal(Enumerable.Range(1, 1000).Select(i => i.ToString()), lines[1..^1]);
    }

    [Fact]
    public void Settings_reach_the_process_and_its_cgroup_is_its_own()
    {
        string[] told = Dora("run --name settings --user plain --env A=b=c --env D= --dir /usr -- /bin/sh -c 'id -un; pwd; echo $A.$D.$HOME; grep ^0:: /proc/self/cgroup'").Expect().Split('\n');
        Assert.Equal(["plain", "/usr", "b=c../tmp"], told.Take(3));
        Assert.EndsWith("/dora/jobs/settings", told[3]);
        _init.WaitFor("its cgroup to be gone", () => !_init.Cgroups().Contains("dora/jobs/settings"));
    }

    [Fact]
    public void A_limit_is_in_force_in_its_cgroup_and_a_wrong_one_is_refused()
    {
        const string read = "-- /bin/sh -c 'cat /sys/fs/cgroup/dora/jobs/limited/cgroup.max.descendants'";
        Assert.Equal("7\n", Dora($"run --name limited --limit cgroup.max.descendants=7 {read}").Expect());
        Assert.Contains("cgroup: cgroup.max.depth: write 'many'", Dora("run --limit cgroup.max.depth=many -- /bin/true") is { ExitCode: 125 } value ? value.Errors : "");
        Assert.Contains("cgroup: ", Dora("run --limit ../x=1 -- /bin/true") is { ExitCode: 125 } file ? file.Errors : "");
    }

    [Fact]
    public void What_it_leaves_behind_ends_with_it()
    {
        var clock = Stopwatch.StartNew();
        Dora("run --name leaves -- /bin/sh -c 'setsid sleep 4711 & sleep 4712 & sleep 0.1'").Expect();
        Assert.InRange(clock.Elapsed.TotalSeconds, 0, 5);
        Assert.Empty(_init.ProcessesIn("dora/jobs/leaves"));
    }

    [Fact]
    public void A_timeout_ends_it_with_124()
    {
        var outcome = Dora("run --timeout 300ms -- /bin/sleep 1000");
        Assert.Equal(124, outcome.ExitCode);
        Assert.Contains("not done within 300 ms", outcome.Errors);
    }

    [Fact]
    public void Ctrl_c_stops_it_and_what_it_says_last_is_seen()
    {
        InBackground("interrupted", "-- /bin/sh -c \"trap \\\"echo bye; exit 7\\\" TERM; echo hello; while :; do sleep 0.05; done\"");
        _init.WaitFor("its first word", () => File.Exists(_init.Inside("/run/interrupted.out")) && Text("/run/interrupted.out") == "hello\n");
        _init.Run("kill -INT $(cat /run/interrupted.pid)").Expect();
        Assert.Equal("7", Result("interrupted"));
        Assert.Equal("hello\nbye\n", Text("/run/interrupted.out"));
    }

    [Fact]
    public void A_stop_by_somebody_else_is_seen_as_the_signal()
    {
        InBackground("stopped", "-- /bin/sleep 1000");
        _init.WaitForState("stopped", "running");
        _init.Change("stop", "stopped");
        Assert.Equal("143", Result("stopped"));
    }

    [Fact]
    public void A_detached_one_goes_on_and_is_listed_until_it_is_stopped()
    {
        string name = Dora("run --detach -- /bin/sleep 100000").Expect().Trim();
        Assert.Matches("^run-[0-9]+$", name);
        var listed = _init.Get($"/v1/services/{name}");
        Assert.True(listed.GetProperty("transient").GetBoolean());
        Assert.Equal("running", listed.GetProperty("state").GetString());
        Assert.Contains("transient: /bin/sleep 100000", Dora("service list").Expect());
        Dora($"service stop {name}").Expect();
        Assert.Equal("stopped", _init.Service(name).State);
        Assert.Equal(15, _init.Get($"/v1/services/{name}").GetProperty("lastExit").GetProperty("signal").GetInt32());
        Assert.Empty(_init.ProcessesIn($"dora/jobs/{name}"));
    }

    [Fact]
    public void It_survives_the_manager_and_its_end_and_output_are_told_by_the_next()
    {
        InBackground("survivor", "--env WORD=kept -- /bin/sh -c \"echo before; until [ -e /run/survivor.go ]; do sleep 0.05; done; echo after \\$WORD; exit 9\"");
        var before = _init.WaitForState("survivor", "running");
        _init.WaitFor("its first word", () => File.Exists(_init.Inside("/run/survivor.out")) && Text("/run/survivor.out") == "before\n");
        KillManager();
        Assert.Equal(before with { Restarts = 0 }, _init.WaitForState("survivor", "running"));
        KillManager();
        _init.Run("touch /run/survivor.go").Expect();
        Assert.Equal("9", Result("survivor"));
        Assert.Equal("before\nafter kept\n", Text("/run/survivor.out"));
        // The last result is known for a while, also to managers that come later.
        KillManager();
        var after = _init.Get("/v1/services/survivor");
        Assert.Equal((9, "failed"), (after.GetProperty("lastExit").GetProperty("code").GetInt32(), after.GetProperty("state").GetString()));
        Assert.StartsWith("/bin/sh -c", after.GetProperty("description").GetString());
    }

    [Fact]
    public void Syslog_may_die_meanwhile_and_no_line_is_lost_or_seen_twice()
    {
        InBackground("logged", "-- /bin/sh -c \"for i in 1 2 3 4 5 6 7 8; do echo \\$i; sleep 0.1; done\"");
        _init.WaitFor("the second line", () => File.Exists(_init.Inside("/run/logged.out")) && Text("/run/logged.out").Contains("2\n"));
        _init.Run($"kill -9 {_init.Service("syslog").Pid}").Expect();
        Assert.Equal("0", Result("logged"));
        Assert.Equal("1\n2\n3\n4\n5\n6\n7\n8\n", Text("/run/logged.out"));
    }

    [Fact]
    public void A_name_is_taken_while_it_runs_and_free_afterwards_without_the_lines_of_before()
    {
        Assert.Equal("one\n", Dora("run --name again -- /bin/echo one").Expect());
        Assert.Equal("two\n", Dora("run --name again -- /bin/echo two").Expect());
        Dora("run --name busy --detach -- /bin/sleep 1000").Expect();
        Assert.Contains("busy: a command of this name is being run", Dora("run --name busy -- /bin/true") is { ExitCode: 125 } taken ? taken.Errors : "");
        Assert.Contains("web: there is a service of this name", Dora("run --name web -- /bin/true") is { ExitCode: 125 } real ? real.Errors : "");
        _init.Change("stop", "busy");
    }

    [Fact]
    public void What_makes_no_sense_is_refused_with_its_place()
    {
        Assert.Contains("user: 'a b' is neither a name", Dora("run --user 'a b' -- /bin/true") is { ExitCode: 125 } user ? user.Errors : "");
        Assert.Contains("start-timeout: '5' is not a duration", Dora("run --timeout 5 -- /bin/true") is { ExitCode: 125 } time ? time.Errors : "");
        Assert.Contains("'a/b' is not the name of a service", Dora("run --name a/b -- /bin/true") is { ExitCode: 125 } name ? name.Errors : "");
        Dora("run --env nonsense -- /bin/true").Expect(2);
        Dora("run").Expect(2);
        Assert.Contains("only root may do this", _init.Run("setpriv --reuid 1234 --regid 1235 --clear-groups /pandora/dora run -- /bin/true") is { ExitCode: 125 } denied ? denied.Errors : "");
        string post = "perl -MIO::Socket::UNIX -e '$b = shift; $s = IO::Socket::UNIX->new(Peer => q(/run/dora/dora.sock)); printf $s qq(POST /v1/run HTTP/1.1\\r\\nHost: a\\r\\nConnection: close\\r\\nContent-Length: %d\\r\\n\\r\\n%s), length $b, $b; print <$s>' ";
        Assert.Contains("request:1:2: start: makes no sense for a command that is run once", _init.Run(post + "'{\"start\":\"boot\",\"command\":[\"/bin/true\"]}'").Expect());
        Assert.Contains("\"verb\":\"run\"", _init.Run(post + "'command: [/bin/true]'").Expect());
    }

    [Fact]
    public void A_manager_that_is_killed_right_after_the_request_leaves_no_process_that_nobody_knows()
    {
        for (int i = 0; i < 3; i++)
        {
            _init.Run($"/pandora/dora run --detach --name quick{i} -- /bin/sleep 100000 & sleep 0.0{i}; kill -9 {Inside(_init.ManagerPid())}; wait");
            var running = _init.Cgroups().Where(cgroup => cgroup == $"dora/jobs/quick{i}").SelectMany(_init.ProcessesIn).ToList();
            if (running.Count == 0) continue;
            Assert.Equal("running", _init.WaitForState($"quick{i}", "running").State);
            _init.Change("stop", $"quick{i}");
            Assert.Empty(_init.ProcessesIn($"dora/jobs/quick{i}"));
        }
    }

    private static string Inside(int pid) => File.ReadLines($"/proc/{pid}/status").First(line => line.StartsWith("NSpid:", StringComparison.Ordinal)).Split('\t')[^1];
}
