using Dora.Core.Configuration;
using Dora.Core.Linux;
using Dora.Init.Modules;
using Xunit;

namespace Dora.Init.Tests.Modules;

public class ColdPlugTests
{
    private readonly List<string> _inserted = [];

    [Fact]
    public void A_bus_that_its_driver_brings_is_walked_too()
    {
        using var folder = new ModuleFolder()
            .With("modules.dep", "bus.ko:\ndisk.ko:\n")
            .With("modules.alias", "alias pci:x bus\nalias virtio:y disk\n");
        AddDevice(folder, "bus/pci/devices/0000:00:01.0", "pci:x\n");
        var loader = Loader(folder, path =>
        {
            if (path == "bus.ko") AddDevice(folder, "bus/virtio/devices/virtio0", "virtio:y\n");
        });
        Assert.Equal(2, ColdPlug.Run(loader, Sysfs(folder)));
        Assert.Equal(["bus.ko", "disk.ko"], _inserted);
    }

    [Fact]
    public void Disks_and_what_they_hang_on_get_drivers_where_they_have_none_and_nothing_else_does()
    {
        using var folder = new ModuleFolder()
            .With("modules.dep", "raid.ko:\nsd.ko:\nstick.ko:\nsound.ko:\nother.ko:\n")
            .With("modules.alias", "alias pci:*bc01* raid\nalias pci:*bc04* sound\nalias scsi:t-0x00* sd\nalias scsi:t-0x05* other\nalias usb:*ic08* stick\nalias usb:*ic03* other\n");
        AddDevice(folder, "bus/pci/devices/0000:00:01.0", "pci:v0000103Cd0000323Asv0sd0bc01sc04i00\n");
        AddDevice(folder, "bus/pci/devices/0000:00:02.0", "pci:v00008086d00002668sv0sd0bc04sc03i00\n");
        AddDevice(folder, "bus/usb/devices/1-1:1.0", "usb:v46F4p0001d0000dc00dsc00dp00ic08isc06ip50in00\n");
        AddDevice(folder, "bus/usb/devices/1-2:1.0", "usb:v0627p0001d0000dc00dsc00dp00ic03isc01ip01in00\n");
        AddDevice(folder, "bus/scsi/devices/1:0:0:0", "scsi:t-0x05\n");
        var loader = Loader(folder, path =>
        {
            if (path == "raid.ko") AddDevice(folder, "bus/scsi/devices/0:0:0:0", "scsi:t-0x00\n");
        });
        var seen = new HashSet<string>();
        Assert.Equal(3, ColdPlug.LoadForDisks(loader, seen, Sysfs(folder)));
        Assert.Equal(["raid.ko", "sd.ko", "stick.ko"], _inserted.Order());
        Assert.Equal(0, ColdPlug.LoadForDisks(loader, seen, Sysfs(folder)));

        // One that has a driver is not even looked for.
        _inserted.Clear();
        Directory.CreateDirectory(Path.Combine(Sysfs(folder), "bus/pci/devices/0000:00:01.0/driver"));
        Directory.CreateDirectory(Path.Combine(Sysfs(folder), "bus/usb/devices/1-1:1.0/driver"));
        Directory.CreateDirectory(Path.Combine(Sysfs(folder), "bus/scsi/devices/0:0:0:0/driver"));
        Assert.Equal(0, ColdPlug.LoadForDisks(Loader(folder), [], Sysfs(folder)));
        Assert.Empty(_inserted);
    }

    [Fact]
    public void Network_cards_go_first()
    {
        using var folder = new ModuleFolder()
            .With("modules.dep", "disk.ko:\nnet.ko:\ncard.ko:\n")
            .With("modules.alias", "alias pci:*bc01* disk\nalias virtio:d00000001* net\nalias pci:*bc02* card\n");
        AddDevice(folder, "bus/pci/devices/0000:00:01.0", "pci:v00008086d00007010sv0sd0bc01sc01i80\n");
        AddDevice(folder, "bus/pci/devices/0000:00:02.0", "pci:v00008086d0000100Esv0sd0bc02sc00i00\n");
        AddDevice(folder, "bus/virtio/devices/virtio0", "virtio:d00000001v00001AF4\n");
        var loader = Loader(folder);
        Assert.Equal(3, ColdPlug.Run(loader, Sysfs(folder)));
        Assert.Equal("disk.ko", _inserted[2]);
        Assert.Equal(3, _inserted.Count);
    }

    [Fact]
    public void Nothing_else_is_looked_at_before_they_have_their_drivers()
    {
        using var folder = new ModuleFolder()
            .With("modules.dep", "disk.ko:\nnet.ko:\n")
            .With("modules.alias", "alias pci:*bc01* disk\nalias virtio:d00000001* net\n");
        AddDevice(folder, "bus/virtio/devices/virtio0", "virtio:d00000001v00001AF4\n");
        var loader = Loader(folder);
        int told = 0;
        ColdPlug.Run(loader, Sysfs(folder), () =>
        {
            told++;
            Assert.Equal(["net.ko"], _inserted);
            // What is not there yet was not looked for either.
            AddDevice(folder, "bus/pci/devices/0000:00:01.0", "pci:v00008086d00007010sv0sd0bc01sc01i80\n");
        });
        Assert.Equal((1, "net.ko disk.ko"), (told, string.Join(' ', _inserted)));
    }

    /// <summary>Notes what is loaded; <paramref name="loaded"/> is what comes of it.</summary>
    private ModuleLoader Loader(ModuleFolder folder, Action<string>? loaded = null) => new(folder.Modules, KernelCommandLine.Parse(""))
    {
        Insert = (path, _) =>
        {
            _inserted.Add(path);
            loaded?.Invoke(path);
            return Errno.None;
        },
    };

    private static string Sysfs(ModuleFolder folder) => Path.Combine(folder.Path, "sys");

    private static void AddDevice(ModuleFolder folder, string device, string modalias)
    {
        string path = Path.Combine(Sysfs(folder), device);
        Directory.CreateDirectory(path);
        File.WriteAllText(Path.Combine(path, "modalias"), modalias);
    }
}
