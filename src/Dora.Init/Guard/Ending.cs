using Dora.Core.Linux;
using Dora.Init.Launching;

namespace Dora.Init.Guard;

/// <summary>
/// The last things: whoever still runs is asked, then killed; file systems are unmounted; the machine ends.
/// Works without the manager. Each step has a limit (docs/ending.md lists them); what may block for ever (sync and umount
/// on a lost disk) happens in `init finish`, a child that is left behind when it makes no progress any more. Every 5 s
/// the console is told what is waited for, and seven Ctrl-Alt-Del cut all waits short.
/// </summary>
internal static class Ending
{
    /// <summary>How long the manager has for an ordered end that it was asked for and has not confirmed.</summary>
    public static readonly TimeSpan LimitWithoutManager = TimeSpan.FromSeconds(20);

    private static readonly TimeSpan s_termLimit = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan s_killLimit = TimeSpan.FromSeconds(3);

    /// <summary>`init finish` may be silent for so long; each sign of progress (SIGUSR1) starts the time anew.</summary>
    private static readonly TimeSpan s_finishSilence = TimeSpan.FromSeconds(15);

    private static readonly TimeSpan s_finishLimit = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan s_hurriedLimit = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan s_wordsInterval = TimeSpan.FromSeconds(5);
    private static bool s_isHurried;

    /// <summary>Fed while the steps are within their limits.</summary>
    public static Watchdog? Watchdog { get; set; }

    /// <summary>Counts on from what the guard has seen already.</summary>
    public static CtrlAltDel CtrlAltDel { get; } = new();

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
        MachineEnd.Reboot or MachineEnd.KernelExec => Libc.SIGRTMIN5,
        MachineEnd.Halt => Libc.SIGRTMIN3,
        _ => Libc.SIGRTMIN4,
    };

    /// <summary>The command of reboot(2).</summary>
    public static int CommandFor(MachineEnd end) => end switch
    {
        MachineEnd.Reboot => Libc.RB_AUTOBOOT,
        MachineEnd.Halt => Libc.RB_HALT_SYSTEM,
        MachineEnd.KernelExec => Libc.LINUX_REBOOT_CMD_KEXEC,
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
        MachineEnd.KernelExec => "reboot by kexec",
        MachineEnd.SoftReboot => "soft reboot",
        _ => $"unknown end {(int)end}: power off",
    };

    /// <summary>Does not return, but in a container without CAP_SYS_BOOT, where it exits.</summary>
    public static void End(MachineEnd end, bool isHurried = false)
    {
        HasBegun = true;
        How = end;
        s_isHurried = isHurried;
        var began = Sys.TimeSinceBoot();
        Log.Announce($"guard: {Describe(end)}: ending what still runs");
        EndProcesses();
        var processesEnded = Sys.TimeSinceBoot();
        FinishFileSystems();
        var now = Sys.TimeSinceBoot();

        Log.Announce($"guard: {Describe(end)} (processes {(processesEnded - began).TotalSeconds:0.0} s, file systems {(now - processesEnded).TotalSeconds:0.0} s)");
        Watchdog?.Finish(end);
        var errno = Sys.Reboot(CommandFor(end));
        if (end == MachineEnd.KernelExec)
        {
            Log.Error($"guard: start the loaded kernel: {errno.Describe()}: rebooting through the firmware instead");
            _ = Sys.Reboot(Libc.RB_AUTOBOOT);
        }
        // Only where we may not reboot (a container): leaving is the end.
        Sys.Exit(0);
    }

    private static void EndProcesses()
    {
        // kill(2): -1 is everyone but PID 1 itself.
        if (!s_isHurried && Sys.Kill(-1, Libc.SIGTERM) == Errno.None)
        {
            _ = Sys.Kill(-1, Libc.SIGCONT); // a stopped process cannot act on TERM
            if (WaitForChildren(s_termLimit)) return;
        }
        if (Sys.Kill(-1, Libc.SIGKILL) != Errno.None) return;
        if (!WaitForChildren(s_killLimit)) Log.Announce("guard: processes are left that cannot be killed (waiting for a device?)");
    }

    private static void FinishFileSystems()
    {
        var finish = Launcher.Launch(new LaunchPlanBuilder("finish", ["init", "finish"], Program.OwnPath).Build(asSibling: false));
        if (!finish.Succeeded)
        {
            Log.Announce($"guard: {finish.Failure}: file systems are not unmounted");
            return;
        }
        var limit = s_isHurried ? s_hurriedLimit : s_finishLimit;
        if (!Wait("file systems to be written and unmounted", limit, s_isHurried ? s_hurriedLimit : s_finishSilence, () => Reaper.TryReap(finish.Pid, out _)))
            Log.Announce("guard: file systems were not unmounted in time: leaving them behind");
    }

    /// <summary>Reaps until no child is left.</summary>
    private static bool WaitForChildren(TimeSpan limit) => Wait("processes to end", limit, limit, () =>
    {
        while (Reaper.Peek(out var exit)) Reaper.Reap(exit.Pid);
        return !Sys.HasChildren();
    });

    // These signals are blocked, and nothing else reads them any more: sigtimedwait(2) wakes for each.
    private static bool Wait(string what, TimeSpan limit, TimeSpan silence, Func<bool> isDone)
    {
        var start = Sys.TimeSinceBoot();
        var deadline = start + limit;
        var silentUntil = start + silence;
        var nextWords = start + s_wordsInterval;
        while (!isDone())
        {
            var now = Sys.TimeSinceBoot();
            if (now >= deadline || now >= silentUntil) return false;
            if (now >= nextWords)
            {
                Log.Announce($"guard: {Describe(How)}: waiting for {what} ({(now - start).TotalSeconds:0} s of at most {limit.TotalSeconds:0} s)");
                nextWords += s_wordsInterval;
            }
            Watchdog?.FeedWhileEnding();
            var until = TimeSpan.FromTicks(Math.Min(Math.Min(deadline.Ticks, silentUntil.Ticks), nextWords.Ticks));
            // One second at most, so that a watchdog of a few seconds is fed.
            var pause = TimeSpan.FromTicks(Math.Clamp((until - now).Ticks, TimeSpan.TicksPerMillisecond, TimeSpan.TicksPerSecond));
            switch (Sys.WaitForSignals([Libc.SIGCHLD, Libc.SIGINT, Libc.SIGUSR1], pause))
            {
                case Libc.SIGUSR1:
                    silentUntil = Sys.TimeSinceBoot() + silence;
                    break;
                case Libc.SIGINT when !s_isHurried && CtrlAltDel.Press(Sys.TimeSinceBoot()):
                    Log.Announce("guard: ctrl-alt-del seven times: waiting for nothing any more");
                    s_isHurried = true;
                    return isDone();
            }
        }
        return true;
    }
}
