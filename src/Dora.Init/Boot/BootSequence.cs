using Dora.Core.Linux;

namespace Dora.Init.Boot;

/// <summary>
/// Role boot: PID 1 in the initramfs. It turns a kernel with an empty world around it into a root file system with
/// /sbin/init running from it, and is gone.
///
/// The list below is the whole of it, in order; each stage is a file named for what is true afterwards. A stage waits
/// within bounds or not at all, and gives a few words about what it found. What it cannot do it says by throwing a
/// <see cref="BootFailure"/>, whose lines tell what was looked for and what was seen; anything else that is thrown is
/// a defect and ends the same way, in <see cref="DeadEnd"/>. PID 1 must not return from Main before exec: the kernel
/// would panic without our message.
///
/// There is no shell here, no other program and, after the last stage, nothing left: the memory of the initramfs is
/// given back before exec, this program's own pages with the exec.
/// </summary>
internal static class BootSequence
{
    private static readonly (string Name, Func<BootState, string> Run)[] s_stages =
    [
        ("pseudo filesystems mounted", PseudoFilesystemsMounted.Run),
        ("command line read", CommandLineRead.Run),
        ("modules loaded", ModulesLoaded.Run),
        ("boot medium found", BootMediumFound.Run),
        ("root mounted", RootMounted.Run),
        ("root switched", RootSwitched.Run),
    ];

    /// <summary>Never returns.</summary>
    public static int Run()
    {
        var handover = Sys.TimeSinceBoot();
        var state = new BootState();
        // What escapes on another thread of the runtime (the finalizer's) would otherwise end PID 1.
        AppDomain.CurrentDomain.UnhandledException += (_, happened) => DeadEnd.Stay(state, Explain(happened.ExceptionObject as Exception));

        var times = new StageTimes();
        times.Add("kernel", TimeSpan.Zero, handover, "");
        string stage = "";
        try
        {
            foreach (var (name, run) in s_stages)
            {
                stage = name;
                var start = Sys.TimeSinceBoot();
                string detail = run(state);
                times.Add(name, start, Sys.TimeSinceBoot(), detail);
                Log.Debug($"boot: {name}: {detail}");
            }
            times.Write();
            stage = "init executed";
            InitExecuted.Run();
        }
        catch (BootFailure failure)
        {
            DeadEnd.Stay(state, failure.Lines);
        }
        catch (Exception exception)
        {
            DeadEnd.Stay(state, [$"boot: not reached: {stage}", .. Explain(exception)]);
        }
        return 0;
    }

    private static IReadOnlyList<string> Explain(Exception? exception) =>
        exception is LinuxException ? [exception.Message]
        : [$"{exception?.Message ?? "unknown fault"} ({exception?.GetType().Name})", exception?.StackTrace ?? ""];
}
