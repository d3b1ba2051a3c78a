using Dora.Core.Events;
using Dora.Core.Linux;
using Dora.Core.Protocol;

namespace Dora.Init.Manager.Control;

/// <summary>
/// The API's server: HTTP/1.1 on the connections that its listeners take in (<see cref="ControlListener"/>), on the manager's loop.
///
/// It must never hurt the manager. So everything is capped (connections, bytes of a request, time of a request and of
/// an answer), one answer at a time is in memory for each connection, a reader that is slow is dropped instead of
/// waited for, and an exception ends in a 500 for one client. What a caller may do follows from who the kernel says it is
/// (<see cref="Caller"/>), from the socket that it came by, and from the route (<see cref="Routes"/>).
///
/// No answer leaves before the state that it speaks of is saved (<see cref="WhenSaved"/>), so a 202 holds whatever becomes of
/// this manager: the next one carries the order out. That is once for a batch of events, and nothing where nothing changed.
///
/// With no client connected there is no timer, so the idle manager sleeps. With clients, one sweep a second looks for
/// passed deadlines: a timer for each connection would leave cancelled timers behind as fast as clients come and go.
/// </summary>
internal sealed class ControlServer : IDisposable
{
    private const int BufferSize = 16 * 1024;
    private const int BuffersKept = 2;

    private readonly Action<string> _log;
    private readonly HashSet<ControlConnection> _connections = [];
    private readonly List<ControlConnection> _expired = [];
    private readonly Stack<byte[]> _buffers = new();
    private bool _isSweeping;
    private bool _isDisposed;

    /// <param name="loop">The manager's loop.</param>
    /// <param name="machine">What answers.</param>
    /// <param name="log">For exceptions of handlers and failures to accept.</param>
    /// <param name="limits">Caps; the defaults unless told.</param>
    /// <param name="routes"><see cref="Routes.All"/> unless told.</param>
    public ControlServer(EventLoop loop, IMachineControl machine, Action<string> log, ControlLimits? limits = null, IReadOnlyList<Route>? routes = null)
    {
        Loop = loop;
        Machine = machine;
        Limits = limits ?? new ControlLimits();
        Dispatcher = new Dispatcher(routes ?? Routes.All);
        _log = log;
    }

    public EventLoop Loop { get; }
    public IMachineControl Machine { get; }
    public ControlLimits Limits { get; }
    public Dispatcher Dispatcher { get; }

    /// <summary>Runs an action once the manager's state, as it is now, has been saved: no answer leaves before that.</summary>
    public Action<Action> WhenSaved { get; init; } = action => action();

    public int ConnectionCount => _connections.Count;

    /// <summary>What a connection reads into. A few are kept: most connections are one short request, and a new buffer for each would be most of the garbage here.</summary>
    public byte[] RentBuffer() => _buffers.TryPop(out byte[]? kept) ? kept : new byte[BufferSize];

    public void GiveBack(byte[] buffer)
    {
        if (_buffers.Count < BuffersKept) _buffers.Push(buffer);
    }

    public void Remove(ControlConnection connection) => _connections.Remove(connection);

    public void Report(Exception exception) => _log($"control: {exception}");

    public void Report(string message) => _log($"control: {message}");

    /// <summary>Takes a connection in, or answers 503 and closes it if there are too many.</summary>
    public void Admit(FileDescriptor fd, Caller caller)
    {
        int most = caller.Access == Access.Read ? Limits.MaxConnections - Limits.Reserved : Limits.MaxConnections;
        if (_connections.Count >= most)
        {
            // Into an empty buffer; whether it arrives is the client's concern.
            _ = Sys.Write(fd, BusyAnswer, out _);
            fd.Dispose();
            return;
        }
        _connections.Add(new ControlConnection(this, fd, caller));
        if (_isSweeping) return;
        _isSweeping = true;
        Loop.After(Limits.SweepInterval, "control", Sweep);
    }

    private static readonly byte[] s_busy = HttpResponse.Format(503, HttpResponse.Json,
        "{\"error\":\"http.busy\",\"message\":\"too many connections, try again\",\"data\":{}}\n"u8, keepAlive: false);

    private static ReadOnlySpan<byte> BusyAnswer => s_busy;

    private void Sweep()
    {
        _isSweeping = false;
        if (_isDisposed || _connections.Count == 0) return;
        var now = EventLoop.Now;
        foreach (var connection in _connections)
            if (connection.Deadline is { } deadline && deadline <= now) _expired.Add(connection);
        foreach (var connection in _expired) connection.Expire();
        _expired.Clear();
        if (_connections.Count == 0) return;
        _isSweeping = true;
        Loop.After(Limits.SweepInterval, "control", Sweep);
    }

    /// <summary>Closes every connection; listeners are not touched.</summary>
    public void Dispose()
    {
        if (_isDisposed) return;
        _isDisposed = true;
        foreach (var connection in _connections.ToArray()) connection.Close();
    }
}
