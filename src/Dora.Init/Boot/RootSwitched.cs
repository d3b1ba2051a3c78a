using Dora.Core.Linux;

namespace Dora.Init.Boot;

/// <summary>
/// / is the root image, /dev, /proc, /sys and /run have come along, and the memory of the initramfs is free.
/// All that can fail is tried before the first step that cannot be taken back.
/// </summary>
internal static class RootSwitched
{
    public static readonly string[] Moved = ["/dev", "/proc", "/sys", "/run"];

    public static string Run(BootState state)
    {
        CheckInit();
        foreach (string target in Moved)
            if (!Sys.Exists(BootPaths.NewRoot + target))
                throw new BootFailure($"boot: the root image has no folder {target}: it was made wrong");

        state.Uevents?.Dispose(); // the manager opens its own, and looks at all devices once more
        Sys.Open("/", Libc.O_RDONLY | Libc.O_DIRECTORY, 0, out var initramfs).ThrowIfError("open", "/");
        foreach (string target in Moved)
            Sys.Mount(target, BootPaths.NewRoot + target, null, Libc.MS_MOVE).ThrowIfError($"move {target} to", BootPaths.NewRoot + target);
        Sys.ChangeDirectory(BootPaths.NewRoot).ThrowIfError("change to", BootPaths.NewRoot);
        Sys.Mount(".", "/", null, Libc.MS_MOVE).ThrowIfError($"move {BootPaths.NewRoot} to", "/");
        Sys.ChangeRoot(".").ThrowIfError("change the root to", BootPaths.NewRoot);
        Sys.ChangeDirectory("/").ThrowIfError("change to", "/");
        using (initramfs) return Free(initramfs);
    }

    /// <summary>The first page is read too: a damaged image may mount well and fail only here.</summary>
    private static void CheckInit()
    {
        const string path = BootPaths.NewRoot + BootPaths.Init;
        const string advice = "boot: the root image is damaged or was made wrong";
        var errno = Sys.Stat(path, out var status);
        // A link to an absolute path is right in the new root and wrong here; the file itself is asked for then.
        if (errno != Errno.None && Sys.ReadLink(path, out string link) == Errno.None && link.StartsWith('/'))
            errno = Sys.Stat(BootPaths.NewRoot + link, out status);
        if (errno != Errno.None) throw new BootFailure($"boot: {BootPaths.Init} of the root image: {errno.Describe()}", advice);
        if ((status.st_mode & Libc.S_IFMT) != Libc.S_IFREG || (status.st_mode & 0x49) == 0)
            throw new BootFailure($"boot: {BootPaths.Init} of the root image: not an executable file", advice);
        errno = Sys.Open(path, Libc.O_RDONLY, 0, out var file);
        if (errno != Errno.None) return;
        using (file) errno = Sys.ReadAt(file, new byte[4096], 0, out _);
        if (errno != Errno.None) throw new BootFailure($"boot: read {BootPaths.Init} of the root image: {errno.Describe()}", advice);
    }

    /// <summary>Deletes what is in the initramfs, and only there: never on a disk that somebody booted /init from.</summary>
    private static string Free(FileDescriptor initramfs)
    {
        if (Sys.FileSystemType(initramfs) is not (Libc.RAMFS_MAGIC or Libc.TMPFS_MAGIC)) return "the old root is not an initramfs: left as it is";
        int left = Sys.DeleteContents(initramfs);
        return left == 0 ? "initramfs freed" : $"initramfs freed but for {left} names";
    }
}
