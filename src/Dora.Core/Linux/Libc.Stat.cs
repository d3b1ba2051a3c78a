using System.Runtime.InteropServices;

namespace Dora.Core.Linux;

// sys/stat.h, sys/sysmacros.h, dirent.h
internal static unsafe partial class Libc
{
    public const uint S_IFMT = 0xF000, S_IFSOCK = 0xC000, S_IFLNK = 0xA000, S_IFREG = 0x8000, S_IFBLK = 0x6000;
    public const uint S_IFDIR = 0x4000, S_IFCHR = 0x2000, S_IFIFO = 0x1000;

    /// <summary>struct stat of x86-64.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct stat_t
    {
        public ulong st_dev, st_ino, st_nlink;
        public uint st_mode, st_uid, st_gid, pad0;
        public ulong st_rdev;
        public long st_size, st_blksize, st_blocks;
        public long st_atime, st_atime_nsec, st_mtime, st_mtime_nsec, st_ctime, st_ctime_nsec;
        private fixed long _reserved[3];
    }

    [LibraryImport(Library, SetLastError = true)] public static partial int fstatat(int dir, byte* path, stat_t* buffer, int flags);
    [LibraryImport(Library, SetLastError = true)] public static partial int fstat(int fd, stat_t* buffer);
    [LibraryImport(Library, SetLastError = true)] public static partial int mkdir(byte* path, uint mode);
    [LibraryImport(Library, SetLastError = true)] public static partial int chmod(byte* path, uint mode);
    [LibraryImport(Library, SetLastError = true)] public static partial int mknod(byte* path, uint mode, ulong device);
    [LibraryImport(Library)] public static partial uint umask(uint mask);
}
