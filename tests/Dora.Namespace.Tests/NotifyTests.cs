using System.Text.Json;
using Dora.Namespace.Tests.Harness;

namespace Dora.Namespace.Tests;

/// <summary>sd_notify(3) and the s6 descriptor, spoken by real processes. One init for all of them; each test has its own services.</summary>
public sealed class NotifyTests(NotifyTests.Talkers talkers) : IClassFixture<NotifyTests.Talkers>
{
    const string Systemd = "notify: systemd\n", Never = "restart: never\n", Demand = "start: demand\n";
    const string Quick = "restart: {when: always, delay: 20ms}\n";
    const string Rest = "exec sleep 1000";

    public sealed class Talkers : IDisposable
    {
        public InitInNamespace Init { get; } = new(new Dictionary<string, string>
        {
            ["ready"] = Scripts.Service($"/pandora/notify @sleep 500 'STATUS=17 clients' 'READY=1' @barrier; {Rest}", Systemd),
            ["follower"] = "command: [/bin/sleep, '1000']\nneeds: [ready]\n",
            ["quiet-twin"] = "command: [/bin/sleep, '1000']\n",
            ["quiet"] = Scripts.Service(Rest, Systemd),
            ["big"] = Scripts.Service($"/pandora/notify @big @barrier STATUS=after @barrier; {Rest}", Systemd),
            // systemd's own client where the host has it: it waits for the barrier by itself.
            ["genuine"] = Scripts.Service($"PATH=/usr/bin:/bin; if command -v systemd-notify; then systemd-notify --ready --status=genuine; else /pandora/notify 'READY=1\\nSTATUS=genuine' @barrier; fi; {Rest}", Systemd),
            ["plain"] = Scripts.Service($"/pandora/notify 'READY=1\\nSTATUS=from a user' @barrier; {Rest}", Systemd + "user: plain\n"),
            ["main"] = Scripts.Service("sleep 1000 & /pandora/notify \"MAINPID=$!\\nREADY=1\" MAINPID=0 MAINPID=1 MAINPID=junk MAINPID=-5 MAINPID= @barrier; wait; sleep 1000", Systemd + Quick + Demand),
            ["handover"] = Scripts.Service("sleep 1000 & /pandora/notify \"MAINPID=$!\\nREADY=1\" @barrier; exit 0", Systemd + Never + Demand),
            ["foreign"] = Scripts.Service($"/pandora/notify MAINPID=$(cat /run/other) READY=1 @barrier; {Rest}", Systemd + Demand),
            ["reloading"] = Scripts.Service($"[ -e /run/reloaded ] || {{ touch /run/reloaded; /pandora/notify READY=1 @barrier RELOADING=1 @barrier; while ! [ -e /run/reloading-seen ]; do sleep 0.05; done; exit 1; }}; /pandora/notify READY=1 @barrier; {Rest}", Systemd + Quick + Demand),
            ["reloadable"] = Scripts.Service("trap '/pandora/notify @reloading @barrier @sleep 400 READY=1 @barrier' HUP; /pandora/notify READY=1 @barrier; while :; do sleep 0.05; done", Systemd + "reload-signal: HUP\n" + Demand),
            ["reload-mute"] = Scripts.Service("trap '' HUP; /pandora/notify READY=1 @barrier; exec sleep 1000", Systemd + "reload-signal: HUP\nstart-timeout: 1s\n" + Demand),
            ["extends"] = Scripts.Service($"/pandora/notify EXTEND_TIMEOUT_USEC=9000000 @barrier @sleep 2500 READY=1 @barrier; {Rest}", Systemd + Never + "start-timeout: 2s\n" + Demand),
            ["extends-late"] = Scripts.Service($"/pandora/notify EXTEND_TIMEOUT_USEC=400000 @barrier; {Rest}", Systemd + Never + "start-timeout: 200ms\n" + Demand),
            ["extends-stop"] = Scripts.Service("trap '/pandora/notify EXTEND_TIMEOUT_USEC=9000000 @barrier @sleep 2500; touch /run/stopped-well; exit 0' TERM; /pandora/notify READY=1 @barrier; while :; do sleep 0.05; done", Systemd + "stop-timeout: 2s\n" + Demand),
            ["stopping"] = Scripts.Service("/pandora/notify READY=1 @barrier STOPPING=1 @barrier; while ! [ -e /run/stopping-seen ]; do sleep 0.05; done; exit 0", Systemd + "restart: {when: always, delay: 20s}\n" + Demand),
            ["watched"] = Scripts.Service("[ $WATCHDOG_PID = $$ ] && [ $WATCHDOG_USEC = 1500000 ] || exit 9; /pandora/notify READY=1 @barrier; for i in 1 2 3 4 5; do sleep 0.5; /pandora/notify WATCHDOG=1 @barrier; done; touch /run/barked; exec sleep 1000", Systemd + Never + "watchdog: 1500ms\n" + Demand),
            ["trouble"] = Scripts.Service($"/pandora/notify READY=1 WATCHDOG=trigger @barrier; {Rest}", Systemd + Never + "watchdog: 1h\n" + Demand),
            ["paced"] = Scripts.Service($"/pandora/notify WATCHDOG_USEC=200000 READY=1 @barrier; {Rest}", Systemd + Never + "watchdog: 1h\n" + Demand),
            ["keeper"] = Scripts.Service($"echo ${{LISTEN_FDS:-0}} ${{LISTEN_FDNAMES:-none}} >>/run/kept; [ -z \"$LISTEN_FDS\" ] || cat <&3 >>/run/kept; /pandora/notify @store 'FDSTORE=1\\nFDNAME=mem\\nhello' @barrier READY=1 @barrier; {Rest}", Systemd + Quick + "fd-store: 1\n" + Demand),
            ["hoarder"] = Scripts.Service($"echo ${{LISTEN_FDS:-0}} >>/run/hoard; [ ${{LISTEN_FDS:-0}} != 0 ] || /pandora/notify @many 5 @store 'FDSTORE=1\\nFDNAME=x' 'FDSTOREREMOVE=1\\nFDNAME=nothing' @barrier; /pandora/notify READY=1 @barrier; {Rest}", Systemd + "fd-store: 3\n" + Demand),
            ["forgetful"] = Scripts.Service($"echo ${{LISTEN_FDNAMES:-none}} >>/run/forgot; /pandora/notify @store 'FDSTORE=1\\nFDNAME=a\\n1' @store 'FDSTORE=1\\nFDNAME=b\\n2' 'FDSTOREREMOVE=1\\nFDNAME=a' READY=1 @barrier; {Rest}", Systemd + "fd-store: 9\n" + Demand),
            ["chatty"] = Scripts.Service("/pandora/notify READY=1 @barrier; exec /pandora/notify @flood 3000 STATUS=done @barrier @exec /bin/sleep 1000", Systemd + Demand),
            ["after-reload"] = "command: [/bin/sleep, '1000']\nneeds: [reload-slow]\nstart: demand\n",
            ["reload-slow"] = Scripts.Service($"/pandora/notify READY=1 RELOADING=1 @barrier; while ! [ -e /run/reload-slow ]; do sleep 0.05; done; /pandora/notify READY=1 @barrier; {Rest}", Systemd + Demand),
            ["eof"] = Scripts.Service($"exec 9>&-; eval \"exec $NOTIFY_FD>&-\"; {Rest}", "notify: fd\n"),
            ["extra"] = Scripts.Service($"printf 'no line end' >&$NOTIFY_FD; sleep 0.3; printf ' and more\\nrest' >&$NOTIFY_FD; {Rest}", "notify: fd\n"),
            ["late"] = Scripts.Service($"sleep 0.6; echo >&$NOTIFY_FD; {Rest}", "notify: fd\nstart-timeout: 200ms\nstop-timeout: 2s\nstop-signal: USR1\n" + Never + Demand),
        }, files => Scripts.Compile(files, "notify"));

