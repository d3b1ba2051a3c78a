using System.Text;
using System.Text.Json;
using Dora.Boot.Tests.Fixtures;
using Dora.Boot.Tests.Harness;

namespace Dora.Boot.Tests;

/// <summary>
/// Issue 7: "`chroot` (apk, debootstrap), `vm` (qemu, firmware); the ISO is made with the layers one names (default base+chroot; `full` has
/// all)". What is in them does its work in the machine that they are stacked in. How stacking itself works: <see cref="LayerTests"/>.
/// </summary>
public class NamedLayerTests
{
    static readonly TimeSpan s_limit = TimeSpan.FromMinutes(6);

    // The ISO as it is by default. The first stage: packages are fetched, checked and unpacked.
    [Fact]
    public void The_layer_chroot_makes_a_chroot_of_an_archive_whose_signature_it_checks()
    {
        using var archive = new PackageArchive(PackageArchive.Smallest, required: "hello");
        using var disks = new Storage.DiskFiles();
        using var machine = Start("layer-chroot", archive, disks);

        // debian-archive-keyring does not know who has signed this one.
        string arguments = $"--foreign --variant=minbase {PackageArchive.Suite} /data/chroots/one {archive.Url}";
        var refused = machine.Ssh($"debootstrap {arguments}", s_limit);
        Assert.NotEqual(0, refused.ExitCode);
        Assert.Contains("Release signed by unknown key", refused.Output + refused.Errors);

        Bootstrap(machine, $"--keyring=/tmp/key.gpg {arguments}");
        Assert.Equal("Hello, world!", machine.SshOutput("LC_ALL=C chroot /data/chroots/one hello"));
        // Device nodes, though /data has none for others; and chroot runs what is in the chroot, not applets of busybox.
        Assert.Equal("character special file", machine.SshOutput("stat -c %F /data/chroots/one/dev/null"));
        Assert.Contains("nodev", machine.SshOutput("grep ' /data ' /proc/mounts"));
        Assert.Contains("failed to run command 'ls'", machine.Ssh("LC_ALL=C chroot /data/chroots/one ls 2>&1").Output);
    }

    // Both stages: each package is installed and configured in the chroot. Minutes of emulation: tests/soak chroot.
    [Fact]
    [Trait("Only", "soak")]
    public void The_layer_chroot_installs_packages()
    {
        using var archive = new PackageArchive(PackageArchive.Installing);
        using var disks = new Storage.DiskFiles();
        using var machine = Start("layer-chroot-installs", archive, disks);
        string made = Bootstrap(machine, $"--keyring=/tmp/key.gpg --variant=minbase {PackageArchive.Suite} /data/chroots/one {archive.Url}");
        Assert.Contains("Base system installed successfully", made);
        Assert.Equal("install ok installed", machine.SshOutput("LC_ALL=C chroot /data/chroots/one dpkg-query -W -f '${Status}' dpkg"));
        // What it has mounted for itself is gone.
        Assert.Equal("0", machine.SshOutput("grep -c chroots /proc/mounts || true"));
    }

    static Machine Start(string name, PackageArchive archive, Storage.DiskFiles disks)
    {
        archive.Start();
        var machine = Machine.Start(new MachineOptions { Name = name, Iso = Artifacts.Iso, ReachesHost = true, MemoryMb = 384, Disks = [disks.Empty("disk")] });
        machine.WaitForSsh();
        Assert.Matches(@"root mounted .*squashfs, \d+ KiB \+ chroot, \d+ KiB", machine.SshOutput("dora boot"));
        Assert.Equal("ready", machine.Storage().State);
        machine.SshOutput("base64 -d >/tmp/key.gpg", input: Convert.ToBase64String(File.ReadAllBytes(archive.Key)) + "\n");
        return machine;
    }

    static string Bootstrap(Machine machine, string arguments)
    {
        var made = machine.Ssh($"rm -rf /data/chroots/one; LANG=xx_XX debootstrap {arguments}; code=$?; [ $code = 0 ] || tail /data/chroots/one/debootstrap/debootstrap.log; exit $code", TimeSpan.FromMinutes(20));
        Assert.True(made.ExitCode == 0, made.Output + made.Errors);
        Assert.Contains("Valid Release signature", made.Output);
        Assert.DoesNotContain("locale", made.Output + made.Errors);
        return made.Output;
    }

