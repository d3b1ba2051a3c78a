using Dora.Core.Linux;
using Dora.Core.Protocol;
using Dora.Core.Protocol.Machine;

namespace Dora.Init.Manager.MachineInfo;

/// <summary>
/// Files as the API shows and changes them, with root's power and in a helper: any of these calls may block. What is
/// changed is the file that the path leads to, but a link that is removed or moved is the link itself.
/// </summary>
internal static class MachineFiles
{
    public const int MostEntries = 10_000;
    private const uint FolderMode = 0x1ED /* 0755 */;
    private const uint NoId = uint.MaxValue; // chown(2): leave as it is

    /// <summary>A file, and if it is a folder, or a link to one, what is in it.</summary>
    public static void Describe(LentConnection client, string path)
    {
        FileEntry[]? entries = null;
        bool isTruncated = false;
        var errno = Sys.Stat(path, out var status, followLinks: false);
        if (errno == Errno.None) errno = Entries(path, status, out entries, out isTruncated);
        if (errno == Errno.None) client.Reply(Of(path, status, entries, isTruncated));
        else client.Refuse(errno, path);
    }

    private static Errno Entries(string path, in Libc.stat_t status, out FileEntry[]? entries, out bool isTruncated)
    {
        entries = null;
        isTruncated = false;
        bool isFolder = IsType(status, Libc.S_IFDIR)
            || (IsType(status, Libc.S_IFLNK) && Sys.Stat(path, out var target) == Errno.None && IsType(target, Libc.S_IFDIR));
        if (!isFolder) return Errno.None;
        var errno = Sys.Open(path, Libc.O_RDONLY | Libc.O_DIRECTORY, 0, out var folder);
        if (errno != Errno.None) return errno;
        var names = new List<string>();
        using (folder) errno = Sys.ReadNames(folder, MostEntries, names, out isTruncated);
        if (errno != Errno.None) return errno;
        names.Sort(StringComparer.Ordinal);
        entries = new FileEntry[names.Count];
        string prefix = path.EndsWith('/') ? path : path + "/";
        for (int i = 0; i < entries.Length; i++)
        {
            string name = names[i];
            // It may have gone since, and a name that is not UTF-8 leads nowhere.
            bool isThere = Sys.Stat(prefix + name, out var entry, followLinks: false) == Errno.None;
            entries[i] = new FileEntry
            {
                Name = name,
                Type = isThere ? TypeName(entry) : "unknown",
                SizeBytes = isThere ? entry.st_size : 0,
                Mode = ModeText(entry),
                Uid = entry.st_uid,
                Gid = entry.st_gid,
                ModifiedAt = ModifiedAt(entry),
                Target = Target(prefix + name, entry),
            };
        }
        return Errno.None;
    }

    public static void Remove(LentConnection client, string path, bool isRecursive)
    {
        string plain = path.TrimEnd('/');
        var errno = Sys.Stat(plain.Length == 0 ? "/" : plain, out var status, followLinks: false);
        if (plain.Length == 0 || plain.EndsWith("/..", StringComparison.Ordinal) || plain.EndsWith("/.", StringComparison.Ordinal)) errno = Errno.EBUSY;
        if (errno != Errno.None)
        {
            client.Refuse(errno, path);
            return;
        }
        if (!IsType(status, Libc.S_IFDIR)) errno = Sys.Unlink(plain);
        else if ((errno = Sys.RemoveDirectory(plain)) is Errno.ENOTEMPTY or Errno.EEXIST && isRecursive)
        {
            errno = Sys.Open(plain, Libc.O_RDONLY | Libc.O_DIRECTORY | Libc.O_NOFOLLOW, 0, out var folder);
            if (errno == Errno.None)
            {
                int left;
                using (folder) left = Sys.DeleteContents(folder);
                errno = Sys.RemoveDirectory(plain);
                if (errno is Errno.ENOTEMPTY or Errno.EEXIST)
                {
                    client.Refuse(409, "file.refused", errno, $"{path}: {left} names in it could not be removed: other file systems are mounted there, or somebody adds files");
                    return;
                }
            }
        }
        if (errno == Errno.None) client.Reply(Of(path, status));
        else if (errno is Errno.ENOTEMPTY or Errno.EEXIST) client.Refuse(409, "file.exists", errno, $"{path}: the folder is not empty: recursive=true removes what is in it too");
        else client.Refuse(errno, path);
    }

