using System.Runtime.InteropServices;

namespace Dora.Core.Linux;

// sys/epoll.h, sys/timerfd.h, sys/eventfd.h, sys/inotify.h, poll.h, time.h
internal static unsafe partial class Libc
{
    public const int EPOLL_CLOEXEC = 0x80000, EPOLL_CTL_ADD = 1, EPOLL_CTL_DEL = 2, EPOLL_CTL_MOD = 3;
    public const uint EPOLLIN = 1, EPOLLPRI = 2, EPOLLOUT = 4, EPOLLERR = 8, EPOLLHUP = 16, EPOLLRDHUP = 0x2000, EPOLLET = 0x8000_0000;

    // epoll_ctl(2): packed on x86-64 only.
    [StructLayout(LayoutKind.Sequential, Pack = 4)]
    public struct epoll_event
    {
        public uint events;
        public long data;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct timespec
    {
        public long tv_sec, tv_nsec;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct itimerspec
    {
        public timespec it_interval, it_value;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct pollfd
    {
        public int fd;
        public short events, revents;
    }

    public const int CLOCK_REALTIME = 0, CLOCK_MONOTONIC = 1, CLOCK_BOOTTIME = 7;
    public const int TFD_NONBLOCK = 0x800, TFD_CLOEXEC = 0x80000, TFD_TIMER_ABSTIME = 1, TFD_TIMER_CANCEL_ON_SET = 2;
    public const int IN_CLOEXEC = 0x80000, IN_NONBLOCK = 0x800;
    public const uint IN_MODIFY = 2, IN_ATTRIB = 4, IN_CLOSE_WRITE = 8, IN_MOVED_TO = 0x80, IN_CREATE = 0x100, IN_DELETE = 0x200;

    [LibraryImport(Library, SetLastError = true)] public static partial int epoll_create1(int flags);
    [LibraryImport(Library, SetLastError = true)] public static partial int epoll_ctl(int epfd, int op, int fd, epoll_event* ev);
    [LibraryImport(Library, SetLastError = true)] public static partial int epoll_wait(int epfd, epoll_event* events, int max, int timeoutMs);
    [LibraryImport(Library, SetLastError = true)] public static partial int timerfd_create(int clock, int flags);
    [LibraryImport(Library, SetLastError = true)] public static partial int timerfd_settime(int fd, int flags, itimerspec* value, itimerspec* old);
    [LibraryImport(Library, SetLastError = true)] public static partial int inotify_init1(int flags);
    [LibraryImport(Library, SetLastError = true)] public static partial int inotify_add_watch(int fd, byte* path, uint mask);
    [LibraryImport(Library, SetLastError = true)] public static partial int poll(pollfd* fds, nuint count, int timeoutMs);
    [LibraryImport(Library, SetLastError = true)] public static partial int clock_gettime(int clock, timespec* value);
    [LibraryImport(Library, SetLastError = true)] public static partial int clock_settime(int clock, timespec* value);
}
