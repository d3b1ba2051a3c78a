using System.Globalization;
using Dora.Core.Linux;
using Dora.Core.Protocol.Machine;

namespace Dora.Init.Manager.MachineInfo;

/// <summary>Network interfaces: /sys/class/net, and their addresses by rtnetlink.</summary>
internal static class NicReader
{
    private const int LoopbackType = 772, EthernetType = 1, TunnelType = 65534; // ARPHRD_* of linux/if_arp.h

    public static IReadOnlyList<NicInfo> Read(string root, NicAddresses addresses)
    {
        var nics = new Collected<NicInfo>();
        foreach (string name in Sys.ListDirectories($"{root}/sys/class/net"))
        {
            string folder = $"{root}/sys/class/net/{name}";
            if (SystemText.Number($"{folder}/ifindex") is not { } index) continue; // bonding_masters, or it has gone
            long Counter(string counter) => SystemText.Number($"{folder}/statistics/{counter}") ?? 0;
            nics.Add(new NicInfo
            {
                Name = name,
                Index = (int)index,
                Type = TypeOf(folder),
                Mac = SystemText.Line($"{folder}/address") is { } mac && !IsNothing(mac) ? mac : null,
                MtuBytes = (int)Math.Clamp(SystemText.Number($"{folder}/mtu") ?? 0, 0, int.MaxValue),
                OperState = SystemText.Line($"{folder}/operstate") ?? "unknown",
                Carrier = SystemText.Number($"{folder}/carrier") is { } carrier ? carrier != 0 : null, // EINVAL while it is down
                SpeedMbit = SystemText.Number($"{folder}/speed") is { } speed and > 0 ? speed : null,
                Duplex = SystemText.Line($"{folder}/duplex") is { } duplex and not "unknown" ? duplex : null,
                Driver = SystemText.LinkName($"{folder}/device/driver"),
                Master = SystemText.LinkName($"{folder}/master"),
                Addresses = addresses.Of((int)index),
                ReceivedBytes = Counter("rx_bytes"),
                ReceivedPackets = Counter("rx_packets"),
                ReceiveErrors = Counter("rx_errors"),
                ReceiveDropped = Counter("rx_dropped"),
                SentBytes = Counter("tx_bytes"),
                SentPackets = Counter("tx_packets"),
                SendErrors = Counter("tx_errors"),
                SendDropped = Counter("tx_dropped"),
            });
        }
        return nics.ToArray();
    }

    private static string TypeOf(string folder)
    {
        long type = SystemText.Number($"{folder}/type") ?? -1;
        if (type == LoopbackType) return "loopback";
        // uevent has DEVTYPE for what is no plain card: bridge, bond, vlan, wlan, wwan, vxlan, gre ...
        foreach (var line in SystemText.Table($"{folder}/uevent").AsSpan().EnumerateLines())
            if (line.StartsWith("DEVTYPE=")) return line[8..] is "wlan" ? "wireless" : line[8..].ToString();
        if (Sys.Exists($"{folder}/wireless") || Sys.Exists($"{folder}/phy80211")) return "wireless";
        if (Sys.Exists($"{folder}/tun_flags")) return "tun";
        if (type == TunnelType) return "tunnel";
        if (type != EthernetType) return type.ToString(CultureInfo.InvariantCulture);
        // A pair has its other end elsewhere; a dummy has neither that nor a device.
        if (Sys.Exists($"{folder}/device")) return "ethernet";
        return SystemText.Number($"{folder}/iflink") != SystemText.Number($"{folder}/ifindex") ? "veth" : "virtual";
    }

    private static bool IsNothing(string mac) => mac.AsSpan().IndexOfAnyExcept('0', ':') < 0;
}
