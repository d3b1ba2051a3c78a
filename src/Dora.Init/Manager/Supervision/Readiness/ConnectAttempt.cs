using System.Text;
using Dora.Core.Configuration;
using Dora.Core.Events;
using Dora.Core.Linux;

namespace Dora.Init.Manager.Supervision.Readiness;

/// <summary>A connection to a port or Unix socket of this machine; for http with a request and the first line of its answer.</summary>
internal sealed class ConnectAttempt(EventLoop loop, string owner, ProbeSettings probe) : ProbeAttempt
{
    private readonly byte[] _answer = new byte[256];
    private Action<string?>? _done;
    private FileDescriptor? _socket;
    private Watch? _watch;
    private int _length;
    private bool _isVersion6;

    public override void Begin(Action<string?> done)
    {
        _done = done;
        Connect();
    }

    private void Connect()
    {
        Close();
        Errno errno;
        FileDescriptor socket;
        if (probe.Kind is ProbeKind.Unix)
        {
            errno = Sys.Socket(Libc.AF_UNIX, Libc.SOCK_STREAM | Libc.SOCK_NONBLOCK, 0, out socket);
            if (errno == Errno.None && (errno = Sys.ConnectUnix(socket, probe.Path)) != Errno.None) socket.Dispose();
        }
        else errno = Sys.BeginConnectLoopback(probe.Port, _isVersion6, out socket);
        if (errno is not (Errno.None or Errno.EINPROGRESS))
        {
            Refused(errno);
            return;
        }
        _socket = socket;
        if (errno == Errno.None) Connected();
        else _watch = loop.Watch(socket, Libc.EPOLLOUT, owner, _ => Decided());
    }

    private void Decided()
    {
        var errno = Sys.SocketError(_socket!);
        if (errno == Errno.None) Connected();
        else Refused(errno);
    }

    private void Refused(Errno errno)
    {
        // A server may listen on one family alone.
        if (!_isVersion6 && probe.Kind is not ProbeKind.Unix)
        {
            _isVersion6 = true;
            Connect();
            return;
        }
        Finish($"connect to {(probe.Kind is ProbeKind.Unix ? probe.Path : $"port {probe.Port}")}: {errno.Describe()}");
    }

    private void Connected()
    {
        if (probe.Kind is not ProbeKind.Http)
        {
            Finish(null);
            return;
        }
        string request = $"GET {probe.Path} HTTP/1.1\r\nHost: localhost:{probe.Port}\r\nUser-Agent: pandora\r\nAccept: */*\r\nConnection: close\r\n\r\n";
        // At most some 1100 bytes into an empty buffer: they fit.
        var errno = Sys.Send(_socket!, Encoding.ASCII.GetBytes(request), null);
        if (errno != Errno.None)
        {
            Finish($"send to port {probe.Port}: {errno.Describe()}");
            return;
        }
        if (_watch is not null) loop.Unwatch(_watch);
        _watch = loop.Watch(_socket!, Libc.EPOLLIN, owner, _ => Read());
    }

    private void Read()
    {
        var errno = Sys.Read(_socket!, _answer.AsSpan(_length), out int count);
        if (errno == Errno.EAGAIN) return;
        if (errno != Errno.None)
        {
            Finish($"read from port {probe.Port}: {errno.Describe()}");
            return;
        }
        _length += count;
        bool isComplete = count == 0 || _length == _answer.Length;
        if (!HttpAnswer.TryReadStatus(_answer.AsSpan(0, _length), isComplete, out int status, out string? fault)) return;
        Finish(fault ?? (status is < 200 or > 399 ? $"http status {status}" : null));
    }

    private void Finish(string? fault)
    {
        Close();
        var done = _done;
        _done = null;
        done?.Invoke(fault);
    }

    private void Close()
    {
        if (_watch is not null) loop.Unwatch(_watch);
        _watch = null;
        _socket?.Dispose();
        _socket = null;
    }

    public override void Dispose()
    {
        _done = null;
        Close();
    }
}