        public Talkers() => Init.Get("/v1/version");

        public void Dispose() => Init.Dispose();
    }

    InitInNamespace Init => talkers.Init;

    [Fact]
    public void Ready_makes_it_running_and_lets_what_needs_it_start_and_status_is_shown()
    {
        Init.WaitForState("ready", "running");
        Init.WaitForState("follower", "running");
        Assert.True(Init.Service("follower").StartedAtMs >= Init.Service("ready").StartedAtMs + 400);
        Assert.Equal("17 clients", Detail("ready").GetProperty("statusText").GetString());
        Assert.Matches(@"says +17 clients", Init.Run("/pandora/dora service status ready").Expect());
    }

    [Fact]
    public void Another_process_cannot_speak_for_it()
    {
        Init.WaitForState("quiet", "starting");
        Init.Run("NOTIFY_SOCKET=/run/dora/notify/quiet /pandora/notify READY=1 @barrier").Expect();
        Assert.Equal("starting", Init.Service("quiet").State);
        // However many: the service itself is heard all the same.
        Init.Run("NOTIFY_SOCKET=/run/dora/notify/plain /pandora/notify @flood 400").Expect();
        Init.WaitForState("plain", "running");
        Init.WaitFor("the refusal", () => Init.KernelLog.Contains("quiet: a notification of process "));
    }

