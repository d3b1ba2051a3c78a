using Dora.Core.Linux;

namespace Dora.Init.Guard;

/// <summary>waitid(2) in the two steps that <see cref="GuardProcess"/> explains.</summary>
internal static class Reaper
{
    /// <summary>Looks at a child that has ended and leaves it a zombie.</summary>
    public static bool Peek(out GuardRecord exit) => Wait(Libc.P_ALL, 0, Libc.WNOWAIT, out exit);

    /// <summary>Reaps a child if it has ended.</summary>
    public static bool TryReap(int pid, out GuardRecord exit) => Wait(Libc.P_PID, pid, 0, out exit);

    /// <summary>Reaps a child that is known to have ended.</summary>
    public static void Reap(int pid) => _ = TryReap(pid, out _);

    private static bool Wait(int idType, int id, int options, out GuardRecord exit)
    {
        exit = default;
        var errno = Sys.WaitId(idType, id, Libc.WNOHANG | Libc.WEXITED | options, out var info, out var usage);
        // ECHILD: no children at all, or, for a pid, that it is none of ours.
        if (errno != Errno.None || info.si_pid == 0) return false;
        exit = new GuardRecord
        {
            Kind = GuardMessage.Exited,
            Pid = info.si_pid,
            Code = info.si_code,
            Status = info.si_status,
            UserMicroseconds = usage.utime_sec * 1_000_000 + usage.utime_usec,
            SystemMicroseconds = usage.stime_sec * 1_000_000 + usage.stime_usec,
            MaxRssKb = usage.maxrss,
        };
        return true;
    }
}
