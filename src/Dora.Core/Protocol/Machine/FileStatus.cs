using Dora.Core.Protocol.Json;

namespace Dora.Core.Protocol.Machine;

/// <summary>A file as <c>/v1/machine/files</c> tells of it, and what is in it if it is a folder.</summary>
public sealed class FileStatus : IJsonMapped<FileStatus>
{
    /// <summary>What was asked for.</summary>
    public required string Path { get; init; }

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

    /// <summary>Of a folder: what is in it, by name.</summary>
    public IReadOnlyList<FileEntry>? Entries { get; init; }

    /// <summary>True if there is more in it than the answer has.</summary>
    public bool? Truncated { get; init; }

    /// <summary>Of a piece that was appended: true if it was there already.</summary>
    public bool? Repeated { get; init; }

    /// <inheritdoc/>
    public static FileStatus Map(JsonMap json, FileStatus? from) => new()
    {
        Path = json.RequiredText("path", from?.Path),
        Type = json.RequiredText("type", from?.Type),
        SizeBytes = json.Number("sizeBytes", from?.SizeBytes) ?? 0,
        Mode = json.RequiredText("mode", from?.Mode),
        Uid = json.Number("uid", from?.Uid) ?? 0,
        Gid = json.Number("gid", from?.Gid) ?? 0,
        ModifiedAt = json.RequiredText("modifiedAt", from?.ModifiedAt),
        Target = json.Text("target", from?.Target),
        Entries = json.Members("entries", from?.Entries),
        Truncated = json.Flag("truncated", from?.Truncated),
        Repeated = json.Flag("repeated", from?.Repeated),
    };
}
