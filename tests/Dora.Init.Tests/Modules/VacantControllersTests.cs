using Dora.Init.Modules;
using Xunit;

namespace Dora.Init.Tests.Modules;

public sealed class VacantControllersTests : IDisposable
{
    private const string Piix = "bus/pci/drivers/ata_piix", Device = "0000:00:01.1";

    private readonly string _sysfs = Directory.CreateTempSubdirectory("dora-vacant-").FullName;
    private readonly List<string> _asked = [];
    private readonly HashSet<string> _used = [];

    public void Dispose() => Directory.Delete(_sysfs, recursive: true);

    private VacantControllersTests With(params string[] folders)
    {
        foreach (string folder in folders) Directory.CreateDirectory(Path.Combine(_sysfs, folder));
        return this;
    }

    private VacantControllersTests Loaded(params string[] modules)
    {
        foreach (string module in modules)
        {
            With($"module/{module}");
            File.WriteAllText(Path.Combine(_sysfs, "module", module, "refcnt"), "0\n");
        }
        return this;
    }

    private int Release() => VacantControllers.Release(_sysfs, name =>
    {
        _asked.Add(name);
        return !_used.Contains(name);
    });

    [Fact]
    public void A_driver_of_ide_without_a_drive_goes_and_what_it_alone_needed()
    {
        Loaded("ata_piix", "ata_generic", "libata", "scsi_mod", "scsi_common", "virtio_blk")
            .With($"{Piix}/{Device}/ata1/host0/power", $"{Piix}/{Device}/ata2/host1/scsi_host", "bus/pci/drivers/ata_generic", "bus/pci/drivers/virtio-pci/0000:00:03.0");
        Assert.Equal(5, Release());
        Assert.Equal(["ata_generic", "ata_piix", "libata", "scsi_mod", "scsi_common"], _asked);
    }

    [Fact]
    public void One_with_a_drive_stays()
    {
        Loaded("ata_piix", "libata", "scsi_mod").With($"{Piix}/{Device}/ata1/host0/power", $"{Piix}/{Device}/ata2/host1/target1:0:0/1:0:0:0");
        Assert.Equal(0, Release());
        Assert.Empty(_asked);
    }

    [Fact]
    public void One_drive_on_one_of_two_controllers_is_enough()
    {
        Loaded("pata_via", "libata").With("bus/pci/drivers/pata_via/0000:00:01.1/ata1/host0", "bus/pci/drivers/pata_via/0000:00:02.1/ata3/host2/target2:0:0");
        Assert.Equal(0, Release());
    }

    [Fact]
    public void Controllers_that_know_hot_plug_are_let_alone()
    {
        Loaded("ahci", "sym53c8xx", "libata", "scsi_mod").With("bus/pci/drivers/ahci/0000:00:1f.2/ata1/host0", "bus/pci/drivers/sym53c8xx/0000:00:04.0");
        Assert.Equal(0, Release());
        Assert.Empty(_asked);
    }

    [Fact]
    public void What_others_use_stays()
    {
        _used.Add("libata");
        _used.Add("scsi_mod");
        Loaded("ata_piix", "libata", "scsi_mod").With($"{Piix}/{Device}/ata1/host0");
        Assert.Equal(1, Release());
    }

    [Fact]
    public void A_driver_that_is_part_of_the_kernel_is_not_asked_for()
    {
        With("bus/pci/drivers/ata_piix", "module/ata_piix/parameters");
        Assert.Equal(0, Release());
        Assert.Empty(_asked);
    }

    [Fact]
    public void A_machine_without_pci_has_none() => Assert.Equal(0, Release());
}
