using Dora.Core.Protocol.Json;

namespace Dora.Core.Protocol.Storage;

/// <summary>One line of the answer of what takes its time with a disk: claim, release, add, remove, scrub. The last one has a result.</summary>
public sealed class DiskStep : IJsonMapped<DiskStep>
{
    /// <summary>In a word: <c>probe</c>, <c>write</c>, <c>format</c>, <c>mount</c>, <c>scrub</c>, <c>result</c> ...</summary>
    public required string Step { get; init; }

    /// <summary>What exactly, for people.</summary>
    public string? Detail { get; init; }

    /// <summary><see cref="ChangeInfo.Doing"/>, <see cref="ChangeInfo.Done"/>, <see cref="ChangeInfo.Failed"/>, or <see cref="Planned"/> in a dry run.</summary>
    public string Status { get; init; } = ChangeInfo.Done;

    /// <summary>Of a write: where, from the beginning of the disk.</summary>
    public long? Offset { get; init; }

    /// <summary>Of a write: how many bytes.</summary>
    public long? Length { get; init; }

    /// <summary>How far it is, of 100.</summary>
    public int? Percent { get; init; }

    /// <summary>Only in the last line, and never missing there.</summary>
    public DiskResult? Result { get; init; }

    /// <summary>It would be done, and is not: a dry run.</summary>
    public const string Planned = "planned";

    /// <inheritdoc/>
    public static DiskStep Map(JsonMap json, DiskStep? from) => new()
    {
        Step = json.RequiredText("step", from?.Step),
        Detail = json.Text("detail", from?.Detail),
        Status = json.Text("status", from?.Status) ?? ChangeInfo.Done,
        Offset = json.Number("offset", from?.Offset),
        Length = json.Number("length", from?.Length),
        Percent = json.Integer("percent", from?.Percent),
        Result = json.Member("result", from?.Result),
    };
}

/// <summary>What has become of it.</summary>
public sealed class DiskResult : IJsonMapped<DiskResult>
{
    /// <summary><see cref="ChangeInfo.Done"/>, <see cref="ChangeInfo.Failed"/>, or <see cref="DiskStep.Planned"/> after a dry run.</summary>
    public required string Status { get; init; }

    /// <summary>In words.</summary>
    public string? Message { get; init; }

    /// <summary>Why it failed.</summary>
    public ErrorBody? Error { get; init; }

    /// <summary>The disk as it is now.</summary>
    public DiskStatus? Disk { get; init; }

    /// <summary>Of a scrub: what it found.</summary>
    public ScrubStatus? Scrub { get; init; }

    /// <inheritdoc/>
    public static DiskResult Map(JsonMap json, DiskResult? from) => new()
    {
        Status = json.RequiredText("status", from?.Status),
        Message = json.Text("message", from?.Message),
        Error = json.Member("error", from?.Error),
        Disk = json.Member("disk", from?.Disk),
        Scrub = json.Member("scrub", from?.Scrub),
    };
}
