using Dora.Core.Configuration;
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
///
/// Invariants
/// - A process is launched only from Waiting, and Waiting is entered only when the cgroup is known to be empty: there
///   are never two generations of a service at once (an old one that lingers keeps it in Stopping or Killing).
///   One that could not be killed leaves it Failed, and may be asked to start from there: then the launcher finds the
///   cgroup busy and launches nothing.
/// - When the main process ends by itself, what it left behind in its cgroup is killed before anything else happens.
/// - Every phase that waits for a process has a deadline: Starting (readiness, or the end of a oneshot), Stopping,
///   Killing. Stopping turns into Killing, Killing into Failed: processes that cannot be killed hang in the kernel.
/// - A fault (ended by itself, not ready in time) is kept in Fault while it is cleared away; on Emptied it is the
///   restart policy that decides. Stopping without a fault ends in Stopped.
/// - Exit code 125 says "do not start me again", whatever the policy.
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
        return happened.Kind switch
        {
            ServiceEventKind.StartAsked => Start(state, now),
            ServiceEventKind.StopAsked => Stop(state, settings, now),
            ServiceEventKind.RestartAsked => Restart(state, settings, now),
            ServiceEventKind.DependenciesMet when state.Phase is ServicePhase.Waiting => Begin(state, settings, now),
            ServiceEventKind.DependencyFailed when state.Phase is ServicePhase.Waiting =>
                (Enter(state, ServicePhase.Failed, now) with { Reason = happened.Reason }, ServiceActions.None),
            ServiceEventKind.Launched when state.Phase is ServicePhase.Starting => (
                SaysWhenReady(settings)
                    ? state with { Pid = happened.Pid }
                    : Enter(state, ServicePhase.Running, now) with { Pid = happened.Pid, ReadyAt = now },
                ServiceActions.None),
            ServiceEventKind.LaunchFailed when state.Phase is ServicePhase.Starting =>
                (AfterFault(state, settings, happened.Reason, false, now), ServiceActions.None),
            ServiceEventKind.ReadySeen when state.Phase is ServicePhase.Starting && state.Helper is not HelperKind.PreStart =>
                (Enter(state, ServicePhase.Running, now) with { ReadyAt = now }, ServiceActions.None),
            ServiceEventKind.MainExited => MainExited(state, happened.Exit!, now),
            ServiceEventKind.Emptied => (Emptied(state, settings, now), ServiceActions.None),
            ServiceEventKind.DeadlineReached => DeadlineReached(state, settings, now),
            _ => ApplyReadiness(state, settings, happened, now),
        };
    }

    /// <summary>Whether there is something to wait for between its launch and being up.</summary>
    internal static bool SaysWhenReady(ServiceSettings settings) =>
        settings.Type == ServiceType.Oneshot || settings.Notify != ReadinessProtocol.None || settings.Ready is not null;

    private static (ServiceState, ServiceActions) Start(ServiceState state, TimeSpan now)
    {
        var wanted = state with { WantedUp = true };
        return state.Phase switch
        {
            ServicePhase.Stopped or ServicePhase.Failed or ServicePhase.Backoff => (
                Enter(wanted, ServicePhase.Waiting, now) with { RestartsInRow = 0, Restarts = 0 }, ServiceActions.None),
            // It comes up again by itself when it stops for a fault; an ordered stop is turned round.
            ServicePhase.Stopping or ServicePhase.Killing => (wanted with { StartAgain = true }, ServiceActions.None),
            _ => (wanted, ServiceActions.None),
        };
    }

    private static (ServiceState, ServiceActions) Stop(ServiceState state, ServiceSettings settings, TimeSpan now)
    {
        var unwanted = state with { WantedUp = false, StartAgain = false };
        switch (state.Phase)
        {
            case ServicePhase.Starting or ServicePhase.Running or ServicePhase.Reloading when HasProcesses(state, settings):
                return StopMain(unwanted, settings, now);
            case ServicePhase.Stopping or ServicePhase.Killing:
                return (unwanted with { Fault = null, EndsByItself = false }, ServiceActions.None);
            default:
                return (Enter(unwanted, ServicePhase.Stopped, now), ServiceActions.None);
        }
    }

    // A listener with a process for each connection has none itself.
    private static bool HasProcesses(ServiceState state, ServiceSettings settings) =>
        state.Phase is ServicePhase.Starting || state.Pid != 0 || !settings.PerConnection;

    private static (ServiceState, ServiceActions) Restart(ServiceState state, ServiceSettings settings, TimeSpan now)
    {
        var (stopped, actions) = Stop(state, settings, now);
        var (started, _) = Start(stopped, now);
        return (started, actions);
    }

    private static (ServiceState, ServiceActions) MainExited(ServiceState state, ProcessExit exit, TimeSpan now)
    {
        var gone = state with { Pid = 0, LastExit = exit };
        return state.Phase switch
        {
            ServicePhase.Starting or ServicePhase.Running or ServicePhase.Reloading or ServicePhase.Stopping
                when state.Phase is not ServicePhase.Stopping || state.EndsByItself => (
                Enter(gone, ServicePhase.Killing, now) with
                {
                    Fault = exit.Describe(),
                    Deadline = now + KillLimit,
                    // Remembered beyond the phase: whether a oneshot ended while it was still at work is why it is Done.
                    ReadyAt = state.ReadyAt,
                },
                ServiceActions.KillAll),
            _ => (gone, ServiceActions.None),
        };
    }

    private static ServiceState Emptied(ServiceState state, ServiceSettings settings, TimeSpan now)
    {
        if (state.Phase is not (ServicePhase.Stopping or ServicePhase.Killing) || state.Pid != 0) return state;
        if (state.StartAgain)
            return Enter(state, ServicePhase.Waiting, now) with { StartAgain = false, RestartsInRow = 0 };
        if (state.Fault is null || !state.WantedUp)
            return Enter(state, ServicePhase.Stopped, now) with { Reason = state.Fault };

        // A daemon that ends before it was ready has failed, whatever its exit code.
        bool success = state.LastExit is { IsSuccess: true } && state.Fault == state.LastExit.Describe()
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
            return Enter(down, ServicePhase.Failed, now) with { Reason = $"exit code {DoNotRestart}: it asked not to be started again" };
        if (policy.When == RestartCondition.Never || (policy.When == RestartCondition.OnFailure && success))
            return Enter(down, success ? ServicePhase.Stopped : ServicePhase.Failed, now) with { Reason = fault };

        bool wasStable = state.ReadyAt is { } ready && now - ready >= policy.ResetAfter;
        int inRow = wasStable ? 1 : state.RestartsInRow + 1;
        if (policy.Limit > 0 && inRow > policy.Limit)
            return Enter(down, ServicePhase.Failed, now) with { Reason = $"{fault}; given up after {policy.Limit} restarts in a row" };

        return Enter(down, ServicePhase.Backoff, now) with
        {
            Deadline = now + Delay(policy, inRow),
            RestartsInRow = inRow,
            Restarts = state.Restarts + 1,
            Reason = fault,
        };
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
                        Deadline = now + settings.StopTimeout,
                    },
                    ServiceActions.SendStopSignal);
            case ServicePhase.Stopping:
                return (
                    Enter(state, ServicePhase.Killing, now) with
                    {
                        Deadline = now + KillLimit,
                        Fault = state.EndsByItself ? $"it said that it stops and has not within {Seconds(settings.StopTimeout)} (stop-timeout)" : state.Fault,
                    },
                    ServiceActions.KillAll);
            case ServicePhase.Killing:
                return (
                    Enter(state, ServicePhase.Failed, now) with
                    {
                        Pid = 0,
                        Reason = $"its processes cannot be killed (they hang in the kernel); {state.Fault ?? "it was being stopped"}",
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

    /// <summary>The one place where the phase changes: what belongs to the old one is dropped.</summary>
    private static ServiceState Enter(ServiceState state, ServicePhase phase, TimeSpan now) => state with
    {
        Phase = phase,
        Since = now,
        Deadline = null,
        Reason = null,
        Fault = phase is ServicePhase.Stopping or ServicePhase.Killing ? state.Fault : null,
        StartAgain = state.StartAgain && phase is ServicePhase.Stopping or ServicePhase.Killing,
        EndsByItself = false,
        Helper = phase is ServicePhase.Stopping && state.Helper is HelperKind.PreStart ? state.Helper : HelperKind.None,
        HelperPid = phase is ServicePhase.Stopping && state.Helper is HelperKind.PreStart ? state.HelperPid : 0,
        IsReloadAnnounced = false,
    };
}
