using System.Text;
using Dora.Core.Configuration;
using Dora.Core.Linux;
using Dora.Core.Protocol.Json;
using Dora.Core.Protocol.Storage;
using Dora.Init.Manager.MachineInfo;
using Dora.Init.Manager.Startup;
using Dora.Init.Storage.Claiming;
using Dora.Init.Storage.Disks;
using Dora.Init.Storage.Encryption;
using Dora.Init.Storage.Kept;
using Dora.Init.Storage.Mounting;
using Dora.Init.Storage.Remote;
using Dora.Init.Storage.Requests;

namespace Dora.Init.Storage;

/// <summary>
/// The role `init storage boot`: finds the machine's storage, or claims an empty disk, and mounts it at /data, before
/// anything else is written anywhere. A process of its own, because a disk may never answer: the manager waits within
/// bounds (Startup/StorageReady) and boot goes on in RAM. It may be killed at any instruction.
///
///   wait for the devices  DevicesSettled     nothing, where nothing is slow
///   look at every disk    LookedAt           what it is, what is on it, what may be done with it
///   choose                StorageChoice      use, claim or nothing
///   claim                 Claim              an empty disk becomes a storage
///   mount                 StorageMount       checked, grown, with its folders, at /data
///
/// What came of it is in <see cref="StatusPath"/>, as the API tells it, and in one line on stdout, for the report of the boot.
/// </summary>
internal static class StorageBoot
{
    public const string Folder = "/run/dora/storage";
    public const string StatusPath = Folder + "/status.json";
    private const int EncryptedClaimSeconds = 90;

    public static int RunProcess()
    {
        var commandLine = Settings();
        foreach (string problem in commandLine.Problems)
            if (problem.StartsWith(StorageFile.Path, StringComparison.Ordinal)) Log.Warn(problem);
        Log.IsDebug = commandLine.Debug;
        // A manager that was killed meanwhile has left one of us at work: it is waited for, not disturbed.
        using var alone = TakeLock(wait: true);
        if (MountTable.TypeAt(StorageMount.Target) is not null) return Say("mounted before");
        var start = Sys.TimeSinceBoot();
        StorageStatus status;
        try
        {
            status = Run(commandLine);
        }
        catch (LinuxException exception)
        {
            status = new StorageStatus { State = StorageStates.Failed, Reason = exception.Message };
        }
        status = status with { TookMs = (long)(Sys.TimeSinceBoot() - start).TotalMilliseconds };
        if (status.State == StorageStates.Failed) Log.Error($"storage: {status.Reason}: this boot keeps everything in RAM");
        WriteStatus(status);
        return Say(status.Reason ?? status.State);
    }

    /// <summary>
    /// What the kernel command line says and, for what it does not say, the image's storage.yaml: at boot that is the one which
    /// counts, since what a storage holds of /etc is not there before the storage is.
    /// </summary>
    public static KernelCommandLine Settings() => KernelCommandLine.Read().Complete(StorageFile.Load());

    /// <summary>Who writes to disks is alone. Null where somebody else has it and is not waited for.</summary>
    public static FileDescriptor? TakeLock(bool wait)
    {
        // For root alone: whoever could open it could hold the lock.
        Sys.MakeDirectories(Folder, 0x1C0).ThrowIfError("make folder", Folder);
        Sys.Open(Folder, Libc.O_RDONLY | Libc.O_DIRECTORY, 0, out var folder).ThrowIfError("open", Folder);
        var errno = Sys.Lock(folder, wait);
        if (errno == Errno.None) return folder;
        folder.Dispose();
        return errno == Errno.EAGAIN ? null : throw new LinuxException(errno, "lock", Folder);
    }

    private static StorageStatus Run(KernelCommandLine commandLine)
    {
        if (commandLine.Storage.IsNone) return new StorageStatus { State = StorageStates.Off, Reason = "pandora.storage=none" };
        if (commandLine.Storage.IsRemote(out var place)) return RunRemote(place, commandLine);
        var start = Sys.TimeSinceBoot();
        string? missing = DevicesSettled.Wait(commandLine.StorageTimeout / 2, commandLine);
        if (missing is not null) Log.Warn($"storage: {missing}: not waiting for it any longer");
        var disks = new List<LookedAt>();
        foreach (var disk in Disk.All())
        {
            var found = LookedAt.At(disk, isQuick: true);
            disks.Add(found);
            Log.Info($"storage: {disk.Describe()}: {StateName(found.Verdict.State)}: {found.Verdict.Reason}");
        }
        var looked = Sys.TimeSinceBoot();
        return Choose(disks, commandLine, $"looked at {disks.Count} disk{(disks.Count == 1 ? "" : "s")} in {Milliseconds(looked - start)}", looked);
    }

    private static StorageStatus RunRemote(in RemoteStorageName place, KernelCommandLine commandLine)
    {
        var start = Sys.TimeSinceBoot();
        // The network has its time besides, and what is found there may have to be claimed.
        Say($"wait {commandLine.StorageTimeout.TotalSeconds * 2:0} {place} is attached");
        if (RemoteBoot.Attach(place, commandLine, out var status) is not { } disk) return status;
        Log.Info($"storage: {place}: {disk.Disk.Describe()}: {StateName(disk.Verdict.State)}: {disk.Verdict.Reason}");
        var attached = Sys.TimeSinceBoot();
        return Choose([disk], commandLine, $"{place} attached in {Milliseconds(attached - start)}", attached) with { Kind = status.Kind };
    }

