using Dora.Core;
using Dora.Core.Configuration;
using Dora.Core.Linux;
using Dora.Init.Manager.Supervision.Readiness;

namespace Dora.Init.Manager.Supervision;

/// <summary>
/// The life of a service as a pure function: (state, settings, event, now) -> (state, actions). It knows no clock, no
/// process and no other service, so tests walk it with a fake clock, and a manager that has just been started again
/// goes on from the state that the last one left.
///
/// <code>
///            StartAsked          DependenciesMet        Launched / ReadySeen / exit 0 of a oneshot
///   Stopped -----------> Waiting ---------------> Starting ------------------> Running / Done
///      ^  ^                 ^ ^                      |                            |
///      |  |      Deadline   | | StartAgain           | main exits, deadline,      | main exits, StopAsked,
///      |  |   Backoff ------+ |                      | launch fails               | RestartAsked
///      |  |      ^            |                      v                            v
///      |  |      |            +------------------ Stopping ----- Deadline -----> Killing
///      |  +------|---------------- Emptied ----------+                            |
///      |         +--- Emptied, and the restart policy says so ---------------------+
///   Failed <----- Emptied, and it does not; DependencyFailed; cannot be killed ----+
/// </code>
/// and from Waiting straight to Done for a oneshot whose work is found done (unless).
///
/// Invariants
/// - A run begins only from Waiting (with its pre-start, if it has one), and Waiting is entered only when the cgroup is known to be empty: there
///   are never two generations of a service at once (an old one that lingers keeps it in Stopping or Killing).
///   One that could not be killed leaves it Failed, and may be asked to start from there: then the launcher finds the
///   cgroup busy and launches nothing.
/// - When the main process ends by itself, what it left behind in its cgroup is killed before anything else happens.
/// - Every phase that waits for a process has a deadline: Starting (readiness, or the end of a oneshot), Reloading,
///   Stopping, Killing. Stopping turns into Killing, Killing into Failed: processes that cannot be killed hang in the kernel.
/// - A fault (ended by itself, not ready in time) is kept in Fault while it is cleared away; on Emptied it is the
///   restart policy that decides. Stopping without a fault ends in Stopped.
/// - Exit code 125 says "do not start me again", whatever the policy and whatever counts as success.
/// - IsGivenUp marks the one kind of failure that on-failure speaks of: a fault of its own, after which nothing starts it
///   again. A need that failed is no such fault, and neither is a stop that went wrong. Entering it asks for
///   ReactToFailure, once; any start, stop or restart clears it.
/// - Result says for programs what Fault and Reason say for people: it is set where a fault is, Success where a run ends
///   without one, and stays until the next run begins.
/// - With a post-stop, Emptied comes twice: it is run after the first (Stopping, Helper is PostStop), the second is what it
///   leaves itself. What has become of the run is known before, and its own outcome changes nothing about that.
/// - HasBeenUp is never taken back: a milestone is behind one.
/// - Chance (jitter) comes from the name and the time, which are arguments: the same call has the same answer.
/// - A group, and a listener with a process for each connection, have no process: Launched comes without a pid, and a stop
///   is over at once.
/// - Reloading is Running to all that is here. It, the helper commands, and what a service says of itself are in
///   ServiceMachine.Readiness.cs.
/// - An event that does not fit the phase changes nothing: a late timer or a doubled report is harmless.
/// </summary>
internal static partial class ServiceMachine
{
    /// <summary>How long the kernel may take to clear killed processes away.</summary>
    public static readonly TimeSpan KillLimit = TimeSpan.FromSeconds(10);

    private const int DoNotRestart = 125;

    public static (ServiceState State, ServiceActions Actions) Apply(
        ServiceState state, ServiceSettings settings, ServiceEvent happened, TimeSpan now)
    {
        var (after, actions) = Move(state, settings, happened, now);
        return (after, after.IsGivenUp && !state.IsGivenUp ? actions | ServiceActions.ReactToFailure : actions);
    }

