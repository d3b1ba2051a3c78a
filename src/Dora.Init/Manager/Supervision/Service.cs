using Dora.Core.Configuration;
using Dora.Core.Events;
using Dora.Core.Linux;
using Dora.Init.Manager.State;
using Dora.Init.Manager.Supervision.Readiness;
using Dora.Init.Manager.Supervision.Sockets;

namespace Dora.Init.Manager.Supervision;

/// <summary>
/// One service (or instance, or session) at run time: it feeds events to <see cref="ServiceMachine"/> and carries out
/// what the transition asks for. What other services mean to it is <see cref="Supervisor"/>'s business.
/// </summary>
internal sealed class Service : IDisposable
{
    private readonly Supervisor _supervisor;
    private readonly IServiceLauncher _launcher;
    private LoopTimer? _deadline;
    private ReadinessPipe? _readiness;
    private readonly string _cgroupRoot;
    private ServiceSettings? _next;

    public Service(Supervisor supervisor, IServiceLauncher launcher, ServiceSettings settings, string cgroupRoot)
    {
        _supervisor = supervisor;
        _launcher = launcher;
        Settings = settings;
        _cgroupRoot = cgroupRoot;
        Slice = settings.Slice;
        Cgroup = CgroupAt(CgroupPaths.Of(settings, cgroupRoot));
        State = new ServiceState { Since = EventLoop.Now };
        Companions = Companions.For(supervisor, this, launcher);
    }

    public string Name => Settings.Name;
    public ServiceSettings Settings { get; private set; }

    /// <summary>What its next start goes by: its settings, unless a reload has brought others that wait for the end of this run.</summary>
    public ServiceSettings NextSettings => _next ?? Settings;

    public ServiceState State { get; private set; }
    public Cgroup Cgroup { get; private set; }

    /// <summary>The group whose cgroup this run shares: that of its file, unless a reload has changed it since.</summary>
    public string? Slice { get; private set; }

    /// <summary>What goes with its process (probes, helpers, its notify socket); null for a service that has none of it.</summary>
    public Companions? Companions { get; private set; }

    /// <summary>The template or listener that it was made from; null for an ordinary service.</summary>
    public string? InstanceOf { get; init; }

    /// <summary>The connection that a per-connection instance serves; closed once its process has it.</summary>
    public FileDescriptor? Connection { get; set; }

    /// <summary>What a transient service was asked for with; null for any other.</summary>
    public string? TransientText { get; init; }

    /// <summary>What makes it an interactive session; null for any other.</summary>
    public ServiceRelay? Relay { get; init; }

    /// <summary>The service whose surroundings its session is in, as long as that is the run that it was asked for.</summary>
    public Service? RelayTarget =>
        Relay?.Saved is { Service: { } name } saved && _supervisor.Find(name) is { } target && target.State.Pid == saved.Pid && !target.State.IsDown
        && target.State.Phase is not (ServicePhase.Stopping or ServicePhase.Killing) ? target : null;

    /// <summary>Who connected, for a session.</summary>
    public ConnectionPeer? Peer { get; init; }

    /// <summary>What has become of its connections, for a per-connection service.</summary>
    public ConnectionCounts? Connections => Settings.PerConnection ? _supervisor.ConnectionsOf(this) : null;

    /// <summary>How many of them there are now.</summary>
    public int Sessions => _supervisor.SessionsOf(this, null);

    /// <summary>A session of a per-connection service: it lives as long as its process, and what it leaves behind (a detached screen, a build) lives on.</summary>
    public bool IsSession { get; init; }

    /// <summary>Held up or down by an operator, against all others.</summary>
    public ServicePin Pin { get; set; }

    /// <summary>As it was saved last, with its text: most are saved again as they are.</summary>
    public SavedService? LastSaved { get; set; }

    /// <summary>It was to be stopped, and somebody has wanted it up again before it was down.</summary>
    public bool IsStopOvertaken => !_supervisor.IsToBeStopped(this) && (State.WantedUp || State.StartAgain);

    /// <summary>It is up and will not be restarted: whoever took back a stop that it was waiting for has taken back the restart with it.</summary>
    public bool IsRestartOvertaken => State.IsUp && !_supervisor.HasStopInLine(this);

