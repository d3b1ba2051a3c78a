using Dora.Core.Linux;

namespace Dora.Init.Manager.Devices;

/// <summary>The machine's network interfaces as /sys/class/net shows them.</summary>
internal static class NetworkInterfaces
{
    private const string Root = "/sys/class/net";
    private const string Ethernet = "1"; // ARPHRD_ETHER of linux/if_arp.h

    /// <summary>Wired interfaces that are there now.</summary>
    public static IReadOnlyList<string> Wired()
    {
        var names = new List<string>();
        foreach (string name in Sys.ListDirectories(Root))
            if (IsWired(name)) names.Add(name);
        names.Sort(StringComparer.Ordinal);
        return names;
    }

    /// <summary>Ethernet with a device behind it: no bridge, no tap, no wireless.</summary>
    public static bool IsWired(string name) =>
        Sys.ReadText($"{Root}/{name}/type")?.Trim() == Ethernet
        && Sys.Exists($"{Root}/{name}/device")
        && !Sys.Exists($"{Root}/{name}/wireless")
        && !Sys.Exists($"{Root}/{name}/phy80211");
}
