using Dora.Core.Configuration;
using Dora.Core.Events;
using Dora.Core.Linux;
using Dora.Core.Protocol;
using Dora.Init.Manager.State;
using Dora.Init.Manager.Supervision;
using Dora.Init.Manager.Supervision.Scheduling;
using Dora.Init.Manager.Supervision.Triggers;

namespace Dora.Init.Manager;

/// <summary>Services, stages and versions as the API tells them: pure translation.</summary>
internal static class MachineReports
{
    public static string StateName(Service service) => service.State.Phase switch
    {
        ServicePhase.Stopped => service.IsListening ? ServiceStates.Listening
            : service.IsArmed ? ServiceStates.Armed
            : service.IsMasked ? ServiceStates.Masked
            : ServiceStates.Stopped,
        ServicePhase.Waiting => ServiceStates.Waiting,
        // A oneshot that is at work; who has asked for a command sees it run.
        ServicePhase.Starting => service is { TransientText: not null, State.Pid: not 0 } ? ServiceStates.Running : ServiceStates.Starting,
        ServicePhase.Running => service.Settings.PerConnection ? ServiceStates.Listening : ServiceStates.Running,
        ServicePhase.Done => ServiceStates.Done,
        ServicePhase.Stopping or ServicePhase.Killing => ServiceStates.Stopping,
        ServicePhase.Backoff => ServiceStates.Backoff,
        ServicePhase.Failed => ServiceStates.Failed,
        ServicePhase.Reloading => ServiceStates.Reloading,
        _ => throw new System.Diagnostics.UnreachableException(),
    };

    public static ServiceSummary Summary(Service service, string? waitsFor) => new()
    {
        Name = service.Name,
        Description = service.Settings.Description,
        Type = TypeName(service.Settings),
        State = StateName(service),
        Reason = Reason(service, waitsFor),
        Pid = service.State.Pid != 0 ? service.State.Pid : null,
        StartedAt = StartedAt(service),
        Since = MomentAt(service.State.Since),
        Restarts = service.State.Restarts,
        InstanceOf = service.InstanceOf,
        Transient = service.TransientText is null ? null : true,
        Pinned = PinOf(service),
        Sockets = SocketsOf(service.Settings),
        Needs = service.Settings.Needs,
        Wants = service.Settings.Wants.Count == 0 ? null : service.Settings.Wants,
    };

    public static ServiceStatus Status(Service service, string? waitsFor, IReadOnlyList<Problem> problems) => new(Summary(service, waitsFor))
    {
        File = service.Settings.File,
        DropIns = service.Settings.DropIns,
        Slice = service.Slice,
        Unless = service.Settings.Unless,
        Schedule = service.Settings.Schedule?.Texts(),
        NextRun = NextRun(service.Job),
        Problems = ProblemsOf(problems),
        LastExit = LastExitOf(service.State),
        Result = ResultOf(service.State.Result),
        Errno = service.State.ResultErrno is Errno.None ? null : service.State.ResultErrno.ToString(),
        StatusText = service.State.Pid != 0 ? service.State.StatusText : null,
        Health = HealthOf(service),
        Command = service.Settings.Command,
        Connections = service.Connections is null ? null : service.Sessions,
        MaxConnections = service.Connections is null ? null : service.Settings.MaxConnections,
        Accepted = service.Connections?.Accepted,
        Refused = service.Connections?.Refused,
    };

    public static ServiceUsage Usage(Service service, CgroupUsage usage) => new()
    {
        Name = service.Name,
        State = StateName(service),
        Restarts = service.State.Restarts,
        CpuMs = usage.CpuMs,
        MemoryBytes = usage.MemoryBytes,
        MemoryPeakBytes = usage.MemoryPeakBytes,
        Tasks = usage.Tasks,
        IoReadBytes = usage.IoReadBytes,
        IoWriteBytes = usage.IoWriteBytes,
    };

    /// <summary>A service whose file could not be used: it is listed all the same, with the cause.</summary>
    public static ServiceStatus Unusable(string name, IReadOnlyList<Problem> problems) =>
        new(new ServiceSummary { Name = name, Type = "daemon", State = ServiceStates.Invalid, Reason = problems[0].ToString() })
    {
        File = problems[0].File,
        Problems = ProblemsOf(problems),
    };

