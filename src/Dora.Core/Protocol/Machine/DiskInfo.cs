using Dora.Core.Protocol.Json;

namespace Dora.Core.Protocol.Machine;

/// <summary>One block device in <c>GET /v1/machine/disks</c>.</summary>
public sealed class DiskInfo : IJsonMapped<DiskInfo>
{
    /// <summary><c>sda</c>, <c>nvme0n1</c>.</summary>
    public required string Name { get; init; }

    /// <summary><c>/dev/sda</c>.</summary>
    public required string Path { get; init; }

    /// <summary>Its size; 0 for a drive without a medium.</summary>
    public long SizeBytes { get; init; }

    /// <summary>As the device names itself.</summary>
    public string? Model { get; init; }

    /// <summary>As the device names its maker.</summary>
    public string? Vendor { get; init; }

    /// <summary>Serial number, where the kernel knows it.</summary>
    public string? Serial { get; init; }

    /// <summary>How it is connected: <c>nvme</c>, <c>ata</c>, <c>usb</c>, <c>scsi</c>, <c>virtio</c>, <c>mmc</c>, <c>loop</c> ...</summary>
    public string? Transport { get; init; }

    /// <summary>Whether seeking costs time.</summary>
    public bool Rotational { get; init; }

    /// <summary>Whether its medium can be taken out.</summary>
    public bool Removable { get; init; }

    /// <summary>Whether it cannot be written to.</summary>
    public bool ReadOnly { get; init; }

    /// <summary>Of a loop device: the file behind it.</summary>
    public string? BackingFile { get; init; }

    /// <summary>Its partitions.</summary>
    public IReadOnlyList<PartitionInfo> Partitions { get; init; } = [];

    /// <summary>Devices that are built on it as a whole: RAID, LVM, encryption.</summary>
    public IReadOnlyList<string> Holders { get; init; } = [];

    /// <summary>Where it is mounted as a whole.</summary>
    public IReadOnlyList<MountInfo> Mounts { get; init; } = [];

    /// <summary>What was read and written since boot.</summary>
    public DiskIo? Io { get; init; }

    /// <inheritdoc/>
    public static DiskInfo Map(JsonMap json, DiskInfo? from) => new()
    {
        Name = json.RequiredText("name", from?.Name),
        Path = json.RequiredText("path", from?.Path),
        SizeBytes = json.Number("sizeBytes", from?.SizeBytes) ?? 0,
        Model = json.Text("model", from?.Model),
        Vendor = json.Text("vendor", from?.Vendor),
        Serial = json.Text("serial", from?.Serial),
        Transport = json.Text("transport", from?.Transport),
        Rotational = json.Flag("rotational", from?.Rotational) ?? false,
        Removable = json.Flag("removable", from?.Removable) ?? false,
        ReadOnly = json.Flag("readOnly", from?.ReadOnly) ?? false,
        BackingFile = json.Text("backingFile", from?.BackingFile),
        Partitions = json.Members("partitions", from?.Partitions) ?? [],
        Holders = json.Texts("holders", from?.Holders) ?? [],
        Mounts = json.Members("mounts", from?.Mounts) ?? [],
        Io = json.Member("io", from?.Io),
    };
}
