using Dora.Core.Linux;
using Dora.Core.Protocol.Machine;

namespace Dora.Init.Manager.MachineInfo;

/// <summary>Block devices: /sys/block and what is mounted. RAM disks are left out, and loop and network devices that nothing is behind.</summary>
internal static class DiskReader
{
    private const int SectorBytes = 512; // sysfs counts in these, whatever the device has

    public static IReadOnlyList<DiskInfo> Read(string root, bool askForSizes = true)
    {
        var mounts = Mounts.Parse(SystemText.Table($"{root}/proc/self/mountinfo"));
        var disks = new Collected<DiskInfo>();
        foreach (string name in Sys.ListDirectories($"{root}/sys/block"))
            if (Disk($"{root}/sys/block/{name}", name, mounts, askForSizes) is { } disk) disks.Add(disk);
        return disks.ToArray();
    }

    private static DiskInfo? Disk(string folder, string name, Mounts mounts, bool askForSizes)
    {
        string number = SystemText.Line($"{folder}/dev") ?? "";
        long size = Size(folder);
        if (number.StartsWith("1:", StringComparison.Ordinal)) return null;
        if (size == 0 && (name.StartsWith("loop", StringComparison.Ordinal) || name.StartsWith("nbd", StringComparison.Ordinal))) return null;
        // In sysfs a '/' of the name is a '!' (cciss!c0d0).
        string path = "/dev/" + name.Replace('!', '/');
        var collected = new Collected<PartitionInfo>();
        foreach (string part in Sys.ListDirectories(folder))
            if (SystemText.Number($"{folder}/{part}/partition") is { } index) collected.Add(Partition($"{folder}/{part}", part, (int)index, mounts, askForSizes));
        var partitions = collected.ToArray();
        // By number: sda2 comes before sda10.
        for (int i = 1; i < partitions.Length; i++)
            for (int at = i; at > 0 && partitions[at - 1].Number > partitions[at].Number; at--)
                (partitions[at - 1], partitions[at]) = (partitions[at], partitions[at - 1]);
        return new DiskInfo
        {
            Name = name,
            Path = path,
            SizeBytes = size,
            Model = SystemText.Line($"{folder}/device/model") ?? SystemText.Line($"{folder}/device/name"),
            Vendor = Vendor(SystemText.Line($"{folder}/device/vendor")),
            Serial = SystemText.Line($"{folder}/device/serial") ?? SystemText.Line($"{folder}/serial") ?? UnitSerial($"{folder}/device/vpd_pg80") ?? UsbSerial(folder),
            Transport = Transport(name, Sys.ReadLink(folder, out string target) == Errno.None ? target : ""),
            Rotational = SystemText.Flag($"{folder}/queue/rotational"),
            Removable = SystemText.Flag($"{folder}/removable"),
            ReadOnly = SystemText.Flag($"{folder}/ro"),
            BackingFile = SystemText.Line($"{folder}/loop/backing_file"),
            Partitions = partitions,
            Holders = Sys.ListDirectories($"{folder}/holders"),
            Mounts = mounts.Of(number, path, askForSizes),
            Io = Counters(SystemText.Line($"{folder}/stat")),
        };
    }

    private static PartitionInfo Partition(string folder, string name, int index, Mounts mounts, bool askForSizes)
    {
        string path = "/dev/" + name.Replace('!', '/');
        string? label = null, uuid = null;
        foreach (var line in SystemText.Table($"{folder}/uevent").AsSpan().EnumerateLines())
        {
            if (line.StartsWith("PARTNAME=")) label = line[9..].ToString();
            else if (line.StartsWith("PARTUUID=")) uuid = line[9..].ToString();
        }
        return new PartitionInfo
        {
            Name = name,
            Path = path,
            Number = index,
            StartBytes = Sectors(SystemText.Number($"{folder}/start")),
            SizeBytes = Size(folder),
            ReadOnly = SystemText.Flag($"{folder}/ro"),
            Label = label,
            Uuid = uuid,
            Holders = Sys.ListDirectories($"{folder}/holders"),
            Mounts = mounts.Of(SystemText.Line($"{folder}/dev") ?? "", path, askForSizes),
            Io = Counters(SystemText.Line($"{folder}/stat")),
        };
    }

