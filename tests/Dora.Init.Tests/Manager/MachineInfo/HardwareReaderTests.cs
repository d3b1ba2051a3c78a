using System.Text;
using Dora.Core.Protocol.Machine;
using Dora.Init.Manager.MachineInfo;
using Dora.Tests.Harness;
using Xunit;

namespace Dora.Init.Tests.Manager.MachineInfo;

public class HardwareReaderTests
{
    private const string CpuInfoText = """
        processor	: 0
        vendor_id	: GenuineIntel
        model name	: Intel(R) Xeon(R) CPU @ 2.20GHz
        cpu MHz		: 2199.998
        physical id	: 0
        core id		: 0
        flags		: fpu vme  avx2

        processor	: 1
        vendor_id	: GenuineIntel
        model name	: Intel(R) Xeon(R) CPU @ 2.20GHz
        cpu MHz		: 3000.000
        physical id	: 0
        core id		: 0
        flags		: fpu vme avx2

        processor	: 2
        physical id	: 1
        core id		: 0
        """;

    private const string StatText = "cpu  10 1 20 300 5 2 3 4 6 0\ncpu0 5 0 10 150 2 1 1 2 3 0\ncpu2 5 1 10 150 3 1 2 2 3 0\nintr 12345 0 9\nctxt 67890\nbtime 1\n";

    [Fact]
    public void Cpus_their_times_and_the_load()
    {
        var cpu = CpuReader.Parse(CpuInfoText, StatText, "0.05 1.50 12.00 2/345 6789\n");
        Assert.Equal(("GenuineIntel", "Intel(R) Xeon(R) CPU @ 2.20GHz", 2, 2, 2), (cpu.Vendor, cpu.Model, cpu.Count, cpu.Sockets, cpu.Cores));
        Assert.Equal(["fpu", "vme", "avx2"], cpu.Flags);
        Assert.Equal((0.05, 1.5, 12.0, 2, 345), (cpu.Load1, cpu.Load5, cpu.Load15, cpu.Running, cpu.Tasks));
        Assert.Equal((67890L, 12345L), (cpu.ContextSwitches, cpu.Interrupts));
        Assert.Equal((null, 100L, 10L, 200L, 3000L, 50L, 20L, 30L, 40L, 60L), (cpu.Total!.Id, cpu.Total.UserMs, cpu.Total.NiceMs, cpu.Total.SystemMs, cpu.Total.IdleMs,
            cpu.Total.IoWaitMs, cpu.Total.IrqMs, cpu.Total.SoftIrqMs, cpu.Total.StealMs, cpu.Total.GuestMs));
        Assert.Equal([(0, 2199), (2, null)], cpu.Cpus.Select(one => (one.Id!.Value, one.Mhz)));
    }

    [Fact]
    public void A_machine_that_tells_nothing_has_no_cpus()
    {
        var cpu = CpuReader.Parse("", "", "");
        Assert.Equal((null, null, 0, null, null), (cpu.Model, cpu.Load1, cpu.Count, cpu.Sockets, cpu.Total));
    }

    [Fact]
    public void Memory_in_use_is_what_cannot_be_dropped()
    {
        var memory = MemoryReader.Parse("MemTotal:        1000 kB\nMemFree:          100 kB\nMemAvailable:     700 kB\nBuffers:           50 kB\nCached:           400 kB\nSwapCached:         7 kB\n"
            + "SReclaimable:      30 kB\nShmem:             20 kB\nSlab:  45 kB\nSwapTotal: 9 kB\nSwapFree:  8 kB\nHugePages_Total:   3\n");
        Assert.Equal((1000 - 100 - 50 - 400 - 30 + 20) * 1024, memory.InUseBytes);
        Assert.Equal((1024000L, 716800L, 409600L, 9216L, 8192L), (memory.TotalBytes, memory.AvailableBytes, memory.CachedBytes, memory.SwapTotalBytes, memory.SwapFreeBytes));
        Assert.Equal(0, MemoryReader.Parse("MemTotal: -5 kB\nnonsense\n").TotalBytes);
    }

