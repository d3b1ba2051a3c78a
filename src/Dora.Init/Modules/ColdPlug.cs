using Dora.Core.Linux;

namespace Dora.Init.Modules;

/// <summary>
/// Loads the drivers of every device that is there now. A driver of a bus brings devices of its own, so it goes round
/// until no new modalias appears.
///
/// It looks at /sys/bus/*/devices and /sys/class/* instead of walking /sys/devices: every device with a modalias is in
/// one of the two, and this is hundreds of files to open instead of thousands of folders to read.
/// </summary>
internal static class ColdPlug
{
    /// <summary>A bus behind a bus behind a bus: more rounds than any machine needs, and an end if one is mad.</summary>
    private const int MostRounds = 16;

    /// <summary>The buses that network cards are on whose modalias says what they are.</summary>
    private static readonly string[] s_networkBuses = ["pci", "virtio", "xen"];

    /// <summary>Gives how many devices were seen.</summary>
    /// <param name="loader">Who loads.</param>
    /// <param name="sysfs">Where the devices are.</param>
    /// <param name="networkDone">Told, once, when the network cards that are there have their drivers; nothing else was looked at.</param>
    public static int Run(ModuleLoader loader, string sysfs = "/sys", Action? networkDone = null)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        // Who waits for a machine waits for its network: not even the walk over all other devices goes before.
        var cards = new List<byte[]>();
        foreach (string bus in s_networkBuses) Collect($"{sysfs}/bus/{bus}/devices", seen, cards, isNetwork: true);
        _ = loader.LoadForDevices(cards);
        networkDone?.Invoke();
        for (int round = 0; round < MostRounds; round++)
        {
            var fresh = new List<byte[]>();
            foreach (string folder in DeviceFolders(sysfs)) Collect(folder, seen, fresh, isNetwork: false);
            int loaded = loader.LoadForDevices(fresh.FindAll(IsNetwork)) + loader.LoadForDevices(fresh.FindAll(modalias => !IsNetwork(modalias)));
            if (loaded == 0) break;
        }
        return seen.Count;
    }

    /// <summary>What is a network card by its modalias alone; another one comes with the rest.</summary>
    private static bool IsNetwork(byte[] modalias) =>
        modalias.AsSpan().StartsWith("virtio:d00000001"u8) || modalias.AsSpan().StartsWith("xen:vif"u8) ||
        (modalias.AsSpan().StartsWith("pci:"u8) && modalias.AsSpan().IndexOf("bc02"u8) > 0);

    private static List<string> DeviceFolders(string sysfs)
    {
        var folders = new List<string>();
        if (Sys.ListDirectory($"{sysfs}/bus", out var buses) == Errno.None)
            foreach (string bus in buses) folders.Add($"{sysfs}/bus/{bus}/devices");
        if (Sys.ListDirectory($"{sysfs}/class", out var classes) == Errno.None)
            foreach (string name in classes)
                if (!IsWithoutModaliases(name)) folders.Add($"{sysfs}/class/{name}");
        return folders;
    }

    // Large classes whose devices are never modaliases' bearers: a hundred opens that would all fail.
    private static bool IsWithoutModaliases(string className) => className is "tty" or "vc" or "mem" or "block" or "bdi" or "vtconsole";

    private static void Collect(string folder, HashSet<string> seen, List<byte[]> fresh, bool isNetwork)
    {
        if (Sys.ListDirectory(folder, out var devices) != Errno.None) return;
        foreach (string device in devices)
        {
            if (Sys.ReadFile($"{folder}/{device}/modalias", out var content, 4096) != Errno.None) continue;
            var modalias = content.AsSpan().TrimEnd((byte)'\n').ToArray();
            if (isNetwork && !IsNetwork(modalias)) continue;
            if (modalias.Length > 0 && seen.Add(System.Text.Encoding.Latin1.GetString(modalias))) fresh.Add(modalias);
        }
    }
}
