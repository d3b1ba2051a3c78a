using Dora.Core.Configuration;

namespace Dora.Init.Manager.Supervision;

// What goes first, and what a stop or restart takes along.
//
// A stop that somebody asks for reaches all that needs the service, those first. A restart does the same and brings all of
// them up again: whoever needs a service has opened its sockets and read its state, and the new one knows nothing of that.
// A service that ends by itself and is started again by its policy takes nothing along: if it comes back within moments,
// its clients have to cope, as they have to on any network.
internal sealed partial class Supervisor
{
    private readonly Dictionary<string, List<Service>> _before = []; // name -> those that say before: [name]

    /// <summary>What runs, or is on its way up, because it needs the service, however far away; nearest last.</summary>
    public IReadOnlyList<Service> UsersOf(Service service)
    {
        var users = new List<Service>();
        var seen = new HashSet<Service> { service };
        var next = new Queue<Service>();
        for (next.Enqueue(service); next.TryDequeue(out var at);)
            foreach (var dependent in DependentsOf(at))
                if (!dependent.State.IsDown && seen.Add(dependent))
                {
                    users.Add(dependent);
                    next.Enqueue(dependent);
                }
        users.Reverse();
        return users;
    }

    private void RestartInOrder(Service service)
    {
        _stopsAsked.Add(service.Name);
        _restartsAsked.Add(service.Name);
        Unsettled();
    }

    private void TakeBackStop(Service service)
    {
        _stopsAsked.Remove(service.Name);
        _restartsAsked.Remove(service.Name);
        _stopCauses.Remove(service.Name);
    }

    /// <summary>Nothing is in its way any more.</summary>
    private void CarryOutStop(Service service)
    {
        bool again = _restartsAsked.Contains(service.Name);
        string? cause = _stopCauses.GetValueOrDefault(service.Name);
        TakeBackStop(service);
        service.Apply(again ? new(ServiceEventKind.RestartAsked) : new(ServiceEventKind.StopAsked, Reason: cause));
    }

    private void RememberOrder(Service service)
    {
        foreach (string name in service.Settings.Before)
        {
            if (!_before.TryGetValue(name, out var services)) _before.Add(name, services = []);
            services.Add(service);
        }
    }

    private void ForgetOrder(Service service)
    {
        foreach (string name in service.Settings.Before)
            if (_before.TryGetValue(name, out var services) && services.Remove(service) && services.Count == 0) _before.Remove(name);
    }

    /// <summary>One on its way up that wants to go before the service.</summary>
    private Service? ComingBefore(Service service) =>
        _before.Count == 0 ? null : ComingBefore(service, service.Name) ?? (service.InstanceOf is { } template ? ComingBefore(service, template) : null);

    private Service? ComingBefore(Service service, string name)
    {
        if (!_before.TryGetValue(name, out var services)) return null;
        foreach (var other in services)
            if (other.State.IsComing && other != service) return other;
        return null;
    }

    /// <summary>A milestone that was not up yet; null if all are behind it.</summary>
    private Service? BlockingMilestone(Service service)
    {
        foreach (string name in service.Settings.Milestone)
            if (Find(name) is { State.HasBeenUp: false } milestone) return milestone;
        return null;
    }

    /// <summary>Why a milestone will not be reached, in words; null if all were or may be.</summary>
    private string? MissedMilestone(Service service)
    {
        foreach (string name in service.Settings.Milestone)
            if (Find(name) is not { State.HasBeenUp: true } && WhyItWillNotCome(name) is { } why) return $"its milestone is {name}, {why}";
        return null;
    }

    private static string TemplateOf(string name)
    {
        int at = name.IndexOf('@');
        return at < 0 ? name : name[..at];
    }
}
