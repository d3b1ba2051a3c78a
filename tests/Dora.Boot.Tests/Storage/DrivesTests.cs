using Dora.Boot.Tests.Harness;

namespace Dora.Boot.Tests.Storage;

/// <summary>SCSI with all that can hang on it, and mounts of storage.yaml that lie in the machine: a disk of its own, and a folder of the hypervisor.</summary>
public class DrivesTests
{
    [Fact]
    public void A_scsi_disk_is_claimed_beside_drives_without_a_medium_and_mounts_of_a_disk_and_of_virtiofs_come_up()
    {
        using var disks = new DiskFiles();
        string mine = disks.Empty("mine", 64);
        Programs.Run(TimeSpan.FromMinutes(1), "mke2fs", "-q", "-t", "ext4", mine).Expect();
        using var server = new VirtioFsDaemon();
        server.Start();
        using var machine = Machine.Start(new MachineOptions
        {
            Name = "drives", Iso = Artifacts.Iso, Disks = [new MachineDisk(disks.Empty("disk"), DiskBus.Scsi, "SCSI1"), new MachineDisk(mine)],
            // A CD drive and a reader of memory cards, both empty.
            Qemu = ["-device", "scsi-cd,bus=scsi.0", "-drive", "if=none,id=card", "-device", "scsi-hd,bus=scsi.0,drive=card,removable=on,serial=CARD1", .. server.Qemu(256)],
        });
        machine.WaitForSsh();
        var storage = machine.Storage();
        Assert.Equal(("ready", true), (storage.State, storage.Claimed));
        var found = machine.Disks();
        string claimed = Assert.Single(storage.Disks);
        Assert.Equal("SCSI1", found[claimed].GetProperty("serial").GetString());
        var card = found.Single(disk => disk.Key.StartsWith("sd", StringComparison.Ordinal) && disk.Key != claimed).Value;
        Assert.Equal(("unusable", "no medium in it"), (card.GetProperty("state").GetString(), card.GetProperty("reason").GetString()));
        Assert.DoesNotContain(found.Keys, name => name.StartsWith("sr", StringComparison.Ordinal));

        machine.SshOutput("cat >/etc/dora/storage.yaml.new && mv /etc/dora/storage.yaml.new /etc/dora/storage.yaml", input: """
            mounts:
              - name: mine
                device: /dev/vda
                file-system: ext4
                at: /data/mine
              - name: host
                place: virtiofs:data
                at: /mnt/host

            """);
        var soon = TimeSpan.FromSeconds(30);
        machine.WaitForService("mount@mine", "running", service => service.State == "running", soon);
        machine.WaitForService("mount@host", "running", service => service.State == "running", soon);
        machine.SshOutput("echo one >/data/mine/file && echo two >/mnt/host/file && grep -q '^/dev/vda /data/mine ext4' /proc/mounts");
        Assert.Equal("two\n", File.ReadAllText(Path.Combine(server.Files, "file")));
        // What is mounted is in use, whatever it was before.
        Assert.StartsWith("in use: mounted on /data/mine (ext4 file system", machine.Disks()["vda"].GetProperty("reason").GetString());

        machine.SshOutput("dora service stop mount@mine mount@host");
        Assert.Equal("0", machine.SshOutput("grep -c -E ' (/data/mine|/mnt/host) ' /proc/mounts; true"));
        machine.PowerOff();
        Programs.Run(TimeSpan.FromMinutes(1), "e2fsck", "-fn", mine).Expect();
    }
}
