using Dora.Core.Protocol.Json;

namespace Dora.Core.Protocol.Machine;

/// <summary>A place where a disk or partition is mounted.</summary>
public sealed class MountInfo : IJsonMapped<MountInfo>
{
    /// <summary>The folder.</summary>
    public required string Path { get; init; }

    /// <summary><c>ext4</c>, <c>vfat</c>.</summary>
    public required string FileSystem { get; init; }

    /// <summary>Options of the mount and of the file system, with commas.</summary>
    public required string Options { get; init; }

    /// <summary>Size of the file system; null where it was not asked.</summary>
    public long? SizeBytes { get; init; }

    /// <summary>Of that, free.</summary>
    public long? FreeBytes { get; init; }

    /// <summary>Of that, for users other than root.</summary>
    public long? AvailableBytes { get; init; }

    /// <inheritdoc/>
    public static MountInfo Map(JsonMap json, MountInfo? from) => new()
    {
        Path = json.RequiredText("path", from?.Path),
        FileSystem = json.RequiredText("fileSystem", from?.FileSystem),
        Options = json.RequiredText("options", from?.Options),
        SizeBytes = json.Number("sizeBytes", from?.SizeBytes),
        FreeBytes = json.Number("freeBytes", from?.FreeBytes),
        AvailableBytes = json.Number("availableBytes", from?.AvailableBytes),
    };
}
