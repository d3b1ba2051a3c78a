using System.Text;
using Dora.Core.Configuration;
using Dora.Core.Events;
using Dora.Core.Linux;
using Dora.Syslog.Receiving;

namespace Dora.Syslog;

/// <content>
/// What other machines send. The sockets are made by the manager, which reads <c>receive</c> of log.yaml when it starts us, and kept by the guard: a port below
/// 1024 needs rights that we have not, and what comes while no syslog runs waits in them.
///
/// Whoever sends from outside may be anybody, and may send as fast as the network is. So nothing of it is done in an event: who has
/// something stands in a queue, and one of them does one bounded piece of work behind each round of the loop, in which all that waits of this machine has its
/// turn. Connections and what they have unread are bounded in number and size; TCP holds its senders up, and what UDP loses the kernel counts.
/// </content>
internal sealed partial class LogServer
{
    private const int MaximumConnections = 64, ConnectionsPerAddress = 32, RoundsAtEnd = 1000;
    private static readonly TimeSpan s_seldom = TimeSpan.FromMinutes(1), s_shortage = TimeSpan.FromSeconds(1);

    private readonly List<RemoteSource> _places = [];
    private readonly List<RemoteConnection> _connections = [];
    private readonly Queue<RemoteSource> _remote = new();
    private readonly Dictionary<string, (TimeSpan Said, long Unsaid)> _seldom = [];
    private LoopTimer? _remoteTurn, _lookAtConnections;
    private LogFile _file = new();

    /// <summary>Within this time a connection has to bring the message that it has begun, or its first.</summary>
    public TimeSpan SenderPatience { get; init; } = TimeSpan.FromSeconds(60);

    public int ConnectionCount => _connections.Count;

    /// <summary>Takes lines from a socket that was made for a place of log.yaml, and is ours from here on.</summary>
    public void Receive(string name, FileDescriptor socket)
    {
        var place = _file.Receive.Find(place => place.Name == name);
        if (place is null || Sys.SetNonBlocking(socket) != Errno.None)
        {
            socket.Dispose();
            // The file was changed between the manager's look and ours.
            if (place is null) Note($"{name[ReceiveKeys.NamePrefix.Length..]}: is not in {LogFile.Path} any more: nothing is received there");
            return;
        }
        _places.Add(place.Kind is SocketKind.Udp ? new DatagramPlace(this, place, socket) : new ConnectionPlace(this, place, socket));
        Queue(_places[^1]);
    }

    /// <summary>It may have something.</summary>
    public void Queue(RemoteSource source)
    {
        if (source.IsQueued || _isClosed) return;
        source.IsQueued = true;
        _remote.Enqueue(source);
        _remoteTurn ??= Loop.After(TimeSpan.Zero, "receive", RemoteTurn);
    }

    /// <summary>It cannot go on now.</summary>
    public void QueueLater(RemoteSource source) => Loop.After(s_shortage, "receive", () => Queue(source));

    /// <summary>A sender that may not send.</summary>
    public void Refused(ReadOnlySpan<byte> address)
    {
        if (IsSeldom("from")) NoteSeldom("from", $"{RemoteNameOf(address)} may not send ('from' of {LogFile.Path}): what it sends is not read");
    }

    /// <summary>Takes a connection up, or refuses it where there are too many.</summary>
    public void Admit(FileDescriptor socket, ReadOnlySpan<byte> address)
    {
        int same = 0;
        RemoteConnection? idlest = null;
        foreach (var connection in _connections)
        {
            if (connection.Address.SequenceEqual(address)) same++;
            if (!connection.IsOwing && (idlest is null || connection.LastMessage < idlest.LastMessage)) idlest = connection;
        }
        if (same < ConnectionsPerAddress && _connections.Count >= MaximumConnections && idlest is not null && idlest.LastMessage < EventLoop.Now - SenderPatience)
        {
            NoteSeldom("idle", $"there are {MaximumConnections} connections: the one of {idlest.Name}, which has been silent for the longest time, was closed");
            EndConnection(idlest);
        }
        if (same >= ConnectionsPerAddress || _connections.Count >= MaximumConnections)
        {
            NoteSeldom("full", $"{RemoteNameOf(address)}: a connection was refused: there are {(same >= ConnectionsPerAddress ? $"{same} of this address" : $"{MaximumConnections}")}");
            socket.Dispose();
            return;
        }
        _connections.Add(new RemoteConnection(this, socket, address));
        WantLook();
    }