    /// <summary>A service that was switched off before it was read, or whose file does that.</summary>
    public static ServiceStatus Masked(string name, string why) =>
        new(new ServiceSummary { Name = name, Type = "daemon", State = ServiceStates.Masked, Reason = why });

    public static JobInfo JobOf(Job job, bool hasRuns)
    {
        var (record, settings) = (job.Record, job.Service.Settings);
        var runs = new JobRunInfo[record.Runs.Length + (record.Open is null ? 0 : 1)];
        for (int i = 0; i < record.Runs.Length; i++) runs[i] = RunOf(record.Runs[i], isOpen: false);
        if (record.Open is { } open) runs[^1] = RunOf(open, isOpen: true);
        return new JobInfo
        {
            Name = job.Service.Name,
            Description = settings.Description,
            Schedule = settings.Schedule?.Texts() ?? [],
            Zone = settings.Schedule?.Zone,
            State = StateName(job.Service),
            Next = NextRun(job),
            Problem = job.Problem,
            Last = runs.Length > 0 ? runs[^1] : null,
            Runs = hasRuns ? runs : null,
        };
    }

    private static JobRunInfo RunOf(JobRun run, bool isOpen) => new()
    {
        Started = Moment.Format(WallClock.At(run.Start)),
        DurationMs = isOpen || run.DurationMs < 0 ? null : run.DurationMs,
        Cause = run.Cause,
        Result = isOpen ? null : run.Result,
        Code = run.Code < 0 ? null : run.Code,
    };

    private static Moment? NextRun(Job? job) =>
        job?.Next is { } next ? Moment.At(EventLoop.Now + TimeSpan.FromSeconds(Math.Clamp(next - WallClock.Now, 0, 100_000_000_000)), WallClock.At(next)) : null;

    private static string TypeName(ServiceSettings settings) => settings.Type switch
    {
        ServiceType.Daemon => "daemon",
        ServiceType.Oneshot => "oneshot",
        ServiceType.Group => "group",
        _ => throw new System.Diagnostics.UnreachableException(),
    };

    private static string? PinOf(Service service) => service.Pin switch
    {
        ServicePin.None => null,
        ServicePin.Up => "up",
        ServicePin.Down => "down",
        _ => throw new System.Diagnostics.UnreachableException(),
    };

    private static string? Reason(Service service, string? waitsFor) =>
        service.State.Phase is ServicePhase.Waiting && waitsFor is not null ? $"waits for {waitsFor}"
        : service.Job?.Problem is { } problem && service.State.IsAtRest ? problem
        : service.IsArmed && service.Settings.On is not null && service.State.Phase is ServicePhase.Stopped ? $"starts when {Trigger.Describe(service)}"
        : service.State.Reason ?? service.State.Fault ?? (service.State.IsUp ? service.State.HealthFault ?? service.State.ReloadFault : null);

    private static string? HealthOf(Service service) => service.Settings.Health is not { } health || service.State.Phase is not ServicePhase.Running
        ? null
        : service.State.HealthFault is not null ? "unhealthy" : service.State.HealthFailures > 0 ? $"failing ({service.State.HealthFailures} of {health.Threshold})" : "healthy";

    private static Moment? StartedAt(Service service)
    {
        var at = service.State.Phase is ServicePhase.Done ? service.State.Since : service.State.StartedAt;
        return at is { } since && (service.State.Pid != 0 || service.State.IsUp) ? MomentAt(since) : null;
    }

    public static Moment MomentAt(TimeSpan sinceBoot) => Moment.At(sinceBoot, DateTime.UtcNow - (EventLoop.Now - sinceBoot));

    private static string[] SocketsOf(ServiceSettings settings)
    {
        var words = new string[settings.Sockets.Count];
        for (int i = 0; i < words.Length; i++)
        {
            var socket = settings.Sockets[i];
            words[i] = $"{socket.KindWord} {socket.Address}";
        }
        return words;
    }

    private static ServiceProblem[] ProblemsOf(IReadOnlyList<Problem> problems)
    {
        var result = new ServiceProblem[problems.Count];
        for (int i = 0; i < result.Length; i++)
            result[i] = new ServiceProblem(problems[i].File, problems[i].Line, problems[i].Column, problems[i].Message);
        return result;
    }

