using Dora.Core.Configuration;
using Dora.Core.Linux;
using Dora.Core.Protocol;
using Dora.Core.Protocol.Storage;
using Dora.Init.Manager.MachineInfo;
using Dora.Init.Storage.Claiming;
using Dora.Init.Storage.Disks;
using Dora.Init.Storage.Kept;
using Dora.Init.Storage.Mounting;

namespace Dora.Init.Storage.Requests;

/// <summary>
/// Disks that join and leave a storage on btrfs while it is in use. With two disks or more everything is on two of them
/// (raid1), so that one may fail; when the second last leaves, it is on one again.
///
/// A disk joins in three steps, each of which may be the last before the power goes: it is claimed (state Joining), btrfs
/// takes its partition, and the superblock says Ready. A disk in state Joining that btrfs does not know yet is as good as
/// empty; one that it knows is ours. What is moved between disks (balance) is btrfs' own affair: it goes on with that by
/// itself at the next mount.
/// </summary>
internal static class StorageMembers
{
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(2), s_moveLimit = TimeSpan.FromDays(7);

    public static DiskResult Add(LookedAt disk, IReadOnlyList<LookedAt> storage, Action<DiskStep> step)
    {
        string name = disk.Disk.Info.Name;
        var superblock = storage[0].Content!.Superblock!;
        int number = 0;
        foreach (var other in storage) number = Math.Max(number, other.Content!.Superblock!.Number + 1);
        step(new DiskStep { Step = "probe", Detail = $"{disk.Disk.Describe()}: {disk.Verdict.Reason}" });
        if (ClaimedDisk.Prepare(disk, superblock, number, write => step(StorageActions.Line(write))) is { } failure) throw Failed(name, failure);
        var joined = Again(name);
        if (joined.Content?.Superblock is not { State: SuperblockState.Joining } || StorageMount.PartitionOf(joined) is not { } partition)
            throw Failed(name, "the kernel does not see its partition");
        step(new DiskStep { Step = "join", Detail = $"btrfs takes {partition}", Status = ChangeInfo.Doing });
        Btrfs(name, s_limit, "device", "add", "-f", "-K", partition, StorageMount.Target);
        if (MachineMark.Finish(disk.Disk) is { } mark) throw Failed(name, mark);
        step(new DiskStep { Step = "balance", Detail = "everything is put onto two disks", Status = ChangeInfo.Doing });
        Btrfs(name, s_moveLimit, "balance", "start", "-dconvert=raid1,soft", "-mconvert=raid1,soft", StorageMount.Target);
        StorageBoot.Rewrite(status => status with { Disks = [.. status.Disks, Part(Again(name))] });
        return new DiskResult { Status = ChangeInfo.Done, Message = $"{name} is disk {number} of the storage; everything is on two disks", Disk = null };
    }

    public static DiskResult Remove(LookedAt disk, IReadOnlyList<LookedAt> storage, Action<DiskStep> step)
    {
        string name = disk.Disk.Info.Name;
        if (storage.Count < 2) throw new StorageRefusal(409, "disk.refused", $"{name}: it is the only disk of the storage");
        if (StorageMount.PartitionOf(disk) is not { } partition) throw Failed(name, "the kernel does not see its partition");
        if (storage.Count == 2)
        {
            step(new DiskStep { Step = "balance", Detail = "from two disks onto one", Status = ChangeInfo.Doing });
            Btrfs(name, s_moveLimit, "balance", "start", "-f", "-dconvert=single,soft", "-mconvert=dup,soft", StorageMount.Target);
        }
        step(new DiskStep { Step = "leave", Detail = $"btrfs moves what is on {partition}", Status = ChangeInfo.Doing });
        Btrfs(name, s_moveLimit, "device", "remove", partition, StorageMount.Target);
        StorageBoot.Rewrite(status => status with { Disks = [.. Without(status.Disks, name)] });
        if (ErasedDisk.Erase(Again(name), write => step(StorageActions.Line(write)), out string why) is null) throw Failed(name, $"it has left the storage, but its marks could not be taken off: {why}");
        return new DiskResult { Status = ChangeInfo.Done, Message = $"{name} has left the storage and is empty" };
    }

    private static List<StorageDisk> Without(IReadOnlyList<StorageDisk> disks, string name)
    {
        var left = new List<StorageDisk>();
        foreach (var disk in disks)
            if (disk.Name != name) left.Add(disk);
        return left;
    }

    public static StorageDisk Part(LookedAt disk)
    {
        var info = disk.Disk.Info;
        return new StorageDisk
        {
            Name = info.Name, Path = info.Path, Model = info.Model, Serial = info.Serial, Number = disk.Content?.Superblock?.Number,
            Sequence = SystemText.Number($"/sys/block/{info.Name}/diskseq"),
        };
    }

    private static LookedAt Again(string name)
    {
        return LookedAt.At(Disk.Find(name) ?? throw Failed(name, "it is gone"));
    }

    private static void Btrfs(string name, TimeSpan limit, params string[] arguments)
    {
        var done = ChildProgram.Run(["btrfs", .. arguments], limit, tick: static () => Sys.Alarm(StorageHelper.StepSeconds));
        if (!done.Succeeded) throw Failed(name, done.Describe($"btrfs {arguments[0]} {arguments[1]}"));
    }

    private static StorageRefusal Failed(string name, string why) => new(503, "disk.failed", $"{name}: {why}");
}
