using Dora.Boot.Tests.Harness;

namespace Dora.Boot.Tests;

/// <summary>Issue 2: "UEFI (OVMF) and BIOS both boot the same ISO." All other tests boot it by BIOS.</summary>
public class FirmwareTests
{
    [Fact]
    public void Uefi_boots_the_same_iso_to_ssh()
    {
        using var machine = Machine.Start(new MachineOptions { Name = "uefi", Iso = Artifacts.Iso, Firmware = Firmware.Uefi });
        machine.WaitForSsh(Machine.BootLimit + TimeSpan.FromSeconds(60));
        Assert.Equal("yes", machine.SshOutput("[ -d /sys/firmware/efi ] && echo yes || echo no"));
        Assert.Equal("listening", machine.Services()["sshd"].State);

        // The screen is the firmware's framebuffer there, with the kernel's console on it: what is written can be seen.
        var (before, all) = machine.ScreenPoints();
        Assert.InRange(all, 640 * 480, 4096 * 4096);
        Assert.InRange(before, 200, all / 4); // the kernel's words, a login's
        machine.SshOutput(@"for i in 1 2 3 4 5 6 7 8 9 10; do printf '\nMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMM'; done >/dev/tty0");
        Assert.InRange(machine.ScreenPoints().Lit - before, 500 * 20, 500 * 128); // 500 letters of 8 x 16 points
    }

    // Written to a stick or a disk the same bytes boot too: isohybrid.
    [Fact]
    public void The_same_bytes_boot_from_a_disk()
    {
        using var machine = Machine.Start(new MachineOptions
        {
            Name = "bios-disk", Iso = null,
            Qemu = ["-drive", $"if=none,id=stick,format=raw,readonly=on,file={Artifacts.Iso}", "-device", "virtio-blk-pci,drive=stick,bootindex=0"],
        });
        machine.WaitForSsh();
        Assert.Equal("no", machine.SshOutput("[ -d /sys/firmware/efi ] && echo yes || echo no"));
    }
}