    private static StorageStatus Choose(List<LookedAt> disks, KernelCommandLine commandLine, string took, TimeSpan looked)
    {
        using var key = new StorageKey(commandLine.StorageKey, commandLine.StorageTimeout / 3, seconds => Say($"wait {seconds} "));
        var choice = StorageChoice.Of(disks, commandLine.Storage, commandLine.Claim, MachineId());
        switch (choice.Action)
        {
            case StorageAction.Use:
                return Mount(choice.Disks, commandLine, key, took, claimed: false);
            case StorageAction.Claim:
                string failure = "";
                if (commandLine.StorageKey is not null)
                {
                    Say($"wait {EncryptedClaimSeconds} "); // its key costs time on purpose
                    failure = key.Choose(choice.Disks[0].Disk) ?? "";
                    looked = Sys.TimeSinceBoot();
                }
                if (failure.Length > 0 || ClaimedDisk.Claim(choice.Disks[0], FileSystemOf(commandLine), MachineId(), commandLine.StorageKey is null ? null : key, step: null, out failure) is not { } ours)
                    return new StorageStatus { State = StorageStates.Failed, Reason = $"{choice.Disks[0].Disk.Describe()} could not be claimed: {failure}" };
                return Mount([ours], commandLine, key, $"{took}, claimed in {Milliseconds(Sys.TimeSinceBoot() - looked)}", claimed: true);
            default:
                return new StorageStatus { State = choice.IsFailure ? StorageStates.Failed : StorageStates.Memory, Reason = choice.Reason };
        }
    }

    private static StorageStatus Mount(IReadOnlyList<LookedAt> disks, KernelCommandLine commandLine, StorageKey key, string took, bool claimed)
    {
        var start = Sys.TimeSinceBoot();
        var superblock = disks[0].Content!.Superblock!;
        string type = superblock.Type;
        var outcome = StorageMount.Run(disks, commandLine, key);
        if (outcome.IsMounted)
        {
            MachineMark.Put(disks, MachineId());
            EntropySeed.Take(StorageMount.Target + "/state");
            if (claimed && !superblock.IsEncrypted) ChildProgram.LeaveBehind("fstrim", StorageMount.Target);
        }
        if (outcome.IsDegraded) Log.Error($"storage: degraded: {outcome.Words}");
        var names = new List<string>();
        var parts = new List<StorageDisk>();
        foreach (var disk in disks)
        {
            names.Add(disk.Disk.Describe());
            parts.Add(StorageMembers.Part(disk));
        }
        string words = outcome.Words.Trim(',', ' ');
        if (commandLine.StorageKey is not null && !superblock.IsEncrypted) words += $"{(words.Length > 0 ? ", " : "")}not encrypted, though pandora.storage_key is set: it was claimed without";
        return new StorageStatus
        {
            State = !outcome.IsMounted ? StorageStates.Failed : outcome.IsDegraded ? StorageStates.Degraded : StorageStates.Ready,
            Reason = !outcome.IsMounted ? words
                : $"{(superblock.IsEncrypted ? "encrypted " : "")}{type} on {string.Join(" and ", names)}: {took}, mounted in {Milliseconds(Sys.TimeSinceBoot() - start)}{(words.Length > 0 ? ": " + words : "")}",
            Kind = "disk",
            FileSystem = type,
            Uuid = superblock.Storage.ToString(),
            Encrypted = superblock.IsEncrypted,
            Disks = parts,
            ClaimedThisBoot = claimed,
        };
    }

    /// <summary>What the boot has written down is no longer so.</summary>
    public static void Rewrite(Func<StorageStatus, StorageStatus> change)
    {
        if (StorageReport.Saved("") is { } status) WriteStatus(change(status));
    }

    private static void WriteStatus(StorageStatus status)
    {
        var errno = Sys.ReplaceFile(StatusPath, Encoding.UTF8.GetString(JsonMapWriter.Write(status)));
        if (errno != Errno.None) Log.Warn($"storage: write {StatusPath}: {errno.Describe()}");
    }

    public static StorageFileSystem FileSystemOf(KernelCommandLine commandLine) =>
        commandLine.StorageFileSystem == "ext4" ? StorageFileSystem.Ext4 : StorageFileSystem.Btrfs;

    /// <summary>What the firmware calls this machine; empty where it says nothing.</summary>
    public static Guid MachineId() => ParseId(SystemText.Line("/sys/class/dmi/id/product_uuid") ?? "");

    internal static Guid ParseId(string text)
    {
        var id = new byte[16];
        string digits = text.Replace("-", "");
        for (int i = 0; i < id.Length; i++)
        {
            if (digits.Length != 32 || !SystemText.TryDigits(digits.AsSpan(i * 2, 2), 16, out long value)) return Guid.Empty;
            id[i] = (byte)value;
        }
        return new Guid(id, bigEndian: true);
    }

    private static string StateName(DiskState state) => state.ToString().ToLowerInvariant();

    private static string Milliseconds(TimeSpan time) => $"{time.TotalMilliseconds:0} ms";

    private static int Say(string line)
    {
        Sys.Say(line);
        return 0;
    }
}
