using Dora.Core.Configuration;
using Dora.Core.Linux;
using Dora.Core.Protocol;
using Dora.Core.Protocol.Storage;
using Dora.Init.Storage.Claiming;
using Dora.Init.Storage.Disks;
using Dora.Init.Storage.Encryption;
using Dora.Init.Storage.Mounting;

namespace Dora.Init.Storage.Requests;

/// <summary>
/// What can be asked and done about storage, for the helper process (<see cref="StorageHelper"/>): each looks at the disks
/// afresh and tells its steps before they are made. What is refused is thrown (<see cref="StorageRefusal"/>).
/// </summary>
internal static class StorageActions
{
    private static readonly TimeSpan s_keyLimit = TimeSpan.FromSeconds(5);

    /// <summary>All disks that storage could lie on, by place, with what was found on them.</summary>
    public static DiskStatus[] List()
    {
        var disks = Disk.All();
        var current = StorageReport.Read("");
        var list = new DiskStatus[disks.Count];
        for (int i = 0; i < list.Length; i++) list[i] = Describe(LookedAt.At(disks[i]), current);
        return list;
    }

    public static DiskStatus Show(string name) => Describe(Find(name), StorageReport.Read(""));

    /// <summary>
    /// Makes a disk the storage of the next boot. What is in RAM now, of what would have been on it, is copied there, so that
    /// nothing is lost that was done since this boot.
    /// </summary>
    public static DiskResult Claim(string name, ClaimOptions options, Action<DiskStep> step)
    {
        var disk = Find(name);
        Permit(disk, options.Token);
        if (!options.IsDryRun && StorageReport.Saved("") is { State: StorageStates.Ready or StorageStates.Degraded, Disks: [var used, ..] })
            throw new StorageRefusal(409, "disk.refused", $"{name}: this machine has its storage on {used.Name} already");
        var commandLine = StorageBoot.Settings();
        using var key = new StorageKey(commandLine.StorageKey, s_keyLimit, wait: null);
        bool isEncrypted = commandLine.StorageKey is not null;
        if (isEncrypted && key.Choose(disk.Disk) is { } missing) throw new StorageRefusal(409, "disk.refused", $"{disk.Disk.Describe()} is to be encrypted (pandora.storage_key={commandLine.StorageKey}): {missing}");
        var type = options.FileSystem switch { "ext4" => StorageFileSystem.Ext4, "btrfs" => StorageFileSystem.Btrfs, _ => StorageBoot.FileSystemOf(commandLine) };
        step(new DiskStep { Step = "probe", Detail = $"{disk.Disk.Describe()}: {disk.Verdict.Reason}" });
        string status = options.IsDryRun ? DiskStep.Planned : ChangeInfo.Done;
        void Told(ClaimStep write) => step(Line(write, status));

        if (disk.Verdict.State is DiskState.Foreign or DiskState.Unsure)
        {
            if (ErasedDisk.Erase(disk, Told, out string why, options.IsDryRun) is not { } empty)
            {
                if (options.IsDryRun && why.Length == 0) return Planned(name);
                throw new StorageRefusal(503, "disk.failed", $"{name}: {why}");
            }
            disk = empty;
        }
        var ours = ClaimedDisk.Claim(disk, type, StorageBoot.MachineId(), isEncrypted ? key : null, Told, out string failure, options.IsDryRun);
        if (options.IsDryRun && failure.Length == 0) return Planned(name);
        if (ours is null) throw new StorageRefusal(503, "disk.failed", $"{disk.Disk.Describe()}: {failure}");
        step(new DiskStep { Step = "copy", Detail = "what is in RAM of /etc, /var, /root and /home", Status = ChangeInfo.Doing });
        string? notCopied = MemoryCopy.Run(ours, commandLine, key);
        StorageBoot.Rewrite(status => status with { Reason = $"everything is in RAM until the next boot; {ours.Disk.Describe()} is the storage from then on" });
        return new DiskResult
        {
            Status = notCopied is null ? ChangeInfo.Done : ChangeInfo.Failed,
            Message = notCopied is null
                ? $"{name} is this machine's storage from the next boot on; what is changed in /etc, /var, /root and /home until then stays in RAM"
                : $"{name} is this machine's storage from the next boot on, but not all could be copied to it: {notCopied}",
            Error = notCopied is null ? null : new ErrorBody("disk.failed", notCopied),
            Disk = Describe(ours),
        };
    }

