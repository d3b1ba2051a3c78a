using Dora.Core.Configuration;
using Dora.Init.Manager.Supervision;
using Dora.Init.Manager.Supervision.Readiness;
using Xunit;

namespace Dora.Init.Tests.Manager.Supervision;

/// <summary>Any events in any order: what the head of ServiceMachine.cs promises holds all the way.</summary>
public class ServiceMachineWalkTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Invariants_hold_on_random_walks(int seed)
    {
        var random = new Random(seed);
        for (int round = 0; round < 400; round++) Walk(random);
    }

    private static void Walk(Random random)
    {
        var settings = new[] { MachineWalk.Daemon, MachineWalk.Oneshot, MachineWalk.Notifying, MachineWalk.Talking, MachineWalk.Helped, MachineWalk.Cleared, MachineWalk.Oneshot with { PostStop = ["/bin/clear"] } }[random.Next(7)] with
        {
            Restart = new RestartPolicy { When = (RestartCondition)random.Next(3), Limit = random.Next(4), Within = TimeSpan.FromSeconds(random.Next(2) * 20), Jitter = random.NextDouble() },
        };
        var state = new ServiceState();
        var now = TimeSpan.FromSeconds(10);
        bool isStuck = false;
        int running = 0, left = 0; // the world: the main process, and what it left in the cgroup
        for (int step = 0; step < 120; step++)
        {
            now += TimeSpan.FromMilliseconds(random.Next(3) == 0 ? random.Next(20_000) : random.Next(50));
            var happened = Next(random, state, ref running, ref left);
            if (happened is null || (isStuck && happened.Value.Kind is ServiceEventKind.MainExited or ServiceEventKind.Emptied)) continue;
            var before = state;
            (state, var actions) = ServiceMachine.Apply(state, settings, happened.Value, now);
            string what = $"{before.Phase} + {happened.Value.Kind} -> {state.Phase}, {actions}";

            if (actions.HasFlag(ServiceActions.RunHelper))
            {
                Assert.True(state.Helper is not HelperKind.None && state.HelperPid == 0, what);
                if (random.Next(5) == 0) (state, actions) = ServiceMachine.Apply(state, settings, new(ServiceEventKind.HelperEnded, Reason: "no"), now);
                else (state, actions) = ServiceMachine.Apply(state, settings, new(ServiceEventKind.HelperLaunched, 5000 + step), now);
            }
            if (state.HelperPid != 0) Assert.True(state.Helper is not HelperKind.None, what);
            if (state.Helper is not HelperKind.None)
                Assert.True(state.Phase is ServicePhase.Starting or ServicePhase.Stopping or ServicePhase.Reloading, $"a helper without a phase for it: {what}");
            if (state.EndsByItself) Assert.True(state.Phase is ServicePhase.Stopping, what);
            if (actions.HasFlag(ServiceActions.Launch))
            {
                Assert.True(before.Phase == ServicePhase.Waiting || before is { Phase: ServicePhase.Starting, Helper: HelperKind.PreStart }, what);
                Assert.True(isStuck || (running == 0 && left == 0), $"two generations: {what}");
                // The world answers at once; into a cgroup that is not empty the launcher launches nothing.
                if (isStuck || random.Next(5) == 0)
                    (state, actions) = ServiceMachine.Apply(state, settings, new(ServiceEventKind.LaunchFailed, Reason: "no"), now);
                else
                {
                    running = 1000 + step;
                    left = random.Next(2);
                    (state, actions) = ServiceMachine.Apply(state, settings, new(ServiceEventKind.Launched, Pid: running), now);
                }
            }

            if (state.Phase is ServicePhase.Starting or ServicePhase.Stopping or ServicePhase.Killing or ServicePhase.Backoff or ServicePhase.Reloading)
                Assert.True(state.Deadline is not null, $"waits without a deadline: {what}");
            else Assert.True(state.Deadline is null, $"a deadline that means nothing: {what}");
            // What cannot be killed goes one day, and the state does not know its pid any more.
            bool wasStuck = isStuck || (before.Phase is ServicePhase.Killing && state.Phase is ServicePhase.Failed);
            isStuck = wasStuck && random.Next(4) != 0;
            if (wasStuck && !isStuck) running = left = 0;
            if (state.Phase is ServicePhase.Waiting or ServicePhase.Backoff or ServicePhase.Stopped or ServicePhase.Done)
                Assert.True(isStuck || (running == 0 && left == 0), $"something still runs: {what}");
            if (before.Phase != state.Phase && state.Phase is ServicePhase.Killing) Assert.True(actions.HasFlag(ServiceActions.KillAll), what);
            if (state.StartAgain) Assert.True(state.Phase is ServicePhase.Stopping or ServicePhase.Killing, what);
            if (state.Helper is HelperKind.PostStop) Assert.True(isStuck || (running == 0 && left == 0), $"the run is not over: {what}");
            if (before is { Helper: HelperKind.PostStop, IsPostStopOver: false } && state.Helper is not HelperKind.PostStop) Assert.True(state.IsPostStopOver, what);
            if (settings.PostStop.Count > 0 && before.Phase is ServicePhase.Stopping or ServicePhase.Killing && state.Phase is ServicePhase.Stopped or ServicePhase.Waiting or ServicePhase.Backoff or ServicePhase.Done)
                Assert.True(before.IsPostStopOver, $"its post-stop was left out: {what}");
            if (state.Fault is not null) Assert.True(state.Phase is ServicePhase.Stopping or ServicePhase.Killing, what);
            if (state.Phase is ServicePhase.Failed) Assert.False(string.IsNullOrEmpty(state.Reason), what);
            if (state.IsGivenUp) Assert.True(state.Phase is ServicePhase.Failed && state.WantedUp, what);
            Assert.True(actions.HasFlag(ServiceActions.ReactToFailure) == (state.IsGivenUp && !before.IsGivenUp) || actions.HasFlag(ServiceActions.Launch) || before.Phase is ServicePhase.Waiting, what);
            if (before.HasBeenUp || state.IsUp) Assert.True(state.HasBeenUp, what);
            Assert.True(state.HasBeenUp == state.FirstReadyAt is not null && state.FirstReadyAt >= state.FirstStartedAt == state.HasBeenUp, what);
            if (before.FirstReadyAt is not null) Assert.True((before.FirstStartedAt, before.FirstReadyAt) == (state.FirstStartedAt, state.FirstReadyAt), what);
            if (settings.Restart is { Limit: > 0, Within.Ticks: > 0 }) Assert.True(state.RestartsInPeriod <= settings.Restart.Limit, what);
            else if (settings.Restart.Limit > 0) Assert.True(state.RestartsInRow <= settings.Restart.Limit, what);
        }

        // And it can always be ended: a stop, and the answers of a world that does what it is asked.
        (state, _) = ServiceMachine.Apply(state, settings, new(ServiceEventKind.StopAsked), now);
        if (state.Pid != 0) (state, _) = ServiceMachine.Apply(state, settings, new(ServiceEventKind.MainExited, Exit: new ProcessExit(2, 9)), now);
        (state, _) = ServiceMachine.Apply(state, settings, new(ServiceEventKind.Emptied), now);
        if (state.Helper is HelperKind.PostStop)
        {
            (state, _) = ServiceMachine.Apply(state, settings, new(ServiceEventKind.HelperEnded, state.HelperPid, new ProcessExit(1, 1)), now);
            (state, _) = ServiceMachine.Apply(state, settings, new(ServiceEventKind.Emptied), now);
        }
        Assert.Equal(ServicePhase.Stopped, state.Phase);
    }

    /// <summary>An event that the world could send now: exits only of what runs, Emptied only when nothing is left.</summary>
    private static ServiceEvent? Next(Random random, ServiceState state, ref int running, ref int left)
    {
        switch (random.Next(18))
        {
            case 9: return new(ServiceEventKind.ReloadAsked);
            case 10: return new(ServiceEventKind.ReloadingSeen);
            case 11: return random.Next(4) == 0 ? new(ServiceEventKind.StoppingSeen) : null;
            case 12: return new(ServiceEventKind.TimeoutExtended, At: TimeSpan.FromSeconds(random.Next(1000)));
            case 13: return random.Next(4) == 0 ? new(ServiceEventKind.WatchdogMissed, Reason: "silent") : null;
            case 14: return random.Next(2) == 0 ? new(ServiceEventKind.HealthPassed) : new(ServiceEventKind.HealthFailed, Reason: "no");
            case 15: return new(ServiceEventKind.StatusTold, Reason: "busy");
            case 16 or 17 when state.HelperPid != 0: return new(ServiceEventKind.HelperEnded, state.HelperPid, new ProcessExit(1, random.Next(2)));
            case 0: return new(ServiceEventKind.StartAsked);
            case 1: return random.Next(3) == 0 ? new(ServiceEventKind.StopAsked) : null;
            case 2: return random.Next(3) == 0 ? new(ServiceEventKind.RestartAsked) : null;
            case 3 when random.Next(8) == 0: return new(ServiceEventKind.FoundDone, Reason: "it is there");
            case 3 or 4: return new(ServiceEventKind.DependenciesMet);
            case 5: return new(ServiceEventKind.ReadySeen);
            case 6: return new(ServiceEventKind.DeadlineReached);
            case 7 when running != 0:
                running = 0;
                int code = random.Next(5) == 0 ? 125 : random.Next(2);
                return new(ServiceEventKind.MainExited, Exit: new ProcessExit(1, code));
            case 8 when running == 0:
                // The kernel kills what is left once it was asked to, and tells.
                if (state.Phase is not (ServicePhase.Killing or ServicePhase.Stopping)) return null;
                left = 0;
                return new(ServiceEventKind.Emptied);
            default: return null;
        }
    }
}
