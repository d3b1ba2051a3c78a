using Dora.Core.Linux;
using Dora.Init.Manager.MachineInfo;

namespace Dora.Init.Storage.Disks;

/// <summary>
/// Whether the disks that are connected are there. Most are when their driver has been inserted: finit_module(2) returns
/// after the scans that it started (async_synchronize_full of the kernel). Two kinds take their time and can be seen to: an NVMe
/// controller whose state is not yet "live", and a USB drive whose driver waits a second before it looks (delay_use) and
/// has no SCSI target so far.
/// </summary>
internal static class DevicesSettled
{
    private static readonly string[] s_usbDrivers = ["usb-storage", "uas"];
    private static readonly TimeSpan s_lookAgain = TimeSpan.FromMilliseconds(50);

    /// <summary>Waits for them. Null when all are there; else, after the limit, what is still missing, in words.</summary>
    public static string? Wait(TimeSpan limit, string sysfs = "/sys")
    {
        var deadline = Sys.TimeSinceBoot() + limit;
        while (true)
        {
            if (Missing(sysfs) is not { } missing) return null;
            if (Sys.TimeSinceBoot() >= deadline) return missing;
            // Of these states the kernel tells nobody: there is nothing to wait for but time.
            _ = Sys.Poll([], Sys.TimeSinceBoot() + s_lookAgain);
        }
    }

    internal static string? Missing(string sysfs)
    {
        if (Sys.ListDirectory($"{sysfs}/class/nvme", out var controllers) == Errno.None)
            foreach (string name in controllers)
                if (SystemText.Line($"{sysfs}/class/nvme/{name}/state") is "new" or "resetting" or "connecting") return $"NVMe controller {name} is not ready";
        foreach (string driver in s_usbDrivers)
        {
            if (Sys.ListDirectory($"{sysfs}/bus/usb/drivers/{driver}", out var devices) != Errno.None) continue;
            foreach (string name in devices)
                // 1-2:1.0 is an interface of a device; bind, unbind and module are the driver's own files.
                if (name.Contains(':') && !HasTarget($"{sysfs}/bus/usb/drivers/{driver}/{name}")) return $"USB drive {name} has not been looked at";
        }
        return null;
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
}
