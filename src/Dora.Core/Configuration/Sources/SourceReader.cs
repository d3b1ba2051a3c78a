using Dora.Core.Configuration.Yaml;
using Dora.Core.Linux;

namespace Dora.Core.Configuration.Sources;

/// <summary>Reads one file of a service, whatever it may be that lies under its name.</summary>
internal static class SourceReader
{
    private const uint NullMajor = 1, NullMinor = 3; // devices.txt of the kernel

    /// <summary>The bytes of the file, none if it masks, or null and the cause.</summary>
    public static byte[]? Read(string path, out string? cause)
    {
        var errno = Sys.Stat(path, out var status);
        if (errno != Errno.None)
        {
            cause = Describe(path, errno);
            return null;
        }
        cause = null;
        uint type = status.st_mode & Libc.S_IFMT;
        if (type == Libc.S_IFCHR && status.st_rdev == (NullMajor << 8 | NullMinor)) return [];
        if (type != Libc.S_IFREG)
        {
            cause = $"is {Name(type)}, not a file";
            return null;
        }
        // One byte more than is allowed, for the reader to say that it is too large.
        errno = Sys.ReadFile(path, out var content, YamlReader.LargestFile + 1);
        if (errno == Errno.None) return content;
        cause = errno == Errno.EFBIG ? $"larger than {YamlReader.LargestFile / 1024} KiB" : $"cannot be read: {errno.Describe()}";
        return null;
    }

    private static string Describe(string path, Errno errno)
    {
        if (errno == Errno.ENOENT && Sys.ReadLink(path, out string target) == Errno.None)
            return $"is a link to {Printable.Text(target)}, which does not exist";
        return errno == Errno.ELOOP ? "is a link that leads to itself" : $"cannot be read: {errno.Describe()}";
    }

    private static string Name(uint type) => type switch
    {
        Libc.S_IFDIR => "a directory",
        Libc.S_IFIFO => "a FIFO",
        Libc.S_IFSOCK => "a socket",
        Libc.S_IFCHR or Libc.S_IFBLK => "a device",
        _ => "something else",
    };
}
