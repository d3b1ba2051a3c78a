using System.Runtime.InteropServices;

namespace Dora.Core.Linux;

// fcntl.h, unistd.h, stdio.h, sys/file.h, sys/statfs.h, signal.h: what the API's files and processes take
internal static unsafe partial class Libc
{
    public const uint RENAME_NOREPLACE = 1;
    public const int LOCK_EX = 2, LOCK_NB = 4, LOCK_UN = 8;
    public const int AT_EMPTY_PATH = 0x1000;
    public const nint SYS_pidfd_send_signal = 424; // Linux 5.1
    public const nint SYS_renameat2 = 316; // x86-64; Linux 3.15

    /// <summary>struct statfs of x86-64.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct statfs_t
    {
        public long f_type, f_bsize;
        public ulong f_blocks, f_bfree, f_bavail, f_files, f_ffree;
        private ulong _id;
        public long f_namelen, f_frsize, f_flags;
        private fixed long _spare[4];
    }

    [LibraryImport(Library, SetLastError = true)] public static partial int fsync(int fd);
    [LibraryImport(Library, SetLastError = true)] public static partial int fdatasync(int fd);
    [LibraryImport(Library, SetLastError = true)] public static partial int renameat(int fromDir, byte* from, int toDir, byte* to);
    [LibraryImport(Library, SetLastError = true)] public static partial int flock(int fd, int operation);
    [LibraryImport(Library, SetLastError = true)] public static partial int fchmod(int fd, uint mode);
    [LibraryImport(Library, SetLastError = true)] public static partial int fchown(int fd, uint uid, uint gid);
    [LibraryImport(Library, SetLastError = true)] public static partial int statfs(byte* path, statfs_t* buffer);
    [LibraryImport(Library)] public static partial uint alarm(uint seconds);
}
