using Dora.Init.Manager.State;

namespace Dora.Init.Manager.Supervision;

// The end of all services: of the machine, or for a soft reboot, which spares those that ask for it.
internal sealed partial class Supervisor
{
    /// <summary>What the end of the machine gives to one post-stop at most; elsewhere it may be without limit.</summary>
    private static readonly TimeSpan s_longestPostStop = TimeSpan.FromMinutes(2);

    private HashSet<string>? _spared;

    public bool HasSessions
    {
        get
        {
            foreach (var service in _services.Values)
                if (service.IsSession && !service.State.IsDown && !IsSpared(service)) return true;
            return false;
        }
    }

    /// <summary>Whether it goes on running while all others are stopped.</summary>
    public bool IsSpared(Service service) => _spared is not null && _spared.Contains(service.Name);

    /// <summary>Ends all services in reverse order; <see cref="StateChanged"/> tells when <see cref="IsAllDown"/>.</summary>
    public void EndAll(bool spareSurvivors = false)
    {
        IsEnding = true;
        _restartsAsked.Clear();
        _spared = spareSurvivors ? Survivors() : null;
        foreach (var service in _services.Values.ToArray())
            if (!service.State.IsDown && !IsSpared(service)) Stop(service);
        _jobs?.History?.Flush();
    }

    /// <summary>All that still runs is killed at once, but what is spared.</summary>
    public void KillAll()
    {
        foreach (var service in _services.Values)
            if (!service.State.IsDown && !IsSpared(service)) _ = service.Cgroup.Kill();
    }

    /// <summary>What sessions left behind goes too: after a soft reboot nothing of the old runs but what was spared.</summary>
    public void KillLeftovers()
    {
        var folders = CgroupPaths.In(CgroupPaths.Sessions);
        foreach (var (_, slice) in CgroupPaths.In(CgroupPaths.Slices)) folders.AddRange(CgroupPaths.In(slice));
        foreach (var (name, path) in folders)
            if (Find(name) is not { } session || !IsSpared(session)) _ = Dora.Core.Linux.Sys.WriteFile($"{path}/cgroup.kill", "1");
    }

    /// <summary>For the manager after a soft reboot: it knows of nothing but what was spared.</summary>
    public void SaveSpared(SavedState state)
    {
        state.LastSession = _lastSession;
        foreach (var service in _services.Values)
            if (IsSpared(service) && !service.State.IsDown)
                state.Services.Add(new SavedService { Name = service.Name, InstanceOf = service.InstanceOf, IsSession = service.IsSession, State = service.State, Slice = service.Slice });
    }

    /// <summary>Those that say so, and what they need: a need that went down would take them along.</summary>
    private HashSet<string> Survivors()
    {
        var survivors = new HashSet<string>();
        var left = new Stack<Service>();
        foreach (var service in _services.Values)
            if (service.Settings.SurvivesSoftReboot && !service.State.IsDown) left.Push(service);
        while (left.TryPop(out var service))
        {
            if (!survivors.Add(service.Name)) continue;
            foreach (string name in NeedsOf(service))
                if (Find(name) is { State.IsDown: false } need) left.Push(need);
        }
        return survivors;
    }

    // At the end of the machine order counts too, not needs alone: sessions go first, so that clients see their
    // connection close while there is a network; then what came later before what came earlier; the logger goes last.
    private bool MayEnd(Service service)
    {
        if (service.IsSession) return true;
        foreach (var other in _services.Values)
        {
            if (other == service || other.State.IsDown || IsSpared(other)) continue;
            if (other.IsSession || IsNamed(service, other.Settings.After) || IsNamed(service, other.Settings.Wants)
                || IsNamed(service, other.Settings.Milestone) || IsNamed(other, service.Settings.Before)) return false;
            if (service.Settings.Logger) return false;
        }
        return true;
    }

    public bool IsAllDown
    {
        get
        {
            foreach (var service in _services.Values)
                if (!service.State.IsDown && !IsSpared(service)) return false;
            return true;
        }
    }

    private static TimeSpan Shorter(TimeSpan a, TimeSpan b) => a < b ? a : b;

    /// <summary>The longest that stopping everything may take: the longest chain would do, the sum is simple and safe.</summary>
    public TimeSpan StopLimit
    {
        get
        {
            var sum = TimeSpan.Zero;
            foreach (var service in _services.Values)
                if (!service.State.IsDown)
                    sum += service.Settings.StopTimeout + ServiceMachine.KillLimit
                        + (service.Settings.PostStop.Count > 0 ? Shorter(service.Settings.HelperTimeout, s_longestPostStop) + ServiceMachine.KillLimit : TimeSpan.Zero);
            return sum;
        }
    }
}
