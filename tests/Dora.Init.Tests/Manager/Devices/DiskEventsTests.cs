using System.Text;
using Dora.Init.Manager.Devices;
using Dora.Init.Modules;
using Dora.Init.Tests.Manager.MachineInfo;
using Xunit;

namespace Dora.Init.Tests.Manager.Devices;

public class DiskEventsTests
{
    private static Uevent Event(string action, string name, string type = "disk")
    {
        Assert.True(Uevent.TryParse(Encoding.Latin1.GetBytes($"{action}@/devices/x/block/{name}\0SUBSYSTEM=block\0DEVNAME={name}\0DEVTYPE={type}\0"), out var happened));
        return happened;
    }

    private static List<string> Told(FakeRoot root, params Uevent[] events) => Told(root, isWhole: true, events);

    private static List<string> Told(FakeRoot root, bool isWhole, params Uevent[] events)
    {
        var told = new List<string>();
        var disks = new DiskEvents((kind, disk, reason) => told.Add($"{kind} {disk}{(reason is null ? "" : ": " + reason)}"), disk => told.Add($"look {disk}"), () => isWhole, root.Path);
        foreach (var happened in events) disks.Happened(happened);
        return told;
    }

    [Theory]
    [InlineData("sda", "disk", true)]
    [InlineData("nvme0n1", "disk", true)]
    [InlineData("mmcblk0", "disk", true)]
    [InlineData("rambo", "disk", true)]
    [InlineData("sda1", "partition", false)]
    [InlineData("loop3", "disk", false)]
    [InlineData("ram0", "disk", false)]
    [InlineData("dm-0", "disk", false)]
    [InlineData("md127", "disk", false)]
    [InlineData("nbd4", "disk", false)]
    [InlineData("sr0", "disk", false)]
    [InlineData("zram0", "disk", false)]
    public void Disks_are_whole_and_real(string name, string type, bool isDisk) => Assert.Equal(isDisk, DiskEvents.IsDisk(Event("add", name, type)));

    [Fact]
    public void A_disk_comes_and_goes()
    {
        using var root = new FakeRoot();
        root.Add("/sys/block/sdb/device/model", "Disk 3000 \n");
        Assert.Equal(["disk.appeared sdb: Disk 3000", "disk.disappeared sdb"], Told(root, Event("add", "sdb"), Event("remove", "sdb")));
    }

    [Fact]
    public void A_disk_of_the_storage_that_goes_has_the_storage_looked_at()
    {
        using var root = new FakeRoot();
        root.Add("/run/dora/storage/status.json", """{"state":"ready","disks":[{"name":"vda","model":"QEMU","serial":"7","number":0}]}""");
        Assert.Equal(["disk.disappeared vdb", "disk.disappeared vda: vda (QEMU, serial 7)", "look vda"], Told(root, Event("remove", "vdb"), Event("remove", "vda")));
    }

    [Fact]
    public void A_disk_that_comes_is_looked_at_where_one_is_lost()
    {
        using var root = new FakeRoot();
        Assert.Equal(["disk.appeared vdb"], Told(root, Event("add", "vdb")));
        Assert.Equal(["disk.appeared vdb", "look vdb"], Told(root, isWhole: false, Event("add", "vdb")));
    }

    [Theory]
    [InlineData("memory")]
    [InlineData("failed")]
    [InlineData("off")]
    public void What_is_not_mounted_does_not_change(string state)
    {
        using var root = new FakeRoot();
        root.Add("/run/dora/storage/status.json", $$"""{"state":"{{state}}","disks":[{"name":"vda"}]}""");
        Assert.Equal(["disk.disappeared vda"], Told(root, Event("remove", "vda")));
    }
}