    [Fact]
    public void The_system_by_its_release_file()
    {
        using var root = new FakeRoot().Add("/etc/os-release", "# c\nID=debian\nVERSION_ID=\"12\"\nPRETTY_NAME='Debian \"12\"'\nNAME=\"a \\\"b\\\" \\$c\"\n")
            .Add("/proc/sys/kernel/hostname", "box\n").Add("/proc/sys/kernel/osrelease", "6.1.0\n").Add("/proc/cmdline", "quiet\n");
        var os = OsReader.Read(root.Path, TimeSpan.FromSeconds(90), new DateTime(2026, 11, 21, 13, 1, 30, DateTimeKind.Utc));
        Assert.Equal(("box", "6.1.0", "debian", "Debian \"12\"", "12", "quiet"), (os.Hostname, os.Kernel, os.Distribution, os.DistributionName, os.DistributionVersion, os.CommandLine));
        Assert.Equal((90_000L, "2026-11-21T13:00:00.000Z", null), (os.UptimeMs, os.BootedAt, os.BootId));
        Assert.Equal("a \"b\" $c", OsReader.Release("NAME=\"a \\\"b\\\" \\$c\"")["NAME"]);
        Assert.Equal("", OsReader.Release("X=\"")["X"]);
    }

    [Fact]
    public void Firmware_keeps_its_secrets_from_those_who_may_only_read()
    {
        using var root = new FakeRoot().Add("/sys/class/dmi/id/sys_vendor", "QEMU\n").Add("/sys/class/dmi/id/product_serial", "123\n").Add("/sys/class/dmi/id/board_name", " \n");
        var told = DmiReader.Read(root.Path, withSecrets: true);
        Assert.Equal(("QEMU", "123", null), (told.SystemVendor, told.ProductSerial, told.BoardName));
        Assert.Null(DmiReader.Read(root.Path, withSecrets: false).ProductSerial);
    }

    [Theory]
    [InlineData("\0\u0080\0\u0004QM77", "QM77")]
    [InlineData("\0\u0080\0\u0008  QM77  ", "QM77")]
    [InlineData("\0\u0080\0\u007fQM77", "QM77")]
    [InlineData("\0\u0080\0\u0004    ", null)]
    [InlineData("\0\u0080", null)]
    [InlineData("", null)]
    public void A_serial_number_in_the_vital_product_data(string page, string? expected)
    {
        using var root = new FakeRoot().Folder("/sys");
        File.WriteAllBytes(root.Path + "/sys/vpd_pg80", Encoding.Latin1.GetBytes(page));
        Assert.Equal(expected, DiskReader.UnitSerial(root.Path + "/sys/vpd_pg80"));
        Assert.Null(DiskReader.UnitSerial(root.Path + "/sys/none"));
    }

    // usb-storage of the kernel leaves out the pages of vital product data; each slot of a card reader is a unit of one device.
    [Theory]
    [InlineData("2:0:0:0", "4C5300")]
    [InlineData("2:0:0:3", "4C5300-3")]
    public void A_usb_disk_has_the_serial_number_of_its_device(string unit, string expected)
    {
        using var root = new FakeRoot();
        const string port = "/sys/devices/pci0/usb1/1-2";
        string place = $"{port}/1-2:1.0/host2/target2:0:0/{unit}";
        root.Add($"{port}/serial", "4C5300\n").Add($"{place}/block/sda/dev", "8:0\n").Add($"{place}/block/sda/size", "2048\n").Folder("/sys/block");
        Directory.CreateSymbolicLink($"{root.Path}{place}/block/sda/device", root.Path + place);
        Directory.CreateSymbolicLink($"{root.Path}/sys/block/sda", $"{root.Path}{place}/block/sda");
        var disk = Assert.Single(DiskReader.Read(root.Path));
        Assert.Equal((expected, "usb"), (disk.Serial, disk.Transport));
    }

