using Dora.Core.Configuration;
using Dora.Init.Manager.Supervision;
using Xunit;
using static Dora.Init.Manager.Supervision.ServiceEventKind;

namespace Dora.Init.Tests.Manager.Supervision;

public class ServiceMachineTests
{
    private static ServiceSettings With(RestartCondition when, int limit = 0) =>
        MachineWalk.Daemon with { Restart = new RestartPolicy { When = when, Limit = limit } };

    [Fact]
    public void A_daemon_is_up_as_soon_as_its_program_runs()
    {
        var walk = new MachineWalk(MachineWalk.Daemon).Do(StartAsked);
        Assert.Equal(ServicePhase.Waiting, walk.Phase);
        walk.Do(DependenciesMet);
        Assert.Equal((ServicePhase.Starting, ServiceActions.Launch), (walk.Phase, walk.Actions));
        walk.Do(new ServiceEvent(ServiceEventKind.Launched, Pid: 42));
        Assert.Equal((ServicePhase.Running, 42, ServiceActions.None), (walk.Phase, walk.State.Pid, walk.Actions));
        Assert.Equal(walk.Now, walk.State.ReadyAt);
        Assert.Null(walk.State.Deadline);
    }

    [Fact]
    public void One_that_notifies_is_up_when_it_says_so()
    {
        var walk = new MachineWalk(MachineWalk.Notifying).Launched();
        Assert.Equal((ServicePhase.Starting, 42), (walk.Phase, walk.State.Pid));
        Assert.Equal(walk.Now + walk.Settings.StartTimeout, walk.State.Deadline);
        walk.Pass(3).Do(ReadySeen);
        Assert.Equal((ServicePhase.Running, 42), (walk.Phase, walk.State.Pid));
        Assert.Equal(walk.Now, walk.State.ReadyAt);
        Assert.Null(walk.State.Deadline);
    }

    [Fact]
    public void A_oneshot_is_done_when_it_has_ended_with_0_and_left_nothing()
    {
        var walk = new MachineWalk(MachineWalk.Oneshot).Launched();
        Assert.Equal(ServicePhase.Starting, walk.Phase);
        walk.Exit(0);
        Assert.Equal((ServicePhase.Killing, ServiceActions.KillAll), (walk.Phase, walk.Actions));
        walk.Do(Emptied);
        Assert.Equal((ServicePhase.Done, 0), (walk.Phase, walk.State.Pid));
        Assert.True(walk.State.IsUp);
    }

    [Theory]
    [InlineData(RestartCondition.OnFailure, nameof(ServicePhase.Backoff))]
    [InlineData(RestartCondition.Never, nameof(ServicePhase.Failed))]
    public void A_oneshot_that_fails_follows_its_policy(RestartCondition when, string then)
    {
        var walk = new MachineWalk(MachineWalk.Oneshot with { Restart = new RestartPolicy { When = when } }).Launched().End(1);
        Assert.Equal(then, walk.Phase.ToString());
        Assert.Equal("exit code 1", walk.State.Reason);
    }

    [Theory]
    [InlineData(RestartCondition.Always, 0, nameof(ServicePhase.Backoff))]
    [InlineData(RestartCondition.Always, 1, nameof(ServicePhase.Backoff))]
    [InlineData(RestartCondition.OnFailure, 0, nameof(ServicePhase.Stopped))]
    [InlineData(RestartCondition.OnFailure, 1, nameof(ServicePhase.Backoff))]
    [InlineData(RestartCondition.Never, 0, nameof(ServicePhase.Stopped))]
    [InlineData(RestartCondition.Never, 1, nameof(ServicePhase.Failed))]
    [InlineData(RestartCondition.Always, 125, nameof(ServicePhase.Failed))]
    [InlineData(RestartCondition.OnFailure, 125, nameof(ServicePhase.Failed))]
    [InlineData(RestartCondition.Never, 125, nameof(ServicePhase.Failed))]
    public void The_policy_decides_what_follows_an_end(RestartCondition when, int code, string then)
    {
        var walk = new MachineWalk(With(when)).Launched().End(code);
        Assert.Equal(then, walk.Phase.ToString());
        Assert.Contains($"exit code {code}", walk.State.Reason);
    }

