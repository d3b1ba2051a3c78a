using Dora.Core.Configuration;

namespace Dora.Init.Manager.Supervision;

// Pins and masks: what an operator has decided against everybody else.
//
// A pin belongs to this run of the machine and is part of the saved state; a mask is on the disk (OperatorMasks) or the
// kernel command line, and stands for "this service is not there". The end of the machine heeds neither.
internal sealed partial class Supervisor
{
    private readonly Dictionary<string, ServiceSettings> _switchedOff = []; // masked when they were read

    /// <summary>Up: started, and then no stop and no failed need reaches it. Down: stopped, and nothing starts it.</summary>
    public void SetPin(Service service, ServicePin pin)
    {
        service.Pin = pin;
        switch (pin)
        {
            case ServicePin.Up:
                Start(service);
                break;
            case ServicePin.Down:
                Stop(service);
                break;
            case ServicePin.None:
                // What was deferred for it: a need may have failed meanwhile, or waits to be stopped.
                foreach (string name in NeedsOf(service))
                    if (_stopsAsked.Contains(name) && !_restartsAsked.Contains(name) && !service.State.IsDown)
                    {
                        if (_stopCauses.TryGetValue(name, out string? cause)) _stopCauses[service.Name] = $"it needs {name}: {cause}";
                        Stop(service);
                    }
                break;
            default:
                throw new System.Diagnostics.UnreachableException();
        }
        Unsettled();
        StateChanged?.Invoke();
    }

    /// <summary>Among a service and those that its stop would take along, one that is pinned up.</summary>
    public Service? PinnedUp(Service service)
    {
        if (service.Pin is ServicePin.Up) return service;
        foreach (var user in UsersOf(service))
            if (user.Pin is ServicePin.Up) return user;
        return null;
    }

    public bool IsMasked(Service service) =>
        IsMasked(service.Name) || (!service.IsSession && service.InstanceOf is { } template && IsMasked(template));

    public bool IsMasked(string name) => _masked.Contains(name);

    /// <summary>It, or every instance of the template, is stopped, and nothing starts it any more.</summary>
    public void Mask(string name)
    {
        _masked.Add(name);
        foreach (var service in Named(name)) Stop(service);
        Unsettled();
    }

    /// <summary>It may be started again; nothing is.</summary>
    public void Unmask(string name)
    {
        _masked.Remove(name);
        if (_switchedOff.Remove(name, out var settings) && Find(name) is null) Add(settings);
        Unsettled();
    }

    private bool MayStart(Service service) => !IsEnding && service.Pin is not ServicePin.Down && !IsMasked(service) && !IsLeaving(service);
}
