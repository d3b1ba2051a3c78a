namespace Dora.Boot.Tests.Harness;

public enum Firmware
{
    Bios,
    Uefi,
}

/// <summary>The machine to build. What is not said is what most machines have.</summary>
public sealed record MachineOptions
{
    /// <summary>Names the machine in messages and files.</summary>
    public required string Name { get; init; }

    public int MemoryMb { get; init; } = 256;

    /// <summary>The medium in the CD drive; null leaves the drive out.</summary>
    public required string? Iso { get; init; }

    /// <summary>
    /// The whole kernel command line: boots the kernel and the initramfs of <see cref="Iso"/>'s build directly, so that any
    /// line can be tried. Null: the boot loader of the medium does it.
    /// </summary>
    public string? CommandLine { get; init; }

    /// <summary>With <see cref="CommandLine"/>: another initramfs than the build's.</summary>
    public string? Initramfs { get; init; }

    public Firmware Firmware { get; init; } = Firmware.Bios;

    /// <summary>The image with the distribution's generic kernel (<see cref="GenericImage"/>), in a machine with AHCI (q35).</summary>
    public bool IsGeneric { get; init; }

    /// <summary>Image files that become disks.</summary>
    public IReadOnlyList<MachineDisk> Disks { get; init; } = [];

    public bool Network { get; init; } = true;

    /// <summary>A file that QEMU's own TFTP server offers, with all that lies beside it: the machine boots it from the network.</summary>
    public string? BootFile { get; init; }

    /// <summary>The machine may reach servers of its test, on this host's loopback: 10.0.2.2.</summary>
    public bool ReachesHost { get; init; }

    /// <summary>Further arguments for QEMU.</summary>
    public IReadOnlyList<string> Qemu { get; init; } = [];
}

/// <summary>A disk of a machine: the file it is made of, how it is connected, and by which serial number it is known (disk0, disk1 ... unless told).</summary>
/// <param name="Device">Further properties of QEMU's device: <c>removable=on</c>, <c>bootindex=0</c>.</param>
public sealed record MachineDisk(string File, DiskBus Bus = DiskBus.Virtio, string? Serial = null, string? Device = null)
{
    public static implicit operator MachineDisk(string file) => new(file);
}

public enum DiskBus
{
    Virtio,

    /// <summary>SCSI behind virtio.</summary>
    Scsi,

    /// <summary>ATA: on the IDE controller of the machine, and SATA by AHCI in a machine with <see cref="MachineOptions.IsGeneric"/>.</summary>
    Ata,

    Nvme,
    Usb,
}
