using Dora.Core.Configuration;
using Dora.Core.Events;
using Dora.Core.Linux;
using Dora.Init.Manager.State;
using Dora.Init.Manager.Supervision.Readiness;
using Dora.Init.Manager.Supervision.Sockets;

namespace Dora.Init.Manager.Supervision;

// After the manager was killed: take every running service up again as it is. Nothing is restarted.
//
// What is known comes from two sources. The saved state says what each service was doing. The cgroups say what really
// runs, and they are right where the two differ, which they do in one place only: the last manager died around a clone3,
// after one write of its state and before the next. It may have written that a launch follows (Starting, without a pid)
// which did not: then the service waits again. Or a cgroup has processes that no state tells of, and the oldest of them whose
// parent is PID 1 is the main process. An exit in the meantime is no such case: the guard keeps the zombie, and with it
// the pid, until this manager has been told of it.
internal sealed partial class Supervisor
{
    public void Adopt(SavedState saved)
    {
        _lastSession = saved.LastSession;
        var told = new HashSet<string>();
        foreach (var entry in saved.Services)
        {
            // What was masked and is down is no service any more; what is still being stopped for it is taken up.
            if (!told.Add(entry.Name) || IsOverWithItsLine(entry) || (entry.Transient is null && entry.State.IsDown && _switchedOff.ContainsKey(TemplateOf(entry.Name)))) continue;
            var service = entry.Transient is { } text ? RecreateTransient(entry.Name, text, entry.Relay) : Find(entry.Name) ?? Recreate(entry);
            if (service is null) continue;
            service.Pin = entry.Pin;
            if (entry.IsStopAsked) _stopsAsked.Add(service.Name);
            if (entry.IsRestartAsked) _restartsAsked.Add(service.Name);
            service.PutInto(entry.State.Phase is ServicePhase.Waiting ? service.Settings.Slice : entry.Slice);
            service.Adopt(WithItsClient(service, Verified(service, entry.State)));
            if (service.IsSession && service.State.Pid == 0)
            {
                // Its connection has closed with the last manager. What it left behind lives on, as with any session.
                Forget(service);
                continue;
            }
            AdoptConnections(service, entry);
            AdoptDemand(service);
            AdoptTrigger(service, entry);
            AdoptJob(service, entry.Job);
            AdoptFailure(service);
            if (service.Settings.PerConnection && !service.IsSession && service.State.Phase is ServicePhase.Running
                && OpenListener(service) is { } failure)
                Log.Error($"{service.Name}: {failure}");
            if (service.State.Pid == 0 && service.State.Phase is ServicePhase.Starting or ServicePhase.Running or ServicePhase.Reloading
                && service.State.Helper is not HelperKind.PreStart && ServiceMachine.HasProcess(service.Settings))
                service.Apply(new(ServiceEventKind.MainExited, Exit: ProcessExit.Unseen));
        }
        // No state at all, or none of these: it was lost, or the guard failed twice and its store with it.
        foreach (var service in _services.Values.ToArray())
            if (!told.Contains(service.Name)) AdoptRunning(service);
        var folders = CgroupPaths.In(CgroupPaths.Sessions);
        foreach (var (_, slice) in CgroupPaths.In(CgroupPaths.Slices)) folders.AddRange(CgroupPaths.In(slice));
        foreach (string name in Sys.ListDirectories(CgroupPaths.Services)) AdoptInstance(name);
        foreach (var (name, _) in folders) AdoptInstance(name);
        CloseUnusedSockets();
        AdoptTransients(saved);
        EndRelaysWithoutTarget();
        foreach (var (name, path) in folders)
        {
            // The last manager may have died before it saved the number: a session of the same name could not be
            // launched into a cgroup that is taken, and its client would be turned away.
            if (int.TryParse(name.AsSpan(name.LastIndexOf('@') + 1), out int number)) _lastSession = Math.Max(_lastSession, number);
            if (Find(name) is null) Linger(path, name);
        }
        DropUnclaimed();
        // Else the boot begins with them.
        if (saved is { Services.Count: > 0, IsBootPending: false }) Jobs.Begin(isBoot: false);
        Unsettled();
    }

    /// <summary>An instance that the last manager made and launched and did not come to save: its cgroup knows its name.</summary>
    private void AdoptInstance(string name)
    {
        string template = TemplateOf(name);
        if (Find(name) is not null || template.Length == name.Length || !_templates.TryGetValue(template, out var settings)) return;
        string argument = name[(template.Length + 1)..];
        if (!ServiceTemplate.IsArgument(argument)) return;
        var instance = AddService(ServiceTemplate.Instantiate(settings, argument), template);
        AdoptRunning(instance);
        if (instance.State is { Pid: 0, HelperPid: 0 }) Forget(instance);
    }

    /// <summary>A service that no state tells of: what runs in its cgroup is its own all the same.</summary>
    private static void AdoptRunning(Service service)
    {
        var found = Verified(service, service.State);
        if (found.Pid != 0 || found.HelperPid != 0) service.Adopt(found);
    }

