using Dora.Boot.Tests.Harness;

namespace Dora.Boot.Tests.Storage;

/// <summary>What only the image with the generic kernel can be tried with: SATA by AHCI, USB, 9p. `tests/soak generic`.</summary>
[Trait("Image", "generic")]
public class GenericTests
{
    static readonly TimeSpan s_soon = TimeSpan.FromSeconds(30);

    static Machine Start(string name, params MachineDisk[] disks) => Start(new MachineOptions { Name = name, Iso = GenericImage.Iso, IsGeneric = true, Disks = disks });

    static Machine Start(MachineOptions options)
    {
        var machine = Machine.Start(options);
        try
        {
            machine.WaitForSsh(Machine.BootLimit + TimeSpan.FromSeconds(60));
            return machine;
        }
        catch
        {
            machine.Dispose();
            throw;
        }
    }

    static string Disk(Machine machine, string name, string property) => machine.Disks()[name].GetProperty(property).GetString()!;

    static void WaitFor(Func<bool> isSo, Func<string> what)
    {
        var end = DateTime.UtcNow + s_soon;
        while (!isSo())
        {
            Assert.True(DateTime.UtcNow < end, $"not within {s_soon.TotalSeconds} s: {what()}");
            Thread.Sleep(500);
        }
    }

    [Fact]
    public void A_claimed_disk_moves_to_sata_and_usb_and_is_pulled_there()
    {
        using var disks = new DiskFiles();
        string disk = disks.Empty("disk"), empty = disks.Empty("empty"), uuid, untouched = disks.Hash("empty");
        using (var first = Start("generic-claim", new MachineDisk(disk)))
        {
            var storage = first.Storage();
            Assert.Equal(("ready", true), (storage.State, storage.Claimed));
            uuid = storage.Uuid!;
            first.SshOutput("echo kept >/root/file");
            first.PowerOff();
        }
        using (var sata = Start("generic-sata", new MachineDisk(disk, DiskBus.Ata, "QM77")))
        {
            AssertKept(sata);
            Assert.Equal(["sda"], sata.Storage().Disks);
            Assert.Equal("ata", Disk(sata, "sda", "transport"));
            Assert.Equal("yes", sata.SshOutput("[ -e /sys/bus/pci/drivers/ahci/0000:00:1f.2 ] && echo yes || echo no"));
            sata.PowerOff();
        }
        // One that says it is removable and one that does not; both can be pulled out, and neither is claimed by itself.
        using (var usb = Start("generic-usb", new MachineDisk(empty, DiskBus.Usb, "EMPTY1", "removable=on"), new MachineDisk(disk, DiskBus.Usb, "STICK1")))
        {
            AssertKept(usb);
            string name = Assert.Single(usb.Storage().Disks);
            Assert.Equal("usb", Disk(usb, name, "transport"));
            Assert.Equal("STICK1", Disk(usb, name, "serial"));
            string other = name == "sda" ? "sdb" : "sda";
            Assert.Equal("empty, but removable: claimed only when asked for", Disk(usb, other, "reason"));

            usb.PullDisk(1);
            WaitFor(() => usb.Storage().State == "failed", () => usb.Storage().ToString());
            Assert.Contains("STICK1", usb.Storage().Reason);
            WaitFor(() => usb.SshOutput("dora events").Contains($"storage: ready -> failed: {name}", StringComparison.Ordinal), () => usb.SshOutput("dora events"));
            Assert.Equal("hello", usb.OpenSession().Run("echo hello", TimeSpan.FromSeconds(60)).Output.Trim());
            usb.PowerOff();
        }
        Assert.Equal(untouched, disks.Hash("empty"));
        Programs.Run(TimeSpan.FromMinutes(2), "btrfs", "check", disks.Partition("disk")).Expect();

        // Alone, empty and not removable by its own word: still not claimed.
        using var alone = Start("generic-usb-empty", new MachineDisk(empty, DiskBus.Usb, "EMPTY1", "removable=off"));
        Assert.Equal(("memory", "no disk is empty"), (alone.Storage().State, alone.Storage().Reason));
        Assert.Equal("empty, but removable: claimed only when asked for", Disk(alone, "sda", "reason"));
        Assert.Equal(untouched, disks.Hash("empty"));

        void AssertKept(Machine machine)
        {
            var storage = machine.Storage();
            Assert.Equal(("ready", false, uuid), (storage.State, storage.Claimed, storage.Uuid));
            Assert.Equal("kept", machine.SshOutput("cat /root/file"));
        }
    }

