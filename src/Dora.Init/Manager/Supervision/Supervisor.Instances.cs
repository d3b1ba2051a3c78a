using Dora.Core.Configuration;
using Dora.Core.Linux;
using Dora.Init.Manager.Supervision.Sockets;

namespace Dora.Init.Manager.Supervision;

// Services that are made: instances of templates (dhcp@eth0, console@ttyS0) and sessions (sshd@7).
internal sealed partial class Supervisor
{
    private readonly HashSet<string> _leaving = []; // whose interface, or file, has gone: forgotten when they are down
    private const int MostInstances = 256; // of one template
    private int _lastSession;

    /// <summary>Makes and starts the instances of every template for one more interface or console; existing ones are left alone.</summary>
    public void Appeared(InstanceSource source, string argument)
    {
        foreach (var template in _templates.Values)
        {
            if (template.ForEach != source) continue;
            var settings = ServiceTemplate.Instantiate(template, argument);
            if (IsMasked(settings.Name) || IsMasked(template.Name)) continue;
            bool isBack = _leaving.Remove(settings.Name);
            if (Find(settings.Name) is { } known)
            {
                if (!isBack) continue;
            }
            else
            {
                known = AddService(settings, template.Name);
                AdoptRunning(known); // a state that was lost knew of this instance
            }
            StartForBoot(known);
            if (IsWanted(known)) Start(known);
        }
    }

    /// <summary>The service of this name; an instance of a template for arguments is made if there is none yet.</summary>
    public Service? FindOrMake(string name)
    {
        if (Find(name) is { } known) return known;
        string template = TemplateOf(name);
        if (template.Length == name.Length || !_templates.TryGetValue(template, out var settings) || settings.ForEach != InstanceSource.Argument) return null;
        string argument = name[(template.Length + 1)..];
        if (!ServiceTemplate.IsArgument(argument) || IsMasked(name) || IsMasked(template)) return null;
        if (Named(template).Count >= MostInstances)
        {
            Log.Error($"{name}: there are {MostInstances} instances of {template} already");
            return null;
        }
        return AddService(ServiceTemplate.Instantiate(settings, argument), template);
    }

    /// <summary>What made it (its interface, its file) is gone; it is being stopped, or ends one day, and is not started again.</summary>
    public bool IsLeaving(Service service) => _leaving.Contains(service.Name);

    public bool IsTemplate(string name) => _templates.ContainsKey(name);

    /// <summary>Somebody has stopped it and nothing names it: an instance that exists by its name alone is gone then.</summary>
    private bool IsForgotten(Service service)
    {
        if (service is not { State: { Phase: ServicePhase.Stopped, WantedUp: false, Reason: null }, Pin: ServicePin.None, InstanceOf: { } template }
            || _stopsAsked.Contains(service.Name)
            || !_templates.TryGetValue(template, out var settings) || settings.ForEach != InstanceSource.Argument) return false;
        foreach (var other in _services.Values)
            if (other.Settings.Needs.Contains(service.Name)) return false;
        return true;
    }

    private bool IsWanted(Service service)
    {
        foreach (var other in _services.Values)
            if (!other.State.IsDown && IsNamed(service, other.Settings.Wants)) return true;
        return false;
    }

    /// <summary>The interface is gone: its instances are stopped and then forgotten.</summary>
    public void Disappeared(InstanceSource source, string argument)
    {
        foreach (var template in _templates.Values)
        {
            if (template.ForEach != source || Find(ServiceTemplate.Instantiate(template, argument).Name) is not { } service) continue;
            _leaving.Add(service.Name);
            Stop(service);
        }
    }

    /// <summary>How many sessions there are, of one source or of all.</summary>
    public int SessionsOf(Service listener, string? source)
    {
        int count = 0;
        foreach (var service in _services.Values)
            if (service.IsSession && service.InstanceOf == listener.Name && (source is null || service.Peer?.Source == source)) count++;
        return count;
    }

    /// <summary>A connection has come: a session of its own, which waits for what the listener's file says it needs.</summary>
    public void OpenSession(Service listener, FileDescriptor connection, ConnectionPeer peer)
    {
        if (IsEnding)
        {
            connection.Dispose();
            return;
        }
        var session = AddSession(SessionSettings(listener.Settings, $"{listener.Name}@{++_lastSession}", peer), listener.Name, peer);
        session.Connection = connection;
        Start(session);
    }

    private static ServiceSettings SessionSettings(ServiceSettings listener, string name, ConnectionPeer? peer)
    {
        var environment = listener.Environment;
        // As tcpserver, systemd and others name them; a session of a Unix socket has neither.
        if (peer is { Port: not 0 })
            environment = new Dictionary<string, string>(environment) { ["REMOTE_ADDR"] = peer.Source, ["REMOTE_PORT"] = peer.Port.ToString() };
        return listener with
        {
            Name = name,
            Description = peer is null ? listener.Description : $"connection of {peer.Describe()}",
            Sockets = [],
            PerConnection = false,
            Environment = environment,
            Before = [],
            OnFailure = FailureReaction.Nothing,
            Restart = new RestartPolicy { When = RestartCondition.Never },
        };
    }

    private Service AddSession(ServiceSettings settings, string listener, ConnectionPeer? peer)
    {
        var session = new Service(this, _launcher, settings, CgroupPaths.Sessions) { InstanceOf = listener, IsSession = true, Peer = peer };
        _services.Add(settings.Name, session);
        return session;
    }

    /// <summary>What the session left running goes on; its cgroup is removed when that ends too.</summary>
    private void EndSession(Service session, ProcessExit exit)
    {
        if (!ServiceMachine.IsSuccess(exit, session.Settings) && exit.Status != 255) Log.Info($"{session.Name}: ended with {exit.Describe()}");
        Forget(session);
    }

    /// <summary>
    /// A session that could not be launched, or was stopped, has nothing left to wait for; an instance whose interface
    /// has gone is forgotten when it is down.
    /// </summary>
    private void ForgetWhatIsOver()
    {
        foreach (var service in _services.Values.ToArray())
            if (HasEnded(service) && (service.IsSession || _leaving.Remove(service.Name) || IsForgotten(service))) Forget(service);
        ForgetEndedTransients();
    }

    private void Forget(Service service)
    {
        _services.Remove(service.Name);
        if (service.Relay is not null) _inSurroundings.Remove(service);
        ServiceRemoved?.Invoke(service.Name);
        TakeBackStop(service);
        ForgetOrder(service);
        ForgetTrigger(service);
        _jobs?.Forget(service);
        if (service.Cgroup.IsPopulated) Linger(service.Cgroup.Path, service.Name);
        else _ = service.Cgroup.Remove();
        service.Dispose();
        if (service.InstanceOf is { } listener && _listeners.TryGetValue(listener, out var open)) open.Resume();
        Unsettled();
        StateChanged?.Invoke();
    }

    /// <summary>Processes outlive their session: the cgroup is removed when the last of them ends.</summary>
    private void Linger(string path, string name)
    {
        Cgroup? cgroup = null;
        cgroup = new Cgroup(Loop, path, name, () => _ = cgroup!.Remove());
        if (cgroup.Create() != Errno.None || !cgroup.IsPopulated) _ = cgroup.Remove();
    }
}
