using Dora.Init.Storage.Disks;
using Xunit;

namespace Dora.Init.Tests.Storage;

public sealed class DevicesSettledTests : IDisposable
{
    private readonly string _sysfs = Directory.CreateTempSubdirectory("pandora-settled-").FullName;

    public void Dispose() => Directory.Delete(_sysfs, recursive: true);

    [Fact]
    public void A_machine_without_anything_slow_is_settled() => Assert.Null(DevicesSettled.Missing(_sysfs));

    [Theory]
    [InlineData("new", true)]
    [InlineData("connecting", true)]
    [InlineData("live", false)]
    [InlineData("dead", false)]
    public void An_nvme_controller_is_waited_for_until_it_is_live_or_dead(string state, bool isMissing)
    {
        Write("class/nvme/nvme0/state", state);
        Assert.Equal(isMissing ? "NVMe controller nvme0 is not ready" : null, DevicesSettled.Missing(_sysfs));
    }

    [Fact]
    public void A_hub_that_has_just_come_is_waited_for_and_an_old_one_is_not()
    {
        Directory.CreateDirectory(Path.Combine(_sysfs, "devices/usb1/1-0:1.0/usb1-port1"));
        Directory.CreateDirectory(Path.Combine(_sysfs, "bus/usb/drivers/hub"));
        Directory.CreateSymbolicLink(Path.Combine(_sysfs, "bus/usb/drivers/hub/1-0:1.0"), Path.Combine(_sysfs, "devices/usb1/1-0:1.0"));
        Write("devices/usb1/power/connected_duration", "120");
        Assert.Equal("USB port usb1-port1 has not been looked at", DevicesSettled.Missing(_sysfs));
        // Nobody can be asked whether something is in it.
        Write("devices/usb1/power/connected_duration", "700");
        Assert.Null(DevicesSettled.Missing(_sysfs));
        Write("devices/usb1/power/connected_duration", "120");
        Directory.CreateDirectory(Path.Combine(_sysfs, "devices/usb1/1-0:1.0/usb1-port1/device"));
        Assert.Null(DevicesSettled.Missing(_sysfs));
    }

    [Fact]
    public void A_usb_drive_is_waited_for_until_it_has_its_disk()
    {
        Directory.CreateDirectory(Path.Combine(_sysfs, "bus/usb/drivers/usb-storage/1-1:1.0/host2"));
        Directory.CreateDirectory(Path.Combine(_sysfs, "bus/usb/drivers/usb-storage/module"));
        Assert.Equal("USB drive 1-1:1.0 has not been looked at", DevicesSettled.Missing(_sysfs));
        string unit = Path.Combine(_sysfs, "bus/usb/drivers/usb-storage/1-1:1.0/host2/target2:0:0/2:0:0:0");
        Directory.CreateDirectory(unit);
        Directory.CreateDirectory(Path.Combine(_sysfs, "devices/usb1"));
        Directory.Move(unit, Path.Combine(_sysfs, "devices/usb1/2:0:0:0"));
        Directory.CreateDirectory(Path.Combine(_sysfs, "bus/scsi/devices"));
        Directory.CreateSymbolicLink(Path.Combine(_sysfs, "bus/scsi/devices/2:0:0:0"), Path.Combine(_sysfs, "devices/usb1/2:0:0:0"));
        Write("devices/usb1/2:0:0:0/type", "0");
        Assert.Equal("SCSI disk 2:0:0:0 has not been looked at", DevicesSettled.Missing(_sysfs));
        Directory.CreateDirectory(Path.Combine(_sysfs, "devices/usb1/2:0:0:0/block/sda"));
        Assert.Null(DevicesSettled.Missing(_sysfs));
    }

    [Fact]
    public void A_scsi_disk_is_waited_for_while_its_driver_has_it_and_one_that_no_driver_takes_is_not()
    {
        Write("devices/pci/0:0:1:0/type", "0");
        Directory.CreateDirectory(Path.Combine(_sysfs, "bus/scsi/devices"));
        Directory.CreateSymbolicLink(Path.Combine(_sysfs, "bus/scsi/devices/0:0:1:0"), Path.Combine(_sysfs, "devices/pci/0:0:1:0"));
        Assert.Null(DevicesSettled.Missing(_sysfs)); // behind a RAID controller
        Directory.CreateDirectory(Path.Combine(_sysfs, "devices/pci/0:0:1:0/driver"));
        Assert.Equal("SCSI disk 0:0:1:0 has not been looked at", DevicesSettled.Missing(_sysfs));
        Write("devices/pci/0:0:1:0/type", "5"); // a CD drive
        Assert.Null(DevicesSettled.Missing(_sysfs));
    }

    private void Write(string path, string text)
    {
        string file = Path.Combine(_sysfs, path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, text + "\n");
    }
}
