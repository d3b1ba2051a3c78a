using Dora.Core.Protocol.Json;

namespace Dora.Core.Protocol.Storage;

/// <summary>How far a scrub of the storage is, or how the last one ended: <c>GET /v1/storage/scrub</c>.</summary>
public sealed class ScrubStatus : IJsonMapped<ScrubStatus>
{
    /// <summary><c>never</c>, <c>running</c>, <c>finished</c>, <c>aborted</c>.</summary>
    public required string State { get; init; }

    /// <summary>When it began, as btrfs tells it.</summary>
    public string? StartedAt { get; init; }

    /// <summary>When it ended, in UTC: <c>2026-11-21T16:28:44Z</c>.</summary>
    public string? EndedAt { get; init; }

    /// <summary>Bytes that were read and compared with their checksums.</summary>
    public long CheckedBytes { get; init; }

    /// <summary>Bytes that there are to check, as far as that is known.</summary>
    public long? TotalBytes { get; init; }

    /// <summary>Checksums that did not fit, and blocks that could not be read.</summary>
    public long Errors { get; init; }

    /// <summary>How many of them were mended from another copy.</summary>
    public long Corrected { get; init; }

    /// <summary>How many of them nobody can mend: files are damaged.</summary>
    public long Uncorrectable { get; init; }

    /// <inheritdoc/>
    public static ScrubStatus Map(JsonMap json, ScrubStatus? from) => new()
    {
        State = json.RequiredText("state", from?.State),
        StartedAt = json.Text("startedAt", from?.StartedAt),
        EndedAt = json.Text("endedAt", from?.EndedAt),
        CheckedBytes = json.Number("checkedBytes", from?.CheckedBytes) ?? 0,
        TotalBytes = json.Number("totalBytes", from?.TotalBytes),
        Errors = json.Number("errors", from?.Errors) ?? 0,
        Corrected = json.Number("corrected", from?.Corrected) ?? 0,
        Uncorrectable = json.Number("uncorrectable", from?.Uncorrectable) ?? 0,
    };
}
