using System.Buffers.Binary;

namespace Dora.Core.Linux;

// What comes over IP, and from whom.
internal static unsafe partial class Sys
{
    private const int SocketAddressSize = 128; // struct sockaddr_storage
    private const int MemoryInfoDrops = 8;     // linux/sock_diag.h: SK_MEMINFO_DROPS

    /// <summary>recvmsg(2) of one datagram that came over IP, never waiting, with the sender's address: 4 or 16 bytes of <paramref name="address"/>, which holds 16.</summary>
    public static Errno ReceiveDatagram(FileDescriptor fd, Span<byte> buffer, int flags, out int count, Span<byte> address, out int addressLength)
    {
        byte* storage = stackalloc byte[SocketAddressSize];
        fixed (byte* p = buffer)
        {
            Libc.iovec iov = new() { iov_base = p, iov_len = (nuint)buffer.Length };
            Libc.msghdr message = new() { msg_iov = &iov, msg_iovlen = 1, msg_name = storage, msg_namelen = SocketAddressSize };
            var errno = ReceiveMessage(fd, &message, flags | Libc.MSG_DONTWAIT, out count);
            addressLength = errno == Errno.None ? CopyAddress(storage, address) : 0;
            return errno;
        }
    }

    /// <summary>The address at the other end of a connection over IP, as above; no bytes where there is none.</summary>
    public static Errno PeerAddress(FileDescriptor fd, Span<byte> address, out int addressLength)
    {
        byte* storage = stackalloc byte[SocketAddressSize];
        uint length = SocketAddressSize;
        var errno = Check(Libc.getpeername(fd.Number, storage, &length));
        addressLength = errno == Errno.None ? CopyAddress(storage, address) : 0;
        return errno;
    }

    /// <summary>SO_MEMINFO (Linux 4.12): datagrams that a socket had no room for since it was made.</summary>
    public static Errno LostDatagrams(FileDescriptor fd, out uint count)
    {
        const int Fields = 16; // more than any kernel has
        uint* fields = stackalloc uint[Fields];
        uint length = Fields * sizeof(uint);
        var errno = Check(Libc.getsockopt(fd.Number, Libc.SOL_SOCKET, Libc.SO_MEMINFO, fields, &length));
        count = errno == Errno.None && length > MemoryInfoDrops * sizeof(uint) ? fields[MemoryInfoDrops] : 0;
        return errno;
    }

    // One of IPv4 that came through a socket of IPv6 is one of IPv4.
    private static int CopyAddress(byte* storage, Span<byte> address)
    {
        switch (*(ushort*)storage)
        {
            case Libc.AF_INET:
                new ReadOnlySpan<byte>(&((Libc.sockaddr_in*)storage)->sin_addr, 4).CopyTo(address);
                return 4;
            case Libc.AF_INET6:
                var six = new ReadOnlySpan<byte>(((Libc.sockaddr_in6*)storage)->sin6_addr, 16);
                bool isMapped = BinaryPrimitives.ReadUInt64BigEndian(six) == 0 && BinaryPrimitives.ReadUInt32BigEndian(six[8..]) == 0xFFFF;
                (isMapped ? six[12..] : six).CopyTo(address);
                return isMapped ? 4 : 16;
            default:
                return 0;
        }
    }
}
