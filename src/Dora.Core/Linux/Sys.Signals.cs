namespace Dora.Core.Linux;

internal static unsafe partial class Sys
{
    /// <summary>kill(2); signal 0 only asks whether the process is there.</summary>
    public static Errno Kill(int pid, int signal) => Check(Libc.kill(pid, signal));

    /// <summary>signalfd(2) for <paramref name="signals"/>, which must be blocked already (native/launch.c does it).</summary>
    public static Errno SignalDescriptor(ReadOnlySpan<int> signals, out FileDescriptor fd)
    {
        Libc.sigset_t set = default;
        foreach (int signal in signals) set.bits |= 1ul << (signal - 1);
        return Own(Libc.signalfd(-1, &set, Libc.SFD_CLOEXEC | Libc.SFD_NONBLOCK), out fd);
    }
}
