namespace Dora.Core.Linux;

internal static unsafe partial class Sys
{
    /// <summary>
    /// recvmsg(2) of one datagram from a socket with SO_PASSCRED: <paramref name="sender"/> is the process as the kernel
    /// knows it, pid 0 when it told nothing. Descriptors that a sender adds are thrown away by the kernel;
    /// <paramref name="hasDescriptors"/>: with what was looked at (MSG_PEEK) there are some in the queue.
    /// </summary>
    public static Errno ReceiveFrom(FileDescriptor fd, Span<byte> buffer, out int count, out Libc.ucred sender, out bool hasDescriptors, int flags = 0)
    {
        sender = default;
        fixed (byte* p = buffer)
        {
            Libc.iovec iov = new() { iov_base = p, iov_len = (nuint)buffer.Length };
            // CMSG_SPACE(sizeof(struct ucred)) and not a byte more: the credentials come first, so there is never room
            // for SCM_RIGHTS, and a sender cannot fill our descriptor table.
            byte* control = stackalloc byte[32];
            Libc.msghdr message = new() { msg_iov = &iov, msg_iovlen = 1, msg_control = control, msg_controllen = 32 };
            var errno = ReceiveMessage(fd, &message, flags | Libc.MSG_DONTWAIT, out count);
            hasDescriptors = errno == Errno.None && (message.msg_flags & Libc.MSG_CTRUNC) != 0;
            var header = (Libc.cmsghdr*)control;
            if (errno == Errno.None && message.msg_controllen >= 28 && header->cmsg_level == Libc.SOL_SOCKET
                && header->cmsg_type == Libc.SCM_CREDENTIALS)
                sender = *(Libc.ucred*)(control + 16);
            return errno;
        }
    }
}
