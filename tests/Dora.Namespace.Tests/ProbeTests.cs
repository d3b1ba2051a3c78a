using System.Diagnostics;
using System.Text.Json;
using Dora.Namespace.Tests.Harness;

namespace Dora.Namespace.Tests;

/// <summary>Readiness and health as they are seen from outside, and the commands that help a service along. One init for all.</summary>
public sealed class ProbeTests(ProbeTests.Watched watched) : IClassFixture<ProbeTests.Watched>
{
    const string Demand = "start: demand\n", Never = "restart: never\n", Quick = "restart: {when: always, delay: 20ms}\n";
    const string Rest = "exec sleep 1000";
    const string Listen = "use Socket; $| = 1; select undef, undef, undef, 0.4; ";

    static string Perl(string script) => $"command: [/usr/bin/perl, -e, '{script}']\n";

    // Answers 200, or 500 once the file is there.
    static string Http(int port, string broken) => Perl("use Socket; socket S, PF_INET, SOCK_STREAM, 0; setsockopt S, SOL_SOCKET, SO_REUSEADDR, 1; "
        + $"bind S, sockaddr_in({port}, INADDR_LOOPBACK) or die; listen S, 9; while (accept C, S) {{ sysread C, $x, 999; "
        + $"syswrite C, \"HTTP/1.1 \" . (-e \"{broken}\" ? 500 : 200) . \" X\\r\\nContent-Length: 0\\r\\n\\r\\n\"; close C }}");

    public sealed class Watched : IDisposable
    {
        public InitInNamespace Init { get; } = new(new Dictionary<string, string>
        {
            ["tcp"] = Perl(Listen + "socket S, PF_INET, SOCK_STREAM, 0; bind S, sockaddr_in(7001, INADDR_LOOPBACK) or die; listen S, 9; sleep 1000") + "ready: {tcp: 7001, interval: 20ms}\n" + Demand,
            ["tcp6"] = Perl("use Socket qw(:all); socket S, PF_INET6, SOCK_STREAM, 0; bind S, pack_sockaddr_in6(7002, IN6ADDR_LOOPBACK) or die; listen S, 9; sleep 1000") + "ready: {tcp: 7002, interval: 20ms}\n" + Demand,
            ["unix"] = Perl(Listen + "socket S, PF_UNIX, SOCK_STREAM, 0; bind S, sockaddr_un(\"/run/ready.sock\") or die; listen S, 9; sleep 1000") + "ready: {unix: /run/ready.sock, interval: 20ms}\n" + Demand,
            ["http"] = Http(7003, "/run/nowhere") + "ready: {http: 'http://localhost:7003/up', interval: 20ms}\n" + Demand,
            ["closed"] = Scripts.Service(Rest, "ready: {tcp: 7009, interval: 20ms}\nstart-timeout: 300ms\n" + Never + Demand),
            ["file"] = Scripts.Service($"sleep 0.2; mkdir -p /run/deep; sleep 0.1; mkdir /run/deep/er; sleep 0.2; echo $$ >/run/deep/er/pid; {Rest}", "ready: {file: /run/deep/er/pid}\n" + Demand),
            ["stale"] = Scripts.Service($"[ ! -e /run/stale.pid ] || sleep 0.6; echo $$ >/run/stale.pid; {Rest}", "ready: {file: /run/stale.pid}\n" + Demand),
            ["command"] = Scripts.Service($"sleep 0.4; touch /run/command-ready; {Rest}", "ready: {command: [/usr/bin/test, -e, /run/command-ready], interval: 50ms}\n" + Demand),
            ["sick"] = Http(7004, "/run/sick") + "ready: {tcp: 7004, interval: 20ms}\nhealth: {http: 'http://localhost:7004/', interval: 50ms, threshold: 2}\n" + Quick + Demand,
            ["shown"] = Http(7005, "/run/shown") + "ready: {tcp: 7005, interval: 20ms}\nhealth: {http: 'http://127.0.0.1:7005', interval: 50ms, threshold: 2, action: none}\n" + Demand,
            ["hung"] = Scripts.Service(Rest, $"health: {{command: {Scripts.Words("sleep 500 & sleep 501")}, interval: 50ms, timeout: 200ms, threshold: 1}}\n" + Never + Demand),
            ["pre"] = Scripts.Service(Rest, $"pre-start: {Scripts.Words("exec >/tmp/pre; id -un; grep -o '/dora.*' /proc/self/cgroup; pwd; sleep 987 &")}\nuser: plain\ndirectory: /usr\n" + Demand),
            ["pre-fail"] = Scripts.Service($"touch /run/pre-fail; {Rest}", $"pre-start: [/bin/false]\n" + Never + Demand),
            ["pre-long"] = Scripts.Service($"touch /run/pre-long; {Rest}", $"pre-start: [/bin/sleep, '988']\nhelper-timeout: 300ms\n" + Never + Demand),
            ["pre-stop"] = Scripts.Service(Rest, "pre-start: [/bin/sleep, '989']\n" + Demand),
            ["stop"] = Scripts.Service("trap 'echo asked >/run/stop; exit 0' USR1; trap '' TERM; while :; do sleep 0.05; done", $"stop-command: {Scripts.Words("kill -USR1 $MAINPID")}\n" + Demand),
            ["stop-fails"] = Scripts.Service(Rest, "stop-command: [/bin/false]\nstop-timeout: 8s\n" + Demand),
            ["reload"] = Scripts.Service(Rest, $"reload-command: {Scripts.Words("[ ! -e /run/reload-bad ] && echo $MAINPID >>/run/reload")}\n" + Demand),
            ["bare"] = "command: [/bin/sleep, '1000']\n",
        });

