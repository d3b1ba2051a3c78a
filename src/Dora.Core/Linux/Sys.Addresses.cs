using System.Buffers.Binary;
using System.Text;

namespace Dora.Core.Linux;

// bind(2) to addresses of IP and to abstract names, and who is at the other end.
internal static unsafe partial class Sys
{
    /// <summary>bind(2) to an address and port; the family is that of the address, which is not empty.</summary>
    public static Errno BindIp(FileDescriptor fd, ReadOnlySpan<byte> address, int port) => WithIp(fd, address, port, isConnect: false);

    /// <summary>connect(2); a socket that never blocks says EINPROGRESS, and writability will tell.</summary>
    public static Errno ConnectIp(FileDescriptor fd, ReadOnlySpan<byte> address, int port) => WithIp(fd, address, port, isConnect: true);

    /// <summary>
    /// A connection of TCP that never blocks, made before <paramref name="deadline"/> since boot; ETIMEDOUT where nobody has answered by then.
    /// The socket is the caller's where there is no error.
    /// </summary>
    public static Errno ConnectWithin(ReadOnlySpan<byte> address, int port, TimeSpan deadline, out FileDescriptor socket)
    {
        var errno = Socket(address.Length == 4 ? Libc.AF_INET : Libc.AF_INET6, Libc.SOCK_STREAM | Libc.SOCK_NONBLOCK, 0, out socket);
        if (errno != Errno.None) return errno;
        errno = ConnectIp(socket, address, port);
        if (errno == Errno.EINPROGRESS)
        {
            Span<Libc.pollfd> fds = [new Libc.pollfd { fd = socket.Number, events = (short)Libc.EPOLLOUT }];
            do errno = Poll(fds, deadline);
            while (errno == Errno.EINTR);
            if (errno == Errno.None) errno = fds[0].revents == 0 ? Errno.ETIMEDOUT : SocketError(socket);
        }
        if (errno != Errno.None) socket.Dispose();
        return errno;
    }

    private static Errno WithIp(FileDescriptor fd, ReadOnlySpan<byte> address, int port, bool isConnect)
    {
        ushort networkOrder = BinaryPrimitives.ReverseEndianness((ushort)port);
        if (address.Length == 4)
        {
            Libc.sockaddr_in four = new() { sin_family = Libc.AF_INET, sin_port = networkOrder };
            address.CopyTo(new Span<byte>(&four.sin_addr, 4));
            return Check(isConnect ? Libc.connect(fd.Number, &four, (uint)sizeof(Libc.sockaddr_in)) : Libc.bind(fd.Number, &four, (uint)sizeof(Libc.sockaddr_in)));
        }
        Libc.sockaddr_in6 six = new() { sin6_family = Libc.AF_INET6, sin6_port = networkOrder };
        address.CopyTo(new Span<byte>(six.sin6_addr, 16));
        return Check(isConnect ? Libc.connect(fd.Number, &six, (uint)sizeof(Libc.sockaddr_in6)) : Libc.bind(fd.Number, &six, (uint)sizeof(Libc.sockaddr_in6)));
    }

    /// <summary>bind(2) to a name of at most 107 bytes that begins with '@', in the abstract namespace: no file, gone with the socket.</summary>
    public static Errno BindAbstract(FileDescriptor fd, string name)
    {
        var errno = UnixAddress(name, out var address);
        if (errno != Errno.None) return errno;
        address.sun_path[0] = 0;
        // unix(7): every byte up to the given length is part of the name.
        return Check(Libc.bind(fd.Number, &address, (uint)(sizeof(ushort) + Encoding.UTF8.GetByteCount(name))));
    }

    /// <summary>SO_BINDTODEVICE.</summary>
    public static Errno BindToDevice(FileDescriptor fd, string device)
    {
        fixed (byte* p = new CString(device))
            return Check(Libc.setsockopt(fd.Number, Libc.SOL_SOCKET, Libc.SO_BINDTODEVICE, p, (uint)Encoding.UTF8.GetByteCount(device) + 1));
    }

    /// <summary>The address and port at the other end of a connection over IP; port 0 and no address for any other.</summary>
    public static Errno PeerAddress(FileDescriptor fd, out string address, out int port)
    {
        address = "";
        port = 0;
        byte* storage = stackalloc byte[128]; // struct sockaddr_storage
        uint length = 128;
        var errno = Check(Libc.getpeername(fd.Number, storage, &length));
        if (errno != Errno.None) return errno;
        switch (*(ushort*)storage)
        {
            case Libc.AF_INET:
                var four = (Libc.sockaddr_in*)storage;
                address = IpEndpoint.Format(new ReadOnlySpan<byte>(&four->sin_addr, 4));
                port = BinaryPrimitives.ReverseEndianness(four->sin_port);
                break;
            case Libc.AF_INET6:
                var six = (Libc.sockaddr_in6*)storage;
                address = IpEndpoint.Format(new ReadOnlySpan<byte>(six->sin6_addr, 16));
                port = BinaryPrimitives.ReverseEndianness(six->sin6_port);
                break;
        }
        return Errno.None;
    }
}
