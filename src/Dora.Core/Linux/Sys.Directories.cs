using System.Buffers.Binary;
using System.Text;

namespace Dora.Core.Linux;

internal static unsafe partial class Sys
{
    /// <summary>
    /// The names in a directory without <c>.</c> and <c>..</c>, sorted by code unit; ENOBUFS beyond
    /// <paramref name="limit"/> names. A name that is not UTF-8 comes with replacement characters and cannot be opened.
    /// </summary>
    public static Errno ListDirectory(string path, out List<string> names, int limit = 65536)
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
                    rest = rest[length..];
                    if (name.SequenceEqual("."u8) || name.SequenceEqual(".."u8)) continue;
                    if (names.Count == limit) return Errno.ENOBUFS;
                    names.Add(Encoding.UTF8.GetString(name));
                }
            }
        }
        names.Sort(StringComparer.Ordinal);
        return Errno.None;
    }

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
