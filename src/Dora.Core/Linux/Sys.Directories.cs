using System.Buffers.Binary;
using System.Text;

namespace Dora.Core.Linux;

internal static unsafe partial class Sys
{
    /// <summary>
    /// The names in a directory without <c>.</c> and <c>..</c>, sorted by code unit; ENOBUFS beyond
    /// <paramref name="limit"/> names. A name that is not UTF-8 comes with replacement characters and cannot be opened.
    /// </summary>
    public static Errno ListDirectory(string path, out List<string> names, int limit = 65536) =>
        ListDirectory(path, foldersOnly: false, out names, limit);

    /// <summary>Names of the folders in a folder, and of links to folders; none when it cannot be read.</summary>
    public static IReadOnlyList<string> ListDirectories(string path) =>
        ListDirectory(path, foldersOnly: true, out var names) == Errno.None ? names : [];

    private static Errno ListDirectory(string path, bool foldersOnly, out List<string> names, int limit = 65536)
    {
        names = [];
        var errno = Open(path, Libc.O_RDONLY | Libc.O_DIRECTORY, 0, out var fd);
        if (errno != Errno.None) return errno;
        using (fd)
        {
            Span<byte> buffer = new byte[4096];
            while (true)
            {
                errno = ReadDirectory(fd, buffer, out int count);
                if (errno != Errno.None) return errno;
                if (count == 0) break;
                for (var rest = buffer[..count]; rest.Length > Libc.DIRENT64_NAME;)
                {
                    int length = BinaryPrimitives.ReadUInt16LittleEndian(rest[Libc.DIRENT64_RECLEN..]);
                    var name = rest[Libc.DIRENT64_NAME..length];
                    name = name[..name.IndexOf((byte)0)];
                    byte type = rest[Libc.DIRENT64_TYPE];
                    rest = rest[length..];
                    if (name.SequenceEqual("."u8) || name.SequenceEqual(".."u8)) continue;
                    if (names.Count == limit) return Errno.ENOBUFS;
                    string text = Encoding.UTF8.GetString(name);
                    if (!foldersOnly || IsFolder(type, $"{path}/{text}")) names.Add(text);
                }
            }
        }
        names.Sort(StringComparer.Ordinal);
        return Errno.None;
    }

    private static bool IsFolder(byte type, string path) => type switch
    {
        Libc.DT_DIR => true,
        Libc.DT_LNK or Libc.DT_UNKNOWN => Stat(path, out var status) == Errno.None && (status.st_mode & Libc.S_IFMT) == Libc.S_IFDIR,
        _ => false,
    };

    private static Errno ReadDirectory(FileDescriptor fd, Span<byte> buffer, out int count)
    {
        fixed (byte* p = buffer)
        {
            nint result;
            do result = Libc.getdents64(fd.Number, p, (nuint)buffer.Length);
            while (result < 0 && Libc.errno == Errno.EINTR);
            return Check(result, out count);
        }
    }
}
