using Dora.Core.Protocol.Json;

namespace Dora.Core.Protocol.Storage;

/// <summary>Where the machine keeps what is to persist: <c>GET /v1/storage</c>.</summary>
public sealed record StorageStatus : IJsonMapped<StorageStatus>
{
    /// <summary>One of <see cref="StorageStates"/>.</summary>
    public required string State { get; init; }

    /// <summary>Why it is so, in words.</summary>
    public string? Reason { get; init; }

    /// <summary><c>disk</c>, <c>nfs</c>, <c>nbd</c>, <c>iscsi</c>, <c>virtiofs</c>, <c>9p</c>; absent while everything is in RAM.</summary>
    public string? Kind { get; init; }

    /// <summary>As mount(8) names it: <c>btrfs</c>, <c>ext4</c>, <c>nfs4</c> ...</summary>
    public string? FileSystem { get; init; }

    /// <summary>Of the storage, the same on all its disks.</summary>
    public string? Uuid { get; init; }

    /// <summary>Whether it lies in a LUKS2 container.</summary>
    public bool Encrypted { get; init; }

    /// <summary>Its disks, also those that are missing.</summary>
    public IReadOnlyList<StorageDisk> Disks { get; init; } = [];

    /// <summary>Size of the file system at <c>/data</c>.</summary>
    public long? SizeBytes { get; init; }

    /// <summary>What is used of it.</summary>
    public long? UsedBytes { get; init; }

    /// <summary>What can still be written to it: what is free without what the file system keeps for itself and for root.</summary>
    public long? AvailableBytes { get; init; }

    /// <summary>The paths that can be written to, and what becomes of what is written there.</summary>
    public IReadOnlyList<StoragePath> Paths { get; init; } = [];

    /// <summary>Whether an empty disk was claimed in this boot.</summary>
    public bool ClaimedThisBoot { get; init; }

    /// <summary>Milliseconds that the boot took to find, claim, check and mount it.</summary>
    public long? TookMs { get; init; }

    /// <summary>A scrub that runs, or the last one that came to its end; absent where there was none.</summary>
    public ScrubStatus? Scrub { get; init; }

    /// <summary>Whether it is this very object: nobody compares them, and the code for it would be in init.</summary>
    public bool Equals(StorageStatus? other) => ReferenceEquals(this, other);

    /// <inheritdoc/>
    public override int GetHashCode() => State.GetHashCode(StringComparison.Ordinal);

    /// <summary>Its state and reason.</summary>
    public override string ToString() => $"{State}: {Reason}";

    /// <inheritdoc/>
    public static StorageStatus Map(JsonMap json, StorageStatus? from) => new()
    {
        State = json.RequiredText("state", from?.State),
        Reason = json.Text("reason", from?.Reason),
        Kind = json.Text("kind", from?.Kind),
        FileSystem = json.Text("fileSystem", from?.FileSystem),
        Uuid = json.Text("uuid", from?.Uuid),
        Encrypted = json.Flag("encrypted", from?.Encrypted) ?? false,
        Disks = json.Members("disks", from?.Disks) ?? [],
        SizeBytes = json.Number("sizeBytes", from?.SizeBytes),
        UsedBytes = json.Number("usedBytes", from?.UsedBytes),
        AvailableBytes = json.Number("availableBytes", from?.AvailableBytes),
        Paths = json.Members("paths", from?.Paths) ?? [],
        ClaimedThisBoot = json.Flag("claimedThisBoot", from?.ClaimedThisBoot) ?? false,
        TookMs = json.Number("tookMs", from?.TookMs),
        Scrub = json.Member("scrub", from?.Scrub),
    };
}

/// <summary>How storage is.</summary>
public static class StorageStates
{
    /// <summary>Mounted and whole.</summary>
    public const string Ready = "ready";

    /// <summary>Mounted, but a disk of it is missing or a part of it cannot be used.</summary>
    public const string Degraded = "degraded";

    /// <summary>There is none: everything is in RAM.</summary>
    public const string Memory = "memory";

    /// <summary>There may be one, and it was not to be used (<c>pandora.storage=none</c>).</summary>
    public const string Off = "off";

    /// <summary>There should be one, and it could not be used, or it has gone: the reason says which.</summary>
    public const string Failed = "failed";
}

/// <summary>A disk of the storage.</summary>
public sealed record StorageDisk : IJsonMapped<StorageDisk>
{
    /// <summary><c>sda</c>; of one that is missing what it was called.</summary>
    public required string Name { get; init; }

    /// <summary><c>/dev/sda</c>.</summary>
    public string? Path { get; init; }

    /// <summary>As the device names itself.</summary>
    public string? Model { get; init; }

    /// <summary>Serial number.</summary>
    public string? Serial { get; init; }

    /// <summary>Which disk of the storage: 0 is the one that it began with.</summary>
    public int? Number { get; init; }

    /// <summary>It was not found, or what is mounted has lost it.</summary>
    public bool Missing { get; init; }

    /// <summary>Of one that was lost: what has become of it, in words.</summary>
    public string? Problem { get; init; }

    /// <summary>Number that the kernel has given this disk: one that is pulled out and plugged in again gets another. Absent before Linux 5.15.</summary>
    public long? Sequence { get; init; }

    /// <summary>Whether it is this very object.</summary>
    public bool Equals(StorageDisk? other) => ReferenceEquals(this, other);

    /// <inheritdoc/>
    public override int GetHashCode() => Name.GetHashCode(StringComparison.Ordinal);

    /// <summary>Its name.</summary>
    public override string ToString() => Name;

    /// <inheritdoc/>
    public static StorageDisk Map(JsonMap json, StorageDisk? from) => new()
    {
        Name = json.RequiredText("name", from?.Name),
        Path = json.Text("path", from?.Path),
        Model = json.Text("model", from?.Model),
        Serial = json.Text("serial", from?.Serial),
        Number = json.Integer("number", from?.Number),
        Missing = json.Flag("missing", from?.Missing) ?? false,
        Problem = json.Text("problem", from?.Problem),
        Sequence = json.Number("sequence", from?.Sequence),
    };
}

/// <summary>A path that can be written to.</summary>
public sealed class StoragePath : IJsonMapped<StoragePath>
{
    /// <summary><c>/etc</c>, <c>/var</c> ...</summary>
    public required string Path { get; init; }

    /// <summary>Where what is written there lies: <c>/data/etc</c>. Absent where that cannot be told.</summary>
    public string? At { get; init; }

    /// <summary>Whether it is there after the next boot.</summary>
    public bool Persistent { get; init; }

    /// <inheritdoc/>
    public static StoragePath Map(JsonMap json, StoragePath? from) => new()
    {
        Path = json.RequiredText("path", from?.Path),
        At = json.Text("at", from?.At),
        Persistent = json.Flag("persistent", from?.Persistent) ?? false,
    };
}
