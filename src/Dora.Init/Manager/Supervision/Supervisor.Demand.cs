using Dora.Core.Configuration;
using Dora.Core.Linux;
using Dora.Init.Manager.Supervision.Sockets;

namespace Dora.Init.Manager.Supervision;

// Services that their sockets start. Such a service is listening from boot on, whenever it is down by itself; one that
// somebody has stopped is not: its sockets are closed and its clients refused until somebody starts it.
internal sealed partial class Supervisor
{
    private readonly Dictionary<string, DemandListener> _demands = [];

    /// <summary>Whether a connection would start it.</summary>
    public bool IsListening(Service service) => service.State.IsDown && _demands.ContainsKey(service.Name);

    private static bool IsStartedBySockets(Service service) =>
        service.Settings is { Start: StartCondition.Demand, PerConnection: false, Sockets.Count: > 0 } && !service.IsSession;

    /// <summary>Sockets are opened at boot, also those of services that still wait: who connects early is served later.</summary>
    private void OpenSocketsAtBoot(Service service)
    {
        if (IsStartedBySockets(service)) Listen(service);
        else if (service.Settings is { Start: StartCondition.Boot, PerConnection: false, Sockets.Count: > 0 })
        {
            try
            {
                _ = _sockets.Of(service.Settings);
            }
            catch (Exception exception) when (exception is LinuxException or LaunchException)
            {
                // The launch comes to the same, and says so.
            }
        }
    }

    private void Listen(Service service)
    {
        var listener = new DemandListener(this, service, _sockets);
        try
        {
            listener.Watch();
            _demands.Add(service.Name, listener);
        }
        catch (Exception exception) when (exception is LinuxException or LaunchException)
        {
            listener.Dispose();
            Log.Error($"{service.Name}: {exception.Message}: it is not started by its sockets");
        }
    }

    /// <summary>After every change of a service: watches while it is at rest, unless it was stopped.</summary>
    private void SettleDemand(Service service)
    {
        if (!IsStartedBySockets(service)) return;
        bool isWatched = _demands.TryGetValue(service.Name, out var listener);
        if (!service.State.IsAtRest) listener?.Pause();
        else if (IsEnding || !service.State.WantedUp)
        {
            _demands.Remove(service.Name);
            listener?.Dispose();
        }
        else if (isWatched) listener!.WatchAgain();
        else Listen(service);
    }

    /// <summary>After a restart of the manager: whose sockets the guard has kept was listening.</summary>
    private void AdoptDemand(Service service)
    {
        if (IsStartedBySockets(service) && service.State.IsAtRest && _sockets.IsKept(service.Settings)) Listen(service);
    }
}