    /// <summary>It is down, and a connection would start it.</summary>
    public bool IsListening => _supervisor.IsListening(this);

    /// <summary>It is down, and its trigger would start it.</summary>
    public bool IsArmed => _supervisor.IsArmed(this);

    /// <summary>Its times and runs, if it has a schedule.</summary>
    public Scheduling.Job? Job { get; set; }

    public bool IsMasked => _supervisor.IsMasked(this);

    /// <summary>What the group of its slice says; null if there is no such group any more.</summary>
    public ServiceSettings? SliceSettings => Slice is { } slice && _supervisor.Find(slice)?.Settings is { Type: ServiceType.Group } group ? group : null;

    private Cgroup CgroupAt(string path) => _launcher.CgroupOf(_supervisor.Loop, path, Name, () => CheckEmptied());

    /// <summary>Its next run, or the one that is to be taken up, is in this slice.</summary>
    public void PutInto(string? slice)
    {
        if (slice == Slice) return;
        Slice = slice;
        Cgroup.Dispose();
        Cgroup = CgroupAt(CgroupPaths.Of(Name, slice, _cgroupRoot));
    }

    /// <summary>Takes up the state that the last manager left, process and all.</summary>
    public void Adopt(ServiceState state)
    {
        State = state;
        Cgroup.TakeUp();
        if (state.Phase is ServicePhase.Starting && Settings.Notify == ReadinessProtocol.Descriptor)
            _readiness = ReadinessPipe.Restore(_supervisor, Name, ReadySeen);
        Companions?.Adopt(state);
        ArmDeadline();
        CheckEmptied();
    }

    public void Apply(ServiceEvent happened)
    {
        var before = State;
        var (after, actions) = ServiceMachine.Apply(before, Settings, happened, EventLoop.Now);
        if (ReferenceEquals(before, after)) return;
        MoveTo(before, after);
        if (actions.HasFlag(ServiceActions.RunHelper)) Companions!.RunHelper();
        if (actions.HasFlag(ServiceActions.Launch)) Launch();
        if (actions.HasFlag(ServiceActions.SendReloadSignal)) SendToMain(Settings.ReloadSignal);
        if (actions.HasFlag(ServiceActions.SendAbort)) SendToMain(Libc.SIGABRT);
        if (actions.HasFlag(ServiceActions.SendStopSignal)) SendStopSignal();
        if (actions.HasFlag(ServiceActions.KillAll)) KillAll();
        if (actions.HasFlag(ServiceActions.ReactToFailure)) _supervisor.ReactToFailure(this);
        CheckEmptied();
    }

    private void MoveTo(ServiceState before, ServiceState after)
    {
        State = after;
        if (before.Phase != after.Phase)
        {
            Report(before, after);
            if (after.Phase is not ServicePhase.Starting) CloseReadiness();
        }
        ArmDeadline();
        try
        {
            Companions?.Follow(before, after);
            if (_next is not null && IsBetweenRuns) TakeUpNext(isSameRun: false);
            if (after.Phase is ServicePhase.Waiting) PutInto(Settings.Slice);
        }
        finally
        {
            // Whatever comes of a probe or a socket: what waits for this service must hear of it.
            _supervisor.Changed(this);
        }
    }

    /// <summary>
    /// Its file was read anew. What runs was started by the old settings and is ended by them: others wait until nothing
    /// of it runs, unless they only say how it is looked after (<paramref name="isSameRun"/>).
    /// </summary>
    public void Renew(ServiceSettings settings, bool isSameRun)
    {
        // Together with what waits already it is more than that.
        isSameRun &= _next is null;
        _next = settings;
        if (isSameRun || IsBetweenRuns) TakeUpNext(isSameRun && !IsBetweenRuns);
    }

    private bool IsBetweenRuns =>
        State.Phase is ServicePhase.Stopped or ServicePhase.Waiting or ServicePhase.Done or ServicePhase.Backoff or ServicePhase.Failed
        || (State.Phase is ServicePhase.Running && !ServiceMachine.HasProcess(Settings));

    private void TakeUpNext(bool isSameRun) => _supervisor.Renew(this, () =>
    {
        Settings = _next!;
        _next = null;
        if (isSameRun) return;
        Companions?.Dispose();
        Companions = Companions.For(_supervisor, this, _launcher);
    });