    [Fact]
    public void Disks_with_partitions_and_what_is_mounted()
    {
        using var root = new FakeRoot();
        const string sda = "/sys/devices/pci0/ata1/host0/block/sda";
        root.Add($"{sda}/dev", "8:0\n").Add($"{sda}/size", "2048\n").Add($"{sda}/device/model", "QEMU HARDDISK   \n").Add($"{sda}/device/vendor", "ATA     \n").Add($"{sda}/queue/rotational", "1\n")
            .Add($"{sda}/removable", "0\n").Add($"{sda}/ro", "0\n").Add($"{sda}/stat", "   10 1 16 7 20 2 32 8 1 9 10 0 0\n").Folder($"{sda}/holders");
        foreach (int i in new[] { 1, 10, 2 })
            root.Add($"{sda}/sda{i}/partition", $"{i}\n").Add($"{sda}/sda{i}/dev", $"8:{i}\n").Add($"{sda}/sda{i}/size", "8\n").Add($"{sda}/sda{i}/start", $"{i}\n")
                .Add($"{sda}/sda{i}/uevent", "DEVNAME=x\nPARTNAME=root\nPARTUUID=u-1\n").Folder($"{sda}/sda{i}/holders/dm-0");
        root.Link("/sys/block/sda", root.Path + sda).Add("/sys/block/loop0/size", "0").Add("/sys/block/ram0/dev", "1:0").Add("/sys/block/ram0/size", "8")
            .Add("/sys/block/loop1/size", "2").Add("/sys/block/loop1/dev", "7:1").Add("/sys/block/loop1/loop/backing_file", "/a b\n")
            .Add("/proc/self/mountinfo", "22 1 8:1 / / rw,noatime shared:1 - ext4 /dev/sda1 rw,errors=continue\n23 22 8:1 /x /mnt/a\\040b ro - ext4 /dev/sda1 rw\n24 1 0:5 / /data rw - btrfs /dev/loop1 rw\nnonsense\n1 2 3:4\n");
        var disks = DiskReader.Read(root.Path, askForSizes: false);
        Assert.Equal(["loop1", "sda"], disks.Select(disk => disk.Name));
        var disk = disks[1];
        Assert.Equal((2048 * 512L, "QEMU HARDDISK", "ATA", "ata", true, false), (disk.SizeBytes, disk.Model, disk.Vendor, disk.Transport, disk.Rotational, disk.Removable));
        Assert.Equal((10L, 16 * 512L, 7L, 20L, 32 * 512L, 8L, 1L, 9L), (disk.Io!.Reads, disk.Io.ReadBytes, disk.Io.ReadMs, disk.Io.Writes, disk.Io.WriteBytes, disk.Io.WriteMs, disk.Io.InFlight, disk.Io.BusyMs));
        Assert.Equal([1, 2, 10], disk.Partitions.Select(partition => partition.Number));
        Assert.Equal(("root", "u-1", 512L, 4096L), (disk.Partitions[0].Label, disk.Partitions[0].Uuid, disk.Partitions[0].StartBytes, disk.Partitions[0].SizeBytes));
        Assert.Equal(["dm-0"], disk.Partitions[0].Holders);
        Assert.Equal([("/", "ext4", "rw,noatime,errors=continue"), ("/mnt/a b", "ext4", "ro,rw")], disk.Partitions[0].Mounts.Select(mount => (mount.Path, mount.FileSystem, mount.Options)));
        Assert.Equal(("/a b", "loop", "/data"), (disks[0].BackingFile, disks[0].Transport, disks[0].Mounts[0].Path));
    }

    [Fact]
    public void Nics_by_their_kind()
    {
        using var root = new FakeRoot();
        void Nic(string name, int index, int type, string uevent = "", params (string File, string Content)[] files)
        {
            string folder = $"/sys/class/net/{name}";
            root.Add($"{folder}/ifindex", $"{index}\n").Add($"{folder}/iflink", $"{index}\n").Add($"{folder}/type", $"{type}\n").Add($"{folder}/uevent", uevent).Add($"{folder}/operstate", "up\n")
                .Add($"{folder}/mtu", "1500\n").Add($"{folder}/address", "52:54:00:00:00:01\n").Add($"{folder}/statistics/rx_bytes", "77\n");
            foreach (var (file, content) in files) root.Add($"{folder}/{file}", content);
        }
        Nic("lo", 1, 772, files: ("address", "00:00:00:00:00:00"));
        Nic("eth0", 2, 1, files: [("device/vendor", "x"), ("speed", "1000"), ("carrier", "1"), ("duplex", "full")]);
        root.Link("/sys/class/net/eth0/device/driver", "../../../bus/virtio/drivers/virtio_net").Link("/sys/class/net/eth0/master", "../br0");
        Nic("br0", 3, 1, "DEVTYPE=bridge\n", ("speed", "-1"));
        Nic("wl0", 4, 1, "DEVTYPE=wlan\n");
        Nic("tap0", 5, 1, files: ("tun_flags", "0x1002"));
        Nic("dummy0", 6, 1);
        root.Add("/sys/class/net/bonding_masters", "");
        var nics = NicReader.Read(root.Path, new NicAddresses());
        Assert.Equal(["br0 bridge", "dummy0 virtual", "eth0 ethernet", "lo loopback", "tap0 tun", "wl0 wireless"], nics.Select(nic => $"{nic.Name} {nic.Type}"));
        var eth0 = nics[2];
        Assert.Equal(("52:54:00:00:00:01", 1500, "up", true, 1000L, "full", "virtio_net", "br0", 77L), (eth0.Mac, eth0.MtuBytes, eth0.OperState, eth0.Carrier, eth0.SpeedMbit, eth0.Duplex, eth0.Driver, eth0.Master, eth0.ReceivedBytes));
        Assert.Equal((null, null, null), (nics[3].Mac, nics[0].SpeedMbit, nics[0].Carrier));
    }

