using Dora.Core.Linux;
using Dora.Init.Guard;
using Dora.Init.Launching;

namespace Dora.Init.Boot;

/// <summary>
/// Once the root image is mounted, a dead end is not the end: its shell can look at what is wrong. It is offered rather
/// than started, so that a machine nobody looks at restarts as panic= asks for.
/// </summary>
internal static class RescueShell
{
    private const string Shell = "/bin/sh", Console = "/dev/console";

    /// <summary>The root whose shell it would be: the new one, switched to or only mounted; null: there is none.</summary>
    private static string? Root =>
        Sys.Exists(Shell) ? "/" : Sys.Exists(BootPaths.NewRoot + Shell) ? BootPaths.NewRoot : null;

    /// <summary>Waits for Enter until <paramref name="deadline"/>, and then for the shell's end. False: nobody was there.</summary>
    public static bool Offer(TimeSpan deadline)
    {
        if (Root is not { } root || Sys.Open(Console, Libc.O_RDWR | Libc.O_NOCTTY | Libc.O_NONBLOCK, 0, out var console) != Errno.None) return false;
        using (console)
        {
            Log.Fatal("boot: press Enter on the console for a rescue shell");
            while (Sys.TimeSinceBoot() < deadline)
            {
                if (Sys.WaitReadable(console, deadline) == Errno.ETIMEDOUT) return false;
                if (Sys.Read(console, stackalloc byte[64], out int count) != Errno.None || count == 0) return false; // no terminal behind it
                Log.Fatal("boot: rescue shell; the machine restarts when you leave it");
                return Run(root, console);
            }
            return false;
        }
    }

    private static bool Run(string root, FileDescriptor console)
    {
        _ = Sys.SetBlocking(console);
        if (Sys.Duplicate(console, out var stream, LaunchPlanBuilder.SourceFloor) != Errno.None) return false;
        using (stream)
        {
            if (root != "/")
                foreach (string target in RootSwitched.Moved)
                    _ = Sys.Mount(target, root + target, null, Libc.MS_BIND | Libc.MS_REC);
            var builder = new LaunchPlanBuilder("rescue shell", [Shell, "-l"]).Variable("HOME", "/").Variable("TERM", "linux");
            var result = Launcher.Launch(builder.Terminal(stream, Console).Root(root).Build(asSibling: false));
            if (!result.Succeeded)
            {
                Log.Fatal(result.Failure!);
                return false;
            }
            // PID 1 reaps whatever the shell leaves behind; nothing else is to be waited for.
            while (!Reaper.TryReap(result.Pid, out _))
            {
                Sys.WaitForSignal(Libc.SIGCHLD, TimeSpan.FromHours(1));
                while (Reaper.Peek(out var other) && other.Pid != result.Pid) Reaper.Reap(other.Pid);
            }
            return true;
        }
    }
}
