using System.Runtime.InteropServices;

namespace Dora.Core.Linux;

// sys/mman.h
internal static unsafe partial class Libc
{
    public const int PROT_READ = 1, PROT_WRITE = 2;
    public const int MAP_SHARED = 1, MAP_ANONYMOUS = 0x20;

    [LibraryImport(Library, SetLastError = true)] public static partial void* mmap(void* address, nuint length, int protection, int flags, int fd, long offset);
    [LibraryImport(Library, SetLastError = true)] public static partial int munmap(void* address, nuint length);
}
