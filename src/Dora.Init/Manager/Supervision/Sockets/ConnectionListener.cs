using Dora.Core.Events;
using Dora.Core.Linux;

namespace Dora.Init.Manager.Supervision.Sockets;

/// <summary>
/// A service with a process for each connection: watches its sockets while it is up and makes a session of every
/// connection. Three limits stand against too many:
///
/// - In total (max-connections): at the limit nothing is accepted and clients wait in the backlog until a session has
///   ended; with <c>when-full: refuse</c> they are accepted and closed at once.
/// - Per source address (max-connections-per-source; for Unix sockets the user): who has more is refused. Waiting is no
///   choice here, for who comes is known only once the connection is taken, and one source could fill the room.
/// - In time (poll-limit): after so many connections, taken or refused, nothing is accepted until the time is over, so
///   that a flood costs bounded work.
///
/// While nothing is to be accepted the sockets are not watched: they stay readable, and the loop would spin.
/// </summary>
internal sealed class ConnectionListener(Supervisor supervisor, Service service, HeldSockets sockets) : IDisposable
{
    private static readonly TimeSpan s_shortage = TimeSpan.FromSeconds(1);
    private readonly List<Watch> _watches = [];
    private readonly RateLimit _rate = new(service.Settings.PollLimit);
    private readonly SeldomLog _fullLog = new(), _rateLog = new(), _refusalLog = new();
    private LoopTimer? _pause;
    private bool _isDisposed;

    private ConnectionCounts Counts => supervisor.ConnectionsOf(service);

    public void Open()
    {
        foreach (var (_, fd) in sockets.Of(service.Settings))
        {
            // A client may be gone between its event and the accept.
            Sys.SetNonBlocking(fd).ThrowIfError("fcntl", service.Name);
            _watches.Add(supervisor.Loop.Watch(fd, Libc.EPOLLIN, service.Name, _ => Accept(fd)));
        }
        Counts.IsFull = false;
    }

    /// <summary>A session has ended: there is room again.</summary>
    public void Resume()
    {
        if (!Counts.IsFull) return;
        Counts.IsFull = false;
        WatchOrNot();
    }

    private void Accept(FileDescriptor listener)
    {
        // Another socket of ours may have taken the last place in this very batch of events.
        if (_isDisposed || Counts.IsFull || _pause is not null) return;
        var settings = service.Settings;
        bool isFull = supervisor.SessionsOf(service, null) >= settings.MaxConnections;
        if (isFull && !settings.RefusesWhenFull)
        {
            Warn(_fullLog, $"{settings.MaxConnections} connections (max-connections): further ones wait");
            Counts.IsFull = true;
            WatchOrNot();
            return;
        }
        if (!_rate.TryTake(EventLoop.Now, out var until))
        {
            Warn(_rateLog, $"{settings.PollLimit.Count} connections within {ServiceMachine.Seconds(settings.PollLimit.Interval)} (poll-limit): further ones wait");
            Pause(until);
            return;
        }
        // The session's process uses its connection as an ordinary, blocking stdin.
        var errno = Sys.Accept(listener, 0, out var connection);
        switch (errno)
        {
            case Errno.None:
                Admit(connection, isFull);
                break;
            case Errno.EMFILE or Errno.ENFILE or Errno.ENOMEM or Errno.ENOBUFS or Errno.EINVAL or Errno.EBADF or Errno.ENOTSOCK:
                // The connection stays in the backlog, so the socket stays readable: without a pause this would spin.
                Log.Error($"{service.Name}: accept: {errno.Describe()}; trying again in {ServiceMachine.Seconds(s_shortage)}");
                Pause(EventLoop.Now + s_shortage);
                break;
            default:
                // accept(2): the client has gone in the meantime, or its network has.
                break;
        }
    }

    private void Admit(FileDescriptor connection, bool isFull)
    {
        var settings = service.Settings;
        var peer = ConnectionPeer.Of(connection);
        if (isFull)
            Refuse(connection, $"connection of {peer.Source} refused: there are {settings.MaxConnections} (max-connections)");
        else if (settings.MaxConnectionsPerSource > 0 && supervisor.SessionsOf(service, peer.Source) >= settings.MaxConnectionsPerSource)
            Refuse(connection, $"connection of {peer.Source} refused: it has {settings.MaxConnectionsPerSource} (max-connections-per-source)");
        else
        {
            Counts.Accepted++;
            supervisor.OpenSession(service, connection, peer);
        }
    }

    private void Refuse(FileDescriptor connection, string line)
    {
        connection.Dispose();
        Counts.Refused++;
        Warn(_refusalLog, line);
    }

    private void Warn(SeldomLog log, string line)
    {
        if (log.Next($"{service.Name}: {line}", EventLoop.Now) is { } said) Log.Warn(said);
    }

    private void Pause(TimeSpan until)
    {
        _pause = supervisor.Loop.At(until, service.Name, () =>
        {
            _pause = null;
            WatchOrNot();
        });
        WatchOrNot();
    }

    private void WatchOrNot()
    {
        uint events = Counts.IsFull || _pause is not null ? 0 : Libc.EPOLLIN;
        foreach (var watch in _watches) supervisor.Loop.Change(watch, events);
    }

    public void Dispose()
    {
        _isDisposed = true;
        _pause?.Cancel();
        foreach (var watch in _watches) supervisor.Loop.Unwatch(watch);
        _watches.Clear();
    }
}
