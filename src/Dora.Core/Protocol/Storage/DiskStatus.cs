using Dora.Core.Protocol.Json;

namespace Dora.Core.Protocol.Storage;

/// <summary>One disk and what storage makes of it: <c>GET /v1/disks</c>.</summary>
public sealed class DiskStatus : IJsonMapped<DiskStatus>
{
    /// <summary><c>sda</c>, <c>nvme0n1</c>.</summary>
    public required string Name { get; init; }

    /// <summary><c>/dev/sda</c>.</summary>
    public required string Path { get; init; }

    /// <summary>What the disk is known by wherever it is plugged in: its wwid or serial number. Absent where it has none.</summary>
    public string? Id { get; init; }

    /// <summary>As the device names itself.</summary>
    public string? Model { get; init; }

    /// <summary>Serial number.</summary>
    public string? Serial { get; init; }

    /// <summary>How it is connected, as in <see cref="Machine.DiskInfo.Transport"/>.</summary>
    public string? Transport { get; init; }

    /// <summary>Its size.</summary>
    public long SizeBytes { get; init; }

    /// <summary>One of <see cref="DiskStates"/>.</summary>
    public required string State { get; init; }

    /// <summary>Why it was not claimed, or what it is used for, in words.</summary>
    public string? Reason { get; init; }

    /// <summary>UUID of the storage that it belongs to.</summary>
    public string? Storage { get; init; }

    /// <summary>Which disk of that storage: 0 is the one that it began with.</summary>
    public int? Number { get; init; }

    /// <summary>What <c>claim</c> and <c>release</c> take for this disk with this content and for nothing else; absent where they do not need or accept one.</summary>
    public string? Token { get; init; }

    /// <summary>The command to go on with.</summary>
    public string? Advice { get; init; }

    /// <inheritdoc/>
    public static DiskStatus Map(JsonMap json, DiskStatus? from) => new()
    {
        Name = json.RequiredText("name", from?.Name),
        Path = json.RequiredText("path", from?.Path),
        Id = json.Text("id", from?.Id),
        Model = json.Text("model", from?.Model),
        Serial = json.Text("serial", from?.Serial),
        Transport = json.Text("transport", from?.Transport),
        SizeBytes = json.Number("sizeBytes", from?.SizeBytes) ?? 0,
        State = json.RequiredText("state", from?.State),
        Reason = json.Text("reason", from?.Reason),
        Storage = json.Text("storage", from?.Storage),
        Number = json.Integer("number", from?.Number),
        Token = json.Text("token", from?.Token),
        Advice = json.Text("advice", from?.Advice),
    };
}

/// <summary>What a disk is to storage.</summary>
public static class DiskStates
{
    /// <summary>A disk of Pandora's storage.</summary>
    public const string Ours = "ours";

    /// <summary>A claim of Pandora that was cut short, and nothing else.</summary>
    public const string Unfinished = "unfinished";

    /// <summary>Nothing is on it: it may be claimed.</summary>
    public const string Empty = "empty";

    /// <summary>Somebody's: never written.</summary>
    public const string Foreign = "foreign";

    /// <summary>Not empty, and nobody knows whose; or ours and damaged: never written.</summary>
    public const string Unsure = "unsure";

    /// <summary>Not to be claimed whatever is on it: removable, read-only, too small, in use, without a stable id.</summary>
    public const string Unusable = "unusable";
}
