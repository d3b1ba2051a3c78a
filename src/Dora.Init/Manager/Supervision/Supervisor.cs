using Dora.Core.Configuration;
using Dora.Core.Events;
using Dora.Core.Linux;
using Dora.Init.Manager.Supervision.Sockets;

namespace Dora.Init.Manager.Supervision;

/// <summary>
/// All services, and what they mean to each other. Each service's own life is <see cref="ServiceMachine"/>; this class
/// holds the table, hands it the exits that the guard reports, and settles the graph:
///
/// - A start pulls in what it needs and wants. A service in Waiting goes on when everything it needs is up and
///   everything it comes after, as far as that is on its way up, has settled: up, failed or given up.
/// - A stop reaches the services that need it first; a service is sent its stop only when none of them is up any more.
/// - A need that fails for good fails what waits for it, and stops what runs with it; a need that is only being
///   restarted does not.
///
/// Nothing here calls back and forth between services: every change marks the table as unsettled, and
/// <see cref="Settle"/>, posted once, walks it until nothing moves. Each step moves a service along its machine,
/// which has no cycle without an outside event, so the walk ends; a bound on the rounds guards against a defect.
/// Parts: Supervisor.Order.cs (what goes first, stops and restarts in order), Supervisor.Instances.cs (templates,
/// sessions), Supervisor.Demand.cs and Supervisor.Triggers.cs (starts by sockets and by the world), Supervisor.Failures.cs
/// (on-failure), Supervisor.Pins.cs (pins and masks), Supervisor.Deadlocks.cs, Supervisor.Adoption.cs (after a manager
/// restart), Supervisor.Reload.cs (files that have changed), Supervisor.Ending.cs.
/// </summary>
internal sealed partial class Supervisor
{
    /// <summary>How many are launched before the loop looks at everything else again: exits, requests, connections, the guard's deadlines.</summary>
    private const int LaunchesPerTurn = 32;

    private readonly Dictionary<string, Service> _services = [];
    private readonly Dictionary<string, ServiceSettings> _templates = [];
    private readonly Dictionary<string, ConnectionListener> _listeners = [];
    private readonly HashSet<string> _stopsAsked = [];
    private readonly HashSet<string> _restartsAsked = []; // of those in _stopsAsked: started again as soon as they are down
    private readonly Dictionary<string, string> _stopCauses = []; // of those in _stopsAsked: why, where nobody has asked
    private readonly HashSet<string> _masked;
    private readonly IServiceLauncher _launcher;
    private readonly IServiceOutput _output;
    private readonly HeldSockets _sockets;
    private bool _isSettling;
    private int _launchesLeft;
    private bool _isWaitingSaved; // who waits to be launched in this turn

    public Supervisor(EventLoop loop, IDescriptorStore store, IServiceOutput output, IReadOnlyCollection<string> masked, IServiceLauncher? launcher = null)
    {
        Loop = loop;
        Store = store;
        _masked = [.. masked];
        _output = output;
        _sockets = new HeldSockets(store);
        _launcher = launcher ?? new ServiceLauncher(output, _sockets);
    }

    public EventLoop Loop { get; }
    public IDescriptorStore Store { get; }
    public IReadOnlyCollection<Service> Services => _services.Values;

    /// <summary>Set once the machine is being ended: nothing is started any more.</summary>
    public bool IsEnding { get; private set; }

    /// <summary>Something has changed that outlives the manager or that somebody may wait for.</summary>
    public Action? StateChanged { get; set; }

    /// <summary>A service has moved, and may be in another state.</summary>
    public Action<Service>? ServiceMoved { get; set; }

    /// <summary>A service is no more.</summary>
    public Action<string>? ServiceRemoved { get; set; }

    public Service? Find(string name) => _services.GetValueOrDefault(name);

    /// <summary>Takes up a service file's settings; a template only makes instances later.</summary>
    public void Add(ServiceSettings settings)
    {
        if (IsMasked(settings.Name))
        {
            Log.Info($"{settings.Name}: masked");
            _switchedOff[settings.Name] = settings;
        }
        else if (settings.ForEach != InstanceSource.None) _templates[settings.Name] = settings;
        else AddService(settings, null);
    }

