namespace Dora.Core.Linux;

internal static unsafe partial class Sys
{
    /// <summary>kill(2); signal 0 only asks whether the process is there.</summary>
    public static Errno Kill(int pid, int signal) => Check(Libc.kill(pid, signal));

    /// <summary>signalfd(2) for <paramref name="signals"/>, which must be blocked already (native/signals.c does it).</summary>
    public static Errno SignalDescriptor(ReadOnlySpan<int> signals, out FileDescriptor fd)
    {
        Libc.sigset_t set = default;
        foreach (int signal in signals) set.bits |= 1ul << (signal - 1);
        return Own(Libc.signalfd(-1, &set, Libc.SFD_CLOEXEC | Libc.SFD_NONBLOCK), out fd);
    }

    /// <summary>waitid(2) with its rusage; <c>si_pid</c> 0 means that with WNOHANG nothing has ended.</summary>
    public static Errno WaitId(int idType, int id, int options, out Libc.siginfo_t info, out Libc.rusage_t usage)
    {
        fixed (Libc.siginfo_t* i = &info)
        fixed (Libc.rusage_t* u = &usage)
        {
            *i = default;
            *u = default;
            // The system call has a fifth argument that the C library's wrapper hides: the rusage of the child.
            nint result;
            do result = Libc.syscall5(Libc.SYS_waitid, idType, id, (nint)i, options, (nint)u);
            while (result < 0 && Libc.errno == Errno.EINTR);
            return Check(result, out _);
        }
    }

    /// <summary>Whether any child is left, ended or not.</summary>
    public static bool HasChildren()
    {
        Libc.siginfo_t info = default;
        return Libc.waitid(Libc.P_ALL, 0, &info, Libc.WEXITED | Libc.WNOHANG | Libc.WNOWAIT) == 0;
    }

    /// <summary>sigtimedwait(2): takes one pending <paramref name="signal"/>, which must be blocked; false when the time is over.</summary>
    public static bool WaitForSignal(int signal, TimeSpan limit)
    {
        Libc.sigset_t set = new() { bits = 1ul << (signal - 1) };
        Libc.timespec time = new() { tv_sec = (long)limit.TotalSeconds, tv_nsec = limit.Ticks % TimeSpan.TicksPerSecond * 100 };
        return Libc.sigtimedwait(&set, null, &time) == signal;
    }

    /// <summary>_exit(2): ends at once, without the runtime's own shutdown.</summary>
    public static void Exit(int code) => Libc._exit(code);

    /// <summary>sync(2).</summary>
    public static void SynchronizeDisks() => Libc.sync();

    /// <summary>setrlimit(2) of this process; <paramref name="resource"/> is one of RLIMIT_*.</summary>
    public static Errno SetResourceLimit(int resource, ulong soft, ulong hard)
    {
        Libc.rlimit limit = new() { rlim_cur = soft, rlim_max = hard };
        return Check(Libc.setrlimit(resource, &limit));
    }
}
