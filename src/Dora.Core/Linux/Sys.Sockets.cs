using System.Text;

namespace Dora.Core.Linux;

internal static unsafe partial class Sys
{
    /// <summary>socket(2), close-on-exec; <paramref name="type"/> may carry SOCK_NONBLOCK.</summary>
    public static Errno Socket(int domain, int type, int protocol, out FileDescriptor fd) =>
        Own(Libc.socket(domain, type | Libc.SOCK_CLOEXEC, protocol), out fd, mayLinger: true);

    public static Errno SocketPair(int type, out FileDescriptor first, out FileDescriptor second)
    {
        int* fds = stackalloc int[2] { -1, -1 };
        var errno = Check(Libc.socketpair(Libc.AF_UNIX, type | Libc.SOCK_CLOEXEC, 0, fds));
        first = new FileDescriptor(fds[0]);
        second = new FileDescriptor(fds[1]);
        return errno;
    }

    /// <summary>bind(2) to a Unix path of at most 107 bytes.</summary>
    public static Errno BindUnix(FileDescriptor fd, string path)
    {
        var errno = UnixAddress(path, out var address);
        return errno != Errno.None ? errno : Check(Libc.bind(fd.Number, &address, (uint)sizeof(Libc.sockaddr_un)));
    }

    public static Errno ConnectUnix(FileDescriptor fd, string path)
    {
        var errno = UnixAddress(path, out var address);
        return errno != Errno.None ? errno : Check(Libc.connect(fd.Number, &address, (uint)sizeof(Libc.sockaddr_un)));
    }

    private static Errno UnixAddress(string path, out Libc.sockaddr_un address)
    {
        address = default;
        address.sun_family = Libc.AF_UNIX;
        if (Encoding.UTF8.GetByteCount(path) > 107) return Errno.ENAMETOOLONG;
        fixed (byte* p = address.sun_path) Encoding.UTF8.GetBytes(path, new Span<byte>(p, 107));
        return Errno.None;
    }

    public static Errno Listen(FileDescriptor fd, int backlog) => Check(Libc.listen(fd.Number, backlog));

    /// <summary>accept4(2), close-on-exec.</summary>
    public static Errno Accept(FileDescriptor listener, int flags, out FileDescriptor connection)
    {
        int result;
        do result = Libc.accept4(listener.Number, null, null, flags | Libc.SOCK_CLOEXEC);
        while (result < 0 && Libc.errno == Errno.EINTR);
        return Own(result, out connection, mayLinger: true);
    }

    public static Errno SetSocketOption(FileDescriptor fd, int level, int name, int value) =>
        Check(Libc.setsockopt(fd.Number, level, name, &value, sizeof(int)));

    /// <summary>SO_PEERCRED: who connected, as of connect(2).</summary>
    public static Errno PeerCredentials(FileDescriptor fd, out Libc.ucred credentials)
    {
        uint length = (uint)sizeof(Libc.ucred);
        fixed (Libc.ucred* p = &credentials)
            return Check(Libc.getsockopt(fd.Number, Libc.SOL_SOCKET, Libc.SO_PEERCRED, p, &length));
    }

    /// <summary>SO_PEERGROUPS (Linux 4.13): the supplementary groups of who connected, as of connect(2).</summary>
    public static Errno PeerGroups(FileDescriptor fd, out uint[] groups)
    {
        groups = new uint[32];
        while (true)
        {
            uint length = (uint)(groups.Length * sizeof(uint));
            Errno errno;
            fixed (uint* p = groups) errno = Check(Libc.getsockopt(fd.Number, Libc.SOL_SOCKET, Libc.SO_PEERGROUPS, p, &length));
            int count = (int)(length / sizeof(uint));
            // ERANGE tells how many there are; a process has at most 65536 (NGROUPS_MAX).
            if (errno == Errno.ERANGE && count > groups.Length && count <= 65536)
            {
                groups = new uint[count];
                continue;
            }
            groups = errno == Errno.None ? groups[..count] : [];
            return errno;
        }
    }

    /// <summary>shutdown(2); <paramref name="how"/> is one of SHUT_*.</summary>
    public static Errno Shutdown(FileDescriptor fd, int how) => Check(Libc.shutdown(fd.Number, how));

    /// <summary>
    /// sendmsg(2) of one message, with at most one descriptor beside it (SCM_RIGHTS). Never raises SIGPIPE.
    /// </summary>
    public static Errno Send(FileDescriptor fd, ReadOnlySpan<byte> payload, FileDescriptor? passed, int flags = 0)
    {
        fixed (byte* p = payload)
        {
            Libc.iovec iov = new() { iov_base = p, iov_len = (nuint)payload.Length };
            byte* control = stackalloc byte[24]; // CMSG_SPACE(sizeof(int))
            Libc.msghdr message = new() { msg_iov = &iov, msg_iovlen = 1 };
            if (passed is not null)
            {
                *(Libc.cmsghdr*)control = new() { cmsg_len = 20, cmsg_level = Libc.SOL_SOCKET, cmsg_type = Libc.SCM_RIGHTS };
                *(int*)(control + 16) = passed.Number;
                message.msg_control = control;
                message.msg_controllen = 24;
            }
            nint result;
            do result = Libc.sendmsg(fd.Number, &message, flags | Libc.MSG_NOSIGNAL);
            while (result < 0 && Libc.errno == Errno.EINTR);
            return Check(result, out _);
        }
    }

    /// <summary>
    /// recvmsg(2) of one message with at most one descriptor beside it, in <paramref name="closed"/> if that is given.
    /// <paramref name="count"/> is 0 when the peer is gone.
    /// </summary>
    public static Errno Receive(FileDescriptor fd, Span<byte> buffer, out int count, out FileDescriptor? passed, int flags = 0, FileDescriptor? closed = null)
    {
        passed = null;
        fixed (byte* p = buffer)
        {
            Libc.iovec iov = new() { iov_base = p, iov_len = (nuint)buffer.Length };
            byte* control = stackalloc byte[24];
            // 20 and not CMSG_SPACE's 24: there a second descriptor would fit, which nobody would close.
            Libc.msghdr message = new() { msg_iov = &iov, msg_iovlen = 1, msg_control = control, msg_controllen = 20 };
            var errno = ReceiveMessage(fd, &message, flags, out count);
            if (errno == Errno.None && message.msg_controllen >= 20)
            {
                var header = (Libc.cmsghdr*)control;
                if (header->cmsg_level == Libc.SOL_SOCKET && header->cmsg_type == Libc.SCM_RIGHTS)
                {
                    passed = closed ?? new FileDescriptor(-1);
                    passed.Adopt(*(int*)(control + 16));
                }
            }
            return errno;
        }
    }

    /// <summary>recvmsg(2); a descriptor that comes along is close-on-exec.</summary>
    private static Errno ReceiveMessage(FileDescriptor fd, Libc.msghdr* message, int flags, out int count)
    {
        using var timer = InterruptTimer.Arm(fd.MayLinger);
        nint result;
        do result = Libc.recvmsg(fd.Number, message, flags | Libc.MSG_CMSG_CLOEXEC);
        while (result < 0 && Libc.errno == Errno.EINTR);
        return Check(result, out count);
    }
}
