using Dora.Core.Configuration;
using Dora.Init.Manager.State;
using Dora.Init.Manager.Supervision.Triggers;

namespace Dora.Init.Manager.Supervision;

// Services that the world starts (on). Such a service is watched for from boot on, whenever it is down by itself; one that
// somebody has stopped is not, until somebody starts it.
internal sealed partial class Supervisor
{
    private readonly Dictionary<string, Trigger> _triggers = [];

    /// <summary>What triggers listen to; tests of the graph put a world of their own here.</summary>
    internal Func<Service, IWorldSource>? WorldSource { get; init; }

    /// <summary>Whether its trigger would start it.</summary>
    public bool IsArmed(Service service) => service.State.IsDown && (_triggers.ContainsKey(service.Name) || IsJob(service));

    private static bool IsTriggered(Service service) => service.Settings.On is not null && !service.IsSession;

    private Trigger MakeTrigger(Service service)
    {
        var on = service.Settings.On!;
        IWorldSource source = WorldSource?.Invoke(service) ?? (on.Kind switch
        {
            TriggerKind.Network => new NetworkSource(Loop, service.Name, carrierOnly: false),
            TriggerKind.Carrier => new NetworkSource(Loop, service.Name, carrierOnly: true),
            _ => new PathSource(Loop, service.Name, on),
        });
        var trigger = new Trigger(this, service, source);
        _triggers.Add(service.Name, trigger);
        return trigger;
    }

    private void WatchTriggerAtBoot(Service service)
    {
        if (!IsTriggered(service) || _triggers.ContainsKey(service.Name)) return;
        var trigger = MakeTrigger(service);
        // A change is one since boot; a condition that holds at boot starts it.
        if (service.Settings.On!.Kind is TriggerKind.Changed) trigger.StartFromNow();
        trigger.Watch();
    }

    /// <summary>For what starts services by itself: a oneshot that is done does its work once more, and takes nobody along.</summary>
    public void StartAgain(Service service)
    {
        if (service.State.Phase is not ServicePhase.Done) Start(service);
        else if (MayStart(service) && !_stopsAsked.Contains(service.Name))
        {
            service.Apply(new(ServiceEventKind.RestartAsked));
            PullIn(service);
        }
    }

    /// <summary>After every change of a service: listens while it is at rest, unless it was stopped.</summary>
    private void SettleTrigger(Service service)
    {
        if (!IsTriggered(service)) return;
        if (!_triggers.TryGetValue(service.Name, out var trigger))
        {
            if (!service.State.WantedUp || IsEnding) return;
            // Somebody has started it: what is true now does not start it again.
            trigger = MakeTrigger(service);
            trigger.StartFromNow();
        }
        if (!service.State.IsAtRest) trigger.Rest();
        else if (IsEnding || !service.State.WantedUp) ForgetTrigger(service);
        else trigger.WatchAgain();
    }

    private void ForgetTrigger(Service service)
    {
        if (_triggers.Remove(service.Name, out var trigger)) trigger.Dispose();
    }

    private SavedTrigger? TriggerOf(Service service) =>
        _triggers.TryGetValue(service.Name, out var trigger) ? new SavedTrigger(trigger.Stamp) : null;

    /// <summary>After a restart of the manager. It looks only when all services are taken up: a start may pull in others.</summary>
    private void AdoptTrigger(Service service, SavedService entry)
    {
        if (entry.Trigger is not { } saved || !IsTriggered(service) || _triggers.ContainsKey(service.Name)) return;
        var trigger = MakeTrigger(service);
        trigger.StartFrom(saved.Stamp);
        Loop.Post(service.Name, trigger.Watch);
    }
}
