using System.Globalization;
using Dora.Core.Configuration;
using Dora.Core.Events;
using Dora.Core.Linux;
using Dora.Init.Launching;

namespace Dora.Init.Manager.Supervision.Readiness;

/// <summary>
/// All that goes with the main process of a service: its notify socket, the probes of readiness and health, its
/// watchdog, its helper commands, what it has stored. Only services whose file asks for any of it have one.
///
/// What is needed follows from the state alone (<see cref="Follow"/>, after every change), so that a new manager, which
/// has nothing but the state, comes to the same: sockets and stored descriptors are found with the guard, helpers by
/// their pid in the state, probes and watchdogs begin anew.
/// </summary>
internal sealed class Companions : IDisposable
{
    private static readonly TimeSpan s_quiet = TimeSpan.FromSeconds(10);

    private readonly Supervisor _supervisor;
    private readonly Service _service;
    private readonly Helpers _helpers;
    private readonly StoredDescriptors? _stored;
    private NotifySocket? _socket;
    private Probe? _ready, _health;
    private FileAppearance? _file;
    private Watchdog? _watchdog;
    private ForeignMain? _main;
    private TimeSpan _quietUntil;

    private Companions(Supervisor supervisor, Service service, IServiceLauncher launcher)
    {
        _supervisor = supervisor;
        _service = service;
        _helpers = new Helpers(service, launcher);
        if (Settings.DescriptorLimit > 0) _stored = new StoredDescriptors(supervisor, service.Name);
    }

    private ServiceSettings Settings => _service.Settings;
    private bool Notifies => Settings.Notify is ReadinessProtocol.Systemd;

    /// <summary>Null for a service that has no use for any of it.</summary>
    public static Companions? For(Supervisor supervisor, Service service, IServiceLauncher launcher)
    {
        var settings = service.Settings;
        bool isNeeded = settings.Notify is ReadinessProtocol.Systemd || settings.Ready is not null || settings.Health is not null
            || settings.PreStart.Count + settings.StopCommand.Count + settings.PostStop.Count + settings.ReloadCommand.Count > 0;
        return isNeeded && !settings.PerConnection ? new Companions(supervisor, service, launcher) : null;
    }

    /// <summary>Before anything of a run is launched; throws <see cref="LinuxException"/>.</summary>
    public void BeforeLaunch()
    {
        if (Notifies) _socket ??= NotifySocket.Open(_supervisor, _service.Name, IsOurs, Said, Refused);
    }

    /// <summary>Which file is there already, if one is waited for.</summary>
    public string? FileBefore() => Settings.Ready is { Kind: ProbeKind.File } ready ? FileAppearance.MarkOf(ready.Path) : null;

    /// <summary>What it finds in its environment: sd_notify(3), sd_watchdog_enabled(3).</summary>
    public void Introduce(LaunchPlanBuilder builder, HelperCommand? helper)
    {
        if (Notifies) builder.Variable("NOTIFY_SOCKET", NotifySocket.PathOf(_service.Name));
        if (helper is not null)
        {
            if (_service.State.Pid != 0) builder.Variable("MAINPID", _service.State.Pid.ToString(CultureInfo.InvariantCulture));
            if (helper.Kind is HelperKind.PostStop)
                foreach (var (name, value) in RunOutcome.Variables(_service.State)) builder.Variable(name, value);
            return;
        }
        if (Settings.Watchdog is not { } interval) return;
        builder.Variable("WATCHDOG_USEC", ((long)interval.TotalMicroseconds).ToString(CultureInfo.InvariantCulture));
        builder.PidVariable("WATCHDOG_PID");
    }

    /// <summary>What it has left with us, to be passed behind its sockets.</summary>
    public IReadOnlyList<StoredDescriptors.Entry> Stored => _stored?.All ?? [];

