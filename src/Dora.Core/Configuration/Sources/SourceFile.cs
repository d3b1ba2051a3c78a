using Dora.Core.Protocol.Json;

namespace Dora.Core.Configuration.Sources;

/// <summary>What a file is to its service. Saved by number: new values go to the end.</summary>
internal enum SourceKind
{
    /// <summary>NAME.yaml.</summary>
    Service,

    /// <summary>A file of NAME.yaml.d.</summary>
    DropIn,

    /// <summary>One that <c>environment-files</c> names: of it only a fingerprint is kept, for it may hold secrets.</summary>
    Environment,
}

/// <summary>A file as it was found.</summary>
/// <param name="Service">Whose it is.</param>
/// <param name="Kind">What it is to that service.</param>
/// <param name="Path">Where it lies.</param>
/// <param name="Content">What it holds, nothing if it masks; null if it cannot be read.</param>
/// <param name="Cause">Why it cannot be read, in words.</param>
internal sealed record SourceFile(string Service, SourceKind Kind, string Path, byte[]? Content, string? Cause) : IJsonMapped<SourceFile>
{
    /// <summary>The name without its folder: a drop-in of the same name in a later directory takes its place.</summary>
    public string Name => Path[(Path.LastIndexOf('/') + 1)..];

    public bool HasSameContentAs(SourceFile other) =>
        Kind == other.Kind && Path == other.Path && Cause == other.Cause
        && (Content is null ? other.Content is null : other.Content is not null && Content.AsSpan().SequenceEqual(other.Content));

    public static SourceFile Map(JsonMap json, SourceFile? from) => new(
        json.RequiredText("service", from?.Service),
        (SourceKind)json.RequiredInteger("kind", (int?)from?.Kind),
        json.RequiredText("path", from?.Path),
        json.Bytes("content", from?.Content),
        json.Text("cause", from?.Cause));
}
