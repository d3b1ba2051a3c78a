using Dora.Core.Linux;
using Dora.Core.Protocol.Storage;
using Dora.Init.Manager.MachineInfo;
using Dora.Init.Storage.Disks;
using Dora.Init.Storage.Probing;

namespace Dora.Init.Storage.Requests;

/// <summary>
/// What has become of a storage since the boot mounted it. That a disk of the right name is there tells little: what is mounted
/// is a device and not a name, and a disk that was pulled out and plugged in again is a new device to the kernel, under a new name or the
/// old one (its diskseq tells). Nothing that is mounted ever takes it back, so it counts as lost until the next boot.
///
///   gone, another device, or given up by its driver     the disk is lost
///   every disk lost; the mount gone, or made read-only  failed
///   one of several lost; errors that were counted       degraded
///
/// Counts of errors are kept by the file system itself, over boots: by btrfs until a scrub has found or made everything right, by
/// ext4 until e2fsck has. What btrfs cannot count, since it was not mounted with the disk at all, is found when it is mounted again
/// (<see cref="BtrfsMembers.Behind"/>) and is noted on the storage.
/// </summary>
internal static class StorageDamage
{
    public const string BehindFile = "state/behind";
    private const string Data = "/data", LogAdvice = " ('dora log kernel')";

    /// <param name="status">What the boot has written down.</param>
    /// <param name="mounts">What is mounted.</param>
    /// <param name="root">Where /data and /sys are; tests have their own.</param>
    public static StorageStatus Look(StorageStatus status, MountLines mounts, string root)
    {
        if (status.State is not (StorageStates.Ready or StorageStates.Degraded) || status.FileSystem is not ("btrfs" or "ext4")) return status;
        bool isLocal = status.Kind is null or "disk", isAnyThere = !isLocal;
        var disks = new StorageDisk[status.Disks.Count];
        string lost = "", advice = "";
        for (int i = 0; i < disks.Length; i++)
        {
            var disk = disks[i] = status.Disks[i];
            if (!isLocal || disk.Missing) continue;
            if (HowLost(disk, root, out bool isBack) is not { } how)
            {
                isAnyThere = true;
                continue;
            }
            disks[i] = disk with { Missing = true, Problem = how };
            lost += $"{(lost.Length > 0 ? ", " : "")}{StorageReport.Describe(disk)} {how}";
            if (!isBack) advice = "plug it in again, ";
        }
        status = status with { Disks = disks };
        StorageStatus Now(string state, string reason) => status with { State = state, Reason = reason };

        var mount = mounts.Find(Data);
        if (lost.Length > 0 && !isAnyThere) return Now(StorageStates.Failed, $"{lost}: what is on {Data} cannot be read or written any more; {advice}reboot");
        if (mount?.Target != Data) return Now(StorageStates.Failed, $"nothing is mounted on {Data} any more; reboot");
        if (mount.IsReadOnly || mount.Option("emergency_ro") is not null || mount.Option("shutdown") is not null)
            return Now(StorageStates.Failed, $"{(lost.Length > 0 ? lost + ": " : "")}the kernel has made {Data} read-only after errors{LogAdvice}: nothing is kept that is written now; reboot");
        if (lost.Length > 0) return Now(StorageStates.Degraded, $"{lost}: the storage goes on without it; {advice}reboot, and let 'dora disk scrub' mend what it has missed");
        return status.State == StorageStates.Ready && Counted(mount, disks, root) is { } errors ? Now(StorageStates.Degraded, errors) : status;
    }

    /// <summary>In words; null where the disk is the one that was mounted.</summary>
    private static string? HowLost(StorageDisk disk, string root, out bool isBack)
    {
        string folder = $"{root}/sys/block/{disk.Name}";
        bool isThere = isBack = Sys.Exists(folder);
        if (isThere && SystemText.Line($"{folder}/device/state") is "offline" or "transport-offline" or "dead")
        {
            isBack = false;
            return "does not answer any more";
        }
        if (isThere && (disk.Sequence is null || (SystemText.Number($"{folder}/diskseq") ?? disk.Sequence) == disk.Sequence)) return null;
        string? name = isThere ? disk.Name : null;
        if (!isThere && disk.Serial is not null)
            foreach (var other in Disk.All(root))
                if (other.Info.Serial == disk.Serial) name = other.Info.Name;
        isBack = name is not null;
        return isBack ? $"was away and is back as {name}, a new disk to what is mounted" : "is gone";
    }

    private static string Errors(long count) => Words.Count((int)Math.Min(count, int.MaxValue), "error");

    /// <summary>What the file system has counted or noted; null for nothing.</summary>
    private static string? Counted(MountLine mount, StorageDisk[] disks, string root)
    {
        if (mount.Type != "btrfs")
        {
            long? errors = SystemText.Number($"{root}/sys/fs/{mount.Type}/{SystemText.LinkName($"{root}/sys/dev/block/{mount.Device}")}/errors_count");
            return errors > 0 ? $"{Errors(errors.Value)} found by {mount.Type}{LogAdvice}; reboot, which checks it" : null;
        }
        if (SystemText.Line($"{root}{Data}/{BehindFile}") is { } behind) return $"{behind} was away while others were written to: 'dora disk scrub' mends it";
        string counted = "";
        BtrfsMembers.Errors(root + Data, (device, errors) =>
        {
            if (errors == 0) return;
            string name = device;
            foreach (var disk in disks)
                if (disks.Length == 1 || (disk.Path is { } path && device.StartsWith(path, StringComparison.Ordinal))) name = StorageReport.Describe(disk);
            counted += $"{(counted.Length > 0 ? ", " : "")}{Errors(errors)} of {name}";
        });
        return counted.Length > 0 ? $"{counted}{LogAdvice}: 'dora disk scrub' mends what it can" : null;
    }
}
