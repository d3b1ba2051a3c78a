using Dora.Core.Linux;
using Dora.Init.Boot;
using Dora.Init.Manager.Startup;

namespace Dora.Init.Storage.Remote;

/// <summary>
/// What /etc, /var, /root and /home are written to when the machine's storage is a file system of a server.
///
/// overlayfs needs of its upper folder what NFS and 9p do not have (whiteouts by rename, trusted attributes). To bind
/// folders of the server in their place would be worse than no overlay: each look at /etc/passwd would ask the server,
/// so that nobody could log in when it is gone. So there is an image of ext4 on the server, one GiB that takes up what is
/// written to it, on a loop device: it has what overlayfs needs, and what has been read once is read from memory. All
/// else below /data are plain files on the server.
///
/// virtiofs could carry the overlays itself if its daemon was started with the right options. It gets the image all
/// the same: the files would be elsewhere as soon as somebody starts the daemon differently.
///
/// Two machines on one image would destroy it. The image is locked (flock(2), which NFS passes on to the server); the
/// lock is the open file's, which the loop device keeps open as long as it is mounted.
/// </summary>
internal static class SystemImage
{
    /// <summary>Where it is mounted, below the storage; PathsWritable looks here first.</summary>
    public const string Folder = ".system";

    private const string File = ".pandora-system.ext4";
    private const long Bytes = 1L << 30;
    private static readonly TimeSpan s_make = TimeSpan.FromSeconds(30), s_check = TimeSpan.FromSeconds(60);

    /// <summary>Null when the image of the storage at <paramref name="target"/> is mounted; else why not.</summary>
    public static string? Prepare(string target)
    {
        string mountPoint = $"{target}/{Folder}", image = $"{target}/{File}";
        if (MountTable.TypeAt(mountPoint) is not null) return null;
        try
        {
            return Sys.Exists(image) || Make(image) is not { } problem ? Mount(image, mountPoint) : problem;
        }
        catch (LinuxException exception)
        {
            return exception.Message;
        }
    }

    private static string? Make(string image)
    {
        // Its name comes last: one that is half made is made again.
        string half = image + ".new";
        Sys.Open(half, Libc.O_RDWR | Libc.O_CREAT | Libc.O_TRUNC, 0x180, out var file).ThrowIfError("make", half);
        using (file) Sys.Truncate(file, Bytes).ThrowIfError("set the size of", half);
        var made = ChildProgram.Run(["mke2fs", "-q", "-F", "-t", "ext4", "-L", "pandora-system", half], s_make);
        if (!made.Succeeded) return made.Describe("mke2fs");
        Sys.Rename(half, image).ThrowIfError("rename to", image);
        return null;
    }

    private static string? Mount(string image, string mountPoint)
    {
        Sys.Open(image, Libc.O_RDWR, 0, out var file).ThrowIfError("open", image);
        using (file)
        {
            var errno = Sys.Lock(file, wait: false);
            if (errno == Errno.EAGAIN) return $"{image} is in use by another machine";
            // A file system without locks has one user: the hypervisor's 9p and virtiofs.
            if (errno is not (Errno.None or Errno.ENOLCK or Errno.EOPNOTSUPP or Errno.ENOSYS)) return $"lock {image}: {errno.Describe()}";
            var check = ChildProgram.Run(["e2fsck", "-p", image], s_check);
            // e2fsck(8): 1 and 2, errors were corrected.
            if (check.Code is < 0 or > 3) return check.Describe("e2fsck");
            using var loop = LoopDevice.Attach(file, image, Libc.LO_FLAGS_AUTOCLEAR | Libc.LO_FLAGS_DIRECT_IO, out string device);
            errno = Sys.MakeDirectories(mountPoint, 0x1C0);
            if (errno is Errno.None or Errno.EEXIST) errno = Sys.Mount(device, mountPoint, "ext4", Libc.MS_NOSUID | Libc.MS_NODEV | Libc.MS_NOATIME, "discard");
            return errno == Errno.None ? null : $"mount {image}: {errno.Describe()}";
        }
    }
}
