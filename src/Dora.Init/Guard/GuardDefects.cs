using Dora.Core.Configuration;
using Dora.Core.Linux;
using Dora.Init.Launching;

namespace Dora.Init.Guard;

/// <summary>
/// What becomes of a defect in PID 1, whose end would be a kernel panic. This program is executed again in the same
/// process: the first time with all that the guard kept, soon after that without it, for that may be the cause; the
/// services live on in both cases. When it happens again and again, the machine cannot be helped: a message on every
/// console, what is dirty is written, and <c>panic=</c> decides as it does for the kernel: restart after so many seconds,
/// at once below zero, or stay as it is at zero.
/// </summary>
/// <param name="Count">Defects in a row.</param>
/// <param name="First">When the first of them was, since boot.</param>
internal readonly record struct GuardDefects(int Count, TimeSpan First)
{
    private const int Limit = 3;
    private static readonly TimeSpan s_row = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan s_syncLimit = TimeSpan.FromSeconds(10);

    private bool IsHopeless => Count > Limit;

    /// <summary>argv of the next guard: the number of its <see cref="Handover"/> or <c>-</c>, and this.</summary>
    public string[] Arguments(string handover) =>
        [Environment.GetCommandLineArgs()[0], "resume", handover, Count.ToString(), First.Ticks.ToString()];

    public static GuardDefects Parse(string count, string first) =>
        int.TryParse(count, out int number) && long.TryParse(first, out long ticks) ? new(number, new TimeSpan(ticks)) : new();

    internal GuardDefects Another(TimeSpan now) => Count == 0 || now - First > s_row ? new(1, now) : this with { Count = Count + 1 };

    /// <summary>Does not return.</summary>
    public void Recover(GuardProcess? guard, Exception? exception)
    {
        var next = Another(Sys.TimeSinceBoot());
        if (!next.IsHopeless)
        {
            try
            {
                if (next.Count == 1 && guard?.LeaveAfterDefect(exception?.GetType().Name ?? "") is { } left) _ = left.State.Execute(left.Program, next);
            }
            catch (Exception another)
            {
                Log.Error($"guard: what it kept cannot be told on: {another.Message}");
            }
            var errno = Sys.Execute(Program.OwnPath, next.Arguments("-"), []);
            Log.Error($"guard: execute itself: {errno.Describe()}");
        }
        GiveUp();
    }

    private static void GiveUp()
    {
        Log.Fatal("guard: it fails again and again and cannot go on");
        var sync = Launcher.Launch(new LaunchPlanBuilder("sync", ["init", "finish", "sync"], Program.OwnPath).Build(asSibling: false));
        var deadline = Sys.TimeSinceBoot() + s_syncLimit;
        while (sync.Succeeded && !Reaper.TryReap(sync.Pid, out _) && Sys.TimeSinceBoot() < deadline)
            _ = Sys.WaitForSignals([Libc.SIGCHLD], TimeSpan.FromMilliseconds(100));

        Log.Reopen(); // gives one descriptor back, for where there is no other
        int seconds = KernelCommandLine.Read().PanicSeconds;
        Log.Fatal(seconds switch
        {
            0 => "guard: holding here; services that run go on, ctrl-alt-del restarts (panic=SECONDS on the kernel command line would do so by itself)",
            < 0 => "guard: restarting now (panic= is negative)",
            _ => $"guard: restarting in {seconds} s (panic={seconds})",
        });
        var end = seconds == 0 ? TimeSpan.MaxValue : Sys.TimeSinceBoot() + TimeSpan.FromSeconds(Math.Max(seconds, 0));
        while (Sys.TimeSinceBoot() < end)
        {
            if (Sys.WaitForSignals([Libc.SIGCHLD, Libc.SIGINT], TimeSpan.FromSeconds(1)) == Libc.SIGINT) break;
            while (Reaper.Peek(out var exit)) Reaper.Reap(exit.Pid);
        }
        _ = Sys.Reboot(Libc.RB_AUTOBOOT);
        Sys.Exit(1);
    }
}
