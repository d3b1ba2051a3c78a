using Dora.Core.Linux;

namespace Dora.Init.Modules;

/// <summary>
/// Takes the drivers of IDE controllers that found no drive out of the kernel again. Nearly every virtual machine has such
/// a controller and nothing on it, and libata with the SCSI layer, which it alone needs there, holds 2.8 MB.
///
/// IDE knows no hot plug, so what is not there when the driver looks will not be there before the next boot: that holds
/// for IDE alone, and other controllers (AHCI, SCSI, USB) keep their drivers. The kernel probes all ports before it says
/// that a module is loaded. It refuses to remove what somebody uses: a module that another one needs, a drive that is open.
/// </summary>
internal static class VacantControllers
{
    /// <summary>What IDE drivers need and others may need too, in the order to try them.</summary>
    private static readonly string[] s_layers = ["libata", "scsi_mod", "scsi_common"];

    /// <summary>Gives how many modules are gone.</summary>
    /// <param name="sysfs">Where the devices are.</param>
    /// <param name="remove">Takes a module out; whether it is gone.</param>
    public static int Release(string sysfs = "/sys", Func<string, bool>? remove = null)
    {
        remove ??= name => Sys.RemoveModule(name) == Errno.None;
        int gone = 0;
        foreach (string driver in Sys.ListDirectories($"{sysfs}/bus/pci/drivers"))
            if (IsIde(driver) && !HasDrive($"{sysfs}/bus/pci/drivers/{driver}") && Sys.Exists($"{sysfs}/module/{driver}/refcnt") && remove(driver)) gone++;
        if (gone == 0) return 0;
        foreach (string layer in s_layers)
            if (Sys.Exists($"{sysfs}/module/{layer}/refcnt") && remove(layer)) gone++;
        return gone;
    }

    private static bool IsIde(string driver) => driver is "ata_piix" or "ata_generic" || driver.StartsWith("pata_", StringComparison.Ordinal);

    /// <summary>A drive is DEVICE/ataN/hostN/targetN:N:N.</summary>
    private static bool HasDrive(string driver)
    {
        foreach (string device in Sys.ListDirectories(driver))
            foreach (string port in Sys.ListDirectories($"{driver}/{device}"))
            {
                if (!port.StartsWith("ata", StringComparison.Ordinal)) continue;
                foreach (string host in Sys.ListDirectories($"{driver}/{device}/{port}"))
                    foreach (string target in Sys.ListDirectories($"{driver}/{device}/{port}/{host}"))
                        if (target.StartsWith("target", StringComparison.Ordinal)) return true;
            }
        return false;
    }
}
