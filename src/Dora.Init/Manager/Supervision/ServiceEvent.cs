using Dora.Core.Linux;

namespace Dora.Init.Manager.Supervision;

internal enum ServiceEventKind
{
    /// <summary>Somebody wants it up; Cause, if that is for the failure of another.</summary>
    StartAsked,

    /// <summary>Nobody wants it any more, and nothing that depends on it is up; Reason, if that is for a need that is gone.</summary>
    StopAsked,

    /// <summary>Down, then up again, from wherever it is.</summary>
    RestartAsked,

    /// <summary>All that it waits for has come.</summary>
    DependenciesMet,

    /// <summary>All that it waits for has come, and what it would do is done already; Reason says how that is known.</summary>
    FoundDone,

    /// <summary>Something that it needs will not come; Reason says what.</summary>
    DependencyFailed,

    /// <summary>Its process runs; Pid.</summary>
    Launched,

    /// <summary>Its process could not be started; Reason, Errno, and IsExecute where its program itself could not be executed.</summary>
    LaunchFailed,

    /// <summary>It said that it is ready.</summary>
    ReadySeen,

    /// <summary>Its main process has ended; Exit.</summary>
    MainExited,

    /// <summary>No process is left in its cgroup, and the main process has been seen to end.</summary>
    Emptied,

    /// <summary>The deadline of the phase has come.</summary>
    DeadlineReached,

    /// <summary>Somebody wants it to read its own configuration anew.</summary>
    ReloadAsked,

    /// <summary>It says that it reads its configuration anew; At is when that began, where it tells.</summary>
    ReloadingSeen,

    /// <summary>It says that it is about to end.</summary>
    StoppingSeen,

    /// <summary>It says what it is doing; Reason, null takes that back.</summary>
    StatusTold,

    /// <summary>Another process of it is the main one from now on; Pid.</summary>
    MainPidTold,

    /// <summary>It wants time until At.</summary>
    TimeoutExtended,

    /// <summary>It will send its signs of life at another pace; At, zero is never.</summary>
    WatchdogSet,

    /// <summary>It has given no sign of life, or says that it is in trouble; Reason.</summary>
    WatchdogMissed,

    /// <summary>A check of its health has succeeded.</summary>
    HealthPassed,

    /// <summary>A check of its health has failed; Reason.</summary>
    HealthFailed,

    /// <summary>The file that tells of its readiness is there before it is launched; Reason says which one.</summary>
    FileMarked,

    /// <summary>The helper that was asked for runs; Pid.</summary>
    HelperLaunched,

    /// <summary>The helper has ended, with Exit, or could not be started, with Reason; Pid.</summary>
    HelperEnded,
}

internal readonly record struct ServiceEvent(
    ServiceEventKind Kind, int Pid = 0, ProcessExit? Exit = null, string? Reason = null, StartCause? Cause = null, TimeSpan? At = null,
    Errno Errno = Errno.None, bool IsExecute = false);

/// <summary>What a transition asks of the world.</summary>
[Flags]
internal enum ServiceActions
{
    None = 0,

    /// <summary>Start the process; answered by Launched or LaunchFailed.</summary>
    Launch = 1,

    /// <summary>Send the stop signal to the main process, or to all if there is none.</summary>
    SendStopSignal = 2,

    /// <summary>cgroup.kill; answered by Emptied.</summary>
    KillAll = 4,

    /// <summary>It has been given up: do what its file says about that.</summary>
    ReactToFailure = 8,

    /// <summary>Start the command of the state's Helper; answered by HelperLaunched or HelperEnded.</summary>
    RunHelper = 0x10000,

    /// <summary>Send the reload signal to the main process.</summary>
    SendReloadSignal = 0x20000,

    /// <summary>Send ABRT to the main process, for a trace of where it hangs.</summary>
    SendAbort = 0x40000,
}