    [Fact]
    public void A_datagram_that_is_too_long_is_refused_and_the_next_one_is_heard()
    {
        Init.WaitFor("its status", () => Detail("big").TryGetProperty("statusText", out var text) && text.GetString() == "after");
        Assert.Equal("starting", Init.Service("big").State);
        Init.WaitForLog("big: a notification of more than 4096 bytes, or");
    }

    [Fact]
    public void The_client_that_scripts_use_is_heard()
    {
        Init.WaitForState("genuine", "running");
        Assert.Equal("genuine", Detail("genuine").GetProperty("statusText").GetString());
    }

    [Fact]
    public void A_service_of_another_user_is_heard()
    {
        Init.WaitForState("plain", "running");
        Assert.Equal("from a user", Detail("plain").GetProperty("statusText").GetString());
    }

    [Fact]
    public void Its_main_process_can_change_and_that_ones_end_counts_and_nonsense_is_refused()
    {
        Init.Change("start", "main");
        var up = Init.WaitForState("main", "running");
        int sleep = Init.WaitFor("the named process", () => Init.ProcessesIn("dora/services/main").FirstOrDefault(pid => InitInNamespace.CommandLine(pid) == "sleep 1000"));
        Assert.Equal(up.Pid, InnerPid(sleep));
        Init.WaitForLog("main: MAINPID=0 of process ");
        // The shell lives on, and reaps it: nobody tells the guard.
        Kill(sleep, "KILL");
        var again = Init.WaitForService("main", service => service is { State: "running", Restarts: 1 } && service.Pid != up.Pid);
        Assert.NotEqual(up.Pid, again.Pid);
    }

    [Fact]
    public void A_main_process_that_hands_over_may_end()
    {
        Init.Change("start", "handover");
        int sleep = Init.WaitFor("it to be alone", () =>
            Init.ProcessesIn("dora/services/handover") is [var only] && InitInNamespace.CommandLine(only) == "sleep 1000" ? only : 0);
        Thread.Sleep(100);
        Assert.Equal(("running", (int?)InnerPid(sleep), 0), (Init.Service("handover").State, Init.Service("handover").Pid, Init.Service("handover").Restarts));
        // It is PID 1's child by now: its end is told with the signal.
        Kill(sleep, "TERM");
        Assert.Equal("signal 15", Init.WaitForState("handover", "failed").Reason);
    }

