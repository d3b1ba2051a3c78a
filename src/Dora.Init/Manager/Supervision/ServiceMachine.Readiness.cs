using Dora.Core.Configuration;
using Dora.Init.Manager.Supervision.Readiness;

namespace Dora.Init.Manager.Supervision;

// What a service says of itself (sd_notify), what its helper commands come to, and what is seen of its health.
//
//   Starting   with pre-start: the helper first (Helper is PreStart, Pid is 0); it ends with 0 -> the main process is
//              launched; otherwise, or beyond helper-timeout -> Killing with that fault, and the restart policy.
//   Running    RELOADING=1, or a reload that was asked for and takes time -> Reloading.
//   Reloading  like Running, but not up: what needs it and is not started yet waits. READY=1, or the end of the
//              reload command -> Running. Neither in time, or a command that fails -> Running too, with ReloadFault: a
//              reload that goes wrong is no reason to end what runs. After a reload that we asked for by signal, only a
//              RELOADING=1 that is younger than the request makes the READY=1 behind it count.
//   Stopping   with stop-command: the helper first (Helper is Stop). It fails -> the stop signal after all. The
//              stop-timeout counts from the beginning of the phase, whatever the helper takes. A pre-start that is
//              still at work gets the stop signal itself.
//   Stopping   with post-stop, when nothing of the run is left: the helper last (Helper is PostStop). It ends, however, or its
//              helper-timeout does -> Killing, for what it has left behind, and from there whatever the run has come to.
//   Stopping   by STOPPING=1 (EndsByItself): nobody asked, so its end is judged like one in Running.
//
// The watchdog's miss, and health that is lost for the threshold, are faults like any other: Stopping (ABRT, or the stop
// signal), then the restart policy. Clocks of the watchdog are no part of this state: a new manager gives it a whole
// interval again.
//
// A helper that the state tells of no more (its phase is over, its time is) is killed with all that it has started.
//
// EXTEND_TIMEOUT_USEC moves the deadline of Starting, Stopping and Reloading, never nearer. A run has no limit to extend.
internal static partial class ServiceMachine
{
    private static (ServiceState State, ServiceActions Actions) ApplyReadiness(
        ServiceState state, ServiceSettings settings, ServiceEvent happened, TimeSpan now)
    {
        bool isUp = state.Phase is ServicePhase.Running or ServicePhase.Reloading;
        switch (happened.Kind)
        {
            case ServiceEventKind.ReadySeen when state.Phase is ServicePhase.Reloading:
                return ReadyAfterReload(state, now);
            case ServiceEventKind.ReloadAsked when isUp:
                return Reload(state, settings, now);
            case ServiceEventKind.ReloadingSeen when state.Phase is ServicePhase.Running:
                return (
                    Enter(state, ServicePhase.Reloading, now) with { IsReloadAnnounced = true, Deadline = now + settings.StartTimeout },
                    ServiceActions.None);
            case ServiceEventKind.ReloadingSeen when state.Phase is ServicePhase.Reloading && !state.IsReloadAnnounced:
                return happened.At is { } begun && begun < state.Since
                    ? (state, ServiceActions.None)
                    : (state with { IsReloadAnnounced = true }, ServiceActions.None);
            case ServiceEventKind.StoppingSeen when isUp || (state.Phase is ServicePhase.Starting && state.Pid != 0):
                return (
                    Enter(state, ServicePhase.Stopping, now) with
                    {
                        Fault = "it has said that it stops",
                        EndsByItself = true,
                        Deadline = now + settings.StopTimeout,
                    },
                    ServiceActions.None);
            case ServiceEventKind.StatusTold when state.Pid != 0 && state.StatusText != happened.Reason:
                return (state with { StatusText = happened.Reason }, ServiceActions.None);
            case ServiceEventKind.MainPidTold when state.Pid != 0 && state.Pid != happened.Pid:
                return (state with { Pid = happened.Pid, IsMainChanged = true }, ServiceActions.None);
            case ServiceEventKind.TimeoutExtended when state.Phase is ServicePhase.Starting or ServicePhase.Stopping or ServicePhase.Reloading:
                return happened.At is { } later && state.Deadline < later ? (state with { Deadline = later }, ServiceActions.None) : (state, ServiceActions.None);
            case ServiceEventKind.WatchdogSet when state.Pid != 0 && state.WatchdogInterval != happened.At:
                return (state with { WatchdogInterval = happened.At }, ServiceActions.None);
            case ServiceEventKind.WatchdogMissed when isUp:
                return (
                    Enter(state, ServicePhase.Stopping, now) with
                    {
                        Fault = $"watchdog: {happened.Reason}", Result = ServiceResult.Watchdog, Deadline = now + settings.StopTimeout,
                    },
                    ServiceActions.SendAbort);
            case ServiceEventKind.HealthPassed when state.HealthFailures > 0:
                return (state with { HealthFailures = 0, HealthFault = null }, ServiceActions.None);
            case ServiceEventKind.HealthFailed when state.Phase is ServicePhase.Running && settings.Health is { } health:
                return HealthFailed(state, settings, health, happened.Reason!, now);
            case ServiceEventKind.FileMarked when state.Phase is ServicePhase.Starting:
                return (state with { FileMark = happened.Reason }, ServiceActions.None);
            case ServiceEventKind.HelperLaunched when state.Helper is not HelperKind.None:
                return (state with { HelperPid = happened.Pid }, ServiceActions.None);
            case ServiceEventKind.HelperEnded when state.Helper is not HelperKind.None && state.HelperPid == happened.Pid:
                return HelperEnded(state, settings, happened.Exit is { IsSuccess: true } ? null : happened.Exit?.Describe() ?? happened.Reason!, now);
            default:
                return (state, ServiceActions.None);
        }
    }

