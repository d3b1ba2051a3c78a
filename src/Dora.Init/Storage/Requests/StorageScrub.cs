using System.Text;
using System.Text.Json;
using Dora.Core.Linux;
using Dora.Core.Protocol;
using Dora.Core.Protocol.Json;
using Dora.Core.Protocol.Storage;
using Dora.Init.Manager.MachineInfo;
using Dora.Init.Manager.Startup;

namespace Dora.Init.Storage.Requests;

/// <summary>
/// Scrubs of a storage with btrfs, by btrfs-scrub(8). Other file systems have no checksums of their data to compare.
///
/// A scrub is the work of one helper process, whether its client stays or not, and ends when it is done or is cancelled. How far it is lies
/// in /run, for the time that the lock beside it is held: so a helper that was killed has left nothing that runs. What it found is
/// kept on the storage, if it came to its end. One that has read everything and left nothing wrong is what makes a
/// storage whole again that has had errors: they are forgotten, and so is which disk was behind.
/// </summary>
internal static class StorageScrub
{
    private const string Data = "/data", Records = "/var/lib/btrfs"; // without that folder btrfs(8) keeps no status
    private const string Running = StorageBoot.Folder + "/scrub", Cancelled = Running + ".cancelled", Record = "/data/state/scrub";
    private static readonly TimeSpan s_askLimit = TimeSpan.FromSeconds(20), s_limit = TimeSpan.FromDays(14);

    public static ScrubStatus Status()
    {
        RefuseUnlessBtrfs();
        return Ask();
    }

    /// <param name="name">Only this disk of the storage; null: all of them.</param>
    public static DiskResult Run(string? name, Action<DiskStep> step)
    {
        RefuseUnlessBtrfs();
        string what = name is null ? Data : DeviceOf(name);
        _ = Sys.MakeDirectories(StorageBoot.Folder, 0x1C0);
        using var alone = Lock("") ?? throw new StorageRefusal(409, "storage.busy", "storage: a scrub is running already", Errno.EAGAIN);
        _ = Sys.MakeDirectories(Records, 0x1C0);
        _ = Sys.Unlink(Cancelled);
        Save(Running, new ScrubStatus { State = "running" });
        step(new DiskStep { Step = "scrub", Detail = $"everything on {what} is read", Status = ChangeInfo.Doing, Percent = 0 });
        int last = 0;
        var scrub = ChildProgram.Run(["btrfs", "scrub", "start", "-B", what], s_limit, tick: () =>
        {
            Sys.Alarm(StorageHelper.StepSeconds);
            ScrubStatus now;
            try
            {
                now = Ask();
            }
            catch (StorageRefusal)
            {
                return; // the scrub itself goes on, and says at its end what is wrong
            }
            Save(Running, now);
            int percent = now.TotalBytes is > 0 and { } total ? (int)Math.Min(now.CheckedBytes * 100 / total, 99) : 0;
            if (percent == last || now.State != "running") return;
            last = percent;
            step(new DiskStep { Step = "scrub", Status = ChangeInfo.Doing, Percent = percent });
        });
        var status = Ask(Moment.At(Sys.TimeSinceBoot(), DateTime.UtcNow).Wall);
        _ = Sys.Unlink(Running);
        // The record of btrfs(8) alone does not tell: one that it writes every five seconds can replace the last one.
        if (status.State == "aborted" || scrub.Code is not (0 or 3) && Sys.Exists(Cancelled)) throw new StorageRefusal(409, "storage.cancelled", $"scrub of {what}: it was cancelled");
        // 3: there are errors that cannot be mended; the status says how many.
        if (scrub.Failure is { } failure) throw new StorageRefusal(503, "disk.failed", $"scrub of {what}: {failure}", scrub.Errno);
        if (scrub.Code is not (0 or 3)) throw new StorageRefusal(409, "disk.refused", $"scrub of {what}: {scrub.Describe("btrfs")}");
        if (name is null) End(status);
        return new DiskResult
        {
            Status = ChangeInfo.Done,
            Message = status.Errors == 0 ? $"{what}: no errors"
                : $"{what}: {status.Errors} errors, {status.Corrected} mended{(status.Uncorrectable > 0 ? $", {status.Uncorrectable} that cannot be: files are damaged, the kernel's log names them" : "")}",
            Scrub = status,
        };
    }

    public static ScrubStatus Cancel()
    {
        RefuseUnlessBtrfs();
        // Before it ends, for that is when it is asked for.
        _ = Sys.ReplaceFile(Cancelled, "");
        // 2: none is running, which is what was asked for.
        var cancelled = ChildProgram.Run(["btrfs", "scrub", "cancel", Data], s_askLimit);
        if (cancelled.Failure is { } failure) throw new StorageRefusal(503, "disk.failed", $"storage: {failure}", cancelled.Errno);
        return Ask(state: cancelled.Code == 0 ? "aborted" : null);
    }

