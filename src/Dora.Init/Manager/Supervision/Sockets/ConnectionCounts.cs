namespace Dora.Init.Manager.Supervision.Sockets;

/// <summary>What has become of the connections to a per-connection service, since boot.</summary>
internal sealed class ConnectionCounts
{
    public long Accepted { get; set; }

    /// <summary>Closed at once: max-connections with <c>when-full: refuse</c>, or max-connections-per-source.</summary>
    public long Refused { get; set; }

    /// <summary>Further connections wait in the backlog.</summary>
    public bool IsFull { get; set; }
}