    /// <summary>After every change of the state.</summary>
    public void Follow(ServiceState before, ServiceState after)
    {
        if (before.Helper is not HelperKind.None && after.Helper != before.Helper) _helpers.Kill(before.Helper);
        FollowReadiness(after);
        FollowHealth(after);
        FollowWatchdog(after);
        if (after.Pid != before.Pid || !after.IsMainChanged) FollowMain(after);
        if (IsRunPhase(after.Phase)) return;
        _socket?.Dispose();
        _socket = null;
        if (after.IsDown) _stored?.Clear();
    }

    /// <summary>Takes up the state that the last manager left.</summary>
    public void Adopt(ServiceState state)
    {
        // What a probe was doing is not known any more.
        _helpers.Kill(HelperKind.Ready);
        _helpers.Kill(HelperKind.Health);
        foreach (var kind in (ReadOnlySpan<HelperKind>)[HelperKind.PreStart, HelperKind.Stop, HelperKind.Reload, HelperKind.PostStop])
            if (state.Helper != kind || state.HelperPid == 0) _helpers.Kill(kind);
        if (Notifies && IsRunPhase(state.Phase)) RestoreSocket();
        Follow(state, state);
        FollowMain(state);
        // It ended while no manager ran, and was reaped by a guard that was executed again; or it was never started.
        if (state.Helper is not HelperKind.None && (state.HelperPid == 0 || !CgroupMembership.Holds(_helpers.CgroupOf(state.Helper), state.HelperPid)))
            _service.Apply(new(ServiceEventKind.HelperEnded, state.HelperPid, Reason: "its end was not seen"));
    }

    // A store that was lost with a failed guard: the path is what the service knows, so another socket there will do.
    private void RestoreSocket()
    {
        _socket = NotifySocket.Restore(_supervisor, _service.Name, IsOurs, Said, Refused);
        if (_socket is not null) return;
        try
        {
            BeforeLaunch();
        }
        catch (LinuxException exception)
        {
            Log.Error($"{_service.Name}: {exception.Message}: what it says is not heard");
        }
    }

    /// <summary>Starts the helper that the state asks for.</summary>
    public void RunHelper()
    {
        var kind = _service.State.Helper;
        var words = kind switch
        {
            HelperKind.PreStart => Settings.PreStart,
            HelperKind.Stop => Settings.StopCommand,
            HelperKind.Reload => Settings.ReloadCommand,
            HelperKind.PostStop => Settings.PostStop,
            _ => throw new System.Diagnostics.UnreachableException(),
        };
        var result = _helpers.Launch(kind, words);
        if (result.Succeeded) _service.Apply(new(ServiceEventKind.HelperLaunched, result.Pid));
        else HelperEnded(new(ServiceEventKind.HelperEnded, Reason: result.Failure));
    }

    /// <summary>An exit that the guard tells of; false when it is no helper of this service.</summary>
    public bool Ended(int pid, ProcessExit exit)
    {
        if (_service.State.HelperPid == pid)
        {
            HelperEnded(new(ServiceEventKind.HelperEnded, pid, exit));
            return true;
        }
        return (_ready?.Attempt as CommandAttempt)?.Ended(pid, exit) == true || (_health?.Attempt as CommandAttempt)?.Ended(pid, exit) == true;
    }

    private void HelperEnded(ServiceEvent ended)
    {
        string? fault = ended.Exit is { IsSuccess: true } ? null : ended.Exit?.Describe() ?? ended.Reason;
        if (fault is not null) Log.Warn($"{_service.Name}: {Helpers.WordOf(_service.State.Helper)[1..]}: {fault}");
        _service.Apply(ended);
    }

    public void SignalPreStart(int signal) => _helpers.Signal(HelperKind.PreStart, signal);

    /// <summary>Hears all that has been said so far.</summary>
    public void Drain() => _socket?.Drain();

