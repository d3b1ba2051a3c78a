using System.Runtime.InteropServices;
using Dora.Core.Linux;

namespace Dora.Init.Manager.Supervision.Triggers;

/// <summary>
/// What rtnetlink(7) tells of links and addresses, boiled down to two facts: whether an interface other than loopback has
/// a carrier, and whether one that has also has an address that reaches beyond its own link. Pure; the bytes are the
/// kernel's, and are checked all the same.
/// </summary>
internal sealed class NetworkState
{
    private readonly HashSet<int> _withCarrier = [];
    private readonly HashSet<int> _withAddress = [];

    public bool HasCarrier => _withCarrier.Count > 0;

    public bool IsUp
    {
        get
        {
            foreach (int index in _withAddress)
                if (_withCarrier.Contains(index)) return true;
            return false;
        }
    }

    /// <summary>Takes one datagram of messages; true with the last one of a dump, or when the kernel refuses it.</summary>
    public bool Feed(ReadOnlySpan<byte> datagram)
    {
        int headerSize = Marshal.SizeOf<Libc.nlmsghdr>();
        while (datagram.Length >= headerSize)
        {
            var header = MemoryMarshal.Read<Libc.nlmsghdr>(datagram);
            if (header.nlmsg_len < headerSize || header.nlmsg_len > datagram.Length) return true; // not ours to understand
            var body = datagram[headerSize..(int)header.nlmsg_len];
            switch (header.nlmsg_type)
            {
                case Libc.NLMSG_DONE or Libc.NLMSG_ERROR:
                    return true;
                case Libc.RTM_NEWLINK when MemoryMarshal.TryRead<Libc.ifinfomsg>(body, out var link):
                    if ((link.ifi_flags & (Libc.IFF_UP | Libc.IFF_RUNNING | Libc.IFF_LOOPBACK)) == (Libc.IFF_UP | Libc.IFF_RUNNING))
                        _withCarrier.Add(link.ifi_index);
                    break;
                case Libc.RTM_NEWADDR when MemoryMarshal.TryRead<Libc.ifaddrmsg>(body, out var address):
                    // One whose uniqueness is still being asked for cannot be used yet; another message follows.
                    if (address.ifa_scope == Libc.RT_SCOPE_UNIVERSE && (address.ifa_flags & (Libc.IFA_F_TENTATIVE | Libc.IFA_F_DADFAILED)) == 0)
                        _withAddress.Add((int)address.ifa_index);
                    break;
            }
            // Messages begin at multiples of four (NLMSG_ALIGN).
            datagram = datagram[Math.Min(((int)header.nlmsg_len + 3) & ~3, datagram.Length)..];
        }
        return false;
    }

    /// <summary>As of now, by two dumps; null if the kernel does not tell.</summary>
    public static NetworkState? Read()
    {
        if (Sys.OpenRoute(0, out var route) != Errno.None) return null;
        using (route)
        {
            var state = new NetworkState();
            return state.Dump(route, Libc.RTM_GETLINK) && state.Dump(route, Libc.RTM_GETADDR) ? state : null;
        }
    }

    private bool Dump(FileDescriptor route, ushort kind)
    {
        if (Sys.RequestDump(route, kind) != Errno.None) return false;
        var buffer = new byte[32 * 1024]; // the kernel fills at most this much at once (netlink_recvmsg)
        while (true)
        {
            // The kernel answers while it is asked and while it is read: it never lets us wait.
            if (Sys.ReceiveNetlink(route, buffer, out int count, out uint sender) != Errno.None) return false;
            if (sender == 0 && Feed(buffer.AsSpan(0, count))) return true;
        }
    }
}
