using Dora.Core.Protocol.Json;

namespace Dora.Core.Protocol.Machine;

/// <summary>One name in a folder.</summary>
public sealed class FileEntry : IJsonMapped<FileEntry>
{
    /// <summary>Its name. Bytes that are not UTF-8 come as U+FFFD, and such a file cannot be asked for.</summary>
    public required string Name { get; init; }

    /// <summary><c>file</c>, <c>folder</c>, <c>link</c>, <c>fifo</c>, <c>socket</c>, <c>block</c>, <c>character</c>.</summary>
    public required string Type { get; init; }

    /// <summary>Length of a file.</summary>
    public long SizeBytes { get; init; }

    /// <summary>Its permissions as four octal digits: <c>0644</c>.</summary>
    public required string Mode { get; init; }

    /// <summary>Its user.</summary>
    public long Uid { get; init; }

    /// <summary>Its group.</summary>
    public long Gid { get; init; }

    /// <summary>When its content was changed last: UTC in ISO 8601.</summary>
    public required string ModifiedAt { get; init; }

    /// <summary>Of a link: where it leads.</summary>
    public string? Target { get; init; }

    /// <inheritdoc/>
    public static FileEntry Map(JsonMap json, FileEntry? from) => new()
    {
        Name = json.RequiredText("name", from?.Name),
        Type = json.RequiredText("type", from?.Type),
        SizeBytes = json.Number("sizeBytes", from?.SizeBytes) ?? 0,
        Mode = json.RequiredText("mode", from?.Mode),
        Uid = json.Number("uid", from?.Uid) ?? 0,
        Gid = json.Number("gid", from?.Gid) ?? 0,
        ModifiedAt = json.RequiredText("modifiedAt", from?.ModifiedAt),
        Target = json.Text("target", from?.Target),
    };
}