    [Fact]
    public void A_stick_boots_and_is_not_touched_and_another_is_claimed_when_asked_for_and_waited_for()
    {
        using var disks = new DiskFiles();
        string stick = disks["stick"];
        File.Copy(GenericImage.Iso, stick);
        string before = disks.Hash("stick"), data = disks.Empty("data");
        var boot = new MachineDisk(stick, DiskBus.Usb, "BOOT1", "removable=on,bootindex=0");
        using (var machine = Start(new MachineOptions { Name = "generic-stick", Iso = null, IsGeneric = true, Disks = [boot] }))
        {
            Assert.Equal("memory", machine.Storage().State);
            Assert.Contains("in use: ", Disk(machine, "sda", "reason"));
            Assert.Matches("(?s)in use: .*exit 1$", machine.SshOutput("dora disk claim sda --yes 2>&1; echo exit $?"));

            machine.PlugDisk(1, new MachineDisk(data, DiskBus.Usb, "DATA1"));
            WaitFor(() => machine.SshOutput("dora events --json").Contains("\"kind\":\"disk.appeared\"", StringComparison.Ordinal), () => machine.SshOutput("dora events --json"));
            WaitFor(() => machine.Disks().ContainsKey("sdb"), () => machine.SshOutput("dora disk list"));
            Assert.Equal("empty, but removable: claimed only when asked for", Disk(machine, "sdb", "reason"));
            Assert.Matches(@"(?m)^  sdb: dora disk claim sdb$", machine.SshOutput("dora disk list"));
            Assert.Contains("exit 0", machine.SshOutput("dora disk claim sdb --yes 2>&1; echo exit $?", TimeSpan.FromMinutes(2)));
            machine.PowerOff();
        }
        // The same bytes by UEFI.
        using (var again = Start(new MachineOptions { Name = "generic-stick-again", Iso = null, IsGeneric = true, Firmware = Firmware.Uefi, Disks = [boot, new MachineDisk(data, DiskBus.Usb, "DATA1")] }))
        {
            var storage = again.Storage();
            Assert.Equal("ready", storage.State);
            Assert.Equal("DATA1", Disk(again, Assert.Single(storage.Disks), "serial"));
            Assert.Equal("yes", again.SshOutput("[ -d /sys/firmware/efi ] && echo yes || echo no"));
            again.PowerOff();
        }
        Assert.Equal(before, disks.Hash("stick"));
    }

    [Fact]
    public void A_folder_of_the_hypervisor_by_9p_is_the_storage_or_a_mount()
    {
        string folder = Directory.CreateTempSubdirectory("pandora-9p-").FullName;
        try
        {
            string data = Directory.CreateDirectory(Path.Combine(folder, "data")).FullName, more = Directory.CreateDirectory(Path.Combine(folder, "more")).FullName;
            string[] qemu = ["-virtfs", $"local,path={data},mount_tag=data,security_model=mapped-xattr,id=data", "-virtfs", $"local,path={more},mount_tag=more,security_model=mapped-xattr,id=more"];
            foreach (string what in (string[])["generic-9p", "generic-9p-again"])
            {
                using var machine = Start(new MachineOptions
                {
                    Name = what, Iso = GenericImage.Iso, IsGeneric = true, Qemu = qemu, CommandLine = $"{GenericImage.CommandLine} pandora.storage=9p:data",
                });
                Assert.Equal("ready", machine.Storage().State);
                if (what == "generic-9p-again")
                {
                    Assert.Equal("kept\nkept\nkept", machine.SshOutput("cat /data/file /root/file /etc/file"));
                    machine.SshOutput("cmp /etc/ssh/ssh_host_ed25519_key.pub /data/host-key");
                    machine.WaitForService("mount@more", "running", service => service.State == "running", s_soon);
                    Assert.Equal("more", machine.SshOutput("cat /srv/more/file"));
                }
                else
                {
                    machine.SshOutput("echo kept >/data/file; echo kept >/root/file; echo kept >/etc/file; cat /etc/ssh/ssh_host_ed25519_key.pub >/data/host-key");
                    machine.SshOutput("printf 'mounts:\\n  - name: more\\n    place: 9p:more\\n    at: /srv/more\\n' >/etc/dora/new && mv /etc/dora/new /etc/dora/storage.yaml");
                    machine.WaitForService("mount@more", "running", service => service.State == "running", s_soon);
                    machine.SshOutput("echo more >/srv/more/file");
                    Assert.Equal("more\n", File.ReadAllText(Path.Combine(more, "file")));
                }
                machine.PowerOff();
            }
            Assert.Equal("kept\n", File.ReadAllText(Path.Combine(data, "file")));

            using var none = Start(new MachineOptions
            {
                Name = "generic-9p-none", Iso = GenericImage.Iso, IsGeneric = true, CommandLine = $"{GenericImage.CommandLine} pandora.storage=9p:nothing pandora.storage_timeout=6",
            });
            Assert.Equal("failed", none.Storage().State);
            Assert.Contains("9p:nothing: mount 9p: no such file or directory (ENOENT): the hypervisor has no file system with this tag", none.Storage().Reason);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
