using System.Runtime.InteropServices;

namespace Dora.Core.Linux;

// sys/inotify.h: what Libc.Epoll.cs does not have
internal static unsafe partial class Libc
{
    public const uint IN_MOVED_FROM = 0x40, IN_DELETE_SELF = 0x400, IN_MOVE_SELF = 0x800;

    [LibraryImport(Library, SetLastError = true)] public static partial int inotify_rm_watch(int fd, int watch);
}