    private static (ServiceState State, ServiceActions Actions) Move(
        ServiceState state, ServiceSettings settings, ServiceEvent happened, TimeSpan now)
    {
        return happened.Kind switch
        {
            ServiceEventKind.StartAsked => Start(state, happened.Cause, now),
            ServiceEventKind.StopAsked => Stop(state, settings, happened.Reason, now),
            ServiceEventKind.RestartAsked => Restart(state, settings, happened.Cause, now),
            ServiceEventKind.DependenciesMet when state.Phase is ServicePhase.Waiting => Begin(state, settings, now),
            ServiceEventKind.FoundDone when state.Phase is ServicePhase.Waiting =>
                (Enter(state, ServicePhase.Done, now) with { StartedAt = now, ReadyAt = now, Reason = happened.Reason, Result = ServiceResult.Success, ResultErrno = default }, ServiceActions.None),
            ServiceEventKind.DependencyFailed when state.Phase is ServicePhase.Waiting =>
                (Enter(state, ServicePhase.Failed, now) with { Reason = happened.Reason, Result = ServiceResult.Dependency, ResultErrno = default }, ServiceActions.None),
            ServiceEventKind.Launched when state.Phase is ServicePhase.Starting => (
                SaysWhenReady(settings)
                    ? state with { Pid = happened.Pid }
                    : Enter(state, ServicePhase.Running, now) with { Pid = happened.Pid, ReadyAt = now },
                ServiceActions.None),
            ServiceEventKind.LaunchFailed when state.Phase is ServicePhase.Starting =>
                LaunchFailed(state, settings, happened, now),
            ServiceEventKind.ReadySeen when state.Phase is ServicePhase.Starting && state.Helper is not HelperKind.PreStart =>
                (Enter(state, ServicePhase.Running, now) with { ReadyAt = now }, ServiceActions.None),
            ServiceEventKind.MainExited => MainExited(state, settings, happened.Exit!, now),
            ServiceEventKind.Emptied => Emptied(state, settings, now),
            ServiceEventKind.DeadlineReached => DeadlineReached(state, settings, now),
            _ => ApplyReadiness(state, settings, happened, now),
        };
    }

    /// <summary>Whether there is something to wait for between its launch and being up.</summary>
    internal static bool SaysWhenReady(ServiceSettings settings) =>
        settings.Type == ServiceType.Oneshot || settings.Notify != ReadinessProtocol.None || settings.Ready is not null;

    /// <summary>Whether it has a process of its own: a group has none, and a listener only those of its connections.</summary>
    internal static bool HasProcess(ServiceSettings settings) => settings.Type != ServiceType.Group && !settings.PerConnection;

    private static (ServiceState, ServiceActions) Start(ServiceState state, StartCause? cause, TimeSpan now)
    {
        var wanted = state with { WantedUp = true };
        return state.Phase switch
        {
            ServicePhase.Stopped or ServicePhase.Failed or ServicePhase.Backoff => (
                Enter(wanted, ServicePhase.Waiting, now) with
                {
                    RestartsInRow = 0,
                    Restarts = 0,
                    PeriodSince = null,
                    RestartsInPeriod = 0,
                    Cause = cause,
                },
                ServiceActions.None),
            // It comes up again by itself when it stops for a fault; an ordered stop is turned round.
            ServicePhase.Stopping or ServicePhase.Killing => (wanted with { StartAgain = true }, ServiceActions.None),
            _ => (wanted, ServiceActions.None),
        };
    }

    private static (ServiceState, ServiceActions) Stop(ServiceState state, ServiceSettings settings, string? reason, TimeSpan now)
    {
        var unwanted = state with { WantedUp = false, StartAgain = false };
        switch (state.Phase)
        {
            case ServicePhase.Starting or ServicePhase.Running or ServicePhase.Reloading when HasProcesses(state, settings):
                return StopMain(unwanted, settings, reason, now);
            case ServicePhase.Stopping or ServicePhase.Killing:
                return (unwanted with { Fault = null, EndsByItself = false }, ServiceActions.None);
            default:
                return (Enter(unwanted, ServicePhase.Stopped, now) with { Reason = reason }, ServiceActions.None);
        }
    }