    /// <summary>Waiting is over: the helper goes first, if there is one.</summary>
    private static (ServiceState, ServiceActions) Begin(ServiceState state, ServiceSettings settings, TimeSpan now)
    {
        var starting = Enter(state, ServicePhase.Starting, now) with
        {
            StartedAt = now, ReadyAt = null, StatusText = null, WatchdogInterval = null, IsMainChanged = false, HealthFailures = 0,
            HealthFault = null, ReloadFault = null, FileMark = null, Result = ServiceResult.None, ResultErrno = default,
            HasExited = false, IsPostStopOver = false,
        };
        return settings.PreStart.Count > 0
            ? (starting with { Helper = HelperKind.PreStart, Deadline = now + settings.HelperTimeout }, ServiceActions.RunHelper)
            : (starting with { Deadline = StartDeadline(settings, now) }, ServiceActions.Launch);
    }

    /// <summary>Its pre-start was found at work, and no state tells of it: the manager before died too soon.</summary>
    internal static ServiceState PreStarting(ServiceState state, ServiceSettings settings, int helper, TimeSpan now) =>
        Begin(state with { WantedUp = true }, settings, now).Item1 with { Helper = HelperKind.PreStart, HelperPid = helper, Deadline = now + settings.HelperTimeout };

    /// <summary>The manager before died when it was about to launch it: nothing of the run has happened.</summary>
    internal static ServiceState NotLaunched(ServiceState state, TimeSpan now) => Enter(state, ServicePhase.Waiting, now);

    private static TimeSpan? StartDeadline(ServiceSettings settings, TimeSpan now) =>
        SaysWhenReady(settings) ? now + settings.StartTimeout : null;

    private static (ServiceState, ServiceActions) StopMain(ServiceState state, ServiceSettings settings, string? reason, TimeSpan now)
    {
        var stopping = Enter(state, ServicePhase.Stopping, now) with { Deadline = now + settings.StopTimeout, Reason = reason };
        if (settings.StopCommand.Count == 0 || state.Pid == 0)
            return (stopping, ServiceActions.SendStopSignal);
        var limit = settings.HelperTimeout < settings.StopTimeout ? settings.HelperTimeout : settings.StopTimeout;
        return (stopping with { Helper = HelperKind.Stop, HelperPid = 0, Deadline = now + limit }, ServiceActions.RunHelper);
    }

    private static (ServiceState, ServiceActions) PostStop(ServiceState state, ServiceSettings settings, TimeSpan now) => (
        Enter(state, ServicePhase.Stopping, now) with
        {
            Helper = HelperKind.PostStop, HelperPid = 0, Reason = state.Reason, Deadline = now + settings.HelperTimeout,
        },
        ServiceActions.RunHelper);

    private static (ServiceState, ServiceActions) Reload(ServiceState state, ServiceSettings settings, TimeSpan now)
    {
        // One that is under way goes on; asked again, it is not begun again.
        if (state.Helper is HelperKind.Reload) return (state, ServiceActions.None);
        if (settings.ReloadCommand.Count > 0)
            return (
                Enter(state, ServicePhase.Reloading, now) with
                {
                    Helper = HelperKind.Reload, HelperPid = 0, IsReloadAnnounced = false, ReloadFault = null, Deadline = now + settings.HelperTimeout,
                },
                ServiceActions.RunHelper);
        if (settings.ReloadSignal == 0) return (state, ServiceActions.None);
        if (settings.Notify is not ReadinessProtocol.Systemd)
            return (state with { ReloadedAt = now, ReloadFault = null }, ServiceActions.SendReloadSignal);
        return (
            Enter(state, ServicePhase.Reloading, now) with { IsReloadAnnounced = false, ReloadFault = null, Deadline = now + settings.StartTimeout },
            ServiceActions.SendReloadSignal);
    }

