using Dora.Core.Linux;
using Dora.Init.Guard;
using Dora.Init.Manager;
using Dora.Init.Manager.Startup;

namespace Dora.Init;

/// <summary>One executable, several roles: picks the one that argv and the pid ask for.</summary>
internal static class Program
{
    private static GuardProcess? s_guard;
    private static GuardDefects s_defects;

    /// <summary>How this program is found again: by its pid's own link if /proc is there, else by the name it was called by.</summary>
    public static string OwnPath => Sys.Exists("/proc/self/exe") ? "/proc/self/exe" : Environment.GetCommandLineArgs()[0];

    private static int Main(string[] arguments)
    {
        string name = Environment.GetCommandLineArgs()[0];
        string program = name[(name.LastIndexOf('/') + 1)..];

        bool isFirst = Libc.getpid() == 1;
        if (isFirst) Native.ignore_sent_faults();
        else Native.end_by_sent_faults();
        if (isFirst && name == "/init") return Boot.BootSequence.Run();

        AppDomain.CurrentDomain.UnhandledException += (_, happened) => Died(isFirst, happened.ExceptionObject as Exception);
        if (isFirst)
        {
            RunGuard(arguments);
            return 0;
        }

        return (program, arguments) switch
        {
            ("poweroff" or "reboot" or "halt" or "shutdown" or "telinit", _) => LegacyCommand.Run(program, arguments),
            (_, ["manager"]) => ManagerProcess.Run(),
            (_, ["relay"]) => Relay.RelayRole.Run(),
            (_, ["finish", ..]) => FinishProcess.Run(arguments.AsSpan(1)),
            (_, ["storage", "boot"]) => Storage.StorageBoot.RunProcess(),
            (_, ["storage", "remote", ..]) => Storage.Remote.RemoteRole.Run(arguments.AsSpan(2)),
            (_, ["devices"]) => DeviceCoupling.RunProcess(),
            (_, ["helper", ..]) => Manager.Shutdown.HelperRole.Run(arguments.AsSpan(1)),
            (_, ["--version"]) => Manager.Shutdown.HelperRole.PrintVersion(),
            _ => LegacyCommand.Run("init", arguments),
        };
    }

    private static void RunGuard(string[] arguments)
    {
        Sys.SetProcessName("init\0"u8);
        Handover? last = null;
        if (arguments is ["resume", var number, var count, var first])
        {
            s_defects = GuardDefects.Parse(count, first);
            last = Handover.Take(number);
        }
        Native.open_alarm();
        InterruptTimer.Open();
        s_guard = new GuardProcess();
        s_guard.Run(last);
    }

    /// <summary>
    /// A defect. In the manager it costs its process, and the guard starts another; in the guard it would panic the
    /// kernel, but a fresh copy of this program in the same process has the same children (<see cref="GuardDefects"/>).
    /// </summary>
    private static void Died(bool isGuard, Exception? exception)
    {
        Log.Error($"{(isGuard ? "guard" : Environment.GetCommandLineArgs()[^1])}: {exception}");
        if (!isGuard) return;
        if (Ending.HasBegun)
        {
            // A fresh copy would start everything again on a machine that was told to end.
            _ = Sys.Reboot(Ending.CommandFor(Ending.How));
            Sys.Exit(1);
        }
        s_defects.Recover(s_guard, exception);
    }
}
