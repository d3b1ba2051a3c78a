using Dora.Core.Linux;

namespace Dora.Init.Manager.Supervision.Sockets;

/// <summary>Who is at the other end of a connection.</summary>
/// <param name="Source">What limits count: the address, or for a Unix socket <c>uid N</c>.</param>
/// <param name="Port">Its port; 0 where there are none.</param>
internal sealed record ConnectionPeer(string Source, int Port)
{
    private const string Unknown = "unknown";

    /// <summary>Never fails: a client that is gone already has nothing to tell, and its session ends at once.</summary>
    public static ConnectionPeer Of(FileDescriptor connection)
    {
        if (Sys.PeerAddress(connection, out string address, out int port) != Errno.None) return new ConnectionPeer(Unknown, 0);
        if (port != 0) return new ConnectionPeer(address, port);
        return new ConnectionPeer(Sys.PeerCredentials(connection, out var peer) == Errno.None ? $"uid {peer.uid}" : Unknown, 0);
    }

    /// <summary>For people: <c>10.0.0.7 port 4711</c>.</summary>
    public string Describe() => Port == 0 ? Source : $"{Source} port {Port}";
}
