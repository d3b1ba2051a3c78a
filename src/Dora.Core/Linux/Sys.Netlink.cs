namespace Dora.Core.Linux;

internal static unsafe partial class Sys
{
    /// <summary>A socket that hears the kernel's uevents (netlink(7), NETLINK_KOBJECT_UEVENT); it never blocks.</summary>
    public static Errno OpenUevents(out FileDescriptor fd)
    {
        var errno = Socket(Libc.AF_NETLINK, Libc.SOCK_DGRAM | Libc.SOCK_NONBLOCK, Libc.NETLINK_KOBJECT_UEVENT, out fd);
        if (errno != Errno.None) return errno;
        // A storm at cold plug must fit; without the capability to go beyond the limit, the limit has to do.
        if (SetSocketOption(fd, Libc.SOL_SOCKET, Libc.SO_RCVBUFFORCE, 1 << 20) != Errno.None)
            _ = SetSocketOption(fd, Libc.SOL_SOCKET, Libc.SO_RCVBUF, 1 << 20);
        Libc.sockaddr_nl address = new() { nl_family = Libc.AF_NETLINK, nl_groups = 1 }; // group 1: the kernel's own
        errno = Check(Libc.bind(fd.Number, &address, (uint)sizeof(Libc.sockaddr_nl)));
        if (errno != Errno.None) fd.Dispose();
        return errno;
    }

    /// <summary>A socket of netlink(7) that hears <paramref name="groups"/>.</summary>
    public static Errno OpenNetlink(int protocol, uint groups, out FileDescriptor fd)
    {
        var errno = Socket(Libc.AF_NETLINK, Libc.SOCK_RAW, protocol, out fd);
        if (errno != Errno.None) return errno;
        Libc.sockaddr_nl address = new() { nl_family = Libc.AF_NETLINK, nl_groups = groups };
        errno = Check(Libc.bind(fd.Number, &address, (uint)sizeof(Libc.sockaddr_nl)));
        if (errno != Errno.None) fd.Dispose();
        return errno;
    }

    /// <summary>recvmsg(2) of one netlink message with its sender's port: 0 is the kernel.</summary>
    public static Errno ReceiveNetlink(FileDescriptor fd, Span<byte> buffer, out int count, out uint sender)
    {
        fixed (byte* p = buffer)
        {
            Libc.sockaddr_nl address = default;
            Libc.iovec iov = new() { iov_base = p, iov_len = (nuint)buffer.Length };
            Libc.msghdr message = new() { msg_name = &address, msg_namelen = (uint)sizeof(Libc.sockaddr_nl), msg_iov = &iov, msg_iovlen = 1 };
            var errno = ReceiveMessage(fd, &message, 0, out count);
            // Without a sender's address it is nobody's, and so not the kernel's.
            sender = message.msg_namelen >= sizeof(Libc.sockaddr_nl) ? address.nl_pid : uint.MaxValue;
            return errno;
        }
    }

    /// <summary>Brings an interface up (netdevice(7), SIOCSIFFLAGS), keeping its other flags.</summary>
    public static Errno SetInterfaceUp(string name)
    {
        const nuint SIOCGIFFLAGS = 0x8913, SIOCSIFFLAGS = 0x8914;
        const short IFF_UP = 1;
        const int NameSize = 16, RequestSize = 40;
        if (System.Text.Encoding.UTF8.GetByteCount(name) >= NameSize) return Errno.ENAMETOOLONG;
        var errno = Socket(Libc.AF_INET, Libc.SOCK_DGRAM, 0, out var fd);
        if (errno != Errno.None) return errno;
        using (fd)
        {
            byte* request = stackalloc byte[RequestSize]; // struct ifreq: the name, then a union
            new Span<byte>(request, RequestSize).Clear();
            System.Text.Encoding.UTF8.GetBytes(name, new Span<byte>(request, NameSize));
            errno = Ioctl(fd, SIOCGIFFLAGS, (nint)request, out _);
            if (errno != Errno.None) return errno;
            *(short*)(request + NameSize) |= IFF_UP;
            return Ioctl(fd, SIOCSIFFLAGS, (nint)request, out _);
        }
    }
}
