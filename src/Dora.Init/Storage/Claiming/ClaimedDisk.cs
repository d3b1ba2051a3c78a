using Dora.Core.Linux;
using Dora.Init.Storage.Disks;
using Dora.Init.Storage.Encryption;
using Dora.Init.Storage.Probing;

namespace Dora.Init.Storage.Claiming;

/// <summary>A disk that is claimed: looked at once more, alone, right before the first byte is written.</summary>
internal static class ClaimedDisk
{
    /// <summary>The disk as it is afterwards; or null, and why not.</summary>
    /// <param name="chosen">The disk with what was on it when it was chosen.</param>
    /// <param name="fileSystem">What to put onto it.</param>
    /// <param name="machine">Who claims.</param>
    /// <param name="key">The key of the container around the file system; null: it is not encrypted.</param>
    /// <param name="step">Told before each write.</param>
    /// <param name="failure">Why it was not claimed.</param>
    /// <param name="isDryRun">Tell each write, and write nothing.</param>
    public static LookedAt? Claim(LookedAt chosen, StorageFileSystem fileSystem, Guid machine, StorageKey? key, Action<ClaimStep>? step, out string failure, bool isDryRun = false)
    {
        var disk = chosen.Disk;
        failure = chosen.OpenAgain(out var device, out var now, isDryRun) ?? "";
        if (failure.Length > 0) return null;
        using (device)
        {
            failure = Write(device, disk, now, fileSystem, machine, key, step, isDryRun) ?? "";
            if (failure.Length > 0 || isDryRun) return null;
            var errno = device.ReadPartitions();
            if (errno != Errno.None)
            {
                failure = $"it is written, but the kernel does not read its partition table: {errno.Describe()}";
                return null;
            }
        }
        if (Disk.Find(disk.Info.Name) is { } again && LookedAt.At(again, isQuick: true) is { Verdict.State: DiskState.Ours } ours) return ours;
        failure = "it is written, but does not read back as it should: the disk does not keep what is written to it";
        return null;
    }

    /// <summary>A disk that is to join a storage: everything but the file system, which takes its partition. Null when that is done.</summary>
    public static string? Prepare(LookedAt chosen, Superblock storage, int number, Action<ClaimStep> step)
    {
        var disk = chosen.Disk;
        if (chosen.OpenAgain(out var device, out var now) is { } changed) return changed;
        using (device)
        {
            Log.Announce($"storage: claiming {disk.Describe()} for the storage that there is: {now.Reason}");
            if (now is { Kind: ContentKind.OursUnfinished, Superblock: { } unfinished } && Claiming.Claim.TakeBack(device, unfinished) is { } stuck) return stuck;
            var superblock = Claiming.Claim.Describe(device, now.Fill, storage.FileSystem, disk.Info.Model ?? "", disk.Info.Serial ?? "", DateTimeOffset.UtcNow.ToUnixTimeSeconds()) with
            {
                Machine = storage.Machine, Storage = storage.Storage, FileSystemId = storage.FileSystemId, Number = number,
            };
            if (new Claim(device, superblock, new NoContent()) { Step = step, Last = SuperblockState.Joining }.Run() is { } failure) return failure;
            var errno = device.ReadPartitions();
            return errno == Errno.None ? null : $"read the partition table: {errno.Describe()}";
        }
    }

    private sealed class NoContent : IClaimContent
    {
        public bool Next(long from, out long start, out long end)
        {
            start = end = -1;
            return false;
        }

        public void Read(long offset, Span<byte> buffer) => buffer.Clear();
    }

    private static string? Write(BlockDevice device, Disk disk, ContentFinding now, StorageFileSystem fileSystem, Guid machine, StorageKey? key, Action<ClaimStep>? step, bool isDryRun)
    {
        if (!isDryRun)
            Log.Announce($"storage: claiming {disk.Describe()}: {now.Reason}");
        if (now is { Kind: ContentKind.OursUnfinished, Superblock: { } unfinished } && !isDryRun && Claiming.Claim.TakeBack(device, unfinished) is { } stuck) return stuck;
        var superblock = Claiming.Claim.Describe(device, now.Fill, fileSystem, disk.Info.Model ?? "", disk.Info.Serial ?? "", DateTimeOffset.UtcNow.ToUnixTimeSeconds()) with
        {
            Machine = machine, IsEncrypted = key is not null,
        };
        using var template = ClaimTemplate.Make(fileSystem, superblock.FileSystemId, superblock.PartitionBytes, key, out string failure);
        if (template is null) return failure;
        return new Claim(device, superblock, template) { Step = step, IsDryRun = isDryRun }.Run();
    }
}