    /// <summary>The one that runs, or the last of all disks that came to its end.</summary>
    public static ScrubStatus? Last(string root)
    {
        if (Read(root + Running) is not { } running) return Read(root + Record);
        using var alone = Lock(root);
        return alone is null ? running : Read(root + Record);
    }

    private static void End(ScrubStatus status)
    {
        Save(Record, status);
        if (status.Uncorrectable > 0) return;
        // With a disk that is lost, what it should have is not on it, whatever was read from the others.
        var now = StorageReport.Read("");
        if (now.State == StorageStates.Failed) return;
        foreach (var disk in now.Disks)
            if (disk.Missing) return;
        BtrfsMembers.Errors(Data, null, forget: true);
        _ = Sys.Unlink($"{Data}/{StorageDamage.BehindFile}");
    }

    /// <summary>Held by the process that scrubs. Null: somebody else has it.</summary>
    private static FileDescriptor? Lock(string root)
    {
        Sys.Open($"{root}{Running}.lock", Libc.O_RDWR | Libc.O_CREAT, 0x180, out var file).ThrowIfError("open", Running);
        if (Sys.Lock(file, wait: false) == Errno.None) return file;
        file.Dispose();
        return null;
    }

    private static void Save(string path, ScrubStatus status) => _ = Sys.ReplaceFile(path, Encoding.UTF8.GetString(JsonMapWriter.Write(status)));

    private static ScrubStatus? Read(string path)
    {
        try
        {
            return Sys.ReadFile(path, out var json) == Errno.None ? JsonMapReader.Read<ScrubStatus>(json) : null;
        }
        catch (JsonException)
        {
            return null; // a power cut, or somebody's editor
        }
    }

    private static void RefuseUnlessBtrfs()
    {
        string? type = MountTable.TypeAt(Data);
        if (type is null or "tmpfs") throw new StorageRefusal(409, "storage.none", "storage: there is none: everything is in RAM");
        if (type != "btrfs") throw new StorageRefusal(409, "disk.refused", $"storage: {type} keeps no checksums of its data: there is nothing that a scrub could compare");
    }

    /// <summary>The partition of a disk that /data lies on, as the kernel names it.</summary>
    private static string DeviceOf(string name)
    {
        if (!Sys.Exists($"/sys/block/{name}")) throw StorageRefusal.NoSuchDisk(name);
        foreach (string part in Sys.ListDirectories($"/sys/block/{name}"))
            if (SystemText.Number($"/sys/block/{name}/{part}/partition") == 1)
            {
                // In a container it is the device that holds the partition.
                bool isHeld = Sys.ListDirectory($"/sys/block/{name}/{part}/holders", out var holders) == Errno.None && holders.Count > 0;
                return "/dev/" + (isHeld ? holders[0] : part.Replace('!', '/'));
            }
        return "/dev/" + name.Replace('!', '/');
    }

    /// <param name="state">What is known better than btrfs(8) knows it.</param>
    private static ScrubStatus Ask(string? endedAt = null, string? state = null)
    {
        var told = ChildProgram.Run(["btrfs", "scrub", "status", "-R", Data], s_askLimit);
        if (told.Failure is { } failure) throw new StorageRefusal(503, "disk.failed", $"storage: {failure}", told.Errno);
        long? used = Sys.FileSystemSize(Data, out var bytes) == Errno.None ? bytes.Size - bytes.Free : null;
        return Parse(told.Said, used, endedAt, state);
    }

    /// <summary>Lines of NAME: VALUE.</summary>
    internal static ScrubStatus Parse(string text, long? used, string? endedAt = null, string? knownState = null)
    {
        string state = "never";
        string? started = null;
        long bytes = 0, errors = 0, corrected = 0, uncorrectable = 0;
        foreach (var line in text.AsSpan().EnumerateLines())
        {
            int colon = line.IndexOf(':');
            if (colon < 0) continue;
            var name = line[..colon].Trim();
            var value = line[(colon + 1)..].Trim();
            long number = SystemText.TryNumber(value, out long parsed) && parsed > 0 ? parsed : 0;
            if (name is "Status") state = value.ToString();
            else if (name is "Scrub started" or "Scrub resumed") started = value.ToString();
            else if (name is "data_bytes_scrubbed" or "tree_bytes_scrubbed") bytes += number;
            else if (name is "read_errors" or "csum_errors" or "verify_errors" or "super_errors") errors += number;
            else if (name is "corrected_errors") corrected = number;
            else if (name is "uncorrectable_errors") uncorrectable = number;
        }
        return new ScrubStatus { State = knownState ?? state, StartedAt = started, EndedAt = endedAt, CheckedBytes = bytes, TotalBytes = used, Errors = errors, Corrected = corrected, Uncorrectable = uncorrectable };
    }
}