    private static bool HasProcesses(ServiceState state, ServiceSettings settings) =>
        state.Phase is ServicePhase.Starting || state.Pid != 0 || HasProcess(settings);

    private static (ServiceState, ServiceActions) Restart(ServiceState state, ServiceSettings settings, StartCause? cause, TimeSpan now)
    {
        var (stopped, actions) = Stop(state, settings, null, now);
        var (started, _) = Start(stopped, cause, now);
        return (started, actions);
    }

    private static (ServiceState, ServiceActions) MainExited(ServiceState state, ServiceSettings settings, ProcessExit exit, TimeSpan now)
    {
        var gone = state with { Pid = 0, LastExit = exit, HasExited = true };
        return state.Phase switch
        {
            ServicePhase.Starting when settings.LeavesProcesses => (
                AfterRun(gone with { Fault = exit.Describe(), Result = ResultOf(state, settings, exit) }, settings, now), ServiceActions.None),
            ServicePhase.Starting or ServicePhase.Running or ServicePhase.Reloading or ServicePhase.Stopping
                when state.Phase is not ServicePhase.Stopping || state.EndsByItself => (
                Enter(gone, ServicePhase.Killing, now) with
                {
                    Fault = exit.Describe(),
                    Result = ResultOf(state, settings, exit),
                    Deadline = now + KillLimit,
                    // Remembered beyond the phase: whether a oneshot ended while it was still at work is why it is Done.
                    ReadyAt = state.ReadyAt,
                },
                ServiceActions.KillAll),
            _ => (gone, ServiceActions.None),
        };
    }

    private static (ServiceState, ServiceActions) Emptied(ServiceState state, ServiceSettings settings, TimeSpan now)
    {
        // A post-stop whose end is not told yet has left the cgroup empty too.
        if (state.Phase is not (ServicePhase.Stopping or ServicePhase.Killing) || state.Pid != 0 || state.Helper is HelperKind.PostStop)
            return (state, ServiceActions.None);
        // Nothing was wrong with it: it was stopped.
        if (state is { Result: ServiceResult.None, Fault: null }) state = state with { Result = ServiceResult.Success };
        return settings.PostStop.Count > 0 && !state.IsPostStopOver
            ? PostStop(state, settings, now)
            : (AfterRun(state, settings, now), ServiceActions.None);
    }

    /// <summary>Nothing of the run is left, and nothing more is to be done about it.</summary>
    private static ServiceState AfterRun(ServiceState state, ServiceSettings settings, TimeSpan now)
    {
        if (state.StartAgain)
            return Enter(state, ServicePhase.Waiting, now) with { StartAgain = false, RestartsInRow = 0 };
        if (state.Fault is null || !state.WantedUp)
            return Enter(state, ServicePhase.Stopped, now) with { Reason = state.Fault ?? state.Reason };

        // A daemon that ends before it was ready has failed, whatever its exit code.
        bool success = state.LastExit is { } exit && IsSuccess(exit, settings) && state.Fault == state.LastExit.Describe()
            && (settings.Type == ServiceType.Oneshot || state.ReadyAt is not null);
        if (success && settings.Type == ServiceType.Oneshot)
            return Enter(state, ServicePhase.Done, now) with { ReadyAt = now };
        return AfterFault(state, settings, state.Fault, success, now);
    }

