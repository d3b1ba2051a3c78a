using Dora.Core.Linux;
using Dora.Init.Events;

namespace Dora.Init.Manager.Supervision;

/// <summary>
/// A service with a process for each connection: watches its sockets while it is up and makes a session of every
/// connection. At the limit it stops accepting (clients wait in the backlog) until a session has ended.
/// </summary>
internal sealed class ConnectionListener(Supervisor supervisor, Service service, HeldSockets sockets) : IDisposable
{
    private readonly List<Watch> _watches = [];
    private bool _isPaused;

    public void Open()
    {
        foreach (var (_, fd) in sockets.Of(service.Settings))
            _watches.Add(supervisor.Loop.Watch(fd, Libc.EPOLLIN, service.Name, _ => Accept(fd)));
    }

    /// <summary>A session has ended: there is room again.</summary>
    public void Resume()
    {
        if (!_isPaused) return;
        _isPaused = false;
        foreach (var watch in _watches) supervisor.Loop.Change(watch, Libc.EPOLLIN);
    }

    private void Accept(FileDescriptor listener)
    {
        if (supervisor.SessionsOf(service) >= service.Settings.MaxConnections)
        {
            Log.Warn($"{service.Name}: {service.Settings.MaxConnections} connections (max-connections): further ones wait");
            Pause();
            return;
        }
        // The session's process uses its connection as an ordinary, blocking stdin.
        var errno = Sys.Accept(listener, 0, out var connection);
        switch (errno)
        {
            case Errno.None:
                supervisor.OpenSession(service, connection);
                break;
            case Errno.EMFILE or Errno.ENFILE or Errno.ENOMEM or Errno.ENOBUFS:
                // The connection stays in the backlog, so the socket stays readable: without a pause this would spin.
                Log.Error($"{service.Name}: accept: {errno.Describe()}; trying again in 1 s");
                Pause();
                supervisor.Loop.After(TimeSpan.FromSeconds(1), service.Name, Resume);
                break;
            default:
                // accept(2): the client has gone in the meantime, or its network has.
                break;
        }
    }

    private void Pause()
    {
        _isPaused = true;
        foreach (var watch in _watches) supervisor.Loop.Change(watch, 0);
    }

    public void Dispose()
    {
        foreach (var watch in _watches) supervisor.Loop.Unwatch(watch);
        _watches.Clear();
    }
}