    private static (ServiceState, ServiceActions) ReadyAfterReload(ServiceState state, TimeSpan now)
    {
        if (!state.IsReloadAnnounced) return (state, ServiceActions.None);
        return state.Helper is HelperKind.Reload
            ? (state with { IsReloadAnnounced = false }, ServiceActions.None)
            : (Enter(state, ServicePhase.Running, now) with { ReloadedAt = now, ReloadFault = null }, ServiceActions.None);
    }

    private static ServiceState ReloadFailed(ServiceState state, string fault, TimeSpan now) =>
        Enter(state, ServicePhase.Running, now) with { ReloadFault = $"reload: {fault}" };

    private static (ServiceState, ServiceActions) HelperEnded(ServiceState state, ServiceSettings settings, string? fault, TimeSpan now)
    {
        var alone = state with { Helper = HelperKind.None, HelperPid = 0 };
        switch (state.Phase, state.Helper)
        {
            case (ServicePhase.Starting, HelperKind.PreStart) when fault is null:
                return (alone with { Deadline = StartDeadline(settings, now) }, ServiceActions.Launch);
            case (ServicePhase.Starting, HelperKind.PreStart):
                return (
                    Enter(alone, ServicePhase.Killing, now) with { Fault = $"pre-start: {fault}", Result = ServiceResult.PreStart, Deadline = now + KillLimit },
                    ServiceActions.KillAll);
            case (ServicePhase.Stopping, HelperKind.Stop):
                var deadline = state.Since + settings.StopTimeout;
                var rest = alone with { Deadline = state.Deadline > deadline ? state.Deadline : deadline };
                return (rest, fault is null ? ServiceActions.None : ServiceActions.SendStopSignal);
            case (ServicePhase.Stopping, HelperKind.PostStop):
                return (
                    Enter(alone, ServicePhase.Killing, now) with { IsPostStopOver = true, Reason = state.Reason, Deadline = now + KillLimit },
                    ServiceActions.KillAll);
            case (ServicePhase.Reloading, HelperKind.Reload) when fault is not null:
                return (ReloadFailed(alone, fault, now), ServiceActions.None);
            case (ServicePhase.Reloading, HelperKind.Reload) when state.IsReloadAnnounced:
                return (alone with { Deadline = now + settings.StartTimeout }, ServiceActions.None);
            case (ServicePhase.Reloading, HelperKind.Reload):
                return (Enter(alone, ServicePhase.Running, now) with { ReloadedAt = now }, ServiceActions.None);
            default:
                return (alone, ServiceActions.None);
        }
    }

    private static (ServiceState, ServiceActions) HealthFailed(ServiceState state, ServiceSettings settings, ProbeSettings health, string reason, TimeSpan now)
    {
        int failures = state.HealthFailures + 1;
        if (failures < health.Threshold) return (state with { HealthFailures = failures }, ServiceActions.None);
        string fault = failures == 1 ? $"unhealthy: {reason}" : $"unhealthy: {reason} ({failures} times)";
        if (!health.Restarts) return (state with { HealthFailures = Math.Min(failures, 1_000_000), HealthFault = $"unhealthy: {reason}" }, ServiceActions.None);
        return (
            Enter(state, ServicePhase.Stopping, now) with { Fault = fault, Result = ServiceResult.Unhealthy, HealthFailures = 0, Deadline = now + settings.StopTimeout },
            ServiceActions.SendStopSignal);
    }

    /// <summary>A deadline that means a helper or a reload; null where it means what it always does.</summary>
    private static (ServiceState, ServiceActions)? HelperDeadline(ServiceState state, ServiceSettings settings, TimeSpan now)
    {
        string late = $"not done within {Seconds(settings.HelperTimeout)} (helper-timeout)";
        switch (state.Phase, state.Helper)
        {
            case (ServicePhase.Starting, HelperKind.PreStart):
                return HelperEnded(state, settings, late, now);
            case (ServicePhase.Stopping, HelperKind.Stop) when state.Since + settings.StopTimeout > now:
                return HelperEnded(state, settings, late, now);
            case (ServicePhase.Stopping, HelperKind.PostStop):
                return HelperEnded(state, settings, late, now);
            case (ServicePhase.Reloading, HelperKind.Reload):
                return (ReloadFailed(state with { Helper = HelperKind.None, HelperPid = 0 }, late, now), ServiceActions.None);
            case (ServicePhase.Reloading, _):
                return (ReloadFailed(state, $"not ready again within {Seconds(settings.StartTimeout)} (start-timeout)", now), ServiceActions.None);
            default:
                return null;
        }
    }
}
