using System.Text.RegularExpressions;
using Dora.Boot.Tests.Harness;

namespace Dora.Boot.Tests;

/// <summary>
/// Issue 7: each artefact that image/mkimage makes boots to ssh and `dora boot`, and what it takes from power-on is printed. The ISO's
/// own ways (BIOS, UEFI, as a disk) are in <see cref="FirmwareTests"/> and everywhere else.
/// </summary>
public class ArtefactTests
{
    static readonly TimeSpan s_limit = Machine.BootLimit + TimeSpan.FromSeconds(120);

    [Theory]
    [InlineData(Firmware.Bios)]
    [InlineData(Firmware.Uefi)]
    public void A_raw_disk_boots_and_is_not_claimed(Firmware firmware)
    {
        using var machine = Start($"raw-{firmware}", firmware, Disk(Artifacts.Raw, "raw"));
        Boots(machine, "raw", @"/dev/vda1 \(vfat, label PANDORA\), /pandora/rootfs\.squashfs");
        Assert.Matches("(?m)^vda +.*(in use|boot medium|held|mounted)", machine.SshOutput("dora disk list"));
    }

    [Fact]
    public void A_qcow2_disk_boots()
    {
        using var machine = Start("qcow2", Firmware.Bios, Disk(Artifacts.Qcow2, "qcow2"));
        Boots(machine, "qcow2", "/dev/vda1");
    }

    // As a file on a stick, with nothing else on it: QEMU makes the FAT file system of a folder.
    [Fact]
    public void One_efi_file_boots_with_all_inside()
    {
        using var stick = new ScratchFolder();
        File.Copy(Artifacts.Uki, Path.Combine(Directory.CreateDirectory(Path.Combine(stick.Path, "EFI/BOOT")).FullName, "BOOTX64.EFI"));
        using var machine = Start("uki", Firmware.Uefi, ["-drive", $"if=none,id=medium,format=raw,snapshot=on,file=fat:{stick.Path}", "-device", "virtio-blk-pci,drive=medium,bootindex=0"]);
        Boots(machine, "uki", "/pandora/rootfs.squashfs in the initramfs");
    }

    [Fact]
    public void A_boot_server_is_enough_for_bios()
    {
        using var machine = Machine.Start(new MachineOptions { Name = "pxe", Iso = null, BootFile = Artifacts.Pxe });
        machine.WaitForSsh(s_limit);
        Boots(machine, "pxe", "/pandora/rootfs.squashfs in the initramfs");
    }

    [Fact]
    public void A_boot_server_is_enough_for_uefi()
    {
        using var machine = Machine.Start(new MachineOptions
        {
            Name = "pxe-uefi", Iso = null, BootFile = Artifacts.Uki, Firmware = Firmware.Uefi, MemoryMb = 384, Qemu = ["-device", "virtio-rng-pci"],
        });
        machine.WaitForSsh(s_limit + TimeSpan.FromSeconds(120));
        Boots(machine, "pxe_uefi", "/pandora/rootfs.squashfs in the initramfs");
    }

    // The kernel starts /init whatever came of the initramfs; the number that init names is one that is enough.
    [Fact]
    public void Too_little_ram_for_a_root_in_the_initramfs_is_refused_with_what_it_takes()
    {
        int needed;
        using (var machine = Machine.Start(new MachineOptions { Name = "pxe-little", Iso = null, BootFile = Artifacts.Pxe, MemoryMb = 160 }))
        {
            var told = machine.WaitForLine(@"rootfs\.squashfs in the initramfs is not whole: the machine has too little RAM to unpack it; it takes (\d+) MiB", s_limit);
            needed = int.Parse(told.Groups[1].Value);
            Assert.InRange(needed, 161, 250);
        }
        using (var machine = Machine.Start(new MachineOptions { Name = "pxe-enough", Iso = null, BootFile = Artifacts.Pxe, MemoryMb = needed }))
            machine.WaitForSsh(s_limit);
    }

    // The same label, another build: found first, and passed over.
    [Fact]
    public void A_medium_of_another_build_is_not_taken_for_the_right_one()
    {
        using var machine = Start("two-builds", Firmware.Bios,
            ["-drive", $"if=none,id=other,format=raw,readonly=on,file={Artifacts.TestIso}", "-device", "virtio-blk-pci,drive=other",
                "-drive", $"if=none,id=cd,media=cdrom,readonly=on,format=raw,file={Artifacts.Iso}", "-device", "ide-cd,drive=cd,bootindex=0"]);
        Assert.Matches(@"boot medium found .*/dev/sr0 \(iso9660", machine.SshOutput("dora boot"));
        string build = Regex.Match(Artifacts.CommandLine, "pandora.build=([0-9a-f]+)").Groups[1].Value;
        Assert.Equal(build, machine.SshOutput("cat /run/dora/medium/pandora/build"));
        // /dev/sr0 comes before /dev/vda: without the right one, the other is refused with the reason.
        using var alone = Machine.Start(new MachineOptions { Name = "wrong-build", Iso = Artifacts.TestIso, CommandLine = $"{Artifacts.CommandLine} pandora.root_timeout=3" });
        alone.WaitForLine($"/dev/sr0: iso9660, label PANDORA, but it is of build [0-9a-f]+, and {build} is wanted", s_limit);
    }

    static List<string> Disk(string file, string format) =>
        ["-drive", $"if=none,id=medium,format={format},snapshot=on,file={file}", "-device", "virtio-blk-pci,drive=medium,bootindex=0"];

    static Machine Start(string name, Firmware firmware, List<string> qemu)
    {
        var machine = Machine.Start(new MachineOptions { Name = name, Iso = null, Firmware = firmware, Qemu = qemu });
        machine.WaitForSsh(s_limit);
        return machine;
    }

    static void Boots(Machine machine, string artefact, string medium)
    {
        Assert.Matches($"boot medium found .*{medium}", machine.SshOutput("dora boot"));
        Assert.Equal("listening", machine.Services()["sshd"].State);
        Figures.Record($"handover_to_ssh_{artefact}_ms", FiguresTests.HandoverToSsh(machine));
    }
}
