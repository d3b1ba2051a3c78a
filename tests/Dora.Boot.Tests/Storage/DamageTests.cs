using Dora.Boot.Tests.Harness;

namespace Dora.Boot.Tests.Storage;

/// <summary>A storage that is full, damaged or copied: the machine boots, says what it is, and makes nothing worse.</summary>
public class DamageTests
{
    [Fact]
    public void A_full_storage_is_used_and_can_be_emptied_again()
    {
        using var disks = new DiskFiles();
        string disk = disks.Empty("disk", 512);
        using (var first = PersistenceTests.Start("fill", new MachineDisk(disk)))
        {
            Assert.Equal("ready", first.Storage().State);
            first.SshOutput("echo kept >/root/file; sync; dd if=/dev/urandom of=/var/large bs=64k 2>/dev/null; i=0; while echo x >/var/small-$i; do i=$((i + 1)); [ $i -lt 2000 ] || break; done 2>/dev/null; sync", TimeSpan.FromMinutes(2));
            first.PowerOff();
        }
        using var full = PersistenceTests.Start("full", new MachineDisk(disk));
        Assert.Equal("ready", full.Storage().State);
        Assert.Equal("kept", full.SshOutput("cat /root/file"));
        Assert.Equal("listening", full.Services()["sshd"].State);
        full.SshOutput("rm /var/large /var/small-*; sync; echo again >/root/file; sync");
        Assert.Equal("again", full.SshOutput("cat /root/file"));
        full.PowerOff();
    }

    [Fact]
    public void A_damaged_storage_and_a_copy_of_one_are_told_of_and_left_as_they_are()
    {
        using var disks = new DiskFiles();
        string disk = disks.Empty("disk"), other = disks.Empty("other");
        using (var first = PersistenceTests.Start("to-be-damaged", new MachineDisk(disk)))
        {
            Assert.Equal("ready", first.Storage().State);
            first.PowerOff();
        }
        // Beside its copy neither is used, and no third one is claimed.
        File.Copy(disk, disks["copy"]);
        string whole = disks.Hash("disk"), empty = disks.Hash("other");
        using (var copied = PersistenceTests.Start("copied", new MachineDisk(disk), new MachineDisk(disks["copy"]), new MachineDisk(other)))
        {
            var storage = copied.Storage();
            Assert.Equal("failed", storage.State);
            Assert.Contains("one is a copy of the other", storage.Reason);
            copied.PowerOff();
        }
        Assert.Equal((whole, whole, empty), (disks.Hash("disk"), disks.Hash("copy"), disks.Hash("other")));

        // One bit of the superblock, at 512 KiB.
        using (var file = File.OpenWrite(disk))
        {
            file.Position = (512 << 10) + 200;
            file.WriteByte(0x42);
        }
        string damaged = disks.Hash("disk");
        using (var machine = PersistenceTests.Start("damaged", new MachineDisk(disk), new MachineDisk(other)))
        {
            var storage = machine.Storage();
            Assert.Equal("failed", storage.State);
            Assert.Contains("vda (serial disk0, 1.0 GiB)", storage.Reason);
            Assert.Contains("superblock is damaged", storage.Reason);
            Assert.Equal("unsure", machine.Disks()["vda"].GetProperty("state").GetString());
            machine.PowerOff();
        }
        Assert.Equal((damaged, empty), (disks.Hash("disk"), disks.Hash("other")));
    }
}
