using Dora.Core.Configuration;
using Dora.Core.Linux;
using Dora.Init.Events;

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
/// Parts: Supervisor.Instances.cs (templates, sessions), Supervisor.Adoption.cs (after a manager restart).
/// </summary>
internal sealed partial class Supervisor
{
    private const string ServicesRoot = "/sys/fs/cgroup/dora/services";
    private const string SessionsRoot = "/sys/fs/cgroup/dora/sessions";

    private readonly Dictionary<string, Service> _services = [];
    private readonly Dictionary<string, ServiceSettings> _templates = [];
    private readonly Dictionary<string, ConnectionListener> _listeners = [];
    private readonly HashSet<string> _stopsAsked = [];
    private readonly HashSet<string> _masked;
    private readonly ServiceLauncher _launcher;
    private readonly IServiceOutput _output;
    private readonly HeldSockets _sockets;
    private bool _isSettling;

    public Supervisor(EventLoop loop, IDescriptorStore store, IServiceOutput output, IReadOnlyCollection<string> masked)
    {
        Loop = loop;
        Store = store;
        _masked = [.. masked];
        _output = output;
        _sockets = new HeldSockets(store);
        _launcher = new ServiceLauncher(output, _sockets);
    }

    public EventLoop Loop { get; }
    public IDescriptorStore Store { get; }
    public IReadOnlyCollection<Service> Services => _services.Values;

    /// <summary>Set once the machine is being ended: nothing is started any more.</summary>
    public bool IsEnding { get; private set; }

    /// <summary>Something has changed that outlives the manager or that somebody may wait for.</summary>
    public Action? StateChanged { get; set; }

    public Service? Find(string name) => _services.GetValueOrDefault(name);

    /// <summary>Takes up a service file's settings; a template only makes instances later.</summary>
    public void Add(ServiceSettings settings)
    {
        if (IsMasked(settings.Name)) Log.Info($"{settings.Name}: masked on the kernel command line");
        else if (settings.ForEach != InstanceSource.None) _templates[settings.Name] = settings;
        else AddService(settings, null);
    }

    private bool IsMasked(string name) => _masked.Contains(name);

    private Service AddService(ServiceSettings settings, string? instanceOf)
    {
        var service = new Service(this, _launcher, settings, $"{ServicesRoot}/{settings.Name}") { InstanceOf = instanceOf };
        _services.Add(settings.Name, service);
        return service;
    }

    /// <summary>Which of the services with <c>start: boot</c> this boot really wants; all of them, unless told otherwise.</summary>
    public Predicate<Service> IsWantedByBoot { get; init; } = _ => true;

    /// <summary>Starts everything that the boot wants.</summary>
    public void StartBootServices()
    {
        foreach (var service in _services.Values.ToArray())
        {
            if (IsWantedByBoot(service)) OpenSocketsAtBoot(service);
            StartForBoot(service);
        }
    }

    private void StartForBoot(Service service)
    {
        if (service.Settings.Start == StartCondition.Boot && IsWantedByBoot(service)) Start(service);
    }

    public void Start(Service service)
    {
        if (IsEnding) return;
        _stopsAsked.Remove(service.Name);
        // Itself first: from here on it is coming, and so ends a cycle that leads back to it.
        service.Apply(new(ServiceEventKind.StartAsked));
        PullIn(service);
    }

    private void PullIn(Service service)
    {
        foreach (string name in NeedsOf(service)) StartIfDown(name);
        foreach (string name in service.Settings.Wants) StartIfDown(name);
    }

    private void StartIfDown(string name)
    {
        // One that is up or coming is left alone, unless it is about to be stopped.
        foreach (var other in Named(name))
            if (_stopsAsked.Contains(other.Name) || other.State is { IsUp: false, IsComing: false, Phase: not ServicePhase.Backoff }) Start(other);
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
        foreach (var dependent in DependentsOf(service))
            if (!dependent.State.IsDown && !_stopsAsked.Contains(dependent.Name)) Stop(dependent);
        Unsettled();
    }

    public void Restart(Service service)
    {
        if (IsEnding) return;
        _stopsAsked.Remove(service.Name);
        service.Apply(new(ServiceEventKind.RestartAsked));
        PullIn(service);
    }

