using System.Runtime.InteropServices;

namespace Dora.Core.Linux;

// sys/socket.h, sys/un.h, netinet/in.h, arpa/inet.h, linux/netlink.h, linux/sockios.h
internal static unsafe partial class Libc
{
    public const int AF_UNIX = 1, AF_INET = 2, AF_INET6 = 10, AF_NETLINK = 16;
    public const int SOCK_STREAM = 1, SOCK_DGRAM = 2, SOCK_RAW = 3, SOCK_SEQPACKET = 5, SOCK_NONBLOCK = 0x800, SOCK_CLOEXEC = 0x80000;
    public const int SOL_SOCKET = 1, SO_REUSEADDR = 2, SO_ERROR = 4, SO_SNDBUF = 7, SO_RCVBUF = 8, SO_KEEPALIVE = 9, SO_PASSCRED = 16, SO_PEERCRED = 17;
    public const int SO_RCVBUFFORCE = 33, SO_SNDBUFFORCE = 32, SO_PEERGROUPS = 59, SO_MEMINFO = 55;
    public const int SO_REUSEPORT = 15, SO_BINDTODEVICE = 25;
    public const int IPPROTO_IP = 0, IP_FREEBIND = 15, IPV6_FREEBIND = 78;
    public const int SHUT_RD = 0, SHUT_WR = 1, SHUT_RDWR = 2;
    public const int SCM_RIGHTS = 1, SCM_CREDENTIALS = 2;
    public const int MSG_PEEK = 2, MSG_DONTWAIT = 0x40, MSG_NOSIGNAL = 0x4000, MSG_CMSG_CLOEXEC = 0x40000000, MSG_TRUNC = 0x20, MSG_CTRUNC = 8;
    public const int IPPROTO_IPV6 = 41, IPV6_V6ONLY = 26, IPPROTO_TCP = 6, TCP_NODELAY = 1, TCP_KEEPIDLE = 4, TCP_KEEPINTVL = 5, TCP_KEEPCNT = 6;
    public const int SIOCOUTQ = 0x5411;
    public const int NETLINK_KOBJECT_UEVENT = 15, NETLINK_ROUTE = 0, NETLINK_GENERIC = 16, SOL_NETLINK = 270, NETLINK_ADD_MEMBERSHIP = 1;

    [StructLayout(LayoutKind.Sequential)]
    public struct iovec
    {
        public void* iov_base;
        public nuint iov_len;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct msghdr
    {
        public void* msg_name;
        public uint msg_namelen;
        public iovec* msg_iov;
        public nuint msg_iovlen;
        public void* msg_control;
        public nuint msg_controllen;
        public int msg_flags;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct cmsghdr
    {
        public nuint cmsg_len;
        public int cmsg_level, cmsg_type;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct ucred
    {
        public int pid;
        public uint uid, gid;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct sockaddr_un
    {
        public ushort sun_family;
        public fixed byte sun_path[108];
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct sockaddr_in
    {
        public ushort sin_family, sin_port;
        public uint sin_addr;
        private ulong _zero;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct sockaddr_in6
    {
        public ushort sin6_family, sin6_port;
        public uint sin6_flowinfo;
        public fixed byte sin6_addr[16];
        public uint sin6_scope_id;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct sockaddr_nl
    {
        public ushort nl_family, pad;
        public uint nl_pid, nl_groups;
    }

    [LibraryImport(Library, SetLastError = true)] public static partial int socket(int domain, int type, int protocol);
    [LibraryImport(Library, SetLastError = true)] public static partial int socketpair(int domain, int type, int protocol, int* fds);
    [LibraryImport(Library, SetLastError = true)] public static partial int bind(int fd, void* address, uint length);
    [LibraryImport(Library, SetLastError = true)] public static partial int listen(int fd, int backlog);
    [LibraryImport(Library, SetLastError = true)] public static partial int accept4(int fd, void* address, uint* length, int flags);
    [LibraryImport(Library, SetLastError = true)] public static partial int connect(int fd, void* address, uint length);
    [LibraryImport(Library, SetLastError = true)] public static partial nint sendmsg(int fd, msghdr* message, int flags);
    [LibraryImport(Library, SetLastError = true)] public static partial nint recvmsg(int fd, msghdr* message, int flags);
    [LibraryImport(Library, SetLastError = true)] public static partial int setsockopt(int fd, int level, int name, void* value, uint length);
    [LibraryImport(Library, SetLastError = true)] public static partial int getsockopt(int fd, int level, int name, void* value, uint* length);
    [LibraryImport(Library, SetLastError = true)] public static partial int shutdown(int fd, int how);
    [LibraryImport(Library, SetLastError = true)] public static partial int getpeername(int fd, void* address, uint* length);
    [LibraryImport(Library, SetLastError = true)] public static partial int inet_pton(int family, byte* text, void* address);
    [LibraryImport(Library, SetLastError = true)] public static partial byte* inet_ntop(int family, void* address, byte* text, uint size);
}
