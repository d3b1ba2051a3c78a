using Dora.Core.Configuration;
using Dora.Core.Linux;
using Dora.Init.Modules;
using Dora.Init.Storage.Claiming;
using Dora.Init.Storage.Disks;
using Dora.Init.Storage.Encryption;
using Dora.Init.Storage.Requests;

namespace Dora.Init.Storage.Mounting;

/// <summary>
/// A storage of ours at /data: checked, grown with its disk, mounted and with its folders. It is mounted aside first and moved into
/// place whole: a process that is killed for taking too long cannot put it there later, over what others have begun to use.
/// </summary>
internal static class StorageMount
{
    public const string Target = "/data";
    public const string Aside = "/run/dora/storage/mount";

    /// <summary>A check that finds nothing reads the journal only; one that has to look at everything takes minutes.</summary>
    private static readonly TimeSpan s_checkLimit = TimeSpan.FromMinutes(5), s_resizeLimit = TimeSpan.FromSeconds(60);

    /// <param name="IsDegraded">It is mounted, but not all of it is there.</param>
    /// <param name="Words">What was done, or why it is not mounted.</param>
    internal readonly record struct Outcome(bool IsMounted, bool IsDegraded, string Words);

    public static Outcome Run(IReadOnlyList<LookedAt> disks, KernelCommandLine commandLine, StorageKey key)
    {
        var outcome = MountAt(Aside, disks, commandLine, key);
        if (!outcome.IsMounted) return outcome;
        var errno = MoveIntoPlace();
        if (errno == Errno.None) return outcome;
        UnmountFrom(Aside, disks);
        return new(false, false, $"move it to {Target}: {errno.Describe()}");
    }

    /// <summary>What is mounted at <see cref="Aside"/> is at <see cref="Target"/>.</summary>
    public static Errno MoveIntoPlace()
    {
        var errno = Sys.MakeDirectories(Target, 0x1ED);
        return errno is Errno.None or Errno.EEXIST or Errno.EROFS ? Sys.Mount(Aside, Target, null, Libc.MS_MOVE) : errno;
    }

    /// <summary>The same at another place.</summary>
    public static Outcome MountAt(string folder, IReadOnlyList<LookedAt> disks, KernelCommandLine commandLine, StorageKey key)
    {
        var superblock = disks[0].Content!.Superblock!;
        var outcome = Prepare(disks, out var partitions);
        if (outcome.IsMounted && superblock.IsEncrypted) outcome = Unlock(disks, partitions, key, outcome.Words);
        if (!outcome.IsMounted) return outcome;
        outcome = MountAt(folder, disks, partitions, commandLine, outcome.Words);
        if (!outcome.IsMounted && superblock.IsEncrypted) EncryptedPartition.Close(EncryptedPartition.NameOf(superblock.Storage));
        return outcome;
    }

    /// <summary>What <see cref="MountAt(string, IReadOnlyList{LookedAt}, KernelCommandLine, StorageKey)"/> has mounted is undone.</summary>
    public static void UnmountFrom(string folder, IReadOnlyList<LookedAt> disks)
    {
        var errno = Sys.Unmount(folder);
        if (errno != Errno.None) Log.Error($"storage: unmount {folder}: {errno.Describe()}");
        else if (disks[0].Content!.Superblock! is { IsEncrypted: true } superblock) EncryptedPartition.Close(EncryptedPartition.NameOf(superblock.Storage));
    }

    private static Outcome Prepare(IReadOnlyList<LookedAt> disks, out List<string> partitions)
    {
        partitions = [];
        string words = "";
        foreach (var disk in disks)
        {
            words += GrownDisk.FitTable(disk, out string? failure);
            if (failure is not null) return new(false, false, $"{disk.Disk.Describe()}: {failure}");
            if (PartitionOf(disk) is not { } partition)
                return new(false, false, $"{disk.Disk.Describe()}: the kernel does not see its partition");
            partitions.Add(partition);
        }
        return new(true, false, words);
    }

    private static Outcome Unlock(IReadOnlyList<LookedAt> disks, List<string> partitions, StorageKey key, string words)
    {
        var disk = disks[0].Disk;
        if (disks.Count > 1) return new(false, false, $"{disk.Describe()}: an encrypted storage lies on one disk, and {disks.Count} say that they are it");
        if (key.Open(disk, partitions[0], EncryptedPartition.NameOf(disks[0].Content!.Superblock!.Storage), out string failure) is not { } inside)
            return new(false, false, $"{disk.Describe()} is encrypted: {failure}");
        partitions[0] = inside;
        return new(true, false, words);
    }

