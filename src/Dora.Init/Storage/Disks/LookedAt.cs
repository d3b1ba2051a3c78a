using Dora.Core.Linux;
using Dora.Init.Storage.Probing;

namespace Dora.Init.Storage.Disks;

/// <summary>A disk with what is on it and what may be done with it.</summary>
internal sealed record LookedAt(Disk Disk, ContentFinding? Content, DiskVerdict Verdict)
{
    /// <summary>Reads it. A disk that does not answer blocks here: only for processes that may.</summary>
    /// <param name="disk">Which.</param>
    /// <param name="isQuick">Without a fingerprint for a storage of ours and for somebody's data: a token cannot be made of it.</param>
    public static LookedAt At(Disk disk, bool isQuick = false)
    {
        if (disk.Info.SizeBytes == 0) return new LookedAt(disk, null, DiskVerdict.Of(disk, null));
        var errno = BlockDevice.OpenToRead(disk.Info.Path, out var device);
        if (errno != Errno.None) return new LookedAt(disk, null, DiskVerdict.Of(disk, null, $"open: {errno.Describe()}"));
        ContentFinding content;
        using (device) content = ContentProbe.Look(device, isQuick);
        string? failure = DiskVerdict.UsedBy(disk) is null && !disk.Info.ReadOnly ? AloneFailure(disk.Info.Path) : null;
        return new LookedAt(disk, content, DiskVerdict.Of(disk, content, failure));
    }

    /// <summary>
    /// The disk once more, right before the first byte is written: opened alone, and with the same on it as when it was
    /// decided about. Null, or why it is not to be written to; the device is the caller's, and closed where there is a reason.
    /// </summary>
    /// <param name="device">The disk, open.</param>
    /// <param name="now">What is on it.</param>
    /// <param name="isDryRun">Nothing will be written: it is opened to read, beside others.</param>
    public string? OpenAgain(out BlockDevice device, out ContentFinding now, bool isDryRun = false)
    {
        now = null!;
        var errno = isDryRun ? BlockDevice.OpenToRead(Disk.Info.Path, out device) : BlockDevice.OpenAlone(Disk.Info.Path, out device);
        if (errno != Errno.None) return errno == Errno.EBUSY ? "it is in use" : $"open: {errno.Describe()}";
        now = ContentProbe.Look(device);
        if (now.Kind == Content!.Kind && now.Fingerprint == Content.Fingerprint) return null;
        device.Dispose();
        return "what is on it has changed since it was looked at";
    }

    // What the kernel's lists do not show: held by a program, or by a driver without a trace in sysfs.
    private static string? AloneFailure(string path)
    {
        var errno = Sys.Open(path, Libc.O_RDONLY | Libc.O_EXCL, 0, out var fd);
        if (errno == Errno.None) fd.Dispose();
        return errno == Errno.None ? null : errno == Errno.EBUSY ? "somebody else has it open for himself alone" : $"open alone: {errno.Describe()}";
    }

    /// <summary>Whether there is a superblock of ours on it, of whatever use it is.</summary>
    public bool HasOurMark => Content is { Superblock: not null } or { HasOurMark: true } or { Kind: ContentKind.Ours or ContentKind.OursUnfinished };
}