    private static LastExit? LastExitOf(ServiceState state) => state.LastExit switch
    {
        null or { Code: 0 } => null,
        { IsOutOfMemory: true } exit => new LastExit
        {
            Kind = LastExit.Oom,
            Code = exit.Code == Libc.CLD_EXITED ? exit.Status : null,
            Signal = exit.Code == Libc.CLD_EXITED ? null : exit.Status,
        },
        { Code: Libc.CLD_EXITED } exit => new LastExit { Kind = LastExit.Exited, Code = exit.Status },
        { } exit => new LastExit { Kind = LastExit.Signaled, Signal = exit.Status },
    };

    public static string? ResultOf(ServiceResult result) => result switch
    {
        ServiceResult.None => null,
        ServiceResult.Success => ServiceResults.Success,
        ServiceResult.ExitCode => ServiceResults.ExitCode,
        ServiceResult.Signal => ServiceResults.Signal,
        ServiceResult.OutOfMemory => ServiceResults.Oom,
        ServiceResult.Timeout => ServiceResults.Timeout,
        ServiceResult.StopTimeout => ServiceResults.StopTimeout,
        ServiceResult.Watchdog => ServiceResults.Watchdog,
        ServiceResult.Unhealthy => ServiceResults.Unhealthy,
        ServiceResult.Protocol => ServiceResults.Protocol,
        ServiceResult.ExecFailed => ServiceResults.ExecFailed,
        ServiceResult.LaunchFailed => ServiceResults.LaunchFailed,
        ServiceResult.PreStart => ServiceResults.PreStart,
        ServiceResult.Dependency => ServiceResults.Dependency,
        ServiceResult.Unkillable => ServiceResults.Unkillable,
        ServiceResult.Unseen => ServiceResults.Unseen,
        _ => throw new System.Diagnostics.UnreachableException(),
    };

    /// <summary>Whether all that the boot has started is ready, done or failed.</summary>
    public static bool IsBootOver(IEnumerable<Service> services)
    {
        foreach (var service in services)
        {
            var state = service.State;
            // A reload is long after the boot.
            if (IsOfBoot(service) && state.IsComing && state.Restarts == 0 && state.FirstReadyAt is null && state.Phase is not ServicePhase.Reloading) return false;
        }
        return true;
    }

    private static bool IsOfBoot(Service service) => service.Settings.Start == StartCondition.Boot && !service.IsSession;

    /// <param name="stages">Of start-up.</param>
    /// <param name="services">All there are.</param>
    /// <param name="over">When <see cref="IsBootOver"/> was true first: what was started later is no part of the boot.</param>
    public static BootReport Boot(IReadOnlyList<SavedStage> stages, IEnumerable<Service> services, TimeSpan? over)
    {
        var report = new List<BootService>();
        long latest = 0;
        foreach (var service in services)
        {
            // Their first time: what an operator has restarted since is no part of the boot.
            var state = service.State;
            var (started, ready) = (state.FirstStartedAt ?? state.StartedAt, state.FirstReadyAt ?? state.ReadyAt);
            if (!IsOfBoot(service) || started > over) continue;
            report.Add(new BootService(service.Name, Milliseconds(started), Milliseconds(ready), StateName(service), BehindWhat(service.Settings)));
            if ((state.IsUp || state.Phase is ServicePhase.Reloading || state.FirstReadyAt is not null) && Milliseconds(ready) is { } at) latest = Math.Max(latest, at);
        }
        report.Sort((a, b) => (a.StartedMs ?? long.MaxValue).CompareTo(b.StartedMs ?? long.MaxValue));
        var all = new BootStage[stages.Count];
        for (int i = 0; i < all.Length; i++)
        {
            var stage = stages[i];
            all[i] = new BootStage(stage.Name, stage.Phase, Milliseconds(stage.Start)!.Value, Milliseconds(stage.End), stage.Detail.Length == 0 ? null : stage.Detail);
        }
        return new BootReport
        {
            Stages = all,
            Services = report,
            HandoverMs = all.Length > 0 && all[0].Phase == "kernel" ? all[0].EndMs ?? 0 : 0,
            ReadyMs = over is null ? null : latest,
        };
    }

    private static List<string>? BehindWhat(ServiceSettings settings)
    {
        List<string>? names = null;
        IReadOnlyList<string>[] lists = [settings.Needs, settings.Wants, settings.Milestone, settings.After];
        foreach (var list in lists)
            foreach (string name in list)
                if (names is null || !names.Contains(name)) (names ??= []).Add(name);
        return names;
    }

    private static long? Milliseconds(TimeSpan? time) => time is { } value ? (long)value.TotalMilliseconds : null;
}
