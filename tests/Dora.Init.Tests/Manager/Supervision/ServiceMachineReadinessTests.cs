using Dora.Core.Configuration;
using Dora.Init.Manager.Supervision;
using Dora.Init.Manager.Supervision.Readiness;
using Xunit;
using static Dora.Init.Manager.Supervision.ServiceEventKind;

namespace Dora.Init.Tests.Manager.Supervision;

/// <summary>What a service says of itself, its helper commands, its health and its watchdog, with a clock that the test turns.</summary>
public class ServiceMachineReadinessTests
{
    private static MachineWalk Up(ServiceSettings settings) => new MachineWalk(settings).Launched().Do(ReadySeen);

    private static MachineWalk HelpedUp()
    {
        var walk = new MachineWalk(MachineWalk.Helped).Do(StartAsked).Do(DependenciesMet).HelperRuns().HelperEnds(0).Main();
        Assert.Equal((ServicePhase.Running, 42), (walk.Phase, walk.State.Pid));
        return walk;
    }

    [Fact]
    public void Pre_start_goes_first_and_the_program_follows_when_it_has_ended_with_0()
    {
        var walk = new MachineWalk(MachineWalk.Helped).Do(StartAsked).Do(DependenciesMet);
        Assert.Equal((ServicePhase.Starting, HelperKind.PreStart, ServiceActions.RunHelper), (walk.Phase, walk.State.Helper, walk.Actions));
        Assert.Equal(walk.Now + walk.Settings.HelperTimeout, walk.State.Deadline);
        walk.HelperRuns().Pass(1).HelperEnds(0);
        Assert.Equal((ServicePhase.Starting, HelperKind.None, ServiceActions.Launch), (walk.Phase, walk.State.Helper, walk.Actions));
        Assert.Null(walk.State.Deadline);
        walk.Main();
        Assert.Equal(ServicePhase.Running, walk.Phase);
    }

    [Fact]
    public void After_pre_start_the_start_timeout_begins()
    {
        var walk = new MachineWalk(MachineWalk.Helped with { Notify = ReadinessProtocol.Descriptor }).Do(StartAsked).Do(DependenciesMet).HelperRuns().Pass(1.5).HelperEnds(0);
        Assert.Equal(walk.Now + walk.Settings.StartTimeout, walk.State.Deadline);
    }

    [Fact]
    public void A_pre_start_that_fails_keeps_the_program_from_being_started()
    {
        var walk = new MachineWalk(MachineWalk.Helped).Do(StartAsked).Do(DependenciesMet).HelperRuns().HelperEnds(3);
        Assert.Equal((ServicePhase.Killing, ServiceActions.KillAll), (walk.Phase, walk.Actions));
        walk.Do(Emptied);
        Assert.Equal((ServicePhase.Backoff, "pre-start: exit code 3"), (walk.Phase, walk.State.Reason));
    }

    [Fact]
    public void A_pre_start_that_takes_too_long_is_killed_and_has_failed()
    {
        var walk = new MachineWalk(MachineWalk.Helped with { Restart = new RestartPolicy { When = RestartCondition.Never } });
        walk.Do(StartAsked).Do(DependenciesMet).HelperRuns().Pass(2).Do(DeadlineReached);
        Assert.Equal((ServicePhase.Killing, ServiceActions.KillAll), (walk.Phase, walk.Actions));
        walk.Do(Emptied);
        Assert.Equal((ServicePhase.Failed, "pre-start: not done within 2 s (helper-timeout)"), (walk.Phase, walk.State.Reason));
    }

    [Fact]
    public void A_pre_start_that_cannot_be_launched_has_failed()
    {
        var walk = new MachineWalk(MachineWalk.Helped).Do(StartAsked).Do(DependenciesMet).Do(new ServiceEvent(ServiceEventKind.HelperEnded, Reason: "no such file"));
        walk.Do(Emptied);
        Assert.Equal((ServicePhase.Backoff, "pre-start: no such file"), (walk.Phase, walk.State.Reason));
    }

    [Fact]
    public void Ready_counts_only_once_the_program_itself_runs()
    {
        var walk = new MachineWalk(MachineWalk.Helped with { Notify = ReadinessProtocol.Systemd }).Do(StartAsked).Do(DependenciesMet).HelperRuns().Do(ReadySeen);
        Assert.Equal(ServicePhase.Starting, walk.Phase);
        walk.HelperEnds(0).Main().Do(ReadySeen);
        Assert.Equal(ServicePhase.Running, walk.Phase);
    }

