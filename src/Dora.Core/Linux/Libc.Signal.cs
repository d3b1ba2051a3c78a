using System.Runtime.InteropServices;

namespace Dora.Core.Linux;

// signal.h, sys/signalfd.h, sys/wait.h, sys/resource.h, sys/time.h
internal static unsafe partial class Libc
{
    public const int SIGHUP = 1, SIGINT = 2, SIGQUIT = 3, SIGILL = 4, SIGTRAP = 5, SIGABRT = 6, SIGBUS = 7, SIGFPE = 8;
    public const int SIGKILL = 9, SIGUSR1 = 10, SIGSEGV = 11, SIGUSR2 = 12, SIGPIPE = 13, SIGALRM = 14, SIGTERM = 15;
    public const int SIGSTKFLT = 16, SIGCHLD = 17, SIGCONT = 18, SIGSTOP = 19, SIGTSTP = 20, SIGTTIN = 21, SIGTTOU = 22;
    public const int SIGURG = 23, SIGXCPU = 24, SIGXFSZ = 25, SIGVTALRM = 26, SIGPROF = 27, SIGWINCH = 28, SIGIO = 29;
    public const int SIGPWR = 30, SIGSYS = 31;

    /// <summary>SIGRTMIN+3, +4, +5: halt, power off, reboot, as systemd has them.</summary>
    public const int SIGRTMIN = 34, SIGRTMIN3 = SIGRTMIN + 3, SIGRTMIN4 = SIGRTMIN + 4, SIGRTMIN5 = SIGRTMIN + 5;

    public const int SIG_BLOCK = 0, SIG_UNBLOCK = 1, SIG_SETMASK = 2;
    public const int SFD_NONBLOCK = 0x800, SFD_CLOEXEC = 0x80000;

    /// <summary>A kernel signal set; the C library's is larger, and calls below take the kernel's 8 bytes first.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct sigset_t
    {
        public ulong bits;
        private fixed ulong _unused[15];
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct signalfd_siginfo
    {
        public uint ssi_signo;
        public int ssi_errno, ssi_code;
        public uint ssi_pid, ssi_uid;
        private fixed byte _rest[108];
    }

    public const int P_ALL = 0, P_PID = 1;
    public const int WNOHANG = 1, WEXITED = 4, WNOWAIT = 0x1000000;
    public const int CLD_EXITED = 1, CLD_KILLED = 2, CLD_DUMPED = 3;

    /// <summary>siginfo_t as waitid(2) fills it.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct siginfo_t
    {
        public int si_signo, si_errno, si_code, pad;
        public int si_pid;
        public uint si_uid;
        public int si_status;
        private fixed int _rest[25];
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct rusage_t
    {
        public long utime_sec, utime_usec, stime_sec, stime_usec, maxrss;
        private fixed long _rest[13];
    }

    [LibraryImport(Library, SetLastError = true)] public static partial int kill(int pid, int signal);
    [LibraryImport(Library, SetLastError = true)] public static partial int sigprocmask(int how, sigset_t* set, sigset_t* old);
    [LibraryImport(Library, SetLastError = true)] public static partial int signalfd(int fd, sigset_t* mask, int flags);
    [LibraryImport(Library, SetLastError = true)] public static partial int waitid(int idType, int id, siginfo_t* info, int options);
    [LibraryImport(Library, SetLastError = true)] public static partial int wait4(int pid, int* status, int options, rusage_t* usage);
    [LibraryImport(Library, SetLastError = true)] public static partial int sigtimedwait(sigset_t* set, siginfo_t* info, timespec* timeout);

    public const nint SYS_waitid = 247; // x86-64; Linux 2.6.10
    public const nint SYS_pidfd_open = 434; // Linux 5.3
    public const nint SYS_kcmp = 312; // x86-64; Linux 3.5

    [LibraryImport(Library, EntryPoint = "syscall", SetLastError = true)]
    public static partial nint syscall5(nint number, nint a, nint b, nint c, nint d, nint e);

    public const int ITIMER_REAL = 0;

    [StructLayout(LayoutKind.Sequential)]
    public struct timeval
    {
        public long tv_sec, tv_usec;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct itimerval
    {
        public timeval it_interval, it_value;
    }

    // Without SetLastError: what stands in between two of these keeps its errno.
    [LibraryImport(Library)] public static partial int setitimer(int which, itimerval* value, itimerval* old);

    public const int RLIMIT_NOFILE = 7;

    [StructLayout(LayoutKind.Sequential)]
    public struct rlimit
    {
        public ulong rlim_cur, rlim_max;
    }

    [LibraryImport(Library, SetLastError = true)] public static partial int setrlimit(int resource, rlimit* limit);
}