    [Fact]
    public void A_signal_is_a_failure()
    {
        var walk = new MachineWalk(With(RestartCondition.OnFailure)).Launched().Killed(11).Do(Emptied);
        Assert.Equal((ServicePhase.Backoff, "signal 11"), (walk.Phase, walk.State.Reason));
    }

    [Fact]
    public void A_daemon_that_ends_with_0_before_it_was_ready_has_failed()
    {
        var walk = new MachineWalk(MachineWalk.Notifying).Launched().End(0);
        Assert.Equal(ServicePhase.Backoff, walk.Phase);
    }

    [Fact]
    public void Exit_code_125_of_an_earlier_run_does_not_speak_for_a_later_one()
    {
        var walk = new MachineWalk(With(RestartCondition.Always)).Launched().End(125);
        walk.Do(StartAsked).Do(DependenciesMet).Do(new ServiceEvent(LaunchFailed, Reason: "no such file"));
        Assert.Equal((ServicePhase.Backoff, "no such file"), (walk.Phase, walk.State.Reason));
    }

    [Fact]
    public void Nothing_is_started_before_what_is_left_of_the_last_run_is_gone()
    {
        var walk = new MachineWalk(With(RestartCondition.Always)).Launched().Exit(1);
        Assert.Equal((ServicePhase.Killing, ServiceActions.KillAll), (walk.Phase, walk.Actions));
        walk.Do(StartAsked).Do(DependenciesMet);
        Assert.Equal(ServicePhase.Killing, walk.Phase);
        walk.Do(Emptied);
        Assert.Equal(ServicePhase.Waiting, walk.Phase);
    }

    [Fact]
    public void Emptied_before_the_main_process_was_seen_to_end_means_nothing()
    {
        var walk = new MachineWalk(MachineWalk.Daemon).Launched().Do(StopAsked).Do(Emptied);
        Assert.Equal(ServicePhase.Stopping, walk.Phase);
        walk.Killed(15).Do(Emptied);
        Assert.Equal(ServicePhase.Stopped, walk.Phase);
    }

    [Fact]
    public void The_waits_grow_by_the_factor_up_to_the_cap()
    {
        var policy = new RestartPolicy { When = RestartCondition.Always, Delay = TimeSpan.FromMilliseconds(200), Factor = 3, Cap = TimeSpan.FromSeconds(10) };
        var walk = new MachineWalk(MachineWalk.Daemon with { Restart = policy }).Launched();
        var waits = new List<double>();
        for (int i = 0; i < 6; i++)
        {
            walk.End(1);
            waits.Add((walk.State.Deadline!.Value - walk.Now).TotalMilliseconds);
            walk.Again();
        }
        Assert.Equal([200, 600, 1800, 5400, 10000, 10000], waits);
        Assert.Equal((6, 6), (walk.State.Restarts, walk.State.RestartsInRow));
    }

    [Fact]
    public void A_wait_of_any_length_is_counted_right()
    {
        var policy = new RestartPolicy { Factor = 10, Delay = TimeSpan.FromDays(366), Cap = TimeSpan.FromDays(366) };
        Assert.Equal(policy.Cap, ServiceMachine.Delay(policy, int.MaxValue));
        Assert.Equal(TimeSpan.Zero, ServiceMachine.Delay(policy with { Delay = TimeSpan.Zero }, 100));
        Assert.Equal(TimeSpan.FromMilliseconds(200), ServiceMachine.Delay(new RestartPolicy { Factor = 1 }, 5000));
    }