    public void Save(SavedState state)
    {
        state.LastSession = _lastSession;
        state.LastTransient = _lastTransient;
        foreach (var service in _services.Values)
        {
            var connections = service.Connections;
            var saved = new SavedService
            {
                Name = service.Name,
                InstanceOf = service.InstanceOf,
                IsSession = service.IsSession,
                State = service.State,
                Pin = service.Pin,
                Slice = service.Slice,
                IsStopAsked = _stopsAsked.Contains(service.Name),
                IsRestartAsked = _restartsAsked.Contains(service.Name),
                Trigger = TriggerOf(service),
                Job = service.Job?.Text,
                Transient = service.TransientText,
                Relay = service.Relay?.Saved,
                PeerSource = service.Peer?.Source,
                PeerPort = service.Peer?.Port ?? 0,
                Accepted = connections?.Accepted ?? 0,
                Refused = connections?.Refused ?? 0,
            };
            if (saved != service.LastSaved) service.LastSaved = saved;
            state.Services.Add(service.LastSaved!);
        }
    }

    private Service Recreate(SavedService entry)
    {
        if (entry.IsSession)
        {
            var settings = entry.InstanceOf is { } name && Find(name) is { } listener ? listener.Settings : Unknown(entry.Name);
            var peer = entry.PeerSource is { } source ? new ConnectionPeer(source, entry.PeerPort) : null;
            return AddSession(SessionSettings(settings, entry.Name, peer), entry.InstanceOf ?? "", peer);
        }
        string origin = entry.InstanceOf ?? entry.Name;
        if (_templates.TryGetValue(origin, out var found) || _switchedOff.TryGetValue(origin, out found))
        {
            if (found.ForEach is InstanceSource.None) return AddService(found, null);
            string argument = entry.Name[(entry.Name.IndexOf('@') + 1)..];
            if (ServiceTemplate.IsArgument(argument)) return AddService(ServiceTemplate.Instantiate(found, argument), origin);
        }
        // Its file is gone: what runs is kept running, and can be stopped, but not started again.
        _leaving.Add(entry.Name);
        return AddService(Unknown(entry.Name), entry.InstanceOf);
    }

    private static ServiceSettings Unknown(string name) => new()
    {
        Name = name,
        File = "",
        Description = "its service file is gone",
        Command = ["/nonexistent"],
        Start = StartCondition.Demand,
        Restart = new RestartPolicy { When = RestartCondition.Never },
    };

    private static ServiceState Verified(Service service, ServiceState state)
    {
        if (state.Pid != 0 && CgroupMembership.Holds(service.Cgroup.Path, state.Pid)) return state;
        if (service.Settings.LeavesProcesses && state.IsAtRest) return state;
        // One that the service had named itself is gone: what was launched once is not the main process again.
        if (state is { Pid: not 0, IsMainChanged: true }) return state with { Pid = 0 };
        int main = MainProcessOf(service.Cgroup.Path);
        bool wasLaunching = state.Phase is ServicePhase.Waiting or ServicePhase.Backoff or ServicePhase.Stopped or ServicePhase.Failed
            || state is { Phase: ServicePhase.Starting, Helper: HelperKind.PreStart };
        if (main == 0 && wasLaunching && state.HelperPid == 0 && MainProcessOf($"{service.Cgroup.Path}/{Helpers.WordOf(HelperKind.PreStart)}") is var helper and not 0)
            return ServiceMachine.PreStarting(state, service.Settings, helper, EventLoop.Now);
        // Saved for the launch that was to follow, and then it did not.
        if (main == 0 && state is { Phase: ServicePhase.Starting, Pid: 0, Helper: HelperKind.None } && ServiceMachine.HasProcess(service.Settings))
            return ServiceMachine.NotLaunched(state, EventLoop.Now);
        if (main == 0) return state with { Pid = 0 };
        if (!wasLaunching) return state with { Pid = main };
        bool mayBeReady = !ServiceMachine.SaysWhenReady(service.Settings);
        return new ServiceState
        {
            Phase = mayBeReady ? ServicePhase.Running : ServicePhase.Starting,
            WantedUp = true,
            Pid = main,
            Since = EventLoop.Now,
            StartedAt = EventLoop.Now,
            ReadyAt = mayBeReady ? EventLoop.Now : null,
            Deadline = mayBeReady ? null : EventLoop.Now + service.Settings.StartTimeout,
            RestartsInRow = state.RestartsInRow,
            Restarts = state.Restarts,
            PeriodSince = state.PeriodSince,
            RestartsInPeriod = state.RestartsInPeriod,
            LastExit = state.LastExit,
            HasBeenUp = state.HasBeenUp || mayBeReady,
            FirstStartedAt = state.FirstStartedAt,
            FirstReadyAt = state.FirstReadyAt,
            Cause = state.Cause,
        };
    }

    private static int MainProcessOf(string cgroup)
    {
        int main = 0;
        long oldest = long.MaxValue;
        foreach (int pid in Cgroup.ProcessesIn(cgroup))
        {
            if (ProcessStatus.Read(pid) is not { ParentPid: 1 } status || status.StartTicks >= oldest) continue;
            main = pid;
            oldest = status.StartTicks;
        }
        return main;
    }
}