    /// <summary>It is down and nobody asked for that: the restart policy decides.</summary>
    private static ServiceState AfterFault(ServiceState state, ServiceSettings settings, string? fault, bool success, TimeSpan now)
    {
        var policy = settings.Restart;
        var down = state with { Pid = 0 };
        if (state.LastExit is { Code: 1, Status: DoNotRestart } && fault == state.LastExit.Describe())
            return GiveUp(down, $"exit code {DoNotRestart}: it asked not to be started again", now);
        if (policy.When == RestartCondition.Never || (policy.When == RestartCondition.OnFailure && success))
            return success ? Enter(down, ServicePhase.Stopped, now) with { Reason = fault } : GiveUp(down, fault, now);

        bool wasStable = state.ReadyAt is { } ready && now - ready >= policy.ResetAfter;
        int inRow = wasStable ? 1 : state.RestartsInRow + 1;
        bool isNewPeriod = policy.Within == TimeSpan.Zero || state.PeriodSince is not { } since || now - since >= policy.Within;
        int inPeriod = isNewPeriod ? 1 : state.RestartsInPeriod + 1;
        if (policy.Limit > 0 && (policy.Within > TimeSpan.Zero ? inPeriod : inRow) > policy.Limit)
            return GiveUp(down, policy.Within > TimeSpan.Zero
                ? $"{fault}; given up after {policy.Limit} restarts within {Seconds(policy.Within)}"
                : $"{fault}; given up after {policy.Limit} restarts in a row", now);

        return Enter(down, ServicePhase.Backoff, now) with
        {
            Deadline = now + Delay(policy, inRow) * (1 + policy.Jitter * Chance(settings.Name, now)),
            RestartsInRow = inRow,
            PeriodSince = policy.Within == TimeSpan.Zero ? null : isNewPeriod ? now : state.PeriodSince,
            RestartsInPeriod = policy.Within == TimeSpan.Zero ? 0 : inPeriod,
            Restarts = state.Restarts + 1,
            Reason = fault,
        };
    }

    private static ServiceState GiveUp(ServiceState down, string? reason, TimeSpan now) =>
        Enter(down, ServicePhase.Failed, now) with { Reason = reason, IsGivenUp = down.WantedUp };

    private static (ServiceState, ServiceActions) LaunchFailed(ServiceState state, ServiceSettings settings, ServiceEvent failed, TimeSpan now)
    {
        var without = state with { Result = failed.IsExecute ? ServiceResult.ExecFailed : ServiceResult.LaunchFailed, ResultErrno = failed.Errno };
        // With a post-stop it is a run like any other: what its pre-start has made may have to be cleared away.
        return settings.PostStop.Count == 0
            ? (AfterFault(without, settings, failed.Reason, false, now), ServiceActions.None)
            : (Enter(without, ServicePhase.Killing, now) with { Fault = failed.Reason, Deadline = now + KillLimit }, ServiceActions.KillAll);
    }

    private static ServiceResult ResultOf(ServiceState state, ServiceSettings settings, ProcessExit exit)
    {
        if (IsSuccess(exit, settings))
            return settings.Type == ServiceType.Oneshot || state.ReadyAt is not null ? ServiceResult.Success : ServiceResult.Protocol;
        return exit.IsOutOfMemory ? ServiceResult.OutOfMemory
            : exit.Code switch { 0 => ServiceResult.Unseen, Libc.CLD_EXITED => ServiceResult.ExitCode, _ => ServiceResult.Signal };
    }

    internal static bool IsSuccess(ProcessExit exit, ServiceSettings settings)
    {
        if (exit.IsSuccess) return true;
        foreach (var end in settings.Success)
            if (end.IsSignal == (exit.Code is Libc.CLD_KILLED or Libc.CLD_DUMPED) && exit.Code != 0 && end.Number == exit.Status) return true;
        return false;
    }

    /// <summary>From 0 to nearly 1, by the name and the time: services that fail together are not started again together.</summary>
    internal static double Chance(string name, TimeSpan now)
    {
        ulong hash = Fingerprint.Of(name); // and a finisher: names and times differ in their last bits
        hash ^= (ulong)now.Ticks;
        hash = (hash ^ (hash >> 33)) * 0xFF51AFD7ED558CCD;
        hash = (hash ^ (hash >> 33)) * 0xC4CEB9FE1A85EC53;
        return ((hash ^ (hash >> 33)) >> 11) / (double)(1UL << 53);
    }

