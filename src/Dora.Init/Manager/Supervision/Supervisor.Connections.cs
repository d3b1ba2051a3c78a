using Dora.Core.Linux;
using Dora.Init.Launching;
using Dora.Init.Manager.State;
using Dora.Init.Manager.Supervision.Sockets;

namespace Dora.Init.Manager.Supervision;

// Per-connection services: what has become of their connections, and the sockets that nobody wants any more.
internal sealed partial class Supervisor
{
    private readonly Dictionary<string, ConnectionCounts> _connections = [];

    public ConnectionCounts ConnectionsOf(Service listener)
    {
        if (!_connections.TryGetValue(listener.Name, out var counts)) _connections.Add(listener.Name, counts = new ConnectionCounts());
        return counts;
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
        catch (Exception exception) when (exception is LinuxException or LaunchException)
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
        if (service.State.IsDown && !service.IsSession && !_demands.ContainsKey(service.Name)) _sockets.Close(service.Name);
    }

    private void AdoptConnections(Service service, SavedService saved)
    {
        if (!service.Settings.PerConnection) return;
        var counts = ConnectionsOf(service);
        (counts.Accepted, counts.Refused) = (saved.Accepted, saved.Refused);
    }

    /// <summary>
    /// After a restart of the manager: the sockets of services whose files are gone. One that still runs keeps them: they
    /// are its way to its clients, and it is known under its old name until it ends.
    /// </summary>
    private void CloseUnusedSockets() => _sockets.CloseUnused(name => Find(name) is { } service && (service.Settings.Sockets.Count > 0 || service.Settings.Logger || !service.State.IsDown));
}