    private void Report(ServiceState before, ServiceState after)
    {
        string why = after.Reason ?? after.Fault ?? "";
        string text = why.Length == 0 ? $"{Name}: {Words(after.Phase)}" : $"{Name}: {Words(after.Phase)}: {why}";
        switch (after.Phase)
        {
            case ServicePhase.Failed:
                Log.Error(text);
                break;
            case ServicePhase.Backoff:
                Log.Warn($"{Name}: ended ({why}); starting again in {ServiceMachine.Seconds(after.Deadline!.Value - after.Since)}");
                break;
            case ServicePhase.Killing when before is { Phase: ServicePhase.Stopping, Helper: not HelperKind.PostStop }:
                Log.Warn($"{Name}: has not stopped within {ServiceMachine.Seconds(Settings.StopTimeout)} (stop-timeout): killing it");
                break;
            case ServicePhase.Running when after.ReloadFault is not null:
                Log.Warn($"{Name}: {after.ReloadFault}; it runs on as it is");
                break;
            case ServicePhase.Running or ServicePhase.Reloading or ServicePhase.Done or ServicePhase.Stopped or ServicePhase.Stopping when !IsSession && after.Helper is not HelperKind.PostStop:
                Log.Info(text);
                break;
        }
    }

    internal static string Words(ServicePhase phase) => phase switch
    {
        ServicePhase.Stopped => "stopped",
        ServicePhase.Waiting => "waiting",
        ServicePhase.Starting => "starting",
        ServicePhase.Running => "running",
        ServicePhase.Done => "done",
        ServicePhase.Stopping => "stopping",
        ServicePhase.Killing => "killing",
        ServicePhase.Backoff => "backoff",
        ServicePhase.Failed => "failed",
        ServicePhase.Reloading => "reloading",
        _ => throw new System.Diagnostics.UnreachableException(),
    };

    /// <summary>
    /// What <c>unless</c> names is there: its work is done. An empty file is not what it was to make: a program that was
    /// interrupted, or a power cut, leaves one.
    /// </summary>
    public string? WhyItIsDone()
    {
        if (Settings.Unless is not { } path || Sys.Stat(path, out var status) != Errno.None) return null;
        bool isEmptyFile = (status.st_mode & Libc.S_IFMT) == Libc.S_IFREG && status.st_size == 0;
        return isEmptyFile ? null : $"{path} is there";
    }

    private void ArmDeadline()
    {
        // One that goes off too early is set anew then: a service that asks for time again and again leaves no heap of timers.
        if (_deadline is not null && !_deadline.HasFired && _deadline.Deadline <= State.Deadline) return;
        _deadline?.Cancel();
        _deadline = State.Deadline is { } at ? _supervisor.Loop.At(at, Name, DeadlineReached) : null;
    }

    private void DeadlineReached()
    {
        Hear();
        // Nothing else tells: it changes nothing of what the run has come to.
        if (State.Helper is HelperKind.PostStop && State.Deadline <= EventLoop.Now)
            Log.Warn($"{Name}: post-stop: not done within {ServiceMachine.Seconds(Settings.HelperTimeout)} (helper-timeout): killing it");
        Apply(new(ServiceEventKind.DeadlineReached));
        ArmDeadline();
    }

    /// <summary>Its main process has ended; what it said before counts.</summary>
    public void MainExited(int pid, ProcessExit exit)
    {
        Hear();
        if (State.Pid == pid) Apply(new(ServiceEventKind.MainExited, pid, exit));
    }

    private void Hear()
    {
        _readiness?.Look();
        Companions?.Drain();
    }

    /// <summary>Whatever is thrown on the way is a failed launch: else it would be starting for ever, and nothing would come of it.</summary>
    private void Launch()
    {
        ServiceEvent outcome;
        try
        {
            outcome = TryLaunch();
        }
        catch (Exception exception)
        {
            // How far it has come is not known.
            _ = Cgroup.Kill();
            outcome = new(ServiceEventKind.LaunchFailed, Reason: WhyNotLaunched("launch", exception), Errno: (exception as LinuxException)?.Errno ?? Errno.None);
        }
        Apply(outcome);
    }

