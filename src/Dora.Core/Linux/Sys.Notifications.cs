namespace Dora.Core.Linux;

// What readiness and health checks need: datagrams with credentials and descriptors, connections that do not block,
// pidfds, and looking into a pipe.
internal static unsafe partial class Sys
{
    /// <summary>SCM_MAX_FD of the kernel (net/scm.h): more descriptors are never in one message.</summary>
    public const int MostPassedDescriptors = 253;

    /// <summary>
    /// recvmsg(2) of one datagram with its sender (SO_PASSCRED; pid 0 when the kernel told none) and all descriptors
    /// beside it, which are the caller's to close. <paramref name="isTruncated"/>: it was longer than the buffer. With
    /// MSG_PEEK it stays in the queue, and its descriptors there are other ones.
    /// </summary>
    public static Errno ReceiveNotification(FileDescriptor fd, Span<byte> buffer, out int count, out Libc.ucred sender,
        List<FileDescriptor> passed, out bool isTruncated, int flags)
    {
        const int RightsOffset = 32, HeaderSize = 16; // CMSG_SPACE(sizeof(struct ucred)), CMSG_LEN(0)
        const int ControlSize = RightsOffset + HeaderSize + ((MostPassedDescriptors * 4 + 7) & ~7);
        sender = default;
        byte* control = stackalloc byte[ControlSize];
        fixed (byte* p = buffer)
        {
            Libc.iovec iov = new() { iov_base = p, iov_len = (nuint)buffer.Length };
            Libc.msghdr message = new() { msg_iov = &iov, msg_iovlen = 1, msg_control = control, msg_controllen = ControlSize };
            var errno = ReceiveMessage(fd, &message, flags | Libc.MSG_DONTWAIT, out count);
            isTruncated = errno == Errno.None && (message.msg_flags & (Libc.MSG_TRUNC | Libc.MSG_CTRUNC)) != 0;
            if (errno != Errno.None) return errno;
            nuint at = 0;
            while (at + HeaderSize <= message.msg_controllen)
            {
                var header = (Libc.cmsghdr*)(control + at);
                if (header->cmsg_len < HeaderSize || at + header->cmsg_len > message.msg_controllen) break;
                if (header->cmsg_level == Libc.SOL_SOCKET && header->cmsg_type == Libc.SCM_CREDENTIALS && header->cmsg_len >= HeaderSize + (nuint)sizeof(Libc.ucred))
                    sender = *(Libc.ucred*)(control + at + HeaderSize);
                else if (header->cmsg_level == Libc.SOL_SOCKET && header->cmsg_type == Libc.SCM_RIGHTS)
                    for (nuint i = 0; i < (header->cmsg_len - HeaderSize) / 4; i++)
                        passed.Add(new FileDescriptor(*(int*)(control + at + HeaderSize + i * 4), mayLinger: true));
                at += (header->cmsg_len + 7) & ~(nuint)7;
            }
            return Errno.None;
        }
    }

    /// <summary>Begins a TCP connection to a port of this machine; EINPROGRESS means that writability will tell.</summary>
    public static Errno BeginConnectLoopback(int port, bool isVersion6, out FileDescriptor fd)
    {
        var errno = Socket(isVersion6 ? Libc.AF_INET6 : Libc.AF_INET, Libc.SOCK_STREAM | Libc.SOCK_NONBLOCK, 0, out fd);
        if (errno != Errno.None) return errno;
        ushort networkOrder = System.Buffers.Binary.BinaryPrimitives.ReverseEndianness((ushort)port);
        if (isVersion6)
        {
            Libc.sockaddr_in6 address = new() { sin6_family = Libc.AF_INET6, sin6_port = networkOrder };
            address.sin6_addr[15] = 1;
            errno = Check(Libc.connect(fd.Number, &address, (uint)sizeof(Libc.sockaddr_in6)));
        }
        else
        {
            Libc.sockaddr_in address = new() { sin_family = Libc.AF_INET, sin_port = networkOrder, sin_addr = 0x0100007F }; // 127.0.0.1
            errno = Check(Libc.connect(fd.Number, &address, (uint)sizeof(Libc.sockaddr_in)));
        }
        if (errno is not (Errno.None or Errno.EINPROGRESS)) fd.Dispose();
        return errno;
    }

    /// <summary>SO_ERROR: what has become of a connection that was begun.</summary>
    public static Errno SocketError(FileDescriptor fd)
    {
        int value = 0;
        uint length = sizeof(int);
        var errno = Check(Libc.getsockopt(fd.Number, Libc.SOL_SOCKET, Libc.SO_ERROR, &value, &length));
        return errno != Errno.None ? errno : (Errno)value;
    }