    public static void MakeFolder(LentConnection client, string path, uint? mode)
    {
        _ = Sys.SetUmask(0);
        string plain = path.TrimEnd('/');
        bool isThere = plain.Length == 0 || Sys.Exists(plain);
        var errno = isThere ? Errno.None : Sys.MakeDirectories(plain, FolderMode);
        if (errno == Errno.None && !isThere && mode is { } bits) errno = Sys.ChangeMode(plain, bits);
        if (errno == Errno.None && Sys.Stat(path, out var status) == Errno.None && !IsType(status, Libc.S_IFDIR)) errno = Errno.EEXIST;
        Answer(client, path, errno, path);
    }

    public static void Move(LentConnection client, string path, string to, bool replaces)
    {
        var errno = replaces ? Sys.Rename(path, to) : Sys.RenameNew(path, to);
        if (errno == Errno.EINVAL && !replaces)
            // Not every file system can make sure of it; then this is nearly as good.
            errno = Sys.Stat(to, out _, followLinks: false) == Errno.ENOENT ? Sys.Rename(path, to) : Errno.EEXIST;
        if (errno == Errno.None) errno = SynchronizeFolderOf(to);
        if (errno == Errno.EXDEV) client.Refuse(409, "file.refused", errno, $"{path}: {to} is on another file system: write it anew and remove this one");
        else Answer(client, to, errno, $"{path}: move to {to}");
    }

    public static void Change(LentConnection client, string path, uint? mode, uint? uid, uint? gid)
    {
        // The owner first: chown(2) takes setuid bits away.
        var errno = uid is null && gid is null ? Errno.None : Sys.ChangeOwner(path, uid ?? NoId, gid ?? NoId);
        if (errno == Errno.None && mode is { } bits) errno = Sys.ChangeMode(path, bits);
        Answer(client, path, errno, path);
    }

    private static void Answer(LentConnection client, string path, Errno errno, string message)
    {
        Libc.stat_t status = default;
        if (errno == Errno.None) errno = Sys.Stat(path, out status);
        if (errno == Errno.ENOENT && Sys.Stat(path, out status, followLinks: false) == Errno.None) errno = Errno.None; // a link to nowhere was moved
        if (errno == Errno.None) client.Reply(Of(path, status));
        else client.Refuse(errno, message);
    }

    /// <summary>A name in a folder is on the disk when the folder is.</summary>
    public static Errno SynchronizeFolderOf(string path)
    {
        string plain = path.TrimEnd('/');
        var errno = Sys.Open(plain[..(plain.LastIndexOf('/') + 1)], Libc.O_RDONLY | Libc.O_DIRECTORY, 0, out var folder);
        if (errno != Errno.None) return errno;
        using (folder) errno = Sys.Synchronize(folder);
        return errno == Errno.EINVAL ? Errno.None : errno; // a file system that has nothing to write
    }

    public static FileStatus Of(string path, in Libc.stat_t status, IReadOnlyList<FileEntry>? entries = null, bool isTruncated = false, bool isRepeated = false) => new()
    {
        Path = path,
        Type = TypeName(status),
        SizeBytes = status.st_size,
        Mode = ModeText(status),
        Uid = status.st_uid,
        Gid = status.st_gid,
        ModifiedAt = ModifiedAt(status),
        Target = Target(path, status),
        Entries = entries,
        Truncated = isTruncated ? true : null,
        Repeated = isRepeated ? true : null,
    };

    public static bool IsType(in Libc.stat_t status, uint type) => (status.st_mode & Libc.S_IFMT) == type;

    private static string? Target(string path, in Libc.stat_t status) =>
        IsType(status, Libc.S_IFLNK) && Sys.ReadLink(path, out string target) == Errno.None ? target : null;

    private static string ModeText(in Libc.stat_t status)
    {
        Span<char> digits = stackalloc char[4];
        for (int i = 0; i < 4; i++) digits[i] = (char)('0' + (status.st_mode >> (9 - 3 * i) & 7));
        return new string(digits);
    }

    private static string ModifiedAt(in Libc.stat_t status)
    {
        long seconds = Math.Clamp(status.st_mtime, -62135596800, 253402300799); // the years 1 to 9999
        return Moment.Format(DateTime.UnixEpoch.AddTicks(seconds * TimeSpan.TicksPerSecond + status.st_mtime_nsec / 100));
    }

    private static string TypeName(in Libc.stat_t status) => (status.st_mode & Libc.S_IFMT) switch
    {
        Libc.S_IFREG => "file",
        Libc.S_IFDIR => "folder",
        Libc.S_IFLNK => "link",
        Libc.S_IFIFO => "fifo",
        Libc.S_IFSOCK => "socket",
        Libc.S_IFBLK => "block",
        Libc.S_IFCHR => "character",
        _ => "unknown",
    };
}
