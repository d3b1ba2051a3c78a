using Dora.Boot.Tests.Harness;

namespace Dora.Boot.Tests.Storage;

/// <summary>What is written outlives the boot, wherever the disk is plugged in next.</summary>
public class PersistenceTests
{
    [Fact]
    public void An_empty_disk_is_claimed_and_keeps_everything_also_on_another_bus()
    {
        using var disks = new DiskFiles();
        string disk = disks.Empty("disk"), key, uuid;
        using (var first = Start("claim", new MachineDisk(disk)))
        {
            var storage = first.Storage();
            Assert.Equal(("ready", true), (storage.State, storage.Claimed));
            Assert.Contains("btrfs on vda", storage.Reason);
            uuid = storage.Uuid!;
            first.SshOutput("echo 'command: [/bin/sleep, \"100000\"]' >/etc/dora/services/mine.yaml; echo kept >/root/file; mkdir /home/me /var/lib/mine; echo kept >/var/lib/mine/file; echo box >/etc/hostname; rm /etc/shells");
            key = first.SshOutput("cat /etc/ssh/ssh_host_ed25519_key.pub");
            first.PowerOff();
        }
        Programs.Run(TimeSpan.FromMinutes(2), "btrfs", "check", disks.Partition("disk")).Expect();

        using (var second = Start("claimed-before", new MachineDisk(disk)))
        {
            AssertKept(second);
            second.PowerOff();
        }
        // Another controller, another name, another disk before it, and USB.
        string other = disks.Empty("other", 300);
        using (var moved = Start("moved-to-ata", new MachineDisk(other), new MachineDisk(disk, DiskBus.Ata, "QM77")))
        {
            AssertKept(moved);
            Assert.Equal(["sda"], moved.Storage().Disks);
            Assert.Equal("empty", moved.Disks()["vda"].GetProperty("state").GetString());
            moved.PowerOff();
        }
        using (var nvme = Start("moved-to-nvme", new MachineDisk(disk, DiskBus.Nvme, "NV77")))
        {
            AssertKept(nvme);
            Assert.Equal(["nvme0n1"], nvme.Storage().Disks);
        }

        void AssertKept(Machine machine)
        {
            var storage = machine.Storage();
            Assert.Equal(("ready", false, uuid), (storage.State, storage.Claimed, storage.Uuid));
            Assert.Equal("kept\nkept\nbox", machine.SshOutput("cat /root/file /var/lib/mine/file; hostname"));
            Assert.Equal(key, machine.SshOutput("cat /etc/ssh/ssh_host_ed25519_key.pub"));
            machine.SshOutput("test -d /home/me && test ! -e /etc/shells");
            machine.WaitForService("mine", "running", line => line.State == "running", TimeSpan.FromSeconds(20));
        }
    }

    [Fact]
    public void Ext4_and_the_switches_of_the_command_line_do_as_they_say()
    {
        using var disks = new DiskFiles();
        string disk = disks.Empty("disk");
        string empty = disks.Hash("disk");
        using (var never = Start("claim-never", "pandora.claim=never", new MachineDisk(disk)))
        {
            Assert.Equal("memory", never.Storage().State);
            Assert.Equal("pandora.claim=never", never.Storage().Reason);
        }
        Assert.Equal(empty, disks.Hash("disk"));

        using (var claim = Start("claim-ext4", "pandora.claim=disk0 pandora.storage_fs=ext4", new MachineDisk(disk)))
        {
            Assert.Contains("ext4 on vda", claim.Storage().Reason);
            claim.SshOutput("echo kept >/root/file; dd if=/dev/urandom of=/data/deleted bs=1M count=64 2>/dev/null; sync");
            long before = disks.Allocated("disk");
            // Given back, for whoever keeps the disk's file.
            claim.SshOutput("rm /data/deleted; sync; echo x >/root/more; sync");
            // Behind the commit, which sync waits for; a file is two extents, and each is a hole in the file here.
            var limit = DateTime.UtcNow + TimeSpan.FromSeconds(30);
            while (before - disks.Allocated("disk") < 60L << 20 && DateTime.UtcNow < limit) Thread.Sleep(100);
            Assert.InRange(before - disks.Allocated("disk"), 60L << 20, 70L << 20);
            claim.PowerOff();
        }
        Programs.Run(TimeSpan.FromMinutes(2), "e2fsck", "-fn", disks.Partition("disk")).Expect();
        string claimed = disks.Hash("disk");

        using (var off = Start("storage-none", "pandora.storage=none", new MachineDisk(disk)))
        {
            Assert.Equal("off", off.Storage().State);
            Assert.Equal("", off.SshOutput("cat /root/file 2>/dev/null || true"));
            off.PowerOff();
        }
        Assert.Equal(claimed, disks.Hash("disk"));

        // Twice as large now, and in another machine: both are written down, each beside the other.
        disks.Grow("disk", 2048);
        foreach (string what in (string[])["grown", "grown-before"])
        {
            using var grown = Start(what, "", ["-uuid", "7b1e5a2c-6d43-4a55-9a3c-1f7d7e2f9b01"], new MachineDisk(disk));
            Assert.Equal("kept", grown.SshOutput("cat /root/file"));
            Assert.Equal(what == "grown", grown.Storage().Reason.Contains("grown to 2.0 GiB"));
            Assert.InRange(long.Parse(grown.SshOutput("stat -f -c '%S %b' /data | { read s b; echo $((s * b)); }")), 1_800_000_000, 2L << 30);
            grown.PowerOff();
        }
        Programs.Run(TimeSpan.FromMinutes(2), "e2fsck", "-fn", disks.Partition("disk")).Expect();
        Assert.Contains("No problems found", Programs.Run(TimeSpan.FromMinutes(1), "sgdisk", "-v", disk).Expect());
    }

    internal static Machine Start(string name, params MachineDisk[] disks) => Start(name, null, disks);

    internal static Machine Start(string name, string? commandLine, params MachineDisk[] disks) => Start(name, commandLine, [], disks);

    internal static Machine Start(string name, string? commandLine, IReadOnlyList<string> qemu, params MachineDisk[] disks)
    {
        var machine = Machine.Start(new MachineOptions
        {
            Name = name, Iso = Artifacts.Iso, Disks = disks, Qemu = qemu, CommandLine = commandLine is null ? null : $"{Artifacts.CommandLine} {commandLine}",
        });
        try
        {
            machine.WaitForSsh();
            return machine;
        }
        catch
        {
            machine.Dispose();
            throw;
        }
    }
}