        public Watched() => Init.Get("/v1/version");

        public void Dispose() => Init.Dispose();
    }

    InitInNamespace Init => watched.Init;

    [Theory]
    [InlineData("tcp", 350)]
    [InlineData("tcp6", 0)]
    [InlineData("unix", 350)]
    [InlineData("http", 0)]
    [InlineData("file", 450)]
    [InlineData("command", 350)]
    public void It_is_ready_when_that_is_seen(string service, int notBeforeMs)
    {
        long start = Stopwatch.GetTimestamp();
        Assert.Equal("done", Init.Change("start", service).GetProperty("status").GetString());
        Assert.True(Stopwatch.GetElapsedTime(start).TotalMilliseconds >= notBeforeMs, "ready before it was");
        Assert.Equal("running", Init.Service(service).State);
    }

    [Fact]
    public void What_never_listens_is_not_ready_in_time_and_the_log_says_what_was_seen()
    {
        Init.Change("start", "closed");
        Assert.Contains("start-timeout", Init.WaitForState("closed", "failed").Reason);
        Init.WaitForLog("closed: not ready: connect to port 7009: connection refused (ECONNREFUSED)");
    }

    [Fact]
    public void A_file_that_an_earlier_run_left_does_not_count()
    {
        Init.Change("start", "stale");
        long start = Stopwatch.GetTimestamp();
        Init.Change("restart", "stale");
        Assert.True(Stopwatch.GetElapsedTime(start).TotalMilliseconds >= 550, "the old file counted");
    }

    [Fact]
    public void Lost_health_is_a_failure_and_the_service_is_restarted()
    {
        Init.Change("start", "sick");
        var up = Init.Service("sick");
        Init.WaitFor("health", () => Health("sick") == "healthy");
        Thread.Sleep(200);
        Assert.Equal(up, Init.Service("sick"));
        File.WriteAllText(Init.Inside("/run/sick"), "");
        Init.WaitForService("sick", service => service.Restarts > 0);
        File.Delete(Init.Inside("/run/sick"));
        var again = Init.WaitForService("sick", service => service is { State: "running", Restarts: > 0 });
        Assert.NotEqual(up.Pid, again.Pid);
        Init.WaitForLog("sick: ended (unhealthy: http status 500 (2 times))");
    }

    [Fact]
    public void Lost_health_may_be_shown_alone_and_come_back()
    {
        Init.Change("start", "shown");
        var up = Init.Service("shown");
        File.WriteAllText(Init.Inside("/run/shown"), "");
        Init.WaitFor("what is wrong", () => Health("shown") == "unhealthy");
        Assert.Equal("unhealthy: http status 500", Init.Service("shown").Reason);
        Assert.Matches("health +unhealthy", Init.Run("/pandora/dora service status shown").Expect());
        File.Delete(Init.Inside("/run/shown"));
        Init.WaitFor("health", () => Health("shown") == "healthy");
        Assert.Equal(up, Init.Service("shown"));
    }

    [Fact]
    public void A_check_that_hangs_is_killed_with_its_children_and_has_failed()
    {
        Init.Change("start", "hung");
        Assert.Equal("unhealthy: no answer within 200 ms", Init.WaitForState("hung", "failed").Reason);
        Init.WaitFor("its processes to be gone", () => !Init.Run("cat /proc/[0-9]*/cmdline 2>/dev/null").Output.Contains("sleep\0" + "50"));
        Init.WaitFor("its cgroups to be gone", () => !Init.Cgroups().Any(path => path.StartsWith("dora/services/hung", StringComparison.Ordinal)));
    }