    private static bool IsRunPhase(ServicePhase phase) =>
        phase is ServicePhase.Starting or ServicePhase.Running or ServicePhase.Reloading or ServicePhase.Stopping or ServicePhase.Killing;

    private void FollowReadiness(ServiceState state)
    {
        bool isLookedAt = state.Phase is ServicePhase.Starting && state.Pid != 0 && Settings.Ready is not null;
        if (!isLookedAt)
        {
            if (_ready?.LastFault is { } fault && state.Phase is not ServicePhase.Running) Log.Warn($"{_service.Name}: not ready: {fault}");
            _ready?.Dispose();
            _ready = null;
            _file?.Dispose();
            _file = null;
        }
        else if (Settings.Ready!.Kind is ProbeKind.File)
        {
            if (_file is not null) return;
            _file = new FileAppearance(_supervisor.Loop, _service.Name, Settings.Ready.Path, state.FileMark, ReadySeen);
            _supervisor.Loop.Post(_service.Name, () => _file?.Begin());
        }
        else if (_ready is null)
        {
            _ready = new Probe(_supervisor.Loop, _service.Name, Settings.Ready, () => Attempt(HelperKind.Ready, Settings.Ready), ReadyTried);
            _ready.Begin(TimeSpan.Zero);
        }
    }

    private void ReadyTried(string? fault)
    {
        if (fault is null) ReadySeen();
    }

    private void ReadySeen() => _service.Apply(new(ServiceEventKind.ReadySeen));

    private void FollowHealth(ServiceState state)
    {
        bool isLookedAt = state.Phase is ServicePhase.Running && Settings.Health is not null;
        if (!isLookedAt)
        {
            _health?.Dispose();
            _health = null;
        }
        else if (_health is null)
        {
            _health = new Probe(_supervisor.Loop, _service.Name, Settings.Health!, () => Attempt(HelperKind.Health, Settings.Health!), HealthTried);
            _health.Begin(Settings.Health!.Interval);
        }
    }

    private void HealthTried(string? fault)
    {
        bool wasFine = _service.State.HealthFault is null;
        if (fault is not null) Log.Debug($"{_service.Name}: health: {fault}");
        _service.Apply(fault is null ? new(ServiceEventKind.HealthPassed) : new(ServiceEventKind.HealthFailed, Reason: fault));
        bool isFine = _service.State.HealthFault is null;
        if (wasFine && !isFine) Log.Warn($"{_service.Name}: {_service.State.HealthFault}");
        else if (!wasFine && isFine) Log.Info($"{_service.Name}: healthy again");
    }

    private ProbeAttempt Attempt(HelperKind kind, ProbeSettings probe) => probe.Kind is ProbeKind.Command
        ? new CommandAttempt(_helpers, kind, probe)
        : new ConnectAttempt(_supervisor.Loop, _service.Name, probe);

    private void FollowWatchdog(ServiceState state)
    {
        var interval = state.Phase is ServicePhase.Running or ServicePhase.Reloading ? state.WatchdogInterval ?? Settings.Watchdog ?? TimeSpan.Zero : TimeSpan.Zero;
        if ((_watchdog?.Interval ?? TimeSpan.Zero) == interval) return;
        _watchdog?.Dispose();
        _watchdog = interval == TimeSpan.Zero ? null : new Watchdog(_supervisor.Loop, _service.Name, interval, WatchdogMissed);
    }

    private void WatchdogMissed()
    {
        var watchdog = _watchdog;
        var before = _service.State;
        Drain(); // what it has said in this moment counts
        if (!ReferenceEquals(watchdog, _watchdog) || watchdog!.IsAlive) return;
        if (before.Phase != _service.State.Phase) return;
        _service.Apply(new(ServiceEventKind.WatchdogMissed, Reason: $"no sign of life within {ServiceMachine.Seconds(watchdog.Interval)}"));
    }

