using Dora.Core.Linux;
using Dora.Init.Launching;

namespace Dora.Init.Guard;

/// <summary>
/// The last things: whoever still runs is asked, then killed; file systems are unmounted; the machine ends.
/// Works without the manager. Each step is bounded; what may block for ever (sync and umount on a lost disk) happens in
/// a child that is left behind when its time is over.
/// </summary>
internal static class Ending
{
    /// <summary>How long the manager has for an ordered end that it was asked for and has not confirmed.</summary>
    public static readonly TimeSpan LimitWithoutManager = TimeSpan.FromSeconds(20);

    private static readonly TimeSpan s_termLimit = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan s_killLimit = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan s_unmountLimit = TimeSpan.FromSeconds(15);

    /// <summary>The end that a signal to PID 1 asks for, by the conventions of busybox, sysvinit and systemd; null: none.</summary>
    public static MachineEnd? AskedBy(int signal) => signal switch
    {
        Libc.SIGINT or Libc.SIGTERM or Libc.SIGRTMIN5 => MachineEnd.Reboot, // SIGINT is Ctrl-Alt-Del
        Libc.SIGPWR or Libc.SIGUSR2 or Libc.SIGRTMIN4 => MachineEnd.PowerOff,
        Libc.SIGRTMIN3 => MachineEnd.Halt,
        _ => null,
    };

    /// <summary>The signal that asks PID 1 for an end.</summary>
    public static int SignalFor(MachineEnd end) => end switch
    {
        MachineEnd.Reboot => Libc.SIGRTMIN5,
        MachineEnd.Halt => Libc.SIGRTMIN3,
        _ => Libc.SIGRTMIN4,
    };

    /// <summary>The command of reboot(2).</summary>
    public static int CommandFor(MachineEnd end) => end switch
    {
        MachineEnd.Reboot => Libc.RB_AUTOBOOT,
        MachineEnd.Halt => Libc.RB_HALT_SYSTEM,
        _ => Libc.RB_POWER_OFF,
    };

    public static bool HasBegun { get; private set; }

    /// <summary>The end that has begun.</summary>
    public static MachineEnd How { get; private set; }

    public static string Describe(MachineEnd end) => end switch
    {
        MachineEnd.PowerOff => "power off",
        MachineEnd.Reboot => "reboot",
        MachineEnd.Halt => "halt",
        _ => $"unknown end {(int)end}: power off",
    };

    /// <summary>Does not return, but in a container without CAP_SYS_BOOT, where it exits.</summary>
    public static void End(MachineEnd end)
    {
        HasBegun = true;
        How = end;
        Log.Info($"guard: {Describe(end)}: ending what still runs");
        // kill(2): -1 is everyone but PID 1 itself.
        if (Sys.Kill(-1, Libc.SIGTERM) == Errno.None)
        {
            _ = Sys.Kill(-1, Libc.SIGCONT); // a stopped process cannot act on TERM
            if (!WaitForChildren(s_termLimit))
            {
                _ = Sys.Kill(-1, Libc.SIGKILL);
                if (!WaitForChildren(s_killLimit)) Log.Warn("guard: processes are left that cannot be killed (waiting for a device?)");
            }
        }

        var finish = Launcher.Launch(new LaunchPlanBuilder("finish", ["init", "finish"], Program.OwnPath).Build(asSibling: false));
        if (!finish.Succeeded) Log.Error($"guard: {finish.Failure}: file systems are not unmounted");
        else if (!WaitForPid(finish.Pid, s_unmountLimit))
            Log.Error($"guard: file systems were not unmounted within {s_unmountLimit.TotalSeconds} s");

        Log.Info($"guard: {Describe(end)}");
        _ = Sys.Reboot(CommandFor(end));
        // Only where we may not reboot (a container): leaving is the end.
        Sys.Exit(0);
    }

    /// <summary>Reaps until no child is left.</summary>
    private static bool WaitForChildren(TimeSpan limit) => Wait(limit, () =>
    {
        while (Reaper.Peek(out var exit)) Reaper.Reap(exit.Pid);
        return !Sys.HasChildren();
    });

    private static bool WaitForPid(int pid, TimeSpan limit) => Wait(limit, () => Reaper.TryReap(pid, out _));

    // SIGCHLD is blocked, and nothing else reads it any more: each child that ends wakes sigtimedwait(2).
    private static bool Wait(TimeSpan limit, Func<bool> isDone)
    {
        var deadline = Sys.TimeSinceBoot() + limit;
        while (!isDone())
        {
            var left = deadline - Sys.TimeSinceBoot();
            if (left <= TimeSpan.Zero) return false;
            Sys.WaitForSignal(Libc.SIGCHLD, left);
        }
        return true;
    }
}
