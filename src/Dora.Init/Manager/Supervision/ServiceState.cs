using Dora.Core.Linux;
using Dora.Core.Protocol.Json;
using Dora.Init.Manager.Supervision.Readiness;

namespace Dora.Init.Manager.Supervision;

/// <summary>
/// Where a service is; <see cref="ServiceMachine"/> explains the way from one to the other. Saved by number: new values
/// go to the end.
/// </summary>
internal enum ServicePhase
{
    /// <summary>Down, and nothing of it runs.</summary>
    Stopped,

    /// <summary>Wanted up, waiting for what it needs or comes after.</summary>
    Waiting,

    /// <summary>Launched and not ready yet.</summary>
    Starting,

    /// <summary>Up: ready, or listening if it has one process for each connection.</summary>
    Running,

    /// <summary>A oneshot that has done its work.</summary>
    Done,

    /// <summary>Asked to stop; its processes have until the deadline.</summary>
    Stopping,

    /// <summary>Its cgroup has been killed; waiting until it is empty.</summary>
    Killing,

    /// <summary>Ended by itself; will be started again at the deadline.</summary>
    Backoff,

    /// <summary>Down for a reason that only an operator, or a change of what it needs, can remove.</summary>
    Failed,

    /// <summary>Up, and reading its configuration anew: what is to be started after it waits.</summary>
    Reloading,
}

/// <summary>How a process ended.</summary>
/// <param name="Code">CLD_EXITED, CLD_KILLED or CLD_DUMPED.</param>
/// <param name="Status">Exit code, or signal number.</param>
internal sealed record ProcessExit(int Code, int Status) : IJsonMapped<ProcessExit>
{
    /// <summary>The kernel killed it, or a process of it, for want of memory.</summary>
    public bool IsOutOfMemory { get; init; }

    public bool IsSuccess => Code == Libc.CLD_EXITED && Status == 0;

    /// <summary>It ended while nobody could wait for it (the guard was in rescue).</summary>
    public static ProcessExit Unseen { get; } = new(0, 0);

    public string Describe() => IsOutOfMemory ? $"oom: the kernel killed it for want of memory ({DescribeEnd()})" : DescribeEnd();

    private string DescribeEnd() => Code switch
    {
        Libc.CLD_EXITED => $"exit code {Status}",
        Libc.CLD_KILLED => $"signal {Status}",
        Libc.CLD_DUMPED => $"signal {Status} (core dumped)",
        _ => "an end that nobody saw",
    };

    public static ProcessExit Map(JsonMap json, ProcessExit? from) =>
        new(json.RequiredInteger("code", from?.Code), json.RequiredInteger("status", from?.Status))
        {
            IsOutOfMemory = json.Flag("isOutOfMemory", from?.IsOutOfMemory) ?? false,
        };
}

/// <summary>All that is known of a service's life: what the machine maps to its successor, and what outlives the manager.</summary>
internal sealed record ServiceState : IJsonMapped<ServiceState>
{
    public ServicePhase Phase { get; init; } = ServicePhase.Stopped;

    /// <summary>Whether somebody wants it up: the boot, an operator, a service that needs it.</summary>
    public bool WantedUp { get; init; }

    /// <summary>Start it again as soon as it is down.</summary>
    public bool StartAgain { get; init; }

    /// <summary>The main process; 0 if there is none.</summary>
    public int Pid { get; init; }

    /// <summary>When it entered the phase, since boot.</summary>
    public TimeSpan Since { get; init; }

    /// <summary>When it was launched last.</summary>
    public TimeSpan? StartedAt { get; init; }

    /// <summary>When it was ready, in this run.</summary>
    public TimeSpan? ReadyAt { get; init; }

    /// <summary>When the phase ends by itself.</summary>
    public TimeSpan? Deadline { get; init; }

    /// <summary>Restarts since it was last stable.</summary>
    public int RestartsInRow { get; init; }

    /// <summary>Restarts since it was started by somebody.</summary>
    public int Restarts { get; init; }

    public ProcessExit? LastExit { get; init; }

    /// <summary>Why it is where it is, in words; null when there is nothing to say.</summary>
    public string? Reason { get; init; }

    /// <summary>The main process of the last run has ended: LastExit is that one's, and not an earlier one's.</summary>
    public bool HasExited { get; init; }

    /// <summary>The post-stop of the last run has been run.</summary>
    public bool IsPostStopOver { get; init; }

    /// <summary>Why its last run ended, for programs.</summary>
    public ServiceResult Result { get; init; }

    /// <summary>What the failing call of a launch said; None for anything else.</summary>
    public Errno ResultErrno { get; init; }

    /// <summary>It was up once since the machine was started: what has it as a milestone may start.</summary>
    public bool HasBeenUp { get; init; }

    /// <summary>When it was up for the first time, and launched for that: what the boot report tells, whatever has become of it since.</summary>
    public TimeSpan? FirstStartedAt { get; init; }

    public TimeSpan? FirstReadyAt { get; init; }

    /// <summary>It has failed for a fault of its own and nobody starts it again: what its file says about that follows.</summary>
    public bool IsGivenUp { get; init; }

    /// <summary>When the period began in which restarts are counted, with <c>restart: {within: ...}</c>.</summary>
    public TimeSpan? PeriodSince { get; init; }

    /// <summary>Restarts in that period.</summary>
    public int RestartsInPeriod { get; init; }

