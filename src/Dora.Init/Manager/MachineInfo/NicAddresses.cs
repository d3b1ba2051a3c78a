using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Dora.Core.Linux;
using Dora.Core.Protocol.Machine;

namespace Dora.Init.Manager.MachineInfo;

/// <summary>Addresses of interfaces, as a dump of rtnetlink(7) lists them. The bytes are the kernel's, and are checked all the same.</summary>
internal sealed class NicAddresses
{
    private const ushort Address = 1, Local = 2; // IFA_ADDRESS, IFA_LOCAL of linux/if_addr.h
    private readonly List<int> _interfaces = []; // of each of _addresses
    private Collected<NicAddress> _addresses;

    public IReadOnlyList<NicAddress> Of(int index)
    {
        var found = new Collected<NicAddress>();
        for (int i = 0; i < _addresses.Count; i++)
            if (_interfaces[i] == index) found.Add(_addresses[i]);
        return found.ToArray();
    }

    /// <summary>As of now; empty where the kernel does not tell.</summary>
    public static NicAddresses Read()
    {
        var addresses = new NicAddresses();
        if (Sys.OpenRoute(0, out var route) != Errno.None) return addresses;
        using (route)
        {
            if (Sys.RequestDump(route, Libc.RTM_GETADDR) != Errno.None) return addresses;
            var buffer = new byte[32 * 1024];
            // The kernel answers while it is asked and while it is read: it never lets us wait.
            while (Sys.ReceiveNetlink(route, buffer, out int count, out uint sender) == Errno.None)
                if (sender == 0 && addresses.Feed(buffer.AsSpan(0, count))) break;
        }
        return addresses;
    }

    /// <summary>Takes one datagram of messages; true with the last one of a dump, or when the kernel refuses it.</summary>
    internal bool Feed(ReadOnlySpan<byte> datagram)
    {
        int headerSize = Marshal.SizeOf<Libc.nlmsghdr>();
        while (datagram.Length >= headerSize)
        {
            var header = MemoryMarshal.Read<Libc.nlmsghdr>(datagram);
            if (header.nlmsg_len < headerSize || header.nlmsg_len > datagram.Length) return true;
            if (header.nlmsg_type is Libc.NLMSG_DONE or Libc.NLMSG_ERROR) return true;
            if (header.nlmsg_type == Libc.RTM_NEWADDR) Take(datagram[headerSize..(int)header.nlmsg_len]);
            datagram = datagram[Math.Min(((int)header.nlmsg_len + 3) & ~3, datagram.Length)..];
        }
        return false;
    }

    private void Take(ReadOnlySpan<byte> body)
    {
        if (!MemoryMarshal.TryRead<Libc.ifaddrmsg>(body, out var message)) return;
        int size = message.ifa_family == Libc.AF_INET ? 4 : 16;
        if (message.ifa_family is not ((byte)Libc.AF_INET or (byte)Libc.AF_INET6)) return;
        ReadOnlySpan<byte> address = default;
        // Attributes: length, type, value, each at a multiple of four. Between two ends IFA_ADDRESS is the other's.
        for (var rest = body[Marshal.SizeOf<Libc.ifaddrmsg>()..]; rest.Length >= 4;)
        {
            int length = BinaryPrimitives.ReadUInt16LittleEndian(rest);
            ushort type = BinaryPrimitives.ReadUInt16LittleEndian(rest[2..]);
            if (length < 4 || length > rest.Length) return;
            if (length == 4 + size && (type == Local || (type == Address && address.IsEmpty))) address = rest[4..length];
            rest = rest[Math.Min((length + 3) & ~3, rest.Length)..];
        }
        if (address.IsEmpty || message.ifa_prefixlen > size * 8) return;
        _interfaces.Add((int)message.ifa_index);
        _addresses.Add(new NicAddress
        {
            Address = IpEndpoint.Format(address),
            PrefixLength = message.ifa_prefixlen,
            Family = size == 4 ? "v4" : "v6",
            Scope = message.ifa_scope switch { 0 => "global", 200 => "site", 253 => "link", 254 => "host", _ => "nowhere" },
        });
    }
}
