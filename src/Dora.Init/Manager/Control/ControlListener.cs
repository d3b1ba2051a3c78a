using Dora.Core.Events;
using Dora.Core.Linux;

namespace Dora.Init.Manager.Control;

/// <summary>Takes connections in from one listening socket.</summary>
internal sealed class ControlListener : IDisposable
{
    private const int AcceptBatch = 16;
    private static readonly TimeSpan s_acceptRetry = TimeSpan.FromSeconds(1);

    private readonly ControlServer _server;
    private readonly FileDescriptor _socket;
    private readonly uint? _operatorGroup;
    private readonly Access _most;
    private readonly Watch _watch;
    private bool _isDisposed;

    /// <param name="server">Whom the connections are given to.</param>
    /// <param name="socket">Bound, listening, non-blocking; stays the caller's (it lives in the guard's store).</param>
    /// <param name="operatorGroup">Number of group <c>dora</c>; null if there is none.</param>
    /// <param name="most">The most that a caller gets here, whoever it is.</param>
    public ControlListener(ControlServer server, FileDescriptor socket, uint? operatorGroup, Access most)
    {
        _server = server;
        _socket = socket;
        _operatorGroup = operatorGroup;
        _most = most;
        _watch = server.Loop.Watch(socket, Libc.EPOLLIN, "control", _ => Accept());
    }

    public void Accept()
    {
        for (int i = 0; i < AcceptBatch; i++)
        {
            var errno = Sys.Accept(_socket, Libc.SOCK_NONBLOCK, out var fd);
            if (errno is Errno.EAGAIN) return;
            if (errno is Errno.ECONNABORTED) continue;
            if (errno != Errno.None)
            {
                // EMFILE, ENOMEM: the event stays, and without a pause the loop would spin on it.
                _server.Report($"accept: {errno.Describe()}, trying again in 1 s");
                _server.Loop.Change(_watch, 0);
                _server.Loop.After(s_acceptRetry, "control", () => { if (!_isDisposed) _server.Loop.Change(_watch, Libc.EPOLLIN); });
                return;
            }
            _server.Admit(fd, Caller.Of(fd, _operatorGroup, _most));
        }
    }

    /// <summary>No more connections; those that were taken in go on.</summary>
    public void Dispose()
    {
        if (_isDisposed) return;
        _isDisposed = true;
        _server.Loop.Unwatch(_watch);
    }
}
