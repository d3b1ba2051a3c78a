using Dora.Core.Linux;

namespace Dora.Init.Manager.Startup;

/// <summary>Copies a small tree of files, folders and links with owners and modes; what cannot be read is left out and said.</summary>
internal static class TreeCopy
{
    private const int Deepest = 32;
    private const int LargestFile = 1 << 20;

    /// <summary><paramref name="leftBytes"/> is what may still be copied: a tree that is larger than expected must not fill the RAM.</summary>
    public static void Copy(string from, string to, ref long leftBytes, int depth = 0)
    {
        if (depth > Deepest || Sys.ListDirectory(from, out var names) != Errno.None) return;
        foreach (string name in names)
        {
            string source = $"{from}/{name}", target = $"{to}/{name}";
            if (Sys.Stat(source, out var status, followLinks: false) != Errno.None) continue;
            uint mode = status.st_mode & 0xFFF;
            var errno = (status.st_mode & Libc.S_IFMT) switch
            {
                Libc.S_IFDIR => Sys.MakeDirectories(target, mode),
                Libc.S_IFLNK => CopyLink(source, target),
                Libc.S_IFREG => CopyFile(source, target, mode, ref leftBytes),
                _ => Errno.None, // no sockets, pipes or devices belong into such a tree
            };
            if (errno is Errno.None or Errno.EEXIST)
            {
                if ((status.st_mode & Libc.S_IFMT) == Libc.S_IFLNK) continue;
                _ = Sys.ChangeOwner(target, status.st_uid, status.st_gid);
                _ = Sys.ChangeMode(target, mode);
                if ((status.st_mode & Libc.S_IFMT) == Libc.S_IFDIR) Copy(source, target, ref leftBytes, depth + 1);
            }
            else Log.Warn($"start-up: copy {source}: {errno.Describe()}");
        }
    }

    private static Errno CopyLink(string source, string target)
    {
        var errno = Sys.ReadLink(source, out string link);
        return errno == Errno.None ? Sys.MakeSymbolicLink(link, target) : errno;
    }

    private static Errno CopyFile(string source, string target, uint mode, ref long leftBytes)
    {
        var errno = Sys.ReadFile(source, out var content, LargestFile);
        if (errno != Errno.None) return errno;
        leftBytes -= content.Length;
        if (leftBytes < 0) return Errno.ENOSPC;
        errno = Sys.Open(target, Libc.O_WRONLY | Libc.O_CREAT | Libc.O_TRUNC, mode, out var file);
        if (errno != Errno.None) return errno;
        using (file) return Sys.WriteAllAt(file, content, 0);
    }
}