    [Fact]
    public void The_layer_vm_starts_a_machine_from_its_firmware()
    {
        using var folder = new ScratchFolder();
        string layers = Path.Combine(folder.Path, "layers");
        Programs.Run(s_limit, Path.Combine(Artifacts.Repository, "image/mklayer"), "--to", layers, "vm").Expect();
        File.Copy(Path.Combine(Artifacts.Out, "layers/chroot.squashfs"), Path.Combine(layers, "chroot.squashfs"));
        string iso = LayerTests.Iso(folder);
        Figures.Record("layer_vm_bytes", new FileInfo(Path.Combine(layers, "vm.squashfs")).Length);
        Figures.Record("iso_full_bytes", new FileInfo(iso).Length);
        using (var sbom = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(layers, "vm.squashfs.cdx.json"))))
        {
            var names = sbom.RootElement.GetProperty("components").EnumerateArray().Select(component => component.GetProperty("name").GetString()!).ToList();
            foreach (string name in (string[])["qemu-system-x86", "seabios", "ovmf", "libglib2.0-0"]) Assert.Contains(name, names);
            // What the base has is not in it again.
            Assert.DoesNotContain("libc6", names);
        }

        using var machine = Machine.Start(new MachineOptions { Name = "layer-vm", Iso = iso, MemoryMb = 512 });
        machine.WaitForSsh();
        Assert.Contains("QEMU emulator version", machine.SshOutput("qemu-system-x86_64 --version"));
        Assert.Contains("virtiofsd version", machine.SshOutput("/usr/lib/qemu/virtiofsd --version"));
        Assert.Contains("virtual size: 1 GiB", machine.SshOutput("qemu-img create -q -f qcow2 /tmp/disk.qcow2 1G && qemu-img info /tmp/disk.qcow2"));
        // SeaBIOS reads the first sector of its disk and starts it.
        machine.SshOutput("base64 -d >/tmp/boot.img", input: Convert.ToBase64String(BootSector("a machine in a machine")) + "\n");
        var run = machine.Ssh("timeout 100 qemu-system-x86_64 -accel tcg -m 16 -nodefaults -display none -vga std -serial stdio -device e1000 "
            + "-device isa-debug-exit,iobase=0x501,iosize=1 -drive file=/tmp/boot.img,format=raw,if=ide </dev/null", s_limit);
        Assert.Contains("a machine in a machine", run.Output);
        Assert.True(run.ExitCode == 85, run.Output + run.Errors); // isa-debug-exit: twice what is written, and one
    }

    [Fact]
    public void The_base_alone_has_nothing_of_the_layers()
    {
        string files = Programs.Run(s_limit, "unsquashfs", "-l", Artifacts.Root).Expect();
        Assert.Contains("/usr/sbin/nft\n", files);
        foreach (string name in (string[])["debootstrap", "perl", "gpgv", "qemu-img", "qemu-system-x86_64", "OVMF_CODE_4M.fd"])
            Assert.DoesNotContain($"/{name}\n", files);
    }

    // A root in the initramfs stays in RAM, and so do layers: only those come along that somebody has named.
    [Fact]
    public void A_root_in_the_initramfs_has_the_layers_that_were_named_and_no_others()
    {
        Assert.Equal("pandora/rootfs.squashfs", InArchive(Path.Combine(Path.GetDirectoryName(Artifacts.Pxe)!, "root.img")));
        using var folder = new ScratchFolder();
        var made = Programs.Run(s_limit, "sh", "-ec", """
            for part in vmlinuz initramfs.img rootfs.squashfs layers build cmdline cmdline-embedded; do ln -s "$0/$part" "$1/$part"; done
            echo chroot >"$1/layers-embedded"
            "$2/image/pack/pxe" "$1"
            """, Artifacts.Out, folder.Path, Artifacts.Repository).Expect();
        Assert.Equal("pandora/layers/chroot.squashfs\npandora/rootfs.squashfs", InArchive(Path.Combine(made.Trim(), "root.img")));
    }

    static string InArchive(string file) => Programs.Run(s_limit, "sh", "-ec", "cpio -t --quiet <\"$0\" | grep squashfs", file).Expect().Trim();

    /// <summary>Writes <paramref name="text"/> to the first serial line and ends QEMU through its device for that.</summary>
    static byte[] BootSector(string text)
    {
        byte[] code =
        [
            0x31, 0xC0, 0x8E, 0xD8,       // xor ax, ax; mov ds, ax
            0xBE, 0x19, 0x7C,             // mov si, 7C00h + the length of this code
            0xAC, 0x84, 0xC0, 0x74, 0x06, // next: lodsb; test al, al; jz done
            0xBA, 0xF8, 0x03, 0xEE,       // mov dx, 3F8h; out dx, al
            0xEB, 0xF5,                   // jmp next
            0xBA, 0x01, 0x05,             // done: mov dx, 501h
            0xB0, 0x2A, 0xEE, 0xF4,       // mov al, 42; out dx, al; hlt
        ];
        var sector = new byte[512];
        code.CopyTo(sector, 0);
        Encoding.ASCII.GetBytes(text).CopyTo(sector, code.Length);
        sector[510] = 0x55;
        sector[511] = 0xAA;
        return sector;
    }
}