    private void FollowMain(ServiceState state)
    {
        _main?.Dispose();
        _main = state is { IsMainChanged: true, Pid: not 0 } ? ForeignMain.Watch(_supervisor.Loop, _service, state.Pid) : null;
    }

    private bool IsOurs(int pid) =>
        pid > 0 && (CgroupMembership.Holds(_service.Cgroup.Path, pid) || (pid == _service.State.Pid && !Sys.Exists(_service.Cgroup.Path)));

    private void Said(NotifyMessage message, int sender, List<FileDescriptor> passed)
    {
        var now = EventLoop.Now;
        // The limits first: what else is in the message may need the time.
        if (message.ExtendTimeout is { } more) _service.Apply(new(ServiceEventKind.TimeoutExtended, At: now + more));
        if (message.WatchdogInterval is { } interval) _service.Apply(new(ServiceEventKind.WatchdogSet, At: AtLeast(interval)));
        if (message.IsAlive) _watchdog?.Alive();
        if (message.MainPid is { } main) MainPid(main, sender);
        if (message.Status is { } status) _service.Apply(new(ServiceEventKind.StatusTold, Reason: status.Length == 0 ? null : status));
        if (message.RemovesDescriptors) RemoveDescriptors(message);
        if (message.StoresDescriptors) Store(message.DescriptorName, passed);
        // Its clock stands still while the machine sleeps, ours does not.
        if (message.IsReloading) _service.Apply(new(ServiceEventKind.ReloadingSeen, At: message.Monotonic is { } at ? at + (now - Sys.MonotonicTime()) : null));
        if (message.IsReady) ReadySeen();
        if (message.IsStopping) _service.Apply(new(ServiceEventKind.StoppingSeen));
        if (message.IsInTrouble) _service.Apply(new(ServiceEventKind.WatchdogMissed, Reason: "it says that it is in trouble (WATCHDOG=trigger)"));
    }

    private static TimeSpan AtLeast(TimeSpan interval) =>
        interval == TimeSpan.Zero || interval >= TimeSpan.FromMilliseconds(10) ? interval : TimeSpan.FromMilliseconds(10);

    private void MainPid(string text, int sender)
    {
        if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int pid) || pid <= 1)
            Refused($"MAINPID={text} of process {sender} is refused: it is no process that can be the main one");
        else if (!CgroupMembership.Holds(_service.Cgroup.Path, pid))
            Refused($"MAINPID={pid} of process {sender} is refused: that process is not in the service's cgroup");
        else if (pid != _service.State.Pid && _service.State.Pid != 0)
        {
            Log.Info($"{_service.Name}: its main process is {pid} now, no longer {_service.State.Pid}");
            _service.Apply(new(ServiceEventKind.MainPidTold, pid));
        }
    }

    private void Store(string? name, List<FileDescriptor> passed)
    {
        int taken = 0;
        while (taken < passed.Count && _stored?.Add(name, passed[taken], Settings.DescriptorLimit) == true) taken++;
        passed.RemoveRange(0, taken); // not ours to close any more
        if (passed.Count > 0) Refused($"FDSTORE=1: {Settings.DescriptorLimit} descriptors at most are kept (fd-store): {passed.Count} closed");
    }

    private void RemoveDescriptors(NotifyMessage message)
    {
        if (message.DescriptorName is { } name) _stored?.Remove(name);
        else Refused("FDSTOREREMOVE=1 without an FDNAME is refused");
    }

    /// <summary>Once, then for a while not again: who sends nonsense may send much of it.</summary>
    private void Refused(string text)
    {
        var now = EventLoop.Now;
        if (now < _quietUntil) return;
        _quietUntil = now + s_quiet;
        Log.Warn($"{_service.Name}: {text}");
    }

    public void Dispose()
    {
        _ready?.Dispose();
        _health?.Dispose();
        _file?.Dispose();
        _watchdog?.Dispose();
        _main?.Dispose();
        _socket?.Dispose();
        _stored?.Dispose();
    }
}
