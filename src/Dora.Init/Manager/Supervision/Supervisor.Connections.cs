using Dora.Init.Manager.State;

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

    private void AdoptConnections(Service service, SavedService saved)
    {
        if (!service.Settings.PerConnection) return;
        var counts = ConnectionsOf(service);
        (counts.Accepted, counts.Refused) = (saved.Accepted, saved.Refused);
    }

    private static void SaveConnections(Service service, SavedService saved)
    {
        if (service.Connections is { } counts) (saved.Accepted, saved.Refused) = (counts.Accepted, counts.Refused);
        if (service.Peer is { } peer) (saved.PeerSource, saved.PeerPort) = (peer.Source, peer.Port);
    }

    /// <summary>
    /// After a restart of the manager: the sockets of services whose files are gone. One that still runs keeps them: they
    /// are its way to its clients, and it is known under its old name until it ends.
    /// </summary>
    private void CloseUnusedSockets() => _sockets.CloseUnused(name => Find(name) is { } service && (service.Settings.Sockets.Count > 0 || !service.State.IsDown));
}