    private Service AddService(ServiceSettings settings, string? instanceOf)
    {
        var service = new Service(this, _launcher, settings, CgroupPaths.Services) { InstanceOf = instanceOf };
        _services.Add(settings.Name, service);
        RememberOrder(service);
        KnowJob(service);
        return service;
    }

    /// <summary>Which of the services with <c>start: boot</c> this boot really wants; all of them, unless told otherwise.</summary>
    public Predicate<ServiceSettings> IsWantedByBoot { get; init; } = _ => true;

    /// <summary>Starts everything that the boot wants.</summary>
    public void StartBootServices()
    {
        foreach (var service in _services.Values.ToArray())
        {
            if (IsWantedByBoot(service.Settings))
            {
                OpenSocketsAtBoot(service);
                WatchTriggerAtBoot(service);
            }
            StartForBoot(service);
        }
        Jobs.Begin(isBoot: true);
    }

    private void StartForBoot(Service service)
    {
        if (service.Settings.Start == StartCondition.Boot && IsWantedByBoot(service.Settings)) Start(service);
    }

    public void Start(Service service)
    {
        // One that is being restarted is on its way up already.
        if (!MayStart(service) || _restartsAsked.Contains(service.Name)) return;
        TakeBackStop(service);
        // Itself first: from here on it is coming, and so ends a cycle that leads back to it.
        service.Apply(new(ServiceEventKind.StartAsked));
        PullIn(service);
    }

    private void PullIn(Service service)
    {
        var settings = service.NextSettings;
        foreach (string name in NeedsOf(settings, service.IsSession)) StartIfDown(name);
        foreach (string name in settings.Wants) StartIfDown(name);
        foreach (string name in settings.Milestone)
            if (FindOrMake(name) is { State.HasBeenUp: false }) StartIfDown(name);
    }

    private void StartIfDown(string name)
    {
        _ = FindOrMake(name);
        // One that is up or coming is left alone, unless it is about to be stopped.
        foreach (var other in Named(name))
            if (other != _justFailed && (_stopsAsked.Contains(other.Name) || other.State is { IsUp: false, IsComing: false, Phase: not ServicePhase.Backoff })) Start(other);
    }

    /// <summary>The service of this name, or all instances of the template of this name.</summary>
    private List<Service> Named(string name)
    {
        if (Find(name) is { } service) return [service];
        if (!_templates.ContainsKey(name)) return [];
        var instances = new List<Service>();
        foreach (var other in _services.Values)
            if (other.InstanceOf == name) instances.Add(other);
        return instances;
    }

    /// <summary>Whether one of the names means the service: its own, or that of the template it was made from.</summary>
    private static bool IsNamed(Service service, IReadOnlyList<string> names)
    {
        foreach (string name in names)
            if (name == service.Name || (name == service.InstanceOf && !service.IsSession)) return true;
        return false;
    }

    public void Stop(Service service)
    {
        _stopsAsked.Add(service.Name);
        _restartsAsked.Remove(service.Name);
        StateChanged?.Invoke();
        foreach (var dependent in DependentsOf(service))
            // One that is pinned up stays, and so does, until it is let go, all that it needs.
            if (!dependent.State.IsDown && (IsEnding || dependent.Pin is not ServicePin.Up) && (!_stopsAsked.Contains(dependent.Name) || _restartsAsked.Contains(dependent.Name))) Stop(dependent);
        Unsettled();
    }

    /// <summary>It has been asked to stop, waits for its turn, and nobody has wanted it up since.</summary>
    public bool IsToBeStopped(Service service) => _stopsAsked.Contains(service.Name) && !_restartsAsked.Contains(service.Name);

    /// <summary>It stands in line to be stopped, for good or to be started again.</summary>
    public bool HasStopInLine(Service service) => _stopsAsked.Contains(service.Name);