    [Fact]
    public void A_stop_during_pre_start_ends_it_with_the_signal()
    {
        var walk = new MachineWalk(MachineWalk.Helped).Do(StartAsked).Do(DependenciesMet).HelperRuns().Do(StopAsked);
        Assert.Equal((ServicePhase.Stopping, HelperKind.PreStart, ServiceActions.SendStopSignal), (walk.Phase, walk.State.Helper, walk.Actions));
        walk.HelperEnds(15).Do(Emptied);
        Assert.Equal(ServicePhase.Stopped, walk.Phase);
    }

    [Fact]
    public void Stop_command_takes_the_place_of_the_signal()
    {
        var walk = HelpedUp().Do(StopAsked);
        Assert.Equal((ServicePhase.Stopping, HelperKind.Stop, ServiceActions.RunHelper), (walk.Phase, walk.State.Helper, walk.Actions));
        var begun = walk.Now;
        walk.HelperRuns().Pass(1).HelperEnds(0);
        Assert.Equal((ServicePhase.Stopping, ServiceActions.None, begun + walk.Settings.StopTimeout), (walk.Phase, walk.Actions, walk.State.Deadline));
        walk.Exit(0).Do(Emptied);
        Assert.Equal(ServicePhase.Stopped, walk.Phase);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_stop_command_that_fails_or_hangs_is_followed_by_the_signal_within_the_same_limit(bool hangs)
    {
        var walk = HelpedUp().Do(StopAsked).HelperRuns();
        var begun = walk.State.Since;
        if (hangs) walk.Pass(2).Do(DeadlineReached);
        else walk.HelperEnds(1);
        Assert.Equal((ServicePhase.Stopping, HelperKind.None, ServiceActions.SendStopSignal), (walk.Phase, walk.State.Helper, walk.Actions));
        Assert.Equal(begun + walk.Settings.StopTimeout, walk.State.Deadline);
        walk.Pass(walk.Settings.StopTimeout).Do(DeadlineReached);
        Assert.Equal((ServicePhase.Killing, ServiceActions.KillAll), (walk.Phase, walk.Actions));
    }

    [Fact]
    public void A_stop_command_has_no_more_than_the_stop_timeout()
    {
        var walk = new MachineWalk(MachineWalk.Daemon with { StopCommand = ["/bin/stop"], HelperTimeout = TimeSpan.FromHours(1) }).Launched().Do(StopAsked).HelperRuns();
        walk.Pass(walk.Settings.StopTimeout).Do(DeadlineReached);
        Assert.Equal((ServicePhase.Killing, ServiceActions.KillAll), (walk.Phase, walk.Actions));
    }

    [Fact]
    public void A_main_process_that_ends_before_its_stop_command_is_stopped()
    {
        var walk = HelpedUp().Do(StopAsked).HelperRuns().Exit(0).HelperEnds(1).Do(Emptied);
        Assert.Equal(ServicePhase.Stopped, walk.Phase);
    }

    [Fact]
    public void A_restart_goes_through_stop_command_and_pre_start()
    {
        var walk = HelpedUp().Do(RestartAsked).HelperRuns().HelperEnds(0).Exit(0).Do(Emptied);
        Assert.Equal(ServicePhase.Waiting, walk.Phase);
        walk.Do(DependenciesMet);
        Assert.Equal((HelperKind.PreStart, ServiceActions.RunHelper), (walk.State.Helper, walk.Actions));
    }

    [Fact]
    public void Reload_command_is_waited_for_and_its_failure_leaves_the_service_running()
    {
        var walk = HelpedUp().Pass(1).Do(ReloadAsked);
        Assert.Equal((ServicePhase.Reloading, ServiceActions.RunHelper, false, true), (walk.Phase, walk.Actions, walk.State.IsUp, walk.State.IsComing));
        walk.HelperRuns().Pass(1).HelperEnds(0);
        Assert.Equal((ServicePhase.Running, walk.Now, (string?)null), (walk.Phase, walk.State.ReloadedAt, walk.State.ReloadFault));
        var done = walk.State.ReloadedAt;
        walk.Pass(1).Do(ReloadAsked).HelperRuns().HelperEnds(1);
        Assert.Equal((ServicePhase.Running, 42, done, "reload: exit code 1"), (walk.Phase, walk.State.Pid, walk.State.ReloadedAt, walk.State.ReloadFault));
        walk.Do(ReloadAsked).HelperRuns().Pass(2).Do(DeadlineReached);
        Assert.Equal((ServicePhase.Running, "reload: not done within 2 s (helper-timeout)"), (walk.Phase, walk.State.ReloadFault));
    }

    [Fact]
    public void A_reload_command_of_a_service_that_announces_it_ends_with_its_ready()
    {
        var walk = new MachineWalk(MachineWalk.Helped with { PreStart = [], Notify = ReadinessProtocol.Systemd }).Launched().Do(ReadySeen);
        walk.Do(ReloadAsked).HelperRuns().Do(ReloadingSeen).HelperEnds(0);
        Assert.Equal(ServicePhase.Reloading, walk.Phase);
        walk.Do(ReadySeen);
        Assert.Equal(ServicePhase.Running, walk.Phase);
        // And in the other order.
        walk.Do(ReloadAsked).HelperRuns().Do(ReloadingSeen).Do(ReadySeen);
        Assert.Equal(ServicePhase.Reloading, walk.Phase);
        walk.HelperEnds(0);
        Assert.Equal((ServicePhase.Running, walk.Now), (walk.Phase, walk.State.ReloadedAt));
    }

    [Fact]
    public void A_reload_signal_without_notify_is_done_when_it_is_sent()
    {
        var walk = new MachineWalk(MachineWalk.Daemon with { ReloadSignal = 1 }).Launched().Pass(1).Do(ReloadAsked);
        Assert.Equal((ServicePhase.Running, ServiceActions.SendReloadSignal, walk.Now), (walk.Phase, walk.Actions, walk.State.ReloadedAt));
    }

    [Fact]
    public void After_a_reload_signal_only_a_younger_reloading_makes_ready_count()
    {
        var walk = Up(MachineWalk.Talking).Pass(5).Do(ReloadAsked);
        Assert.Equal((ServicePhase.Reloading, ServiceActions.SendReloadSignal), (walk.Phase, walk.Actions));
        var asked = walk.Now;
        // What it had said before the signal reached it.
        walk.Do(new ServiceEvent(ReloadingSeen, At: asked - TimeSpan.FromSeconds(1))).Do(ReadySeen);
        Assert.Equal(ServicePhase.Reloading, walk.Phase);
        walk.Pass(1).Do(new ServiceEvent(ReloadingSeen, At: asked + TimeSpan.FromSeconds(0.5))).Do(ReadySeen);
        Assert.Equal((ServicePhase.Running, walk.Now), (walk.Phase, walk.State.ReloadedAt));
    }

    [Fact]
    public void A_reload_that_is_never_over_ends_as_a_failed_one_of_a_running_service()
    {
        var walk = Up(MachineWalk.Talking).Do(ReloadAsked).Pass(MachineWalk.Talking.StartTimeout).Do(DeadlineReached);
        Assert.Equal((ServicePhase.Running, 42, "reload: not ready again within 60 s (start-timeout)"), (walk.Phase, walk.State.Pid, walk.State.ReloadFault));
    }

    [Fact]
    public void Readiness_is_cleared_by_a_reload_and_given_back_by_ready()
    {
        var walk = Up(MachineWalk.Talking).Do(ReloadingSeen);
        Assert.Equal((ServicePhase.Reloading, false, true), (walk.Phase, walk.State.IsUp, walk.State.IsComing));
        Assert.False(walk.State.IsDown);
        walk.Do(ReadySeen);
        Assert.True(walk.State.IsUp);
    }

    /// <summary>systemd's TEST-59, finit's #343 and #385.</summary>
    [Theory]
    [InlineData(1, nameof(ServicePhase.Backoff))]
    [InlineData(0, nameof(ServicePhase.Stopped))]
    public void One_that_ends_while_it_reloads_is_judged_like_one_that_runs(int code, string then)
    {
        var walk = Up(MachineWalk.Talking).Do(ReloadingSeen).End(code);
        Assert.Equal(then, walk.Phase.ToString());
        if (code == 0) return;
        walk.Again();
        Assert.Equal((ServicePhase.Starting, false, (TimeSpan?)null), (walk.Phase, walk.State.IsUp, walk.State.ReadyAt));
        walk.Do(ReadySeen);
        Assert.True(walk.State.IsUp);
    }

    [Fact]
    public void One_that_says_it_stops_has_the_stop_timeout_and_then_the_restart_policy_decides()
    {
        var settings = MachineWalk.Talking with { Restart = new RestartPolicy { When = RestartCondition.Always } };
        var walk = Up(settings).Do(StoppingSeen);
        Assert.Equal((ServicePhase.Stopping, ServiceActions.None, walk.Now + settings.StopTimeout), (walk.Phase, walk.Actions, walk.State.Deadline));
        walk.Exit(0);
        Assert.Equal((ServicePhase.Killing, ServiceActions.KillAll), (walk.Phase, walk.Actions));
        walk.Do(Emptied);
        Assert.Equal((ServicePhase.Backoff, "exit code 0"), (walk.Phase, walk.State.Reason));

        walk = Up(MachineWalk.Talking).Do(StoppingSeen).End(0);
        Assert.Equal(ServicePhase.Stopped, walk.Phase);
    }

    [Fact]
    public void One_that_says_it_stops_and_does_not_is_killed_and_has_failed()
    {
        var walk = Up(MachineWalk.Talking).Do(StoppingSeen).Pass(5).Do(DeadlineReached);
        Assert.Equal((ServicePhase.Killing, ServiceActions.KillAll), (walk.Phase, walk.Actions));
        walk.Killed(9).Do(Emptied);
        Assert.Equal((ServicePhase.Backoff, "it said that it stops and has not within 5 s (stop-timeout)"), (walk.Phase, walk.State.Reason));
    }

    [Fact]
    public void A_stop_after_it_said_that_it_stops_is_final()
    {
        var walk = Up(MachineWalk.Talking).Do(StoppingSeen).Do(StopAsked).Exit(1).Do(Emptied);
        Assert.Equal(ServicePhase.Stopped, walk.Phase);
    }

    /// <summary>systemd's TEST-16, start and stop; a run has no limit here that could be extended.</summary>
    [Fact]
    public void More_time_moves_the_deadline_of_start_stop_and_reload_and_never_back()
    {
        var walk = new MachineWalk(MachineWalk.Talking).Launched();
        var first = walk.State.Deadline!.Value;
        walk.Do(new ServiceEvent(TimeoutExtended, At: first - TimeSpan.FromSeconds(1)));
        Assert.Equal(first, walk.State.Deadline);
        walk.Pass(59).Do(new ServiceEvent(TimeoutExtended, At: walk.Now + TimeSpan.FromSeconds(10)));
        walk.Pass(2).Do(DeadlineReached);
        Assert.Equal(ServicePhase.Starting, walk.Phase);
        walk.Do(ReadySeen);
        Assert.Null(walk.State.Deadline);
        walk.Do(new ServiceEvent(TimeoutExtended, At: walk.Now + TimeSpan.FromSeconds(10)));
        Assert.Null(walk.State.Deadline);

        walk.Do(ReloadingSeen).Do(new ServiceEvent(TimeoutExtended, At: walk.Now + TimeSpan.FromSeconds(100))).Pass(61).Do(DeadlineReached);
        Assert.Equal(ServicePhase.Reloading, walk.Phase);

        walk.Do(StopAsked).Do(new ServiceEvent(TimeoutExtended, At: walk.Now + TimeSpan.FromSeconds(8))).Pass(6).Do(DeadlineReached);
        Assert.Equal(ServicePhase.Stopping, walk.Phase);
        walk.Pass(2).Do(DeadlineReached);
        Assert.Equal(ServicePhase.Killing, walk.Phase);
    }

    [Fact]
    public void A_start_that_asked_for_more_time_and_does_not_use_it_fails_then()
    {
        var walk = new MachineWalk(MachineWalk.Talking).Launched();
        walk.Do(new ServiceEvent(TimeoutExtended, At: walk.State.Deadline + TimeSpan.FromSeconds(10))).Pass(70).Do(DeadlineReached);
        Assert.Equal((ServicePhase.Stopping, "not ready within 60 s (start-timeout)"), (walk.Phase, walk.State.Fault));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_missed_watchdog_is_an_abort_and_a_failure(bool reloading)
    {
        var walk = Up(MachineWalk.Talking);
        if (reloading) walk.Do(ReloadingSeen);
        walk.Do(new ServiceEvent(WatchdogMissed, Reason: "no sign of life within 30 s"));
        Assert.Equal((ServicePhase.Stopping, ServiceActions.SendAbort), (walk.Phase, walk.Actions));
        walk.Pass(5).Do(DeadlineReached);
        Assert.Equal((ServicePhase.Killing, ServiceActions.KillAll), (walk.Phase, walk.Actions));
        walk.Killed(9).Do(Emptied);
        Assert.Equal((ServicePhase.Backoff, "watchdog: no sign of life within 30 s"), (walk.Phase, walk.State.Reason));
    }

    [Fact]
    public void A_watchdog_that_is_missed_by_one_that_only_starts_or_stops_means_nothing()
    {
        var starting = new MachineWalk(MachineWalk.Talking).Launched().Do(WatchdogMissed);
        Assert.Equal(ServicePhase.Starting, starting.Phase);
        Assert.Equal(ServiceActions.None, Up(MachineWalk.Talking).Do(StopAsked).Do(WatchdogMissed).Actions);
    }

    [Fact]
    public void Health_that_is_lost_for_the_threshold_is_a_failure()
    {
        var walk = Up(MachineWalk.Talking);
        var failed = new ServiceEvent(HealthFailed, Reason: "http status 500");
        walk.Do(failed).Do(failed).Do(HealthPassed).Do(failed).Do(failed);
        Assert.Equal((ServicePhase.Running, 2), (walk.Phase, walk.State.HealthFailures));
        walk.Do(failed);
        Assert.Equal((ServicePhase.Stopping, ServiceActions.SendStopSignal), (walk.Phase, walk.Actions));
        walk.Exit(0).Do(Emptied);
        Assert.Equal((ServicePhase.Backoff, "unhealthy: http status 500 (3 times)"), (walk.Phase, walk.State.Reason));
        walk.Again();
        Assert.Equal(0, walk.State.HealthFailures);
    }

    [Fact]
    public void With_action_none_lost_health_is_shown_and_ends_with_the_first_success()
    {
        var health = new ProbeSettings { Kind = ProbeKind.Tcp, Threshold = 2, Restarts = false };
        var walk = Up(MachineWalk.Talking with { Health = health });
        var failed = new ServiceEvent(HealthFailed, Reason: "no answer");
        walk.Do(failed);
        Assert.Null(walk.State.HealthFault);
        walk.Do(failed).Do(failed);
        Assert.Equal((ServicePhase.Running, "unhealthy: no answer"), (walk.Phase, walk.State.HealthFault));
        Assert.True(walk.State.IsUp);
        walk.Do(HealthPassed);
        Assert.Equal((0, (string?)null), (walk.State.HealthFailures, walk.State.HealthFault));
        var before = walk.State;
        Assert.Same(before, walk.Do(HealthPassed).State);
    }

    [Fact]
    public void Another_main_process_is_the_one_whose_end_counts()
    {
        var walk = Up(MachineWalk.Talking).Do(new ServiceEvent(MainPidTold, Pid: 99));
        Assert.Equal((99, true), (walk.State.Pid, walk.State.IsMainChanged));
        walk.End(1).Again();
        Assert.False(walk.State.IsMainChanged);
    }

    [Fact]
    public void What_it_says_of_itself_is_kept_for_one_run()
    {
        var walk = Up(MachineWalk.Talking).Do(new ServiceEvent(StatusTold, Reason: "17 clients"));
        Assert.Equal("17 clients", walk.State.StatusText);
        var before = walk.State;
        Assert.Same(before, walk.Do(new ServiceEvent(StatusTold, Reason: "17 clients")).State);
        walk.End(1).Again();
        Assert.Null(walk.State.StatusText);
    }

    [Fact]
    public void A_service_that_is_looked_at_is_up_when_that_succeeds()
    {
        var walk = new MachineWalk(MachineWalk.Daemon with { Ready = new ProbeSettings { Kind = ProbeKind.Tcp, Port = 80 } }).Launched();
        Assert.Equal((ServicePhase.Starting, walk.Now + walk.Settings.StartTimeout), (walk.Phase, walk.State.Deadline));
        walk.Do(ReadySeen);
        Assert.Equal(ServicePhase.Running, walk.Phase);
    }

    [Fact]
    public void A_pre_start_that_was_found_at_work_goes_on_as_one()
    {
        var waiting = new MachineWalk(MachineWalk.Helped).Do(StartAsked);
        var state = ServiceMachine.PreStarting(waiting.State, waiting.Settings, 77, waiting.Now);
        Assert.Equal((ServicePhase.Starting, HelperKind.PreStart, 77, true), (state.Phase, state.Helper, state.HelperPid, state.WantedUp));
        var (next, actions) = ServiceMachine.Apply(state, waiting.Settings, new(HelperEnded, 77, new ProcessExit(1, 0)), waiting.Now);
        Assert.Equal((ServicePhase.Starting, ServiceActions.Launch), (next.Phase, actions));
    }

    [Fact]
    public void What_does_not_fit_changes_nothing()
    {
        foreach (var kind in new[] { ReloadingSeen, StoppingSeen, StatusTold, WatchdogMissed, HealthPassed, HealthFailed, HelperLaunched, HelperEnded, FileMarked, ReloadAsked, TimeoutExtended })
            foreach (var walk in new[] { new MachineWalk(MachineWalk.Talking), new MachineWalk(MachineWalk.Talking).Launched().Killed(9), new MachineWalk(MachineWalk.Talking).Launched().End(1) })
            {
                var before = walk.State;
                Assert.Same(before, walk.Do(new ServiceEvent(kind, Pid: 3, Reason: "x")).State);
                Assert.Equal(ServiceActions.None, walk.Actions);
            }
    }
}
