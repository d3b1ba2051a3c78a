namespace Dora.Init.Manager.Supervision;

// Services that wait for each other in a circle. Cycles of needs and after are reported when the files are read, but a
// machine with one in its files has to boot and to end all the same; and "a wants b, b comes after a" is a circle in
// which nothing is wrong. So when nothing moves any more, a circle is opened where it is only an order, and fails where
// it is made of needs alone.
internal sealed partial class Supervisor
{
    /// <summary>Whether something has been done about one.</summary>
    private bool BreakDeadlock()
    {
        foreach (var service in _services.Values)
            if (service.State.Phase is ServicePhase.Waiting && CircleFrom(service) is { } circle)
            {
                Open(circle);
                return true;
            }
        return StopInAnyOrder();
    }

    /// <summary>The circle that following "waits for" from a service leads into, each waiting for the next; null if it ends.</summary>
    private List<Service>? CircleFrom(Service service)
    {
        var path = new List<Service>();
        for (var at = service; at is { State.Phase: ServicePhase.Waiting }; at = Blocker(at))
        {
            int seen = path.IndexOf(at);
            if (seen >= 0) return path[seen..];
            path.Add(at);
        }
        return null;
    }

    private void Open(List<Service> circle)
    {
        string words = string.Join(" -> ", circle.Append(circle[0]).Select(member => member.Name));
        foreach (var member in circle)
        {
            // Needs are looked at first, so one that waits for anything else has all that it needs.
            if (BlockingNeed(member) is not null || BlockingMilestone(member) is not null) continue;
            Log.Warn($"{member.Name}: starting before what it comes after: they wait for each other ({words})");
            member.Apply(new(ServiceEventKind.DependenciesMet));
            return;
        }
        foreach (var member in circle)
            member.Apply(new(ServiceEventKind.DependencyFailed, Reason: $"its needs lead back to it: {words}"));
    }

    /// <summary>Stops that wait for each other, none of which is under way: the order has to go.</summary>
    private bool StopInAnyOrder()
    {
        if (_stopsAsked.Count == 0) return false;
        foreach (var service in _services.Values)
            if (service.State.Phase is ServicePhase.Stopping or ServicePhase.Killing) return false;
        bool any = false;
        foreach (string name in _stopsAsked.ToArray())
        {
            // One that is held by a pin is not stuck: it waits.
            if (Find(name) is not { } service || (!IsEnding && PinnedUp(service) is not null)) continue;
            CarryOutStop(service);
            any = true;
        }
        return any;
    }
}
