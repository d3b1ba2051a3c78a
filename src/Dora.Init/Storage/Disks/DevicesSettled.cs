using Dora.Core.Configuration;
using Dora.Core.Linux;
using Dora.Init.Manager.MachineInfo;
using Dora.Init.Modules;

namespace Dora.Init.Storage.Disks;

/// <summary>
/// Whether the disks that are connected are there. Most are when their driver has been inserted: finit_module(2) returns
/// after the scans that it started (async_synchronize_full of the kernel). Drivers that the initramfs does not have are inserted
/// here. These take their time, and can be seen to:
///
///   a USB port with something in it that is no device yet   the port says that it is connected (USB 2.0, 11.24.2.7), for
///                                                           the first seconds of its hub: what is broken stays so
///   a USB drive                                             its driver waits a second before it looks (delay_use)
///   a SCSI disk                                             its driver has it and does not show it: it may have to spin up
///   an NVMe controller                                      its state is not yet "live"
/// </summary>
internal static class DevicesSettled
{
    private const int HubIsYoungMs = 300, HubIsDoneMs = 5000;
    private static readonly string[] s_usbDrivers = ["usb-storage", "uas"];
    private static readonly TimeSpan s_lookAgain = TimeSpan.FromMilliseconds(50);

    /// <summary>Waits for them. Null when all are there; else, after the limit, what is still missing, in words.</summary>
    public static string? Wait(TimeSpan limit, KernelCommandLine commandLine)
    {
        var deadline = Sys.TimeSinceBoot() + limit;
        var loader = new ModuleLoader(ModuleDirectory.OfThisKernel(), commandLine);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        while (true)
        {
            _ = ColdPlug.LoadForDisks(loader, seen);
            if (Missing() is not { } missing) return null;
            if (Sys.TimeSinceBoot() >= deadline) return missing;
            // Of these states the kernel tells nobody: there is nothing to wait for but time.
            _ = Sys.Poll([], Sys.TimeSinceBoot() + s_lookAgain);
        }
    }

    internal static string? Missing(string sysfs = "/sys")
    {
        foreach (string name in Sys.ListDirectories($"{sysfs}/class/nvme"))
            if (SystemText.Line($"{sysfs}/class/nvme/{name}/state") is "new" or "resetting" or "connecting") return $"NVMe controller {name} is not ready";
        // 1-2:1.0 is an interface of a device; bind, unbind and module are the driver's own files.
        foreach (string name in Sys.ListDirectories($"{sysfs}/bus/usb/drivers/hub"))
            if (name.Contains(':') && PendingPort($"{sysfs}/bus/usb/drivers/hub/{name}") is { } port) return $"USB port {port} has not been looked at";
        foreach (string driver in s_usbDrivers)
            foreach (string name in Sys.ListDirectories($"{sysfs}/bus/usb/drivers/{driver}"))
                if (name.Contains(':') && !HasTarget($"{sysfs}/bus/usb/drivers/{driver}/{name}")) return $"USB drive {name} has not been looked at";
        foreach (string name in Sys.ListDirectories($"{sysfs}/bus/scsi/devices"))
            if (IsPendingDisk($"{sysfs}/bus/scsi/devices/{name}")) return $"SCSI disk {name} has not been looked at";
        return null;
    }

    private static string? PendingPort(string hub)
    {
        // Behind a link: ".." is the device whose interface it is.
        if (SystemText.Number($"{hub}/../power/connected_duration") is not { } age || age > HubIsDoneMs) return null;
        foreach (string port in Sys.ListDirectories(hub))
        {
            int at = port.IndexOf("-port", StringComparison.Ordinal);
            if (at < 0 || Sys.Exists($"{hub}/{port}/device")) continue;
            // Its power may not be on yet.
            if (age < HubIsYoungMs) return port;
            if (SystemText.TryNumber(port.AsSpan(at + 5), out long number) && IsConnected($"{hub}/..", (int)number)) return port;
        }
        return null;
    }

    private static bool IsConnected(string hub, int port)
    {
        string bus = SystemText.Line($"{hub}/busnum") ?? "", number = SystemText.Line($"{hub}/devnum") ?? "";
        if (Sys.Open($"/dev/bus/usb/{bus.PadLeft(3, '0')}/{number.PadLeft(3, '0')}", Libc.O_RDWR, 0, out var device) != Errno.None) return false;
        using (device) return Sys.UsbPortStatus(device, port, out int status) == Errno.None && (status & 1) != 0;
    }

    private static bool HasTarget(string device)
    {
        foreach (string host in Sys.ListDirectories(device))
        {
            if (!host.StartsWith("host", StringComparison.Ordinal)) continue;
            foreach (string target in Sys.ListDirectories($"{device}/{host}"))
                if (target.StartsWith("target", StringComparison.Ordinal)) return true;
        }
        return false;
    }

    // The physical disks of a RAID controller are SCSI disks that no driver ever takes; one on USB has its driver in a moment.
    private static bool IsPendingDisk(string device) =>
        SystemText.Line($"{device}/type") == "0" && Sys.ListDirectories($"{device}/block").Count == 0
        && (Sys.Exists($"{device}/driver") || (Sys.ReadLink(device, out string place) == Errno.None && place.Contains("/usb", StringComparison.Ordinal)));
}
