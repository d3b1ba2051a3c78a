namespace Dora.Core.Configuration;

/// <summary>
/// Which storage the command line wants: <c>pandora.storage=auto</c> (the one that is there, or an empty disk), <c>none</c>, or
/// the one with a UUID, or on the disk with a serial number or wwid, or the one at a place in the network (<see cref="RemoteStorageName"/>).
/// </summary>
internal sealed record StorageWish(string Text)
{
    public static readonly StorageWish Auto = new("auto");

    public bool IsNone => Text == "none";

    /// <summary>It is not in this machine.</summary>
    public bool IsRemote(out RemoteStorageName place) => RemoteStorageName.TryParse(Text, out place, out _);

    public bool IsNamed => Text is not ("auto" or "none");

    /// <summary>Whether a storage, or the disk with these names, is meant.</summary>
    public bool Names(Guid storage, string? id, string? serial) =>
        (storage != Guid.Empty && Text.Equals(storage.ToString(), StringComparison.OrdinalIgnoreCase)) || (id is not null && Text == id) || (serial is not null && Text == serial);

    public override string ToString() => Text;
}

/// <summary>Which disks may become storage: <c>pandora.claim=empty</c> (the first that is), <c>never</c>, or the one with a serial number or wwid.</summary>
internal sealed record ClaimPolicy(string Text)
{
    public static readonly ClaimPolicy Empty = new("empty"), Never = new("never");

    public bool IsNever => Text == "never";

    public bool IsAny => Text == "empty";

    public bool Names(string? id, string? serial) => !IsNever && !IsAny && ((id is not null && Text == id) || (serial is not null && Text == serial));

    public override string ToString() => Text;
}