    [Fact]
    public void A_main_process_of_another_service_is_refused()
    {
        int other = Init.WaitForState("follower", "running").Pid!.Value;
        File.WriteAllText(Init.Inside("/run/other"), other.ToString());
        Init.Change("start", "foreign");
        Assert.NotEqual(other, Init.Service("foreign").Pid);
        Init.WaitForLog($"foreign: MAINPID={other} of process ");
        Init.WaitForLog("is refused: that process is not in the service's cgroup");
    }

    [Fact]
    public void One_that_reloads_and_then_ends_is_started_again()
    {
        Init.Change("start", "reloading");
        Init.WaitForState("reloading", "reloading");
        File.WriteAllText(Init.Inside("/run/reloading-seen"), "");
        Init.WaitForService("reloading", service => service is { State: "running", Restarts: 1 });
    }

    [Fact]
    public void A_reload_by_signal_is_over_when_it_is_ready_again()
    {
        Init.Change("start", "reloadable");
        var up = Init.Service("reloadable");
        Assert.Equal(202, Init.Request(HttpMethod.Post, "/v1/services/reloadable/reload").Status);
        Init.WaitForState("reloadable", "reloading");
        Assert.Equal(up.Pid, Init.WaitForState("reloadable", "running").Pid);
        Assert.Equal("reloadable: reloaded, it was running and is running\n", Init.Run("/pandora/dora service reload reloadable").Expect());
    }

    [Fact]
    public void What_needs_it_waits_while_it_reloads()
    {
        Init.Request(HttpMethod.Post, "/v1/services/reload-slow/start");
        Init.WaitForState("reload-slow", "reloading");
        Init.Request(HttpMethod.Post, "/v1/services/after-reload/start");
        Assert.Equal("waits for reload-slow", Init.WaitForState("after-reload", "waiting").Reason);
        File.WriteAllText(Init.Inside("/run/reload-slow"), "");
        Init.WaitForState("after-reload", "running");
    }

    [Fact]
    public void One_that_talks_without_end_does_not_keep_the_manager_from_others()
    {
        Init.Change("start", "chatty");
        long start = System.Diagnostics.Stopwatch.GetTimestamp();
        Init.Change("restart", "quiet-twin");
        Assert.True(System.Diagnostics.Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(3));
        Assert.Equal("running", Init.Service("chatty").State);
        // Told in parts of a second: not all of it has been heard by now, and it is the sender that waits.
        Assert.NotEqual("done", Detail("chatty").TryGetProperty("statusText", out var text) ? text.GetString() : "");
        Init.Change("stop", "chatty");
    }

    [Fact]
    public void A_reload_that_is_never_confirmed_fails_and_the_service_runs_on()
    {
        Init.Change("start", "reload-mute");
        var up = Init.Service("reload-mute");
        var change = Init.Change("reload", "reload-mute");
        Assert.Equal("failed", change.GetProperty("status").GetString());
        Assert.Contains("not ready again within 1 s (start-timeout)", change.GetProperty("error").GetProperty("message").GetString());
        Assert.Equal((up.Pid, "running"), (Init.Service("reload-mute").Pid, Init.Service("reload-mute").State));
    }

    [Fact]
    public void More_time_for_the_start_is_given()
    {
        Assert.Equal("done", Init.Change("start", "extends").GetProperty("status").GetString());
        Assert.Equal(0, Init.Service("extends").Restarts);
    }

    [Fact]
    public void More_time_for_the_start_ends_too()
    {
        Assert.Equal("failed", Init.Change("start", "extends-late").GetProperty("status").GetString());
        Assert.Contains("start-timeout", Init.WaitForState("extends-late", "failed").Reason);
    }

    [Fact]
    public void More_time_for_the_stop_is_given()
    {
        Init.Change("start", "extends-stop");
        Init.Change("stop", "extends-stop");
        Assert.True(File.Exists(Init.Inside("/run/stopped-well")), "it was killed before the time it had asked for was over");
    }

