using System.Runtime.InteropServices;

namespace Dora.Core.Linux;

// unistd.h, fcntl.h, sys/uio.h
internal static unsafe partial class Libc
{
    public const int O_RDONLY = 0, O_WRONLY = 1, O_RDWR = 2;
    public const int O_CREAT = 0x40, O_EXCL = 0x80, O_NOCTTY = 0x100, O_TRUNC = 0x200, O_APPEND = 0x400;
    public const int O_NONBLOCK = 0x800, O_DIRECTORY = 0x10000, O_NOFOLLOW = 0x20000, O_CLOEXEC = 0x80000;
    public const int O_PATH = 0x200000;
    public const int F_DUPFD = 0, F_GETFD = 1, F_SETFD = 2, F_GETFL = 3, F_SETFL = 4, F_DUPFD_CLOEXEC = 1030;
    public const int F_SETPIPE_SZ = 1031, F_GETPIPE_SZ = 1032;
    public const int FALLOC_FL_KEEP_SIZE = 1, FALLOC_FL_PUNCH_HOLE = 2;
    public const int FD_CLOEXEC = 1;
    public const int AT_FDCWD = -100, AT_SYMLINK_NOFOLLOW = 0x100, AT_REMOVEDIR = 0x200;
    public const int SEEK_SET = 0, SEEK_END = 2;
    public const int R_OK = 4, W_OK = 2, X_OK = 1, F_OK = 0;

    [LibraryImport(Library, SetLastError = true)] public static partial int open(byte* path, int flags, uint mode);
    [LibraryImport(Library, SetLastError = true)] public static partial int openat(int dir, byte* path, int flags, uint mode);
    [LibraryImport(Library, SetLastError = true)] public static partial int close(int fd);
    [LibraryImport(Library, SetLastError = true)] public static partial nint read(int fd, void* buffer, nuint count);
    [LibraryImport(Library, SetLastError = true)] public static partial nint readv(int fd, iovec* vector, int count);
    [LibraryImport(Library, SetLastError = true)] public static partial nint write(int fd, void* buffer, nuint count);
    [LibraryImport(Library, SetLastError = true)] public static partial nint pread(int fd, void* buffer, nuint count, long offset);
    [LibraryImport(Library, SetLastError = true)] public static partial nint pwrite(int fd, void* buffer, nuint count, long offset);
    [LibraryImport(Library, SetLastError = true)] public static partial long lseek(int fd, long offset, int whence);
    [LibraryImport(Library, SetLastError = true)] public static partial int fcntl(int fd, int command, nint argument);
    [LibraryImport(Library, SetLastError = true)] public static partial int dup3(int oldFd, int newFd, int flags);
    [LibraryImport(Library, SetLastError = true)] public static partial int pipe2(int* fds, int flags);
    [LibraryImport(Library, SetLastError = true)] public static partial nint tee(int from, int to, nuint length, uint flags);
    [LibraryImport(Library, SetLastError = true)] public static partial int chdir(byte* path);
    [LibraryImport(Library, SetLastError = true)] public static partial int chroot(byte* path);
    [LibraryImport(Library, SetLastError = true)] public static partial int unlinkat(int dir, byte* path, int flags);
    [LibraryImport(Library, SetLastError = true)] public static partial int rmdir(byte* path);
    [LibraryImport(Library, SetLastError = true)] public static partial int symlink(byte* target, byte* path);
    [LibraryImport(Library, SetLastError = true)] public static partial nint readlink(byte* path, byte* buffer, nuint size);
    [LibraryImport(Library, SetLastError = true)] public static partial int access(byte* path, int mode);
    [LibraryImport(Library, SetLastError = true)] public static partial int rename(byte* from, byte* to);
    [LibraryImport(Library, SetLastError = true)] public static partial int chown(byte* path, uint uid, uint gid);
    [LibraryImport(Library, SetLastError = true)] public static partial int ftruncate(int fd, long length);
    [LibraryImport(Library, SetLastError = true)] public static partial int execve(byte* path, byte** argv, byte** envp);
    [LibraryImport(Library, SetLastError = true)] public static partial int sethostname(byte* name, nuint length);
    [LibraryImport(Library)] public static partial void sync();
    [LibraryImport(Library)] public static partial int getpid();
    [LibraryImport(Library)] public static partial int getppid();
    [LibraryImport(Library)] public static partial uint getuid();
    [LibraryImport(Library)] public static partial uint geteuid();
    [LibraryImport(Library)] public static partial int isatty(int fd);
    [LibraryImport(Library)] public static partial void _exit(int status);
    [LibraryImport(Library, SetLastError = true)] public static partial int ioctl(int fd, nuint request, nint argument);
    [LibraryImport(Library, SetLastError = true)] public static partial int fallocate(int fd, int mode, long offset, long length);
    [LibraryImport(Library, SetLastError = true)] public static partial int memfd_create(byte* name, uint flags);

    public const uint MFD_CLOEXEC = 1, SPLICE_F_NONBLOCK = 2;
}