    [Fact]
    public void A_stable_run_begins_the_count_anew()
    {
        var walk = new MachineWalk(With(RestartCondition.Always, limit: 3)).Launched().End(1).Again().End(1).Again().End(1).Again();
        Assert.Equal(3, walk.State.RestartsInRow);
        walk.Pass(walk.Settings.Restart.ResetAfter).End(1);
        Assert.Equal((ServicePhase.Backoff, 1, 4), (walk.Phase, walk.State.RestartsInRow, walk.State.Restarts));
        Assert.Equal(walk.Settings.Restart.Delay, walk.State.Deadline - walk.Now);
    }

    [Fact]
    public void A_run_that_is_nearly_stable_does_not()
    {
        var walk = new MachineWalk(With(RestartCondition.Always)).Launched().End(1).Again();
        walk.Pass(walk.Settings.Restart.ResetAfter - TimeSpan.FromTicks(1)).End(1);
        Assert.Equal(2, walk.State.RestartsInRow);
    }

    [Fact]
    public void Time_before_it_was_ready_is_no_stable_run()
    {
        var walk = new MachineWalk(MachineWalk.Notifying).Launched().End(1).Again().Pass(50).End(1);
        Assert.Equal(2, walk.State.RestartsInRow);
    }

    [Fact]
    public void Beyond_the_limit_it_is_given_up()
    {
        var walk = new MachineWalk(With(RestartCondition.Always, limit: 2)).Launched().End(1).Again().End(1).Again().End(1);
        Assert.Equal(ServicePhase.Failed, walk.Phase);
        Assert.Equal("exit code 1; given up after 2 restarts in a row", walk.State.Reason);
        walk.Do(StartAsked);
        Assert.Equal((ServicePhase.Waiting, 0, 0), (walk.Phase, walk.State.RestartsInRow, walk.State.Restarts));
    }

    [Fact]
    public void A_launch_that_fails_follows_the_policy_too()
    {
        var walk = new MachineWalk(With(RestartCondition.OnFailure, limit: 1)).Do(StartAsked).Do(DependenciesMet);
        walk.Do(new ServiceEvent(LaunchFailed, Reason: "execute /bin/web: no such file or directory (ENOENT)"));
        Assert.Equal(ServicePhase.Backoff, walk.Phase);
        walk.Pass(1).Do(DeadlineReached).Do(DependenciesMet).Do(new ServiceEvent(LaunchFailed, Reason: "execute /bin/web: no such file or directory (ENOENT)"));
        Assert.Equal(ServicePhase.Failed, walk.Phase);
        Assert.StartsWith("execute /bin/web: no such file or directory (ENOENT); given up", walk.State.Reason);
    }

    [Fact]
    public void Not_ready_in_time_is_stopped_and_then_counts_as_a_failure()
    {
        var walk = new MachineWalk(MachineWalk.Notifying with { StartTimeout = TimeSpan.FromSeconds(7) }).Launched().Pass(7).Do(DeadlineReached);
        Assert.Equal((ServicePhase.Stopping, ServiceActions.SendStopSignal), (walk.Phase, walk.Actions));
        Assert.Equal(walk.Now + walk.Settings.StopTimeout, walk.State.Deadline);
        walk.Killed(15).Do(Emptied);
        Assert.Equal((ServicePhase.Backoff, "not ready within 7 s (start-timeout)"), (walk.Phase, walk.State.Reason));
    }

    [Fact]
    public void A_late_ready_does_not_save_one_that_is_being_stopped()
    {
        var walk = new MachineWalk(MachineWalk.Notifying).Launched().Pass(60).Do(DeadlineReached).Do(ReadySeen);
        Assert.Equal(ServicePhase.Stopping, walk.Phase);
    }

