using Dora.Core.Linux;

namespace Dora.Init.Boot;

/// <summary>
/// Where a boot ends that cannot go on: the reason on every console, then what <c>panic=</c> asks for, as the kernel
/// would do it. The machine restarts after so many seconds, at once below zero, or waits for somebody at zero, asleep.
/// Ctrl-Alt-Del restarts it in the meantime: the kernel's own default. If the root is there already, its shell is offered
/// while that time runs.
/// </summary>
internal static class DeadEnd
{
    private static bool s_isReached;

    public static void Stay(BootState state, IReadOnlyList<string> lines)
    {
        // A fault on the way to here must not start it all over.
        if (!s_isReached)
        {
            s_isReached = true;
            int seconds = state.CommandLine.PanicSeconds;
            Log.Fatal("boot: cannot go on");
            foreach (string line in lines)
                if (line.Length > 0) Log.Fatal(line);
            Log.Fatal(seconds switch
            {
                0 => "boot: halted here; ctrl-alt-del restarts (panic=SECONDS on the kernel command line would do so by itself)",
                < 0 => "boot: restarting now (panic= is negative)",
                _ => $"boot: restarting in {seconds} s (panic={seconds})",
            });
            var deadline = seconds == 0 ? TimeSpan.MaxValue : Sys.TimeSinceBoot() + TimeSpan.FromSeconds(Math.Max(seconds, 0));
            if (!RescueShell.Offer(deadline)) Wait(deadline);
        }
        Restart();
    }

    private static void Wait(TimeSpan deadline)
    {
        // A timer that is never set is never readable: the wait ends by its deadline alone.
        if (Sys.Timer(out var timer) != Errno.None) return;
        using (timer)
            while (Sys.TimeSinceBoot() < deadline && Sys.WaitReadable(timer, deadline) is Errno.ETIMEDOUT or Errno.None) { }
    }

    private static void Restart()
    {
        Libc.sync();
        var errno = Sys.Reboot(Libc.RB_AUTOBOOT);
        Log.Fatal($"boot: restart: {errno.Describe()}");
        Wait(TimeSpan.MaxValue); // PID 1 must not end
    }
}