    /// <summary>
    /// Stops and starts it, and around that, in order, all that runs with it because it needs it. A logger goes alone: what it
    /// reads from is held by the guard, and nobody who writes notices.
    /// </summary>
    public void Restart(Service service)
    {
        if (!MayStart(service)) return;
        bool isUsed = false;
        foreach (var user in service.Settings.Logger ? [] : UsersOf(service))
        {
            if (user.IsSession) continue;
            isUsed = true;
            // One that is being stopped for somebody is waited for, and stays down.
            bool isStopping = !user.State.WantedUp || (_stopsAsked.Contains(user.Name) && !_restartsAsked.Contains(user.Name));
            if (!isStopping && MayStart(user)) RestartInOrder(user);
        }
        if (isUsed) RestartInOrder(service);
        else
        {
            TakeBackStop(service);
            service.Apply(new(ServiceEventKind.RestartAsked));
        }
        PullIn(service);
    }

    /// <summary>An exit that the guard reports; false when the pid is no main process of ours (an orphan).</summary>
    public bool MainExited(int pid, ProcessExit exit)
    {
        foreach (var service in _services.Values)
        {
            if (service.State.Pid != pid) continue;
            // Where the next one is on its way, what is asked of it waits for it.
            if (service.Settings.Logger && !service.State.StartAgain) _output.LoggerEnded();
            if (!exit.IsSuccess && service.Cgroup.HasRunOutOfMemory) exit = exit with { IsOutOfMemory = true };
            if (service.IsSession) EndSession(service, exit);
            else service.MainExited(pid, exit);
            return true;
        }
        return HelperExited(pid, exit);
    }

    /// <summary>A service has moved; called by itself.</summary>
    public void Changed(Service service)
    {
        SettleDemand(service);
        SettleTrigger(service);
        service.Job?.Follow();
        FollowRelays(service);
        CloseListener(service);
        if (service.Settings.Logger && service.State.Phase is ServicePhase.Stopped or ServicePhase.Failed or ServicePhase.Backoff) _output.LoggerEnded();
        Unsettled();
        ServiceMoved?.Invoke(service);
        StateChanged?.Invoke();
    }

    private void Unsettled()
    {
        if (_isSettling) return;
        _isSettling = true;
        Loop.Post("services", Settle);
    }

    private void Settle()
    {
        _launchesLeft = LaunchesPerTurn;
        _isWaitingSaved = false;
        try
        {
            bool moved = true;
            for (int round = 0; moved && round < 2 * _services.Count + 10; round++)
            {
                moved = false;
                foreach (var service in _services.Values.ToArray())
                {
                    var before = service.State;
                    int stops = _stopsAsked.Count;
                    SettleOne(service);
                    // A stop that was put in line for a failed need is a move too, though no service has moved yet.
                    moved |= !ReferenceEquals(before, service.State) || stops != _stopsAsked.Count;
                }
                if (!moved && _launchesLeft > 0) moved = BreakDeadlock();
            }
        }
        finally
        {
            // Whatever happens: else no change would ever be settled again.
            _isSettling = false;
        }
        if (_launchesLeft == 0) Unsettled();
        ForgetWhatIsOver();
        // Also when no service has moved: an order that waits for its turn outlives the manager too.
        StateChanged?.Invoke();
    }