    private static long Size(string folder) => Sectors(SystemText.Number($"{folder}/size"));

    private static long Sectors(long? count) => count is { } sectors and >= 0 and < long.MaxValue / SectorBytes ? sectors * SectorBytes : 0;

    /// <summary>SCSI and ATA: the page of vital product data with the unit's serial number (SPC-4 7.8.15): four bytes, the last its length, then text.</summary>
    internal static string? UnitSerial(string path)
    {
        if (Sys.ReadFile(path, out var page, 4096) != Errno.None || page.Length < 4) return null;
        string text = System.Text.Encoding.ASCII.GetString(page.AsSpan(4, Math.Min(page[3], page.Length - 4))).Trim(' ', '\0');
        return text.Length > 0 ? text : null;
    }

    /// <summary>
    /// The kernel does not ask USB drives for that page, which too many answer with nonsense or not at all: they have the number
    /// of the USB device, DEVICE/INTERFACE/hostN/targetN:0:0/N:0:0:UNIT, where a card reader has a unit for each of its slots.
    /// </summary>
    private static string? UsbSerial(string folder)
    {
        if (Sys.ReadLink(folder, out string place) != Errno.None || !place.Contains("/usb", StringComparison.Ordinal)
            || SystemText.Line($"{folder}/device/../../../../serial") is not { } serial || Sys.ReadLink($"{folder}/device", out string unit) != Errno.None) return null;
        return unit.EndsWith(":0", StringComparison.Ordinal) ? serial : $"{serial}-{unit.AsSpan(unit.LastIndexOf(':') + 1)}";
    }

    /// <summary>SCSI has a name; PCI and virtio have a number, which tells people nothing.</summary>
    private static string? Vendor(string? text) => text is null || text.StartsWith("0x", StringComparison.Ordinal) ? null : text;

    /// <summary>By the place of the device in the tree: the innermost bus that it hangs on.</summary>
    internal static string? Transport(string name, string target)
    {
        if (name.StartsWith("nvme", StringComparison.Ordinal)) return "nvme";
        if (name.StartsWith("mmcblk", StringComparison.Ordinal)) return "mmc";
        if (target.Contains("/usb", StringComparison.Ordinal)) return "usb";
        if (target.Contains("/ata", StringComparison.Ordinal)) return "ata";
        if (target.Contains("/virtio", StringComparison.Ordinal)) return "virtio";
        if (target.Contains("/vmbus", StringComparison.OrdinalIgnoreCase)) return "vmbus";
        if (target.Contains("/vbd-", StringComparison.Ordinal)) return "xen";
        if (target.Contains("/session", StringComparison.Ordinal)) return "iscsi";
        if (target.Contains("/host", StringComparison.Ordinal)) return "scsi";
        foreach (string kind in (string[])["loop", "dm-", "md", "zram", "nbd", "rbd", "fd"])
            if (name.StartsWith(kind, StringComparison.Ordinal)) return kind.TrimEnd('-');
        return null;
    }

    /// <summary>Documentation/block/stat.rst of the kernel.</summary>
    private static DiskIo? Counters(string? stat)
    {
        if (stat is null) return null;
        var rest = stat.AsSpan();
        long reads = SystemText.NextNumber(ref rest);
        _ = SystemText.NextNumber(ref rest); // merged
        long readSectors = SystemText.NextNumber(ref rest), readMs = SystemText.NextNumber(ref rest), writes = SystemText.NextNumber(ref rest);
        _ = SystemText.NextNumber(ref rest);
        long writeSectors = SystemText.NextNumber(ref rest), writeMs = SystemText.NextNumber(ref rest);
        return new DiskIo
        {
            Reads = reads,
            ReadBytes = Sectors(readSectors),
            ReadMs = readMs,
            Writes = writes,
            WriteBytes = Sectors(writeSectors),
            WriteMs = writeMs,
            InFlight = SystemText.NextNumber(ref rest),
            BusyMs = SystemText.NextNumber(ref rest),
        };
    }
}
