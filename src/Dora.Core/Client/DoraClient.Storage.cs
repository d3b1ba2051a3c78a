using System.Text.Json;
using Dora.Core.Protocol;
using Dora.Core.Protocol.Json;
using Dora.Core.Protocol.Storage;

namespace Dora.Core.Client;

/// <summary>Storage, and the disks that it lies on or could lie on.</summary>
public sealed partial class DoraClient
{
    /// <summary>Where the machine keeps what is to persist.</summary>
    public Answer<StorageStatus> Storage() => Get<StorageStatus>("/v1/storage");

    /// <summary>How far a scrub of the storage is, or how the last one ended.</summary>
    public Answer<ScrubStatus> ScrubStatus() => Get<ScrubStatus>("/v1/storage/scrub");

    /// <summary>Ends a scrub that runs; what it has mended stays mended.</summary>
    public Answer<ScrubStatus> CancelScrub() => Post<ScrubStatus>("/v1/storage/scrub/cancel");

    /// <summary>All disks, and what storage makes of them.</summary>
    public Answer<IReadOnlyList<DiskStatus>> StorageDisks() => GetList<DiskStatus>("/v1/disks");

    /// <summary>One disk, and what storage makes of it.</summary>
    /// <param name="name">Its name, with or without <c>/dev/</c>.</param>
    public Answer<DiskStatus> StorageDisk(string name) => Get<DiskStatus>(DiskPath(name));

    /// <summary>What a disk says of its own health.</summary>
    /// <param name="name">The disk.</param>
    public Answer<DiskHealth> DiskHealth(string name) => Get<DiskHealth>($"{DiskPath(name)}/health");

    /// <summary>Makes a disk the machine's storage.</summary>
    /// <param name="name">The disk.</param>
    /// <param name="take">Gets each step as it is done, and the line as it came.</param>
    /// <param name="dryRun">Only tells what would be written.</param>
    /// <param name="token">For a disk that is not empty: what its <see cref="DiskStatus.Token"/> said.</param>
    /// <param name="fileSystem"><c>btrfs</c> or <c>ext4</c>; as the kernel command line says, or btrfs, unless told.</param>
    public DiskResult ClaimDisk(string name, Action<DiskStep, byte[]> take, bool dryRun = false, string? token = null, string? fileSystem = null) =>
        Steps($"{DiskPath(name)}/claim?dry-run={(dryRun ? "true" : "false")}"
            + (token is null ? "" : $"&token={Escape(token)}") + (fileSystem is null ? "" : $"&file-system={Escape(fileSystem)}"), take);

    /// <summary>Lets go of a disk: what makes it ours is taken off it, and what lies on it is lost.</summary>
    /// <param name="name">The disk.</param>
    /// <param name="take">Gets each step as it is done, and the line as it came.</param>
    /// <param name="token">What its <see cref="DiskStatus.Token"/> said.</param>
    public DiskResult ReleaseDisk(string name, Action<DiskStep, byte[]> take, string? token = null) =>
        Steps($"{DiskPath(name)}/release{(token is null ? "" : $"?token={Escape(token)}")}", take);

    /// <summary>Adds an empty disk to the storage that there is.</summary>
    /// <param name="name">The disk.</param>
    /// <param name="take">Gets each step as it is done, and the line as it came.</param>
    public DiskResult AddDisk(string name, Action<DiskStep, byte[]> take) => Steps($"{DiskPath(name)}/add", take);

    /// <summary>Moves what lies on a disk to the others of the storage, and lets go of it.</summary>
    /// <param name="name">The disk.</param>
    /// <param name="take">Gets each step as it is done, and the line as it came.</param>
    public DiskResult RemoveDisk(string name, Action<DiskStep, byte[]> take) => Steps($"{DiskPath(name)}/remove", take);

    /// <summary>Reads everything on the storage, or on one of its disks, and compares it with its checksums.</summary>
    /// <param name="name">The disk; null is all of them.</param>
    /// <param name="take">Gets each step as it is done, and the line as it came.</param>
    public DiskResult Scrub(string? name, Action<DiskStep, byte[]> take) => Steps($"{(name is null ? "/v1/storage" : DiskPath(name))}/scrub", take);

    // In sysfs, and so in names of disks, a '/' is a '!'.
    private static string DiskPath(string name) =>
        $"/v1/disks/{Escape((name.StartsWith("/dev/", StringComparison.Ordinal) ? name[5..] : name).Replace('/', '!'))}";

    /// <summary>What is done is told line by line; the last one has the result, and a failure is thrown.</summary>
    private DiskResult Steps(string path, Action<DiskStep, byte[]> take)
    {
        DiskResult? result = null;
        byte[]? last = null;
        var splitter = new LineSplitter(line =>
        {
            if (line.IsEmpty) return; // a sign of life
            DiskStep step;
            try
            {
                step = JsonMapReader.Read<DiskStep>(line);
            }
            catch (JsonException)
            {
                return; // cut when the connection broke
            }
            last = line.ToArray();
            result = step.Result;
            take(step, last);
        });
        StreamOf("POST", path, splitter.Feed);
        if (result is null)
            throw new DoraException(DoraFailure.NotReachable, $"{socketPath}: the connection ended before the result of {path.Split('?')[0]}; 'dora disk list' and 'dora storage' tell how far it came");
        return result.Error is { } error ? throw new DoraException(DoraFailure.Refused, error.Message, error) : result;
    }
}