    /// <summary>A disk is nobody's again: what marks it is overwritten, everywhere that is looked at.</summary>
    public static DiskResult Release(string name, string? token, Action<DiskStep> step)
    {
        var disk = Find(name);
        if (disk.Verdict.State is not (DiskState.Ours or DiskState.Unfinished))
            throw new StorageRefusal(409, "disk.refused", $"{name}: it is not a disk of Pandora: {disk.Verdict.Reason}");
        if (DiskVerdict.UsedBy(disk.Disk) is { } user)
            throw new StorageRefusal(409, "disk.refused", $"{name}: in use: {user}; boot with pandora.storage=none to release it");
        if (IsLeftBehind(disk)) throw new StorageRefusal(409, "disk.refused", $"{name}: it is a disk of the storage that is in use, which has lost it; reboot first");
        if (token != DiskToken.Of(disk))
            throw new StorageRefusal(409, "disk.token", $"{name}: everything on it would be lost: {disk.Disk.Describe()}; if that is meant: dora disk release {name} --token {DiskToken.Of(disk)}");
        if (ErasedDisk.Erase(disk, write => step(Line(write)), out string why) is not { } empty) throw new StorageRefusal(503, "disk.failed", $"{name}: {why}");
        return new DiskResult { Status = ChangeInfo.Done, Message = $"{name} is empty where anybody looks; the next boot would claim it", Disk = Describe(empty) };
    }

    public static DiskResult Add(string name, Action<DiskStep> step)
    {
        var disk = Find(name);
        var storage = Current(name);
        if (storage[0].Content!.Superblock!.IsEncrypted) throw new StorageRefusal(409, "disk.refused", $"{name}: the storage is encrypted, and lies on one disk then");
        if (disk.Verdict.State is not (DiskState.Empty or DiskState.Unfinished))
            throw new StorageRefusal(409, "disk.refused", $"{disk.Disk.Describe()}: {disk.Verdict.Reason}: only an empty disk can join the storage");
        return StorageMembers.Add(disk, storage, step);
    }

    public static DiskResult Remove(string name, Action<DiskStep> step)
    {
        var storage = Current(name);
        // With one that is lost in between, what is moved would be moved onto it.
        foreach (var disk in StorageReport.Read("").Disks)
            if (disk.Missing) throw new StorageRefusal(409, "disk.refused", $"{name}: {StorageReport.Describe(disk)} {disk.Problem ?? "is missing"}: nothing can be moved until that is mended");
        foreach (var disk in storage)
            if (disk.Disk.Info.Name == name) return StorageMembers.Remove(disk, storage, step);
        throw new StorageRefusal(409, "disk.refused", $"{name}: it is no disk of the storage: {Find(name).Verdict.Reason}");
    }

    public static DiskResult Scrub(string? name, Action<DiskStep> step) => StorageScrub.Run(name, step);

    public static DiskHealth Health(string name)
    {
        if (!Sys.Exists($"/sys/block/{name}")) throw StorageRefusal.NoSuchDisk(name);
        return SmartHealth.Read(name, "/dev/" + name.Replace('!', '/'));
    }

    public static StorageStatus Status() => StorageReport.Read("");

    /// <summary>A write of a claim as a line of the answer.</summary>
    public static DiskStep Line(ClaimStep write, string status = ChangeInfo.Done) =>
        new() { Step = "write", Detail = write.What, Offset = write.Offset, Length = write.Length, Status = status };

    private static LookedAt Find(string name)
    {
        return LookedAt.At(Disk.Find(name) ?? throw StorageRefusal.NoSuchDisk(name));
    }