    private void SettleOne(Service service)
    {
        if (_stopsAsked.Contains(service.Name))
        {
            // A session cannot be restarted, its connection would be lost: it goes on over the restart of what it needs.
            // One that has ended meanwhile serves nobody, and its policy must not bring it back.
            bool isUseless = service.State.Phase is ServicePhase.Waiting or ServicePhase.Backoff;
            if (!isUseless && (IsNeeded(service, bySessions: !_restartsAsked.Contains(service.Name)) || (IsEnding && !MayEnd(service)))) return;
            CarryOutStop(service);
            return;
        }

        if (FailedNeed(service) is { } cause)
        {
            if (service.State.Phase is ServicePhase.Waiting) service.Apply(new(ServiceEventKind.DependencyFailed, Reason: cause));
            else if (service.State.Phase is ServicePhase.Starting or ServicePhase.Running or ServicePhase.Reloading && service.Pin is not ServicePin.Up)
            {
                Log.Warn($"{service.Name}: stopping: {cause}");
                _stopCauses[service.Name] = cause;
                Stop(service);
            }
        }
        else if (service.State.Phase is ServicePhase.Waiting)
        {
            if (MissedMilestone(service) is { } missed) service.Apply(new(ServiceEventKind.DependencyFailed, Reason: missed));
            else if (_launchesLeft > 0 && WhatItWaitsFor(service) is null)
            {
                if (service.WhyItIsDone() is { } why) service.Apply(new(ServiceEventKind.FoundDone, Reason: why));
                else
                {
                    _launchesLeft--;
                    // At rest it may have processes, too: a manager that dies around the launch leaves word of it.
                    if (service.Settings.LeavesProcesses && !_isWaitingSaved) SaveNow?.Invoke();
                    _isWaitingSaved |= service.Settings.LeavesProcesses;
                    service.Apply(new(ServiceEventKind.DependenciesMet));
                }
            }
        }
    }

    /// <summary>Why a need of it will not come, in words; null when all are up or may come.</summary>
    private string? FailedNeed(Service service)
    {
        foreach (string name in NeedsOf(service))
            if (WhyItWillNotCome(name) is { } why) return $"it needs {name}, {why}";
        return null;
    }

    private string? WhyItWillNotCome(string name)
    {
        if (Find(name) is not { } needed)
            return IsMasked(name) || IsMasked(TemplateOf(name)) ? "which is masked"
                : _templates.ContainsKey(name) ? "which is a template: name one instance"
                : "and there is no such service";
        if (needed.State.IsDown && IsMasked(needed)) return "which is masked";
        if (needed.State.Phase is ServicePhase.Failed) return $"which has failed: {needed.State.Reason}";
        // Also one that has ended by itself with success: it is not being started again.
        if (needed.State.Phase is ServicePhase.Stopped) return needed.Pin is ServicePin.Down ? "which is pinned down" : "which is stopped";
        return null;
    }

    /// <summary>The first service that keeps it in Waiting; null when it may go on.</summary>
    public string? WhatItWaitsFor(Service service) => Blocker(service)?.Name;

    private Service? Blocker(Service service) =>
        BlockingNeed(service) ?? BlockingMilestone(service)
        ?? Coming(service, service.Settings.After) ?? Coming(service, service.Settings.Wants) ?? ComingBefore(service);

    private Service? BlockingNeed(Service service)
    {
        foreach (string name in NeedsOf(service))
            // One that is about to be restarted is as good as down.
            if (Find(name) is { } needed && (!needed.State.IsUp || _stopsAsked.Contains(name))) return needed;
        return null;
    }

    private Service? Coming(Service service, IReadOnlyList<string> names)
    {
        foreach (string name in names)
            foreach (var other in Named(name))
                if (other.State.IsComing && other != service) return other;
        return null;
    }

    // What a per-connection service needs is needed by its sessions: the listener itself opens at once.
    private static IReadOnlyList<string> NeedsOf(Service service) => NeedsOf(service.Settings, service.IsSession);

    private static IReadOnlyList<string> NeedsOf(ServiceSettings settings, bool isSession) =>
        settings.PerConnection && !isSession ? [] : settings.Needs;

    private IEnumerable<Service> DependentsOf(Service service)
    {
        foreach (var other in _services.Values)
            if (NeedsOf(other).Contains(service.Name)) yield return other;
    }

    private bool IsNeeded(Service service, bool bySessions)
    {
        foreach (var dependent in DependentsOf(service))
            if ((bySessions || !dependent.IsSession) && dependent.State is { IsDown: false, Phase: not (ServicePhase.Waiting or ServicePhase.Backoff) }) return true;
        return false;
    }
}