    [Fact]
    public void A_stop_that_takes_too_long_becomes_a_kill_and_then_a_failure()
    {
        var walk = new MachineWalk(MachineWalk.Daemon).Launched().Do(StopAsked);
        Assert.Equal((ServicePhase.Stopping, ServiceActions.SendStopSignal), (walk.Phase, walk.Actions));
        walk.Pass(walk.Settings.StopTimeout).Do(DeadlineReached);
        Assert.Equal((ServicePhase.Killing, ServiceActions.KillAll), (walk.Phase, walk.Actions));
        walk.Pass(ServiceMachine.KillLimit).Do(DeadlineReached);
        Assert.Equal((ServicePhase.Failed, 0), (walk.Phase, walk.State.Pid));
        Assert.Contains("cannot be killed", walk.State.Reason);
    }

    [Fact]
    public void Killed_in_time_is_stopped()
    {
        var walk = new MachineWalk(MachineWalk.Daemon).Launched().Do(StopAsked).Pass(5).Do(DeadlineReached).Killed(9).Do(Emptied);
        Assert.Equal(ServicePhase.Stopped, walk.Phase);
    }

    [Fact]
    public void Leftovers_of_a_stopped_main_process_have_the_rest_of_the_time()
    {
        var walk = new MachineWalk(MachineWalk.Daemon).Launched().Do(StopAsked);
        var deadline = walk.State.Deadline;
        walk.Pass(1).Exit(0);
        Assert.Equal((ServicePhase.Stopping, deadline), (walk.Phase, walk.State.Deadline));
    }

    [Fact]
    public void A_stop_during_backoff_is_final()
    {
        var walk = new MachineWalk(With(RestartCondition.Always)).Launched().End(1).Do(StopAsked);
        Assert.Equal((ServicePhase.Stopped, (TimeSpan?)null, false), (walk.Phase, walk.State.Deadline, walk.State.WantedUp));
        walk.Pass(100).Do(DeadlineReached);
        Assert.Equal(ServicePhase.Stopped, walk.Phase);
    }

    [Fact]
    public void A_stop_while_what_a_crash_left_is_killed_is_final()
    {
        var walk = new MachineWalk(With(RestartCondition.Always)).Launched().Exit(1).Do(StopAsked).Do(Emptied);
        Assert.Equal(ServicePhase.Stopped, walk.Phase);
    }

    [Fact]
    public void A_stop_while_starting_stops_the_process()
    {
        var walk = new MachineWalk(MachineWalk.Notifying).Launched().Do(StopAsked);
        Assert.Equal((ServicePhase.Stopping, ServiceActions.SendStopSignal), (walk.Phase, walk.Actions));
        walk.Killed(15).Do(Emptied);
        Assert.Equal(ServicePhase.Stopped, walk.Phase);
    }

    /// <summary>By name: the type is internal, and a theory's method public.</summary>
    public static TheoryData<string> Phases => [.. Enum.GetNames<ServicePhase>()];

    [Theory]
    [MemberData(nameof(Phases))]
    public void A_restart_comes_up_again_from_every_phase(string from)
    {
        var walk = InPhase(Enum.Parse<ServicePhase>(from)).Do(RestartAsked);
        bool had = walk.State.Pid != 0;
        if (walk.Phase is ServicePhase.Stopping or ServicePhase.Killing)
        {
            Assert.True(walk.State.StartAgain);
            Assert.True(walk.State.IsComing);
            if (had) walk.Killed(15);
            walk.Do(Emptied);
        }
        Assert.Equal((ServicePhase.Waiting, true, false), (walk.Phase, walk.State.WantedUp, walk.State.StartAgain));
    }

    [Theory]
    [MemberData(nameof(Phases))]
    public void A_stop_goes_down_for_good_from_every_phase(string from)
    {
        var walk = InPhase(Enum.Parse<ServicePhase>(from)).Do(RestartAsked).Do(StopAsked);
        if (walk.State.Pid != 0) walk.Killed(15);
        walk.Do(Emptied).Pass(1000).Do(DeadlineReached).Do(DependenciesMet);
        Assert.Equal((ServicePhase.Stopped, false), (walk.Phase, walk.State.WantedUp));
    }