    private ServiceEvent TryLaunch()
    {
        // A listener has no process of its own: it is up as soon as its sockets are watched.
        if (Settings.PerConnection && !IsSession)
            return _supervisor.OpenListener(this) is { } failure ? new(ServiceEventKind.LaunchFailed, Reason: failure) : new(ServiceEventKind.Launched);
        if (Settings.Type == ServiceType.Group) return new(ServiceEventKind.Launched);
        try
        {
            if (Settings.Notify == ReadinessProtocol.Descriptor) _readiness = ReadinessPipe.Open(_supervisor, Name, ReadySeen);
            if (Companions?.FileBefore() is { } mark)
            {
                Apply(new(ServiceEventKind.FileMarked, Reason: mark));
                // Once it is launched nobody can tell any more which file was there before: the next manager has to know it by then.
                _supervisor.SaveNow?.Invoke();
            }
            var result = _launcher.Launch(this, _readiness?.WriteEnd);
            if (result.Succeeded) Relay?.Launched();
            return result.Succeeded
                ? new(ServiceEventKind.Launched, Pid: result.Pid)
                : new(ServiceEventKind.LaunchFailed, Reason: WithoutName(result.Failure!), Errno: result.Errno, IsExecute: result.IsExecute);
        }
        finally
        {
            _readiness?.CloseWriteEnd();
            Connection?.Dispose();
            Connection = null;
        }
    }

    /// <summary>An exception that nobody has thought of, in words; the log gets all that it knows.</summary>
    internal string WhyNotLaunched(string what, Exception exception)
    {
        if (exception is LinuxException) return $"{what}: {exception.Message}";
        Log.Error($"{Name}: {what}: a defect of init: {exception}");
        return $"{what}: {exception.Message} ({exception.GetType().Name}, a defect of init)";
    }

    internal string WithoutName(string failure) =>
        failure.StartsWith(Name + ": ", StringComparison.Ordinal) ? failure[(Name.Length + 2)..] : failure;

    private void ReadySeen() => Apply(new(ServiceEventKind.ReadySeen));

    /// <summary>Not before the state says so: else a manager that is killed now would leave the next one without it.</summary>
    private void CloseReadiness()
    {
        if (_readiness is not { } closed) return;
        _readiness = null;
        closed.Rest();
        _supervisor.AfterSave(() => closed.Close(isReplaced: _readiness is not null));
    }

    private void SendToMain(int signal)
    {
        if (MainProcess is var pid and not 0) _launcher.Kill(pid, signal);
    }

    // One that it has named itself may be another's child, and be reaped and its pid taken before we hear of it.
    private int MainProcess => State.IsMainChanged && !CgroupMembership.Holds(Cgroup.Path, State.Pid) ? 0 : State.Pid;

    private void SendStopSignal()
    {
        if (State.Helper is HelperKind.PreStart) Companions?.SignalPreStart(Settings.StopSignal);
        int main = MainProcess;
        // A relay passes on what its command is asked by.
        if (main != 0) _launcher.Kill(main, Relay is null ? Settings.StopSignal : Libc.SIGTERM);
        else Cgroup.Signal(Settings.StopSignal);
        // A process that is stopped (SIGSTOP) gets no TERM before it goes on.
        if (main != 0) _launcher.Kill(main, Libc.SIGCONT);
    }

    private void KillAll()
    {
        var errno = Cgroup.Kill();
        // Without cgroups the main process is all that can be found.
        if (errno is not (Errno.None or Errno.ENOENT)) Log.Warn($"{Name}: kill its cgroup: {errno.Describe()}");
        if (errno != Errno.None && State.Pid != 0) _launcher.Kill(State.Pid, Libc.SIGKILL);
    }

    /// <summary>Called after every change and by the cgroup: in Stopping and Killing, nothing left means the next phase.</summary>
    private void CheckEmptied()
    {
        if (State.Phase is not (ServicePhase.Stopping or ServicePhase.Killing) || State.Pid != 0 || Cgroup.IsPopulated) return;
        _ = Cgroup.Remove();
        Apply(new(ServiceEventKind.Emptied));
    }

    public void Dispose()
    {
        _deadline?.Cancel();
        CloseReadiness();
        Companions?.Dispose();
        Connection?.Dispose();
        Relay?.Dispose();
        Cgroup.Dispose();
    }
}
