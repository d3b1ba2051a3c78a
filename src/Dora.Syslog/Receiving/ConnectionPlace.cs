using Dora.Core.Configuration;
using Dora.Core.Events;
using Dora.Core.Linux;

namespace Dora.Syslog.Receiving;

/// <summary>A listening socket of TCP.</summary>
internal sealed class ConnectionPlace : RemoteSource
{
    private const int ConnectionsPerTurn = 16;

    private readonly LogServer _server;
    private readonly SocketSettings _place;
    private readonly AllowedSenders _allowed;
    private readonly FileDescriptor _socket;
    private readonly Watch _watch;

    public ConnectionPlace(LogServer server, SocketSettings place, FileDescriptor socket)
    {
        (_server, _place, _socket, _allowed) = (server, place, socket, new AllowedSenders(place.From));
        // Those that are accepted have it from here: what nobody has read is bounded, and the kernel makes no more room for it.
        _ = Sys.SetSocketOption(socket, Libc.SOL_SOCKET, Libc.SO_RCVBUF, RemoteConnection.Room);
        _watch = server.Loop.Watch(socket, Libc.EPOLLIN | Libc.EPOLLET, "receive", _ => server.Queue(this));
    }

    public override string Name => $"{_place.KindWord} {_place.Address}";

    public override bool Work()
    {
        Span<byte> address = stackalloc byte[16];
        for (int i = 0; i < ConnectionsPerTurn; i++)
        {
            var errno = Sys.Accept(_socket, Libc.SOCK_NONBLOCK, out var connection);
            if (errno is Errno.EMFILE or Errno.ENFILE or Errno.ENOMEM or Errno.ENOBUFS)
            {
                _server.NoteSeldom("accept", $"tcp: accept: {errno.Describe()}");
                _server.QueueLater(this);
                return false;
            }
            if (errno is Errno.EAGAIN or Errno.EINVAL or Errno.EBADF or Errno.ENOTSOCK) return false;
            if (errno != Errno.None) continue; // accept(2): the client has gone in the meantime
            if (Sys.PeerAddress(connection, address, out int length) != Errno.None || length == 0) connection.Dispose();
            else if (_allowed.Hold(address[..length])) _server.Admit(connection, address[..length]);
            else
            {
                connection.Dispose();
                _server.Refused(address[..length]);
            }
        }
        return true;
    }

    public override void Close()
    {
        _server.Loop.Unwatch(_watch);
        _socket.Dispose();
    }
}
