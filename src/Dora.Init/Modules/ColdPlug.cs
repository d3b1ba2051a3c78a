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

    /// <summary>The buses that disks are on, or that bring them.</summary>
    private static readonly string[] s_diskBuses = ["pci", "virtio", "usb", "scsi", "mmc", "vmbus", "xen"];

    /// <summary>Gives how many devices were seen.</summary>
    /// <param name="loader">Who loads.</param>
    /// <param name="sysfs">Where the devices are.</param>
    /// <param name="networkDone">Told, once, when the network cards that are there have their drivers; nothing else was looked at.</param>
    public static int Run(ModuleLoader loader, string sysfs = "/sys", Action? networkDone = null)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        // Who waits for a machine waits for its network: not even the walk over all other devices goes before.
        var cards = new List<byte[]>();
        foreach (string bus in s_networkBuses) Collect($"{sysfs}/bus/{bus}/devices", seen, cards, IsNetwork);
        _ = loader.LoadForDevices(cards);
        networkDone?.Invoke();
        for (int round = 0; round < MostRounds; round++)
        {
            var fresh = new List<byte[]>();
            foreach (string folder in DeviceFolders(sysfs)) Collect(folder, seen, fresh);
            int loaded = loader.LoadForDevices(fresh.FindAll(IsNetwork)) + loader.LoadForDevices(fresh.FindAll(modalias => !IsNetwork(modalias)));
            if (loaded == 0) break;
        }
        return seen.Count;
    }

    /// <summary>
    /// Loads the drivers of disks, and of what disks hang on, for devices that have none yet; all others wait for their turn.
    /// The initramfs has those that a boot medium can hang on, and there are more controllers than that. Gives how many came in.
    /// </summary>
    /// <param name="loader">Who loads.</param>
    /// <param name="seen">What was looked at before, and now is.</param>
    /// <param name="sysfs">Where the devices are.</param>
    public static int LoadForDisks(ModuleLoader loader, HashSet<string> seen, string sysfs = "/sys")
    {
        int loaded = 0;
        for (int round = 0; round < MostRounds; round++)
        {
            var fresh = new List<byte[]>();
            foreach (string bus in s_diskBuses) Collect($"{sysfs}/bus/{bus}/devices", seen, fresh, IsDisk, onlyWithoutDriver: true);
            int now = loader.LoadForDevices(fresh);
            if (now == 0) break;
            loaded += now;
        }
        return loaded;
    }

    // Classes of PCI: mass storage, USB controller, SD controller. USB: mass storage. SCSI: disk, disk of a simple kind, zoned disk.
    private static bool IsDisk(byte[] bytes)
    {
        var modalias = bytes.AsSpan();
        if (modalias.StartsWith("pci:"u8)) return modalias.IndexOf("bc01"u8) > 0 || modalias.IndexOf("bc0Csc03"u8) > 0 || modalias.IndexOf("bc08sc05"u8) > 0;
        if (modalias.StartsWith("usb:"u8)) return modalias.IndexOf("ic08"u8) > 0;
        return modalias.StartsWith("virtio:d00000002"u8) || modalias.StartsWith("virtio:d00000008"u8) || modalias.StartsWith("mmc:block"u8)
            || modalias.StartsWith("scsi:t-0x00"u8) || modalias.StartsWith("scsi:t-0x0e"u8) || modalias.StartsWith("scsi:t-0x14"u8)
            || modalias.StartsWith("vmbus:d96361baa"u8) || modalias.StartsWith("xen:vbd"u8);
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

    private static void Collect(string folder, HashSet<string> seen, List<byte[]> fresh, Predicate<byte[]>? isWanted = null, bool onlyWithoutDriver = false)
    {
        if (Sys.ListDirectory(folder, out var devices) != Errno.None) return;
        foreach (string device in devices)
        {
            if (onlyWithoutDriver && Sys.Exists($"{folder}/{device}/driver")) continue;
            if (Sys.ReadFile($"{folder}/{device}/modalias", out var content, 4096) != Errno.None) continue;
            var modalias = content.AsSpan().TrimEnd((byte)'\n').ToArray();
            if (isWanted is not null && !isWanted(modalias)) continue;
            if (modalias.Length > 0 && seen.Add(System.Text.Encoding.Latin1.GetString(modalias))) fresh.Add(modalias);
        }
    }
}