    /// <summary>The disks of the storage that is in use.</summary>
    private static List<LookedAt> Current(string name)
    {
        var status = StorageReport.Read("");
        if (status is not { State: StorageStates.Ready or StorageStates.Degraded, Kind: "disk" })
            throw new StorageRefusal(409, "storage.none", $"{name}: this machine uses no storage on disks at the moment");
        if (status.FileSystem != "btrfs") throw new StorageRefusal(409, "disk.refused", $"{name}: the storage is {status.FileSystem}, which lies on one disk; only btrfs takes more");
        var disks = new List<LookedAt>();
        foreach (var disk in Disk.All())
            if (LookedAt.At(disk) is { Verdict.State: DiskState.Ours } ours && ours.Content!.Superblock!.Storage.ToString() == status.Uuid) disks.Add(ours);
        return disks.Count > 0 ? disks : throw new StorageRefusal(503, "disk.failed", $"{name}: no disk of the storage can be read");
    }

    private static void Permit(LookedAt disk, string? token)
    {
        string name = disk.Disk.Info.Name, what = $"{disk.Disk.Describe()}: {disk.Verdict.Reason}";
        switch (disk.Verdict.State)
        {
            case DiskState.Empty or DiskState.Unfinished: return;
            case DiskState.Ours: throw new StorageRefusal(409, "disk.refused", $"{what}: it is claimed already");
            case DiskState.Foreign or DiskState.Unsure when disk.Verdict.MayOverride:
                if (token == DiskToken.Of(disk)) return;
                throw new StorageRefusal(409, "disk.token",
                    $"{what}: not claimed{(token is null ? "" : ", the token is of another disk or of what was on it before")}; to lose all that is on it: dora disk claim {name} --token {DiskToken.Of(disk)}");
            default: throw new StorageRefusal(409, "disk.refused", $"{what}: it cannot be claimed");
        }
    }

    private static DiskResult Planned(string name) => new() { Status = DiskStep.Planned, Message = $"{name}: nothing was written" };

    /// <summary>It was pulled out and is back, and what is mounted does not know it: half of a storage that is in use.</summary>
    private static bool IsLeftBehind(LookedAt disk) =>
        disk.Verdict.State is DiskState.Ours && DiskVerdict.UsedBy(disk.Disk) is null
        && StorageReport.Saved("") is { State: StorageStates.Ready or StorageStates.Degraded } status && status.Uuid == disk.Content!.Superblock!.Storage.ToString();

    private static DiskStatus Describe(LookedAt disk, StorageStatus? current = null)
    {
        var (info, verdict) = (disk.Disk.Info, disk.Verdict);
        var superblock = verdict.State is DiskState.Ours ? disk.Content!.Superblock : null;
        bool isUsed = DiskVerdict.UsedBy(disk.Disk) is not null;
        bool isBehind = IsLeftBehind(disk), hasToken = verdict.MayOverride || (verdict.State is DiskState.Ours && !isUsed && !isBehind);
        // Whether there is a storage that an empty disk can join: then no other is claimed.
        bool canAdd = current is { State: StorageStates.Ready or StorageStates.Degraded, Kind: "disk", FileSystem: "btrfs" };
        return new DiskStatus
        {
            Name = info.Name,
            Path = info.Path,
            Id = disk.Disk.Id,
            Model = info.Model,
            Serial = info.Serial,
            Transport = info.Transport,
            SizeBytes = info.SizeBytes,
            State = verdict.State.ToString().ToLowerInvariant(),
            Reason = verdict.State is DiskState.Ours && DiskVerdict.UsedBy(disk.Disk) is { } user ? $"{verdict.Reason}, {user}"
                : isBehind ? $"{verdict.Reason}: it was away, and what is mounted does not know it any more" : verdict.Reason,
            Storage = superblock?.Storage.ToString(),
            Number = superblock?.Number,
            Token = hasToken ? DiskToken.Of(disk) : null,
            Advice = verdict.State switch
            {
                DiskState.Empty or DiskState.Unfinished when canAdd => $"dora disk add {info.Name}",
                DiskState.Empty or DiskState.Unfinished => $"dora disk claim {info.Name}",
                DiskState.Foreign or DiskState.Unsure when verdict.MayOverride => $"dora disk claim {info.Name} --token {DiskToken.Of(disk)}",
                DiskState.Ours when isBehind => "dora reboot",
                DiskState.Ours when !isUsed => $"dora disk release {info.Name} --token {DiskToken.Of(disk)}",
                _ => null,
            },
        };
    }
}
