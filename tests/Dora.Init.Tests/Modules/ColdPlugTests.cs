using Dora.Core.Configuration;
using Dora.Core.Linux;
using Dora.Init.Modules;
using Xunit;

namespace Dora.Init.Tests.Modules;

public class ColdPlugTests
{
    [Fact]
    public void A_bus_that_its_driver_brings_is_walked_too()
    {
        using var folder = new ModuleFolder()
            .With("modules.dep", "bus.ko:\ndisk.ko:\n")
            .With("modules.alias", "alias pci:x bus\nalias virtio:y disk\n");
        string sysfs = Path.Combine(folder.Path, "sys");
        AddDevice(sysfs, "bus/pci/devices/0000:00:01.0", "pci:x\n");
        var inserted = new List<string>();
        var loader = new ModuleLoader(folder.Modules, KernelCommandLine.Parse(""))
        {
            Insert = (path, _) =>
            {
                inserted.Add(path);
                if (path == "bus.ko") AddDevice(sysfs, "bus/virtio/devices/virtio0", "virtio:y\n");
                return Errno.None;
            },
        };
        Assert.Equal(2, ColdPlug.Run(loader, sysfs));
        Assert.Equal(["bus.ko", "disk.ko"], inserted);
    }

    [Fact]
    public void Disks_and_what_they_hang_on_get_drivers_where_they_have_none_and_nothing_else_does()
    {
        using var folder = new ModuleFolder()
            .With("modules.dep", "raid.ko:\nsd.ko:\nstick.ko:\nsound.ko:\nother.ko:\n")
            .With("modules.alias", "alias pci:*bc01* raid\nalias pci:*bc04* sound\nalias scsi:t-0x00* sd\nalias scsi:t-0x05* other\nalias usb:*ic08* stick\nalias usb:*ic03* other\n");
        string sysfs = Path.Combine(folder.Path, "sys");
        AddDevice(sysfs, "bus/pci/devices/0000:00:01.0", "pci:v0000103Cd0000323Asv0sd0bc01sc04i00\n");
        AddDevice(sysfs, "bus/pci/devices/0000:00:02.0", "pci:v00008086d00002668sv0sd0bc04sc03i00\n");
        AddDevice(sysfs, "bus/usb/devices/1-1:1.0", "usb:v46F4p0001d0000dc00dsc00dp00ic08isc06ip50in00\n");
        AddDevice(sysfs, "bus/usb/devices/1-2:1.0", "usb:v0627p0001d0000dc00dsc00dp00ic03isc01ip01in00\n");
        AddDevice(sysfs, "bus/scsi/devices/1:0:0:0", "scsi:t-0x05\n");
        var inserted = new List<string>();
        var loader = new ModuleLoader(folder.Modules, KernelCommandLine.Parse(""))
        {
            Insert = (path, _) =>
            {
                inserted.Add(path);
                if (path == "raid.ko") AddDevice(sysfs, "bus/scsi/devices/0:0:0:0", "scsi:t-0x00\n");
                return Errno.None;
            },
        };
        var seen = new HashSet<string>();
        Assert.Equal(3, ColdPlug.LoadForDisks(loader, seen, sysfs));
        Assert.Equal(["raid.ko", "sd.ko", "stick.ko"], inserted.Order());
        Assert.Equal(0, ColdPlug.LoadForDisks(loader, seen, sysfs));

        // One that has a driver is not even looked for.
        inserted.Clear();
        Directory.CreateDirectory(Path.Combine(sysfs, "bus/pci/devices/0000:00:01.0/driver"));
        Directory.CreateDirectory(Path.Combine(sysfs, "bus/usb/devices/1-1:1.0/driver"));
        Directory.CreateDirectory(Path.Combine(sysfs, "bus/scsi/devices/0:0:0:0/driver"));
        Assert.Equal(0, ColdPlug.LoadForDisks(new ModuleLoader(folder.Modules, KernelCommandLine.Parse("")) { Insert = (path, _) => { inserted.Add(path); return Errno.None; } }, [], sysfs));
        Assert.Empty(inserted);
    }

    [Fact]
    public void Network_cards_go_first()
    {
        using var folder = new ModuleFolder()
            .With("modules.dep", "disk.ko:\nnet.ko:\ncard.ko:\n")
            .With("modules.alias", "alias pci:*bc01* disk\nalias virtio:d00000001* net\nalias pci:*bc02* card\n");
        string sysfs = Path.Combine(folder.Path, "sys");
        AddDevice(sysfs, "bus/pci/devices/0000:00:01.0", "pci:v00008086d00007010sv0sd0bc01sc01i80\n");
        AddDevice(sysfs, "bus/pci/devices/0000:00:02.0", "pci:v00008086d0000100Esv0sd0bc02sc00i00\n");
        AddDevice(sysfs, "bus/virtio/devices/virtio0", "virtio:d00000001v00001AF4\n");
        var inserted = new List<string>();
        var loader = new ModuleLoader(folder.Modules, KernelCommandLine.Parse(""))
        {
            Insert = (path, _) =>
            {
                inserted.Add(path);
                return Errno.None;
            },
        };
        Assert.Equal(3, ColdPlug.Run(loader, sysfs));
        Assert.Equal("disk.ko", inserted[2]);
        Assert.Equal(3, inserted.Count);
    }

    [Fact]
    public void Nothing_else_is_looked_at_before_they_have_their_drivers()
    {
        using var folder = new ModuleFolder()
            .With("modules.dep", "disk.ko:\nnet.ko:\n")
            .With("modules.alias", "alias pci:*bc01* disk\nalias virtio:d00000001* net\n");
        string sysfs = Path.Combine(folder.Path, "sys");
        AddDevice(sysfs, "bus/virtio/devices/virtio0", "virtio:d00000001v00001AF4\n");
        var inserted = new List<string>();
        var loader = new ModuleLoader(folder.Modules, KernelCommandLine.Parse(""))
        {
            Insert = (path, _) =>
            {
                inserted.Add(path);
                return Errno.None;
            },
        };
        int told = 0;
        ColdPlug.Run(loader, sysfs, () =>
        {
            told++;
            Assert.Equal(["net.ko"], inserted);
            // What is not there yet was not looked for either.
            AddDevice(sysfs, "bus/pci/devices/0000:00:01.0", "pci:v00008086d00007010sv0sd0bc01sc01i80\n");
        });
        Assert.Equal((1, "net.ko disk.ko"), (told, string.Join(' ', inserted)));
    }

    private static void AddDevice(string sysfs, string device, string modalias)
    {
        Directory.CreateDirectory(Path.Combine(sysfs, device));
        File.WriteAllText(Path.Combine(sysfs, device, "modalias"), modalias);
    }
}
