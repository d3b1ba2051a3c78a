using Dora.Core.Linux;

namespace Dora.Init.Storage.Mounting;

/// <summary>
/// What a storage has at its top. What belongs to the system itself (etc, var, root, home) lies in the top level, with the
/// work folders of their overlays beside them: overlayfs wants both in one subvolume, since it moves files from one to the
/// other. What is large, or has a life of its own, is a subvolume of btrfs: a snapshot of the system does not hold it.
/// </summary>
internal static class StorageFolders
{
    private static readonly (string Name, uint Mode)[] s_own =
        [("log", 0x1ED), ("chroots", 0x1C0), ("vms", 0x1C0), ("images", 0x1C0), ("state", 0x1C0)];

    /// <summary>Makes what is missing. Null, or what could not be made: a full disk is no reason to do without all of it.</summary>
    public static string? Prepare(string top, string type)
    {
        var errno = Sys.Open(top, Libc.O_RDONLY | Libc.O_DIRECTORY, 0, out var folder);
        if (errno != Errno.None) return $"open {top}: {errno.Describe()}";
        using (folder)
        {
            _ = Sys.ChangeMode(top, 0x1ED);
            foreach (var (name, mode) in s_own)
            {
                string path = $"{top}/{name}";
                if (Sys.Exists(path)) continue;
                errno = type == "btrfs" ? Sys.MakeSubvolume(folder, name) : Sys.MakeDirectory(path, mode);
                if (errno == Errno.None) errno = Sys.ChangeMode(path, mode);
                if (errno is not (Errno.None or Errno.EEXIST)) return $"make {name}: {errno.Describe()}";
            }
        }
        return null;
    }
}
