using System.Runtime.InteropServices;

namespace Dora.Core.Linux;

// linux/netlink.h, linux/rtnetlink.h, net/if.h
internal static unsafe partial class Libc
{
    public const uint RTMGRP_LINK = 1, RTMGRP_IPV4_IFADDR = 0x10, RTMGRP_IPV6_IFADDR = 0x100;
    public const ushort NLM_F_REQUEST = 1, NLM_F_DUMP = 0x300;
    public const ushort NLMSG_ERROR = 2, NLMSG_DONE = 3, RTM_NEWLINK = 16, RTM_GETLINK = 18, RTM_NEWADDR = 20, RTM_GETADDR = 22;
    public const uint IFF_UP = 1, IFF_LOOPBACK = 8, IFF_RUNNING = 0x40;
    public const byte RT_SCOPE_UNIVERSE = 0, IFA_F_TENTATIVE = 0x40, IFA_F_DADFAILED = 8;

    [StructLayout(LayoutKind.Sequential)]
    public struct nlmsghdr
    {
        public uint nlmsg_len;
        public ushort nlmsg_type, nlmsg_flags;
        public uint nlmsg_seq, nlmsg_pid;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct ifinfomsg
    {
        public byte ifi_family;
        private byte _pad;
        public ushort ifi_type;
        public int ifi_index;
        public uint ifi_flags, ifi_change;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct ifaddrmsg
    {
        public byte ifa_family, ifa_prefixlen, ifa_flags, ifa_scope;
        public uint ifa_index;
    }
}
