using Dora.Core.Protocol.Json;

namespace Dora.Core.Protocol.Machine;

/// <summary>One partition of a <see cref="DiskInfo"/>.</summary>
public sealed class PartitionInfo : IJsonMapped<PartitionInfo>
{
    /// <summary><c>sda1</c>.</summary>
    public required string Name { get; init; }

    /// <summary><c>/dev/sda1</c>.</summary>
    public required string Path { get; init; }

    /// <summary>Its number on the disk.</summary>
    public int Number { get; init; }

    /// <summary>Where it begins on the disk.</summary>
    public long StartBytes { get; init; }

    /// <summary>Its size.</summary>
    public long SizeBytes { get; init; }

    /// <summary>Whether it cannot be written to.</summary>
    public bool ReadOnly { get; init; }

    /// <summary>Its name in the partition table.</summary>
    public string? Label { get; init; }

    /// <summary>Its id in the partition table.</summary>
    public string? Uuid { get; init; }

    /// <summary>Devices that are built on it.</summary>
    public IReadOnlyList<string> Holders { get; init; } = [];

    /// <summary>Where it is mounted.</summary>
    public IReadOnlyList<MountInfo> Mounts { get; init; } = [];

    /// <summary>What was read and written since boot.</summary>
    public DiskIo? Io { get; init; }

    /// <inheritdoc/>
    public static PartitionInfo Map(JsonMap json, PartitionInfo? from) => new()
    {
        Name = json.RequiredText("name", from?.Name),
        Path = json.RequiredText("path", from?.Path),
        Number = json.Integer("number", from?.Number) ?? 0,
        StartBytes = json.Number("startBytes", from?.StartBytes) ?? 0,
        SizeBytes = json.Number("sizeBytes", from?.SizeBytes) ?? 0,
        ReadOnly = json.Flag("readOnly", from?.ReadOnly) ?? false,
        Label = json.Text("label", from?.Label),
        Uuid = json.Text("uuid", from?.Uuid),
        Holders = json.Texts("holders", from?.Holders) ?? [],
        Mounts = json.Members("mounts", from?.Mounts) ?? [],
        Io = json.Member("io", from?.Io),
    };
}
