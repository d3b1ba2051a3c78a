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

    private static void AddDevice(string sysfs, string device, string modalias)
    {
        Directory.CreateDirectory(Path.Combine(sysfs, device));
        File.WriteAllText(Path.Combine(sysfs, device, "modalias"), modalias);
    }
}
