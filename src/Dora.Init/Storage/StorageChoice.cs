using Dora.Core.Configuration;
using Dora.Init.Storage.Disks;

namespace Dora.Init.Storage;

internal enum StorageAction
{
    /// <summary>There is nothing to use and nothing to claim, or nothing that is beyond doubt.</summary>
    Nothing,

    /// <summary>A storage of ours is set up as it was.</summary>
    Use,

    /// <summary>An empty disk becomes the storage.</summary>
    Claim,
}

/// <summary>
/// Which disks are the machine's storage: a pure function of all disks and of what the command line wants.
///
/// One storage of ours is used, whatever it is connected to. Of several the one that this machine used last; if that does
/// not tell, none, for the operator to say (pandora.storage=UUID). Where there is none, an empty disk is claimed: the first
/// in the order of places, unless a disk carries our mark and cannot be used: then something is wrong, and a fresh storage
/// beside it would hide that.
/// </summary>
/// <param name="Disks">By number, to be used; or the one to claim.</param>
/// <param name="IsFailure">Something that should be there is not, or cannot be used.</param>
internal sealed record StorageChoice(StorageAction Action, IReadOnlyList<LookedAt> Disks, string Reason, bool IsFailure = false)
{
    public static StorageChoice Of(IReadOnlyList<LookedAt> disks, StorageWish wish, ClaimPolicy claim, Guid machine)
    {
        if (wish.IsNone) return new(StorageAction.Nothing, [], "pandora.storage=none");
        var storages = Storages(disks);
        if (storages.Count > 0 && !wish.IsNamed)
        {
            if (storages.Count == 1) return Use(storages[0]);
            var last = storages.FindAll(storage => storage.Exists(disk => disk.Content!.Superblock!.Machine == machine && machine != Guid.Empty));
            return last.Count == 1 ? Use(last[0])
                : new(StorageAction.Nothing, [], $"{storages.Count} storages are here ({Names(storages)}) and it is not clear which is this machine's: choose one with pandora.storage=UUID", IsFailure: true);
        }
        if (wish.IsNamed)
        {
            foreach (var storage in storages)
                if (storage.Exists(disk => wish.Names(disk.Content!.Superblock!.Storage, disk.Disk.Id, disk.Disk.Info.Serial))) return Use(storage);
            foreach (var disk in disks)
                if (disk.Verdict.State is DiskState.Empty or DiskState.Unfinished && wish.Names(Guid.Empty, disk.Disk.Id, disk.Disk.Info.Serial))
                    return claim.IsNever ? NotClaimed(disk, "pandora.claim=never") : Claim(disk);
            return new(StorageAction.Nothing, [], $"pandora.storage={wish}: there is no such storage and no such empty disk", IsFailure: true);
        }
        return Fresh(disks, claim);
    }

    private static StorageChoice Fresh(IReadOnlyList<LookedAt> disks, ClaimPolicy claim)
    {
        LookedAt? first = null;
        foreach (var disk in disks)
        {
            // Our own unfinished claim is no doubt about anything: it is the disk that was chosen before.
            if (disk.Verdict is { State: DiskState.Unfinished, MayClaim: true })
            {
                if (claim.IsAny || claim.Names(disk.Disk.Id, disk.Disk.Info.Serial)) return Claim(disk);
                if (claim.IsNever) return NotClaimed(disk, "pandora.claim=never");
                continue;
            }
            if (disk.HasOurMark)
                return new(StorageAction.Nothing, [], $"{disk.Disk.Describe()}: {disk.Verdict.Reason}: nothing else is claimed beside it", IsFailure: true);
            bool isAskedFor = claim.Names(disk.Disk.Id, disk.Disk.Info.Serial) && disk.Verdict.State is DiskState.Empty;
            if (isAskedFor || (first is null && claim.IsAny && disk.Verdict is { State: DiskState.Empty, MayClaim: true })) first = disk;
        }
        if (first is not null) return Claim(first);
        return claim.IsNever ? new(StorageAction.Nothing, [], "pandora.claim=never")
            : claim.IsAny ? new(StorageAction.Nothing, [], disks.Count == 0 ? "no disk is here" : "no disk is empty")
            : new(StorageAction.Nothing, [], $"pandora.claim={claim}: there is no such empty disk", IsFailure: true);
    }

    private static StorageChoice Use(List<LookedAt> storage)
    {
        for (int i = 1; i < storage.Count; i++)
            for (int j = 0; j < i; j++)
                if (storage[i].Content!.Superblock!.Disk == storage[j].Content!.Superblock!.Disk)
                    return new(StorageAction.Nothing, [], $"{storage[j].Disk.Info.Name} and {storage[i].Disk.Info.Name} say that they are the same disk of the same storage: "
                        + "one is a copy of the other; take one out", IsFailure: true);
        storage.Sort(static (a, b) => a.Content!.Superblock!.Number.CompareTo(b.Content!.Superblock!.Number));
        return new(StorageAction.Use, storage, storage[0].Verdict.Reason);
    }

    private static StorageChoice Claim(LookedAt disk) => new(StorageAction.Claim, [disk], disk.Verdict.Reason);

    private static StorageChoice NotClaimed(LookedAt disk, string why) => new(StorageAction.Nothing, [], $"{disk.Disk.Describe()} could be claimed: {why}");

    private static List<List<LookedAt>> Storages(IReadOnlyList<LookedAt> disks)
    {
        var storages = new List<List<LookedAt>>();
        foreach (var disk in disks)
        {
            if (disk.Verdict.State is not DiskState.Ours) continue;
            var id = disk.Content!.Superblock!.Storage;
            var storage = storages.Find(other => other[0].Content!.Superblock!.Storage == id);
            if (storage is null) storages.Add(storage = []);
            storage.Add(disk);
        }
        return storages;
    }

    private static string Names(List<List<LookedAt>> storages)
    {
        var names = new List<string>();
        foreach (var storage in storages) names.Add($"{storage[0].Content!.Superblock!.Storage} on {storage[0].Disk.Info.Name}");
        return string.Join(", ", names);
    }
}
