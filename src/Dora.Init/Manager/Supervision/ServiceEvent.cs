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

    /// <summary>Something that it needs will not come; Reason says what.</summary>
    DependencyFailed,

    /// <summary>Its process runs; Pid.</summary>
    Launched,

    /// <summary>Its process could not be started; Reason.</summary>
    LaunchFailed,

    /// <summary>It said that it is ready.</summary>
    ReadySeen,

    /// <summary>Its main process has ended; Exit.</summary>
    MainExited,

    /// <summary>No process is left in its cgroup, and the main process has been seen to end.</summary>
    Emptied,

    /// <summary>The deadline of the phase has come.</summary>
    DeadlineReached,
}

internal readonly record struct ServiceEvent(ServiceEventKind Kind, int Pid = 0, ProcessExit? Exit = null, string? Reason = null, StartCause? Cause = null);

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
}
