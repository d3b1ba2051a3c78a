using Dora.Core.Configuration;
using Dora.Core.Linux;
using Dora.Init.Modules;
using Dora.Init.Storage.Remote;

namespace Dora.Init.Manager.Startup;

/// <summary>
/// /etc, /var, /root and /home can be written although the root cannot: an overlay of what the image has there and
/// of /data, which is the machine's storage or, without one, a tmpfs. Without overlayfs, /etc is copied to a tmpfs (programs need
/// what it holds) and the others are empty ones.
/// </summary>
internal static class PathsWritable
{
    private const string Data = "/data";
    private const long CopyLimitBytes = 8 << 20;

    private static readonly (string Path, uint Mode)[] s_paths = [("/etc", 0x1ED), ("/var", 0x1ED), ("/root", 0x1C0), ("/home", 0x1ED)];

    public static string Run(KernelCommandLine commandLine)
    {
        MountData();
        new ModuleLoader(ModuleDirectory.OfThisKernel(), commandLine) { Warn = Log.Debug }.Load("overlay", "/etc");
        string fallbacks = "";
        foreach (var (path, mode) in s_paths)
        {
            if (MountTable.TypeAt(path) is not null) continue;
            if (!Sys.Exists(path))
            {
                Log.Warn($"start-up: {path}: not in the root image");
                continue;
            }
            var errno = MountOverlay(path, mode);
            if (errno == Errno.None) continue;
            Log.Warn($"start-up: {path}: overlay: {errno.Describe()}: using a tmpfs instead");
            MountCopy(path, mode);
            fallbacks += $" {path}";
        }
        string where = MountTable.TypeAt(Data) is "tmpfs" ? "in RAM" : "on storage";
        return fallbacks.Length == 0 ? $"overlays {where}" : $"{where}, without overlay:{fallbacks}";
    }

    private static void MountData()
    {
        if (MountTable.TypeAt(Data) is not null) return;
        Sys.Mount("tmpfs", Data, "tmpfs", Libc.MS_NOSUID | Libc.MS_NODEV, "mode=0755").ThrowIfError("mount tmpfs on", Data);
    }

    /// <summary>upper and work lie beside each other below /data, as overlayfs asks: one file system, two folders.</summary>
    private static Errno MountOverlay(string path, uint mode)
    {
        // Storage that cannot carry an overlay has an image that can (Storage/Remote/SystemImage.cs).
        string below = $"{Data}/{SystemImage.Folder}";
        if (MountTable.TypeAt(below) is null) below = Data;
        string upper = $"{below}{path}", work = $"{below}/.work{path}";
        var errno = Sys.MakeDirectories(upper, mode);
        if (errno == Errno.None) errno = Sys.MakeDirectories(work, 0x1C0);
        if (errno != Errno.None) return errno;
        // The upper folder's mode is the one that shows.
        if (Sys.Stat(path, out var lower) == Errno.None) mode = lower.st_mode & 0xFFF;
        _ = Sys.ChangeMode(upper, mode);
        return Sys.Mount("overlay", path, "overlay", Libc.MS_NOSUID | Libc.MS_NODEV, $"lowerdir={path},upperdir={upper},workdir={work}");
    }

    private static void MountCopy(string path, uint mode)
    {
        string copy = $"{Data}{path}";
        Sys.MakeDirectories(copy, mode).ThrowIfError("make folder", copy);
        if (path == "/etc")
        {
            long left = CopyLimitBytes;
            TreeCopy.Copy(path, copy, ref left);
        }
        Sys.Mount(copy, path, null, Libc.MS_BIND).ThrowIfError($"bind {copy} to", path);
    }
}
