using System.Runtime.InteropServices;

namespace Dora.Core.Linux;

// dirent.h
internal static unsafe partial class Libc
{
    public const byte DT_UNKNOWN = 0, DT_FIFO = 1, DT_CHR = 2, DT_DIR = 4, DT_BLK = 6, DT_REG = 8, DT_LNK = 10, DT_SOCK = 12;

    /// <summary>Offsets in struct dirent64, whose name has no fixed length.</summary>
    public const int DIRENT64_RECLEN = 16, DIRENT64_TYPE = 18, DIRENT64_NAME = 19;

    [LibraryImport(Library, SetLastError = true)] public static partial nint getdents64(int fd, void* buffer, nuint size);
}
