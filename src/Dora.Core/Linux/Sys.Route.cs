using System.Runtime.InteropServices;

namespace Dora.Core.Linux;

internal static unsafe partial class Sys
{
    /// <summary>A socket to rtnetlink(7) that hears of <paramref name="groups"/> (RTMGRP_LINK ...); it never blocks.</summary>
    public static Errno OpenRoute(uint groups, out FileDescriptor fd)
    {
        var errno = Socket(Libc.AF_NETLINK, Libc.SOCK_RAW | Libc.SOCK_NONBLOCK, Libc.NETLINK_ROUTE, out fd);
        if (errno != Errno.None) return errno;
        Libc.sockaddr_nl address = new() { nl_family = Libc.AF_NETLINK, nl_groups = groups };
        errno = Check(Libc.bind(fd.Number, &address, (uint)sizeof(Libc.sockaddr_nl)));
        if (errno != Errno.None) fd.Dispose();
        return errno;
    }

    /// <summary>Asks for all entries of a kind (RTM_GETLINK, RTM_GETADDR); they come as messages up to NLMSG_DONE.</summary>
    public static Errno RequestDump(FileDescriptor route, ushort kind)
    {
        // The longest of the headers that may follow is that of links; all zero it means "any".
        Span<byte> request = stackalloc byte[sizeof(Libc.nlmsghdr) + sizeof(Libc.ifinfomsg)];
        request.Clear();
        Libc.nlmsghdr header = new()
        {
            nlmsg_len = (uint)request.Length,
            nlmsg_type = kind,
            nlmsg_flags = Libc.NLM_F_REQUEST | Libc.NLM_F_DUMP,
            nlmsg_seq = kind,
        };
        MemoryMarshal.Write(request, in header);
        return Write(route, request, out _);
    }
}