    /// <summary>The failure that it was started for; null for any other start.</summary>
    public StartCause? Cause { get; init; }

    /// <summary>What went wrong in a run that is still being cleared away.</summary>
    public string? Fault { get; init; }

    /// <summary>The helper command that is being run, of those that a phase waits for.</summary>
    public HelperKind Helper { get; init; }

    /// <summary>The helper's process; 0 if there is none.</summary>
    public int HelperPid { get; init; }

    /// <summary>The main process is one that the service named (MAINPID), not the one that was launched.</summary>
    public bool IsMainChanged { get; init; }

    /// <summary>It said by itself that it stops.</summary>
    public bool EndsByItself { get; init; }

    /// <summary>It has said RELOADING=1 in this reload.</summary>
    public bool IsReloadAnnounced { get; init; }

    /// <summary>When the last reload that succeeded was over.</summary>
    public TimeSpan? ReloadedAt { get; init; }

    /// <summary>Why the last reload failed.</summary>
    public string? ReloadFault { get; init; }

    /// <summary>What it says of itself (STATUS).</summary>
    public string? StatusText { get; init; }

    /// <summary>The pace of its signs of life where it has changed it itself; zero is none.</summary>
    public TimeSpan? WatchdogInterval { get; init; }

    /// <summary>Checks of its health that have failed in a row.</summary>
    public int HealthFailures { get; init; }

    /// <summary>Why it counts as unhealthy while it runs.</summary>
    public string? HealthFault { get; init; }

    /// <summary>The file of <c>ready</c> as it was before the launch: only another one counts.</summary>
    public string? FileMark { get; init; }

    public bool IsUp => Phase is ServicePhase.Running or ServicePhase.Done;

    /// <summary>Nothing runs and nothing will without somebody's doing.</summary>
    public bool IsDown => Phase is ServicePhase.Stopped or ServicePhase.Failed;

    /// <summary>Nothing of it runs, and it is not on its way up: what starts services by themselves may start it.</summary>
    public bool IsAtRest => IsDown || Phase is ServicePhase.Done;

    /// <summary>On its way up.</summary>
    public bool IsComing => Phase is ServicePhase.Waiting or ServicePhase.Starting or ServicePhase.Reloading
        || (Phase is ServicePhase.Stopping or ServicePhase.Killing && (StartAgain || Fault is not null));

    public static ServiceState Map(JsonMap json, ServiceState? from) => new()
    {
        Phase = (ServicePhase)json.RequiredInteger("phase", (int?)from?.Phase),
        WantedUp = json.Flag("wantedUp", from?.WantedUp) ?? false,
        StartAgain = json.Flag("startAgain", from?.StartAgain) ?? false,
        Pid = json.Integer("pid", from?.Pid) ?? 0,
        Since = json.Ticks("since", from?.Since) ?? default,
        StartedAt = json.Ticks("startedAt", from?.StartedAt),
        ReadyAt = json.Ticks("readyAt", from?.ReadyAt),
        Deadline = json.Ticks("deadline", from?.Deadline),
        RestartsInRow = json.Integer("restartsInRow", from?.RestartsInRow) ?? 0,
        Restarts = json.Integer("restarts", from?.Restarts) ?? 0,
        LastExit = json.Member("lastExit", from?.LastExit),
        Reason = json.Text("reason", from?.Reason),
        Fault = json.Text("fault", from?.Fault),
        HasBeenUp = json.Flag("hasBeenUp", from?.HasBeenUp) ?? false,
        FirstStartedAt = json.Ticks("firstStartedAt", from?.FirstStartedAt),
        FirstReadyAt = json.Ticks("firstReadyAt", from?.FirstReadyAt),
        IsGivenUp = json.Flag("isGivenUp", from?.IsGivenUp) ?? false,
        PeriodSince = json.Ticks("periodSince", from?.PeriodSince),
        RestartsInPeriod = json.Integer("restartsInPeriod", from?.RestartsInPeriod) ?? 0,
        Cause = json.Member("cause", from?.Cause),
        Helper = (HelperKind)(json.Integer("helper", (int?)from?.Helper) ?? 0),
        HelperPid = json.Integer("helperPid", from?.HelperPid) ?? 0,
        IsMainChanged = json.Flag("isMainChanged", from?.IsMainChanged) ?? false,
        EndsByItself = json.Flag("endsByItself", from?.EndsByItself) ?? false,
        IsReloadAnnounced = json.Flag("isReloadAnnounced", from?.IsReloadAnnounced) ?? false,
        ReloadedAt = json.Ticks("reloadedAt", from?.ReloadedAt),
        ReloadFault = json.Text("reloadFault", from?.ReloadFault),
        StatusText = json.Text("statusText", from?.StatusText),
        WatchdogInterval = json.Ticks("watchdogInterval", from?.WatchdogInterval),
        HealthFailures = json.Integer("healthFailures", from?.HealthFailures) ?? 0,
        HealthFault = json.Text("healthFault", from?.HealthFault),
        FileMark = json.Text("fileMark", from?.FileMark),
        HasExited = json.Flag("hasExited", from?.HasExited) ?? false,
        IsPostStopOver = json.Flag("isPostStopOver", from?.IsPostStopOver) ?? false,
        Result = (ServiceResult)(json.Integer("result", (int?)from?.Result) ?? 0),
        ResultErrno = (Errno)(json.Integer("resultErrno", (int?)from?.ResultErrno) ?? 0),
    };
}