    /// <summary>An exit that the guard reports; false when the pid is no main process of ours (an orphan).</summary>
    public bool MainExited(int pid, ProcessExit exit)
    {
        foreach (var service in _services.Values)
        {
            if (service.State.Pid != pid) continue;
            if (service.Settings.Logger) _output.LoggerEnded();
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
        CloseListener(service);
        Unsettled();
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
        try
        {
            bool moved = true;
            for (int round = 0; moved && round < 2 * _services.Count + 10; round++)
            {
                moved = false;
                foreach (var service in _services.Values.ToArray())
                {
                    var before = service.State;
                    SettleOne(service);
                    moved |= !ReferenceEquals(before, service.State);
                }
                if (!moved) moved = BreakDeadlock();
            }
        }
        finally
        {
            // Whatever happens: else no change would ever be settled again.
            _isSettling = false;
        }
        ForgetWhatIsOver();
    }

    private void SettleOne(Service service)
    {
        if (_stopsAsked.Contains(service.Name))
        {
            if (IsNeeded(service) || (IsEnding && !MayEnd(service))) return;
            _stopsAsked.Remove(service.Name);
            service.Apply(new(ServiceEventKind.StopAsked));
            return;
        }

        if (FailedNeed(service) is { } cause)
        {
            if (service.State.Phase is ServicePhase.Waiting) service.Apply(new(ServiceEventKind.DependencyFailed, Reason: cause));
            else if (service.State.Phase is ServicePhase.Starting or ServicePhase.Running or ServicePhase.Reloading)
            {
                Log.Warn($"{service.Name}: stopping: {cause}");
                Stop(service);
            }
        }
        else if (service.State.Phase is ServicePhase.Waiting && WhatItWaitsFor(service) is null)
            service.Apply(new(ServiceEventKind.DependenciesMet));
    }

    /// <summary>Why a need of it will not come, in words; null when all are up or may come.</summary>
    private string? FailedNeed(Service service)
    {
        foreach (string name in NeedsOf(service))
        {
            if (Find(name) is not { } needed)
                return IsMasked(name) ? $"it needs {name}, which is masked"
                    : _templates.ContainsKey(name) ? $"it needs {name}, which is a template: name one instance"
                    : $"it needs {name}, and there is no such service";
            if (needed.State.Phase is ServicePhase.Failed) return $"it needs {name}, which has failed: {needed.State.Reason}";
            // Also one that has ended by itself with success: it is not being started again.
            if (needed.State.Phase is ServicePhase.Stopped) return $"it needs {name}, which is stopped";
        }
        return null;
    }

    /// <summary>The first service that keeps it in Waiting; null when it may go on.</summary>
    public string? WhatItWaitsFor(Service service) => Blocker(service)?.Name;

    private Service? Blocker(Service service) =>
        BlockingNeed(service) ?? Coming(service, service.Settings.After) ?? Coming(service, service.Settings.Wants);

    private Service? BlockingNeed(Service service)
    {
        foreach (string name in NeedsOf(service))
            if (Find(name) is { State.IsUp: false } needed) return needed;
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
    private static IReadOnlyList<string> NeedsOf(Service service) =>
        service.Settings.PerConnection && !service.IsSession ? [] : service.Settings.Needs;

    private IEnumerable<Service> DependentsOf(Service service)
    {
        foreach (var other in _services.Values)
            if (NeedsOf(other).Contains(service.Name)) yield return other;
    }

    private bool IsNeeded(Service service)
    {
        foreach (var dependent in DependentsOf(service))
            if (!dependent.State.IsDown) return true;
        return false;
    }

    // At the end of the machine order counts too, not needs alone: sessions go first, so that clients see their
    // connection close while there is a network; then what came later before what came earlier; the logger goes last.
    private bool MayEnd(Service service)
    {
        if (service.IsSession) return true;
        foreach (var other in _services.Values)
        {
            if (other == service || other.State.IsDown) continue;
            if (other.IsSession || IsNamed(service, other.Settings.After) || IsNamed(service, other.Settings.Wants)) return false;
            if (service.Settings.Logger) return false;
        }
        return true;
    }

    /// <summary>Opens the sockets of a per-connection service; what failed in words, or null.</summary>
    public string? OpenListener(Service service)
    {
        var listener = new ConnectionListener(this, service, _sockets);
        try
        {
            listener.Open();
            _listeners.Add(service.Name, listener);
            return null;
        }
        catch (LinuxException exception)
        {
            listener.Dispose();
            return exception.Message;
        }
    }

    private void CloseListener(Service service)
    {
        if (service.State.Phase is ServicePhase.Starting or ServicePhase.Running or ServicePhase.Reloading) return;
        if (_listeners.Remove(service.Name, out var listener)) listener.Dispose();
        // A service that is being started again keeps its sockets; one that is down refuses its clients.
        if (service.State.IsDown && !service.IsSession && !_demands.ContainsKey(service.Name)) _sockets.Close(service.Settings);
    }

    /// <summary>Ends all services in reverse order; <see cref="StateChanged"/> tells when <see cref="IsAllDown"/>.</summary>
    public void EndAll()
    {
        IsEnding = true;
        foreach (var service in _services.Values.ToArray())
            if (!service.State.IsDown) Stop(service);
    }

    public bool IsAllDown
    {
        get
        {
            foreach (var service in _services.Values)
                if (!service.State.IsDown) return false;
            return true;
        }
    }

    /// <summary>The longest that stopping everything may take: the longest chain would do, the sum is simple and safe.</summary>
    public TimeSpan StopLimit
    {
        get
        {
            var sum = TimeSpan.Zero;
            foreach (var service in _services.Values)
                if (!service.State.IsDown) sum += service.Settings.StopTimeout + ServiceMachine.KillLimit;
            return sum;
        }
    }
}
