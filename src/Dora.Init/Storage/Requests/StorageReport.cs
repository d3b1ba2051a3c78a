using System.Text.Json;
using Dora.Core.Linux;
using Dora.Core.Protocol.Json;
using Dora.Core.Protocol.Storage;
using Dora.Init.Manager.MachineInfo;
using Dora.Init.Storage.Disks;

namespace Dora.Init.Storage.Requests;

/// <summary>
/// How storage is now: what the boot has found and written down (<see cref="StorageBoot.StatusPath"/>), whether its disks are still there,
/// how full it is, and, by the mounts alone, which paths outlive a boot.
/// </summary>
internal static class StorageReport
{
    private const string Data = "/data";
    private static readonly TimeSpan s_serverLimit = TimeSpan.FromSeconds(2);
    private static readonly string[] s_paths = ["/etc", "/var", "/root", "/home", Data];

    // Of a machine with an odd root there may be more than mounts in RAM and mounts of disks: file systems that hold nothing.
    private static readonly string[] s_inMemory = ["tmpfs", "ramfs", "rootfs", "devtmpfs"];

    /// <param name="root">Where /run, /proc and /sys are; tests have their own.</param>
    public static StorageStatus Read(string root)
    {
        var status = Saved(root) ?? new StorageStatus { State = StorageStates.Memory, Reason = "no storage was looked for in this boot" };
        var mounts = MountLines.Parse(SystemText.Table($"{root}/proc/self/mountinfo"));
        status = StorageDamage.Look(status, mounts, root);
        bool isStored = status.State is StorageStates.Ready or StorageStates.Degraded;
        long size = 0, free = 0, available = 0;
        if (isStored && status.Kind is "nfs" or "9p" or "virtiofs")
        {
            // A server that is gone is waited for, by the kernel and for ever: somebody else asks.
            var asked = ChildProgram.Run(["stat", "-f", "-c", "%S %b %f %a", Data], s_serverLimit);
            var words = asked.Said.AsSpan().TrimEnd();
            long unit = SystemText.NextNumber(ref words);
            (size, free, available) = (unit * SystemText.NextNumber(ref words), unit * SystemText.NextNumber(ref words), unit * SystemText.NextNumber(ref words));
            if (asked.Errno == Errno.ETIMEDOUT) status = status with { State = StorageStates.Degraded, Reason = "the server does not answer" };
        }
        else if (isStored && Sys.FileSystemSize(Data, out var bytes) == Errno.None) (size, free, available) = bytes;
        return status with
        {
            SizeBytes = size > 0 ? size : null,
            UsedBytes = size > 0 ? size - free : null,
            AvailableBytes = size > 0 ? available : null,
            Paths = PathsOf(mounts),
            Scrub = isStored && status.FileSystem == "btrfs" ? StorageScrub.Last(root) : null,
        };
    }

    /// <summary>What the boot has written down; null where it has not, or nobody can read it.</summary>
    public static StorageStatus? Saved(string root)
    {
        if (Sys.ReadFile(root + StorageBoot.StatusPath, out var json) != Errno.None) return null;
        try
        {
            return JsonMapReader.Read<StorageStatus>(json);
        }
        catch (JsonException exception)
        {
            return new StorageStatus { State = StorageStates.Failed, Reason = $"{StorageBoot.StatusPath}: {exception.Message}" };
        }
    }

    /// <summary><c>vda (QEMU HARDDISK, serial QM00001)</c>.</summary>
    public static string Describe(StorageDisk disk) => Disk.Describe(disk.Name, disk.Model, disk.Serial, null);

    internal static StoragePath[] PathsOf(MountLines mounts)
    {
        var paths = new Collected<StoragePath>();
        foreach (string path in s_paths)
        {
            if (mounts.Find(path) is not { } mount) continue;
            bool isOwn = mount.Target == path;
            // An overlay's lower part is the image; what is written is in its upper one.
            string? at = mount.Option("upperdir") ?? (isOwn ? mounts.SourceOf(mount) : path);
            var below = mount.Option("upperdir") is { } upper && mounts.Find(upper) is { } found && found != mount ? found : mount;
            if (below.IsReadOnly && below == mount) continue; // nothing can be written there at all
            paths.Add(new StoragePath { Path = path, At = at, Persistent = Array.IndexOf(s_inMemory, below.Type) < 0 });
        }
        return paths.ToArray();
    }
}