    private static Outcome MountAt(string folder, IReadOnlyList<LookedAt> disks, List<string> partitions, KernelCommandLine commandLine, string words)
    {
        var superblock = disks[0].Content!.Superblock!;
        string type = superblock.Type;
        var modules = new ModuleLoader(ModuleDirectory.OfThisKernel(), commandLine) { Warn = Log.Debug };
        // Checksums by the processor: btrfs takes what is loaded when it comes, and nobody has looked at the processor so far.
        if (type == "btrfs") modules.Load("crc32c_intel", "storage");
        modules.Load(type, "storage");
        if (type == "ext4" && Check(partitions[0]) is { } damage) return new(false, false, $"{disks[0].Disk.Describe()}: {damage}");

        int behind = type == "btrfs" ? BtrfsMembers.Behind(partitions) : -1;
        var outcome = Mount(folder, partitions, type, superblock, disks.Count);
        if (!outcome.IsMounted) return outcome with { Words = $"{disks[0].Disk.Describe()}: {outcome.Words}" };
        words += Grow(folder, type, partitions);
        if (StorageFolders.Prepare(folder, type) is { } problem) words += $", {problem}";
        // On the storage, since it is to be known until it is mended, and the next transaction makes all equal.
        if (behind >= 0) _ = Sys.WriteFile($"{folder}/{StorageDamage.BehindFile}", disks[behind].Disk.Describe(), Libc.O_CREAT | Libc.O_TRUNC);
        return outcome with { Words = outcome.Words + words };
    }

    private static Outcome Mount(string folder, List<string> partitions, string type, Superblock superblock, int disks)
    {
        var errno = Sys.MakeDirectories(folder, 0x1C0);
        if (errno is not (Errno.None or Errno.EEXIST)) return new(false, false, $"make folder {folder}: {errno.Describe()}");
        const ulong flags = Libc.MS_NOSUID | Libc.MS_NODEV | Libc.MS_NOATIME;
        // What is deleted is given back to flash and to thin disks; a container does not tell what it does not use.
        bool discards = !superblock.IsEncrypted;
        if (type == "ext4")
        {
            errno = Sys.Mount(partitions[0], folder, type, flags, "errors=remount-ro" + (discards ? ",discard" : ""));
            return errno == Errno.None ? new(true, false, "") : new(false, false, $"mount: {errno.Describe()}");
        }
        // All are named, so that nobody has to tell the kernel about them before.
        string options = discards ? "discard=async" : "nodiscard";
        for (int i = 1; i < partitions.Count; i++) options += $",device={partitions[i]}";
        errno = Sys.Mount(partitions[0], folder, type, flags, options);
        if (errno == Errno.None) return new(true, false, "");
        int expected = BtrfsMembers.Count(partitions[0]);
        if (expected > disks)
        {
            options += ",degraded";
            if (Sys.Mount(partitions[0], folder, type, flags, options) == Errno.None)
                return new(true, true, $"{disks} of {expected} disks are here: what was written to one disk only is missing");
            return new(false, false, $"{disks} of {expected} disks are here, too few to mount it: {errno.Describe()}");
        }
        return new(false, false, $"mount: {errno.Describe()}: the file system {superblock.FileSystemId} is damaged; the kernel's messages (dora log --kernel) may say more");
    }

    /// <summary>e2fsck(8): 0 clean, 1 mended; anything else needs a person.</summary>
    private static string? Check(string partition)
    {
        var outcome = ChildProgram.Run(["e2fsck", "-p", partition], s_checkLimit);
        if (outcome.Code is 0 or 1) return null;
        return $"it was not mounted, for it is damaged: {outcome.Describe("e2fsck")}; 'e2fsck -f {partition}' mends it by asking";
    }

    private static string Grow(string folder, string type, List<string> partitions)
    {
        // Both take up what is there, and cost next to nothing when there is nothing new.
        if (type == "ext4")
        {
            var outcome = ChildProgram.Run(["resize2fs", partitions[0]], s_resizeLimit);
            return outcome.Succeeded ? "" : $", not grown: {outcome.Describe("resize2fs")}";
        }
        if (Sys.Open(folder, Libc.O_RDONLY | Libc.O_DIRECTORY, 0, out var directory) != Errno.None) return "";
        using (directory)
            for (int device = 1; device <= partitions.Count; device++) _ = Sys.GrowBtrfs(directory, device); // ids of devices that were removed are left out: ENODEV
        return "";
    }

    /// <summary>The device of the partition that the superblock names; asks the kernel to look again if it does not know it yet.</summary>
    public static string? PartitionOf(LookedAt disk)
    {
        var superblock = disk.Content!.Superblock!;
        if (Find(disk.Disk, superblock) is { } known) return known;
        if (BlockDevice.OpenAlone(disk.Disk.Info.Path, out var device) != Errno.None) return null;
        using (device) _ = device.ReadPartitions();
        return Disk.Find(disk.Disk.Info.Name) is { } again ? Find(again, superblock) : null;
    }

    // By its place: sysfs tells the GUID of a partition only since Linux 6.11, and the table was compared with the superblock.
    private static string? Find(Disk disk, Superblock superblock)
    {
        foreach (var partition in disk.Info.Partitions)
            if (partition.StartBytes == DiskLayout.PartitionOffset && partition.SizeBytes >= superblock.PartitionBytes) return partition.Path;
        return null;
    }
}