    /// <summary>sd_notify(3): says something to whoever started us, if he wants to hear it.</summary>
    public static void Notify(string text)
    {
        if (Environment.GetEnvironmentVariable("NOTIFY_SOCKET") is not { Length: > 0 } path || Socket(Libc.AF_UNIX, Libc.SOCK_DGRAM, 0, out var socket) != Errno.None) return;
        using (socket)
            if (ConnectUnix(socket, path) == Errno.None) _ = Send(socket, System.Text.Encoding.UTF8.GetBytes(text), null, Libc.MSG_DONTWAIT);
    }

    /// <summary>A line on standard output, which stays open.</summary>
    public static void Say(string line)
    {
        var output = new FileDescriptor(1);
        _ = Write(output, System.Text.Encoding.UTF8.GetBytes(line + "\n"), out _);
        _ = output.Release();
    }

    /// <summary>A connection of TCP that dies in silence while nobody has anything to send is noticed, after 35 s.</summary>
    public static void KeepAlive(FileDescriptor connection)
    {
        _ = SetSocketOption(connection, Libc.SOL_SOCKET, Libc.SO_KEEPALIVE, 1);
        _ = SetSocketOption(connection, Libc.IPPROTO_TCP, Libc.TCP_KEEPIDLE, 20);
        _ = SetSocketOption(connection, Libc.IPPROTO_TCP, Libc.TCP_KEEPINTVL, 5);
        _ = SetSocketOption(connection, Libc.IPPROTO_TCP, Libc.TCP_KEEPCNT, 3);
    }

    /// <summary>SIOCOUTQ of tcp(7) and unix(7): bytes that were written and that the other side has not confirmed, or not read.</summary>
    public static Errno UnsentBytes(FileDescriptor fd, out int count)
    {
        int value = 0;
        var errno = Check(Libc.ioctl_int(fd.Number, Libc.SIOCOUTQ, &value));
        count = value;
        return errno;
    }

    /// <summary>pidfd_open(2), close-on-exec by itself: readable once the process has ended.</summary>
    public static Errno OpenProcess(int pid, out FileDescriptor fd) => Own((int)Libc.syscall(Libc.SYS_pidfd_open, pid, 0, 0), out fd);

    /// <summary>Whether both are the same open file (kcmp(2)), or, where the kernel cannot say, the same file.</summary>
    public static bool IsSameFile(FileDescriptor one, FileDescriptor other)
    {
        const int KcmpFile = 0;
        int pid = Libc.getpid();
        nint order = Libc.syscall5(Libc.SYS_kcmp, pid, pid, KcmpFile, one.Number, other.Number);
        if (order >= 0) return order == 0;
        Libc.stat_t first, second;
        return Libc.fstat(one.Number, &first) == 0 && Libc.fstat(other.Number, &second) == 0 && first.st_dev == second.st_dev && first.st_ino == second.st_ino;
    }

    /// <summary>
    /// What is in a pipe, without taking it out (tee(2) into <paramref name="scratch"/>, a pipe that is empty before and
    /// after). <paramref name="count"/> is 0 at its end.
    /// </summary>
    public static Errno PeekPipe(FileDescriptor pipe, (FileDescriptor Read, FileDescriptor Write) scratch, Span<byte> buffer, out int count)
    {
        nint copied;
        do copied = Libc.tee(pipe.Number, scratch.Write.Number, (nuint)buffer.Length, Libc.SPLICE_F_NONBLOCK);
        while (copied < 0 && Libc.errno == Errno.EINTR);
        var errno = Check(copied, out count);
        return errno != Errno.None || count == 0 ? errno : Read(scratch.Read, buffer[..count], out count);
    }

    /// <summary>readv(2): the first byte goes to <paramref name="first"/>, the others to <paramref name="rest"/>.</summary>
    public static Errno ReadInTwo(FileDescriptor fd, byte* first, Span<byte> rest, out int count)
    {
        fixed (byte* p = rest)
        {
            Libc.iovec* vector = stackalloc Libc.iovec[2];
            vector[0] = new() { iov_base = first, iov_len = 1 };
            vector[1] = new() { iov_base = p, iov_len = (nuint)rest.Length };
            nint result;
            do result = Libc.readv(fd.Number, vector, 2);
            while (result < 0 && Libc.errno == Errno.EINTR);
            return Check(result, out count);
        }
    }

    /// <summary>How much a pipe holds; 0 where the kernel does not say.</summary>
    public static int PipeSize(FileDescriptor pipe) => Math.Max(Libc.fcntl(pipe.Number, Libc.F_GETPIPE_SZ, 0), 0);
}