    [Fact]
    public void Pre_start_runs_first_as_the_same_user_in_the_same_cgroup_and_leaves_nothing()
    {
        Init.Change("start", "pre");
        Assert.Equal("plain\n/dora/services/pre/.pre-start\n/usr\n", File.ReadAllText(Init.Inside("/tmp/pre")));
        Assert.Equal("running", Init.Service("pre").State);
        Init.WaitFor("the end of what it left", () => !Init.Run("cat /proc/[0-9]*/cmdline 2>/dev/null").Output.Contains("sleep\0" + "987"));
        Assert.Single(Init.ProcessesIn("dora/services/pre"));
    }

    [Fact]
    public void A_pre_start_that_fails_keeps_the_program_from_starting()
    {
        Init.Change("start", "pre-fail");
        Assert.Equal("pre-start: exit code 1", Init.WaitForState("pre-fail", "failed").Reason);
        Assert.False(File.Exists(Init.Inside("/run/pre-fail")));
    }

    [Fact]
    public void A_pre_start_that_takes_too_long_is_killed()
    {
        Init.Change("start", "pre-long");
        Assert.Equal("pre-start: not done within 300 ms (helper-timeout)", Init.WaitForState("pre-long", "failed").Reason);
        Assert.False(File.Exists(Init.Inside("/run/pre-long")));
        Assert.Empty(Init.ProcessesIn("dora/services/pre-long/.pre-start"));
    }

    [Fact]
    public void A_stop_does_not_wait_for_pre_start()
    {
        Init.Request(HttpMethod.Post, "/v1/services/pre-stop/start");
        Init.WaitFor("its pre-start", () => Init.ProcessesIn("dora/services/pre-stop/.pre-start").Count == 1);
        long start = Stopwatch.GetTimestamp();
        Assert.Equal("done", Init.Change("stop", "pre-stop").GetProperty("status").GetString());
        Assert.True(Stopwatch.GetElapsedTime(start).TotalSeconds < 4);
        Assert.Equal("stopped", Init.Service("pre-stop").State);
    }

    [Fact]
    public void The_stop_command_takes_the_place_of_the_signal()
    {
        Init.Change("start", "stop");
        Init.WaitForTrap("stop");
        Init.Change("stop", "stop");
        Assert.Equal("asked\n", File.ReadAllText(Init.Inside("/run/stop")));
    }

    [Fact]
    public void A_stop_command_that_fails_is_followed_by_the_signal()
    {
        Init.Change("start", "stop-fails");
        long start = Stopwatch.GetTimestamp();
        Init.Change("stop", "stop-fails");
        Assert.True(Stopwatch.GetElapsedTime(start).TotalSeconds < 6, "it was not sent the signal");
        Init.WaitForLog("stop-fails: stop-command: exit code 1");
    }

    [Fact]
    public void The_reload_command_is_run_and_its_failure_is_told_and_changes_nothing()
    {
        Init.Change("start", "reload");
        int pid = Init.Service("reload").Pid!.Value;
        Assert.Equal("done", Init.Change("reload", "reload").GetProperty("status").GetString());
        Assert.Equal($"{pid}\n", File.ReadAllText(Init.Inside("/run/reload")));
        File.WriteAllText(Init.Inside("/run/reload-bad"), "");
        var change = Init.Change("reload", "reload");
        Assert.Equal("failed", change.GetProperty("status").GetString());
        Assert.Equal("reload: reload: exit code 1", change.GetProperty("error").GetProperty("message").GetString());
        Assert.Equal((pid, "running", "reload: exit code 1"), (Init.Service("reload").Pid, Init.Service("reload").State, Init.Service("reload").Reason));
        Assert.NotEqual(0, Init.Run("/pandora/dora service reload reload").ExitCode);
    }

    [Fact]
    public void What_has_no_way_to_reload_and_what_does_not_run_is_refused()
    {
        var (status, body) = Init.Request(HttpMethod.Post, "/v1/services/bare/reload");
        Assert.Equal((409, "service.no-reload"), (status, body.GetProperty("error").GetString()));
        (status, body) = Init.Request(HttpMethod.Post, "/v1/services/closed/reload");
        Assert.Equal(409, status);
        Assert.Equal(404, Init.Request(HttpMethod.Post, "/v1/services/nobody/reload").Status);
    }

    string? Health(string service) => Init.Get($"/v1/services/{service}").TryGetProperty("health", out JsonElement health) ? health.GetString() : null;
}
