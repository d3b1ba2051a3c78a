using Dora.Core.Configuration;
using Dora.Core.Linux;
using Dora.Core.Protocol.Machine;
using Dora.Init.Boot;
using Dora.Init.Manager.MachineInfo;

namespace Dora.Init.Storage.Disks;

/// <summary>A disk as the kernel sees it: what can be said without reading from it.</summary>
internal sealed class Disk
{
    public required DiskInfo Info { get; init; }

    /// <summary>What it is called for ever, wherever it is connected: its World Wide Identifier or serial number. Null: it has neither.</summary>
    public string? Id { get; init; }

    /// <summary>Its place in the tree of devices, by which disks are put in order.</summary>
    public string Place { get; init; } = "";

    /// <summary>Where swap is on it, or on a partition of it.</summary>
    public string? Swap { get; init; }

    /// <summary>Another name of the same disk: a second path to it.</summary>
    public string? Twin { get; set; }

    /// <summary>Removable as its driver says, or on a bus that people plug things into.</summary>
    public bool IsRemovable => Info.Removable || Info.Transport is "usb" or "mmc";

    /// <summary>For messages: <c>vda (QEMU HARDDISK, serial 17, 2.0 GiB)</c>.</summary>
    public string Describe() => Printable.Text(Describe(Info.Name, Info.Model, Info.Serial, Size(Info.SizeBytes)));

    /// <summary>The same of what is known of it.</summary>
    public static string Describe(string name, string? model, string? serial, string? size)
    {
        string what = model ?? "";
        if (serial is not null) what += (what.Length > 0 ? ", serial " : "serial ") + serial;
        if (size is not null) what += (what.Length > 0 ? ", " : "") + size;
        return what.Length > 0 ? $"{name} ({what})" : name;
    }

    /// <summary>Sizes for people, in powers of 1024.</summary>
    public static string Size(long bytes) =>
        bytes < 1L << 30 ? $"{bytes >> 20} MiB" : bytes < 1L << 40 ? $"{(bytes >> 20) / 1024.0:0.0} GiB" : $"{(bytes >> 30) / 1024.0:0.0} TiB";

    /// <summary>All disks, in the order of their places: what is on PCI before what hangs behind it, and the same at every boot.</summary>
    public static List<Disk> All(string root = "")
    {
        var disks = new List<Disk>();
        string swaps = SystemText.Table($"{root}/proc/swaps");
        foreach (var info in DiskReader.Read(root, askForSizes: false))
            if (!IsVirtual(info.Name)) disks.Add(Of(info, root, swaps));
        disks.Sort(static (a, b) => string.CompareOrdinal(a.Place, b.Place));
        foreach (var disk in disks)
            foreach (var other in disks)
                if (disk != other && disk.Id is not null && disk.Id == other.Id) disk.Twin = other.Info.Name;
        return disks;
    }

    /// <summary>The disk of that name as it is now; null where there is none any more.</summary>
    public static Disk? Find(string name)
    {
        foreach (var disk in All())
            if (disk.Info.Name == name) return disk;
        return null;
    }

    private static Disk Of(DiskInfo info, string root, string swaps)
    {
        string folder = $"{root}/sys/block/{info.Name}";
        string? id = SystemText.Line($"{folder}/wwid") ?? SystemText.Line($"{folder}/device/wwid") ?? info.Serial;
        _ = Sys.ReadLink(folder, out string place);
        string? swap = null;
        foreach (var line in swaps.AsSpan().EnumerateLines())
        {
            var rest = line;
            string device = SystemText.NextWord(ref rest).ToString();
            if (device == info.Path) swap = device;
            foreach (var partition in info.Partitions)
                if (device == partition.Path) swap = device;
        }
        return new Disk { Info = info, Id = id is null ? null : Printable.Text(id), Place = place, Swap = swap };
    }

    /// <summary>Made of something else, or no place for data that is to last.</summary>
    private static bool IsVirtual(string name)
    {
        foreach (string prefix in (string[])["loop", "ram", "zram", "fd", "sr", "dm-", "md", "mtdblock", "drbd", "bcache"])
            if (name.Length > prefix.Length && name.StartsWith(prefix, StringComparison.Ordinal) && char.IsAsciiDigit(name[prefix.Length])) return true;
        // The boot areas of an eMMC: they belong to the firmware.
        return name.StartsWith("mmcblk", StringComparison.Ordinal) && name.Contains("boot");
    }
}