    [Fact]
    public void One_that_says_it_stops_is_stopping_and_then_its_restart_policy_decides()
    {
        Init.Change("start", "stopping");
        Init.WaitForState("stopping", "stopping");
        File.WriteAllText(Init.Inside("/run/stopping-seen"), "");
        Assert.Equal("exit code 0", Init.WaitForState("stopping", "backoff").Reason);
    }

    [Fact]
    public void A_silent_watchdog_is_an_abort_and_a_failure_and_one_that_speaks_lives()
    {
        Init.Change("start", "watched");
        var failed = Init.WaitForState("watched", "failed");
        Assert.True(File.Exists(Init.Inside("/run/barked")), $"it was ended while it gave signs of life: {failed}");
        Assert.Equal("watchdog: no sign of life within 1.5 s", failed.Reason);
        Assert.Equal(6, Detail("watched").GetProperty("lastExit").GetProperty("signal").GetInt32());
    }

    [Fact]
    public void One_that_is_in_trouble_says_so_and_one_that_sets_its_own_pace_is_held_to_it()
    {
        Init.Change("start", "trouble");
        Assert.Contains("watchdog: it says that it is in trouble", Init.WaitForState("trouble", "failed").Reason);
        Init.Change("start", "paced");
        Assert.Equal("watchdog: no sign of life within 200 ms", Init.WaitForState("paced", "failed").Reason);
    }

    [Fact]
    public void What_it_stored_is_there_after_a_crash_and_a_restart_and_gone_after_a_stop()
    {
        Init.Change("start", "keeper");
        // Its last word has been heard before the process that said it has ended.
        Kill(Init.WaitFor("it to be alone", () => Init.ProcessesIn("dora/services/keeper") is [var only] ? only : 0), "KILL");
        Init.WaitForService("keeper", service => service is { State: "running", Restarts: 1 });
        Init.Change("restart", "keeper");
        Init.Change("stop", "keeper");
        Init.Change("start", "keeper");
        // The second one that it stores is another file: it is refused, for there is room for one.
        Assert.Equal("0 none\n1 mem\nhello1 mem\n0 none\n", File.ReadAllText(Init.Inside("/run/kept")));
    }

    [Fact]
    public void No_more_is_stored_than_the_limit_says()
    {
        Init.Change("start", "hoarder");
        Init.Change("restart", "hoarder");
        Assert.Equal("0\n3\n", File.ReadAllText(Init.Inside("/run/hoard")));
    }

    [Fact]
    public void What_it_removes_by_name_is_gone()
    {
        Init.Change("start", "forgetful");
        Init.Change("restart", "forgetful");
        Assert.Equal("none\nb\n", File.ReadAllText(Init.Inside("/run/forgot")));
    }

    [Fact]
    public void A_descriptor_closed_without_a_newline_says_nothing()
    {
        Init.WaitForState("eof", "starting");
        Thread.Sleep(300);
        Assert.Equal("starting", Init.Service("eof").State);
    }

    [Fact]
    public void What_comes_before_the_newline_and_behind_it_does_no_harm()
    {
        Init.WaitForState("extra", "running");
        Assert.Equal("running", Init.Service("extra").State);
    }

    [Fact]
    public void A_newline_after_the_time_is_over_does_not_count()
    {
        Assert.Equal("failed", Init.Change("start", "late").GetProperty("status").GetString());
        Assert.Contains("not ready within 200 ms (start-timeout)", Init.WaitForState("late", "failed").Reason);
    }

    JsonElement Detail(string service) => Init.Get($"/v1/services/{service}");

    static int InnerPid(int pid) => int.Parse(File.ReadLines($"/proc/{pid}/status").Single(line => line.StartsWith("NSpid:", StringComparison.Ordinal)).Split('\t')[^1]);

    static void Kill(int pid, string signal) => Programs.Run(TimeSpan.FromSeconds(5), "sh", "-c", $"kill -{signal} {pid}").Expect();
}
