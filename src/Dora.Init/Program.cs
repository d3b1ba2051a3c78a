using Dora.Core.Linux;
using Dora.Init.Guard;
using Dora.Init.Manager;
using Dora.Init.Manager.Startup;

namespace Dora.Init;

/// <summary>One executable, several roles: picks the one that argv and the pid ask for.</summary>
internal static class Program
{
    /// <summary>How this program is found again: by its pid's own link once /proc is there, by name before.</summary>
    public static string OwnPath => "/proc/self/exe";

    private static GuardProcess? s_guard;

    private static int Main(string[] arguments)
    {
        string name = Environment.GetCommandLineArgs()[0];
        string program = name[(name.LastIndexOf('/') + 1)..];

        bool isFirst = Libc.getpid() == 1;
        if (isFirst) Native.ignore_sent_faults();
        if (isFirst && name == "/init") return Boot.BootSequence.Run();

        AppDomain.CurrentDomain.UnhandledException += (_, happened) => Died(isFirst, happened.ExceptionObject as Exception);
        if (isFirst)
        {
            s_guard = new GuardProcess();
            s_guard.TakeOver(arguments);
            s_guard.Run();
            return 0;
        }

        return (program, arguments) switch
        {
            ("poweroff", _) => EndRequest.Send(MachineEnd.PowerOff, arguments),
            ("reboot", _) => EndRequest.Send(MachineEnd.Reboot, arguments),
            ("halt", _) => EndRequest.Send(MachineEnd.Halt, arguments),
            (_, ["manager"]) => ManagerProcess.Run(),
            (_, ["syslog", ..]) => Syslog.SyslogRole.Run(arguments.AsSpan(1)),
            (_, ["finish"]) => FinishProcess.Run(),
            (_, ["devices"]) => DeviceCoupling.RunProcess(),
            _ => EndRequest.Usage(),
        };
    }

    /// <summary>
    /// A defect. In the manager it costs its process, and the guard starts another; in the guard it would panic the
    /// kernel, but a fresh copy of this program in the same process has the same children: it starts a manager, which
    /// takes them all up again.
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
        var errno = Sys.Execute(OwnPath, ["/sbin/init", .. HandOn()], []);
        Log.Error($"guard: execute itself: {errno.Describe()}");
        Ending.End(MachineEnd.Reboot);
    }

    private static string[] HandOn()
    {
        try
        {
            return s_guard?.HandOn() ?? [];
        }
        catch (Exception exception)
        {
            // Whatever the defect has left of the guard: what is here must not stop the last way out.
            Log.Error($"guard: hand on what it holds: {exception.Message}");
            return [];
        }
    }
}
