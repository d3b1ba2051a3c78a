namespace Dora.Core.Protocol;

/// <summary>Why the last run of a service ended, as the API names it: for programs, which must not read <see cref="ServiceSummary.Reason"/>.</summary>
public static class ServiceResults
{
    /// <summary>It ended as its file says it should, or was stopped.</summary>
    public const string Success = "success";

    /// <summary>An exit code that is no success; <see cref="LastExit.Code"/>.</summary>
    public const string ExitCode = "exit-code";

    /// <summary>Killed by a signal; <see cref="LastExit.Signal"/>.</summary>
    public const string Signal = "signal";

    /// <summary>Killed by the kernel for want of memory.</summary>
    public const string Oom = "oom";

    /// <summary>Not ready, or as a oneshot not done, within its start-timeout.</summary>
    public const string Timeout = "timeout";

    /// <summary>Killed, since it did not stop within its stop-timeout.</summary>
    public const string StopTimeout = "stop-timeout";

    /// <summary>No sign of life, or it said that it is in trouble.</summary>
    public const string Watchdog = "watchdog";

    /// <summary>Its health checks failed.</summary>
    public const string Unhealthy = "unhealthy";

    /// <summary>It ended with success, but before it was ready.</summary>
    public const string Protocol = "protocol";

    /// <summary>Its program could not be executed; <see cref="ServiceStatus.Errno"/> says why.</summary>
    public const string ExecFailed = "exec-failed";

    /// <summary>Something that goes before the execution failed: a user, a folder, a socket.</summary>
    public const string LaunchFailed = "launch-failed";

    /// <summary>Its pre-start failed.</summary>
    public const string PreStart = "pre-start";

    /// <summary>Something that it needs will not come: it was not launched.</summary>
    public const string Dependency = "dependency";

    /// <summary>Its processes hang in the kernel and cannot be killed.</summary>
    public const string Unkillable = "unkillable";

    /// <summary>Nobody saw how it ended.</summary>
    public const string Unseen = "unseen";
}