    private static byte[] Message(ushort type, byte family, byte prefix, byte scope, int index, params (ushort Type, byte[] Value)[] attributes)
    {
        var body = new List<byte> { family, prefix, 0, scope };
        body.AddRange(BitConverter.GetBytes(index));
        foreach (var (kind, value) in attributes)
        {
            body.AddRange(BitConverter.GetBytes((ushort)(4 + value.Length)));
            body.AddRange(BitConverter.GetBytes(kind));
            body.AddRange(value);
            while (body.Count % 4 != 0) body.Add(0);
        }
        return [.. BitConverter.GetBytes(16 + body.Count), .. BitConverter.GetBytes(type), 0, 0, .. new byte[8], .. body];
    }

    [Fact]
    public void Addresses_of_a_dump()
    {
        var addresses = new NicAddresses();
        byte[] six = [0xfe, 0x80, .. new byte[13], 1];
        Assert.False(addresses.Feed([.. Message(20, 2, 24, 0, 2, (1, [10, 0, 0, 9]), (2, [10, 0, 0, 2]), (3, [0x65])), .. Message(20, 10, 64, 253, 2, (1, six)), .. Message(20, 7, 1, 0, 2, (1, [1]))]));
        Assert.True(addresses.Feed(Message(3, 0, 0, 0, 0)));
        Assert.Equal(["10.0.0.2/24 v4 global", "fe80::1/64 v6 link"], addresses.Of(2).Select(a => $"{a.Address}/{a.PrefixLength} {a.Family} {a.Scope}"));
        Assert.Empty(addresses.Of(3));
    }

    [Fact]
    public void Damaged_messages_and_tables_never_hurt()
    {
        var random = new Random(11);
        byte[] valid = [.. Message(20, 2, 24, 0, 2, (1, [10, 0, 0, 9]), (2, [10, 0, 0, 2])), .. Message(20, 10, 64, 253, 2, (1, new byte[16]))];
        byte[] mounts = Encoding.UTF8.GetBytes("22 1 8:1 / / rw,noatime shared:1 - ext4 /dev/sda1 rw\\0"), cpu = Encoding.UTF8.GetBytes(CpuInfoText), stat = Encoding.UTF8.GetBytes(StatText);
        string Damage(byte[] bytes) => Encoding.UTF8.GetString(Damaged(bytes));
        byte[] Damaged(byte[] bytes)
        {
            byte[] copy = [.. bytes];
            for (int edits = random.Next(1, 8); edits > 0; edits--) copy[random.Next(copy.Length)] = (byte)random.Next(256);
            return copy[..random.Next(copy.Length + 1)];
        }
        for (int round = 0; round < Fuzz.Rounds(3000); round++)
        {
            new NicAddresses().Feed(Damaged(valid));
            Mounts.Parse(Damage(mounts));
            CpuReader.Parse(Damage(cpu), Damage(stat), Damage([.. "0.05 1.50 12.00 2/345 6789"u8]));
            MemoryReader.Parse(Damage([.. "MemTotal:        1000 kB\nMemFree:          100 kB\n"u8]));
            OsReader.Release(Damage([.. "ID=debian\nVERSION_ID=\"1\\2\"\nX='a'"u8]));
        }
    }
}