    public void EndConnection(RemoteConnection connection)
    {
        connection.Close();
        _connections.Remove(connection);
    }

    /// <summary>A line that others can cause: of its kind, of which there are few, once a minute at most, with the number of those that were not said.</summary>
    public void NoteSeldom(string kind, string text)
    {
        if (!IsSeldom(kind)) return;
        long unsaid = _seldom.GetValueOrDefault(kind).Unsaid;
        Note(unsaid == 0 ? text : $"{text} ({unsaid} more since the last such line)");
        _seldom[kind] = (EventLoop.Now, 0);
    }

    /// <summary>What came could not be made a line of, which is a defect of ours: nothing of it stands, and its source throws it away.</summary>
    public void GiveUp(string source, Exception defect)
    {
        if (Ring.IsTaking) Ring.Settle();
        NoteSeldom("defect", $"{source}: a message was lost by a defect of syslog: {defect.Message}");
    }

    /// <summary>It may be said now; else it is counted.</summary>
    private bool IsSeldom(string kind)
    {
        if (!_seldom.TryGetValue(kind, out var before) || EventLoop.Now - before.Said >= s_seldom) return true;
        _seldom[kind] = (before.Said, before.Unsaid + 1);
        return false;
    }

    private void RemoteTurn()
    {
        _remoteTurn = null;
        if (_isClosed || !_remote.TryDequeue(out var source)) return;
        source.IsQueued = false;
        try
        {
            if (source.Work()) Queue(source);
        }
        finally
        {
            if (_remote.Count > 0) _remoteTurn ??= Loop.After(TimeSpan.Zero, "receive", RemoteTurn);
        }
    }

    private void LookAtConnections()
    {
        _lookAtConnections = null;
        bool isAnyOwing = false;
        for (int i = _connections.Count - 1; i >= 0; i--)
        {
            var connection = _connections[i];
            if (!connection.IsOwing) continue;
            if (connection.Since > EventLoop.Now - SenderPatience)
            {
                isAnyOwing = true;
                continue;
            }
            NoteSeldom("slow", $"{connection.Name}: a connection was closed that brought no whole message within {DurationText.Format(SenderPatience)}");
            connection.End();
        }
        if (isAnyOwing) WantLook();
    }

    /// <summary>A connection owes something: nobody looks while none does.</summary>
    public void WantLook() => _lookAtConnections ??= Loop.After(SenderPatience / 8, "receive", LookAtConnections);

    /// <summary>Before an orderly end: what connections have brought goes with them, unless it is taken.</summary>
    private void TakeWhatHasCome()
    {
        // Whoever comes from here on waits for the next syslog.
        foreach (var place in _places) place.Close();
        _places.Clear();
        for (int i = 0; i < RoundsAtEnd && _remote.TryDequeue(out var source); i++)
        {
            source.IsQueued = false;
            if (source is RemoteConnection && source.Work()) Queue(source);
        }
        while (_connections.Count > 0) _connections[^1].End();
    }

    private void CloseRemote()
    {
        foreach (var place in _places) place.Close();
        foreach (var connection in _connections) connection.Close();
        _places.Clear();
        _connections.Clear();
        _remote.Clear();
        _remoteTurn?.Cancel();
        _lookAtConnections?.Cancel();
    }

    private static string RemoteNameOf(ReadOnlySpan<byte> address)
    {
        Span<byte> name = stackalloc byte[64];
        return Encoding.ASCII.GetString(name[..RemoteName.Write(address, name)]);
    }
}