    private static MachineWalk InPhase(ServicePhase phase)
    {
        var walk = phase switch
        {
            ServicePhase.Stopped => new MachineWalk(MachineWalk.Daemon),
            ServicePhase.Waiting => new MachineWalk(MachineWalk.Daemon).Do(StartAsked),
            ServicePhase.Starting => new MachineWalk(MachineWalk.Notifying).Launched(),
            ServicePhase.Running => new MachineWalk(MachineWalk.Daemon).Launched(),
            ServicePhase.Done => new MachineWalk(MachineWalk.Oneshot).Launched().End(0),
            ServicePhase.Stopping => new MachineWalk(MachineWalk.Daemon).Launched().Do(StopAsked),
            ServicePhase.Killing => new MachineWalk(MachineWalk.Daemon).Launched().Exit(1),
            ServicePhase.Backoff => new MachineWalk(With(RestartCondition.Always)).Launched().End(1),
            ServicePhase.Failed => new MachineWalk(With(RestartCondition.Never)).Launched().End(1),
            ServicePhase.Reloading => new MachineWalk(MachineWalk.Notifying).Launched().Do(ReadySeen).Do(ReloadingSeen),
            _ => throw new System.Diagnostics.UnreachableException(),
        };
        Assert.Equal(phase, walk.Phase);
        return walk;
    }

    [Fact]
    public void A_listener_without_a_process_stops_at_once()
    {
        var walk = new MachineWalk(MachineWalk.Daemon with { PerConnection = true }).Do(StartAsked).Do(DependenciesMet).Do(ServiceEventKind.Launched);
        Assert.Equal(ServicePhase.Running, walk.Phase);
        walk.Do(StopAsked);
        Assert.Equal((ServicePhase.Stopped, ServiceActions.None), (walk.Phase, walk.Actions));
    }

    [Fact]
    public void A_need_that_will_not_come_fails_it_with_the_cause()
    {
        var walk = new MachineWalk(MachineWalk.Daemon).Do(StartAsked).Do(new ServiceEvent(DependencyFailed, Reason: "it needs db, which has failed"));
        Assert.Equal((ServicePhase.Failed, "it needs db, which has failed"), (walk.Phase, walk.State.Reason));
    }

    [Fact]
    public void A_timer_that_is_early_or_late_changes_nothing()
    {
        foreach (var phase in Enum.GetValues<ServicePhase>())
        {
            var walk = InPhase(phase);
            var before = walk.State;
            Assert.Same(before, walk.Do(DeadlineReached).State);
        }
        var running = new MachineWalk(MachineWalk.Notifying).Launched().Do(ReadySeen);
        var up = running.State;
        Assert.Same(up, running.Pass(1000).Do(DeadlineReached).State);
    }

    [Fact]
    public void Events_that_do_not_fit_change_nothing()
    {
        foreach (var phase in Enum.GetValues<ServicePhase>())
            foreach (var kind in new[] { DependenciesMet, DependencyFailed, ServiceEventKind.Launched, LaunchFailed, ReadySeen, Emptied })
            {
                var walk = InPhase(phase);
                bool fits = (phase, kind) switch
                {
                    (ServicePhase.Waiting, DependenciesMet or DependencyFailed) => true,
                    (ServicePhase.Starting, ServiceEventKind.Launched or LaunchFailed or ReadySeen) => true,
                    (ServicePhase.Reloading, ReadySeen) => true,
                    (ServicePhase.Stopping or ServicePhase.Killing, Emptied) => walk.State.Pid == 0,
                    _ => false,
                };
                if (fits) continue;
                var before = walk.State;
                Assert.Same(before, walk.Do(kind).State);
                Assert.Equal(ServiceActions.None, walk.Actions);
            }
    }
}