    /// <summary>The wait before the n-th restart in a row, n from 1.</summary>
    internal static TimeSpan Delay(RestartPolicy policy, int inRow)
    {
        double ms = policy.Delay.TotalMilliseconds * Math.Pow(policy.Factor, Math.Min(inRow - 1, 1000));
        return TimeSpan.FromMilliseconds(Math.Min(ms, policy.Cap.TotalMilliseconds));
    }

    private static (ServiceState, ServiceActions) DeadlineReached(ServiceState state, ServiceSettings settings, TimeSpan now)
    {
        if (state.Deadline is not { } deadline || now < deadline) return (state, ServiceActions.None);
        if (HelperDeadline(state, settings, now) is { } helper) return helper;
        switch (state.Phase)
        {
            case ServicePhase.Starting:
                string what = settings.Type == ServiceType.Oneshot ? "not done" : "not ready";
                return (
                    Enter(state, ServicePhase.Stopping, now) with
                    {
                        Fault = $"{what} within {Seconds(settings.StartTimeout)} (start-timeout)",
                        Result = ServiceResult.Timeout,
                        Deadline = now + settings.StopTimeout,
                    },
                    ServiceActions.SendStopSignal);
            case ServicePhase.Stopping:
                return (
                    Enter(state, ServicePhase.Killing, now) with
                    {
                        Deadline = now + KillLimit,
                        Fault = state.EndsByItself ? $"it said that it stops and has not within {Seconds(settings.StopTimeout)} (stop-timeout)" : state.Fault,
                        Result = state.Result is ServiceResult.None ? ServiceResult.StopTimeout : state.Result,
                        Reason = state.Reason,
                    },
                    ServiceActions.KillAll);
            case ServicePhase.Killing:
                return (
                    Enter(state, ServicePhase.Failed, now) with
                    {
                        Pid = 0,
                        Result = ServiceResult.Unkillable,
                        Reason = $"its processes cannot be killed (they hang in the kernel); {state.Fault ?? "it was being stopped"}",
                        IsGivenUp = state.WantedUp && state.Fault is not null,
                    },
                    ServiceActions.None);
            case ServicePhase.Backoff:
                return (Enter(state, ServicePhase.Waiting, now) with { Reason = state.Reason }, ServiceActions.None);
            default:
                return (state, ServiceActions.None);
        }
    }

    internal static string Seconds(TimeSpan span) =>
        span.TotalSeconds >= 1 ? $"{span.TotalSeconds:0.#} s" : $"{span.TotalMilliseconds:0} ms";

    private static bool IsFirstUp(ServiceState state, ServicePhase phase) => state is { HasBeenUp: false, FirstReadyAt: null } && (phase is ServicePhase.Running or ServicePhase.Done);

    /// <summary>The one place where the phase changes: what belongs to the old one is dropped.</summary>
    private static ServiceState Enter(ServiceState state, ServicePhase phase, TimeSpan now) => state with
    {
        Phase = phase,
        Since = now,
        Deadline = null,
        Reason = null,
        IsGivenUp = false,
        FirstStartedAt = IsFirstUp(state, phase) ? state.StartedAt ?? now : state.FirstStartedAt,
        FirstReadyAt = IsFirstUp(state, phase) ? now : state.FirstReadyAt,
        HasBeenUp = state.HasBeenUp || phase is ServicePhase.Running or ServicePhase.Done,
        Fault = phase is ServicePhase.Stopping or ServicePhase.Killing ? state.Fault : null,
        StartAgain = state.StartAgain && phase is ServicePhase.Stopping or ServicePhase.Killing,
        EndsByItself = false,
        Helper = phase is ServicePhase.Stopping && state.Helper is HelperKind.PreStart ? state.Helper : HelperKind.None,
        HelperPid = phase is ServicePhase.Stopping && state.Helper is HelperKind.PreStart ? state.HelperPid : 0,
        IsReloadAnnounced = false,
    };
}
