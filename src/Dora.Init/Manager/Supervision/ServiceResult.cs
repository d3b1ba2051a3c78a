namespace Dora.Init.Manager.Supervision;

/// <summary>Why the last run of a service ended, for programs; <see cref="ServiceState.Reason"/> is for people. Saved by number: new values go to the end.</summary>
internal enum ServiceResult
{
    /// <summary>It runs, or it has not run yet.</summary>
    None = 0,

    /// <summary>It ended as its file says it should, or was stopped.</summary>
    Success = 1,

    /// <summary>With an exit code that is no success.</summary>
    ExitCode = 2,

    /// <summary>Killed by a signal.</summary>
    Signal = 3,

    /// <summary>Killed by the kernel for want of memory.</summary>
    OutOfMemory = 4,

    /// <summary>Not ready, or as a oneshot not done, in time.</summary>
    Timeout = 5,

    /// <summary>It had to be killed, for it did not stop in time.</summary>
    StopTimeout = 6,

    /// <summary>No sign of life, or it said that it is in trouble.</summary>
    Watchdog = 7,

    /// <summary>Its health was lost.</summary>
    Unhealthy = 8,

    /// <summary>It ended with success before it was ready.</summary>
    Protocol = 9,

    /// <summary>Its program could not be executed.</summary>
    ExecFailed = 10,

    /// <summary>Something that had to be done before its program is executed failed.</summary>
    LaunchFailed = 11,

    /// <summary>Its pre-start failed.</summary>
    PreStart = 12,

    /// <summary>Something that it needs will not come: it was not launched.</summary>
    Dependency = 13,

    /// <summary>Its processes hang in the kernel.</summary>
    Unkillable = 14,

    /// <summary>Nobody saw how it ended.</summary>
    Unseen = 15,
}
