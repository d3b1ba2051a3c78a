using Dora.Core.Configuration;
using Dora.Core.Linux;
using Dora.Init.Manager.State;

namespace Dora.Init.Manager.Startup;

/// <summary>
/// What the manager does once a boot, before the first service: quick and synchronous, in this order. A stage that
/// fails is reported and boot goes on, since a machine with a login can be repaired and one without cannot.
///
/// Every stage may run again after a manager that was killed half-way: what is there already (a mount, a folder, a
/// loaded module) is left as it is. A manager that starts later does not come here (SavedState.IsStartedUp).
/// </summary>
internal static class StartupSequence
{
    private static readonly (string Name, Func<KernelCommandLine, string> Run, bool IsMachineWide)[] s_stages =
    [
        ("mounts complete", MountsComplete.Run, false),
        ("cgroups prepared", CgroupsPrepared.Run, false),
        ("storage ready", StorageReady.Run, true),
        ("clock sane", ClockSane.Run, true),
        ("paths writable", PathsWritable.Run, false),
        ("kernel tuned", KernelTuned.Run, true),
        ("host named", HostNamed.Run, false),
        ("loopback up", LoopbackUp.Run, false),
        ("ssh keys placed", SshKeysPlaced.Run, false),
    ];

    /// <summary>Before the first service. Gives the stages with their times; one that failed says so in its detail.</summary>
    public static IReadOnlyList<SavedStage> Run(KernelCommandLine commandLine)
    {
        Log.IsDebug = commandLine.Debug;
        var times = new List<SavedStage>();
        foreach (var (name, run, isMachineWide) in s_stages)
        {
            if (isMachineWide && !Machine.IsOurs) continue;
            var start = Sys.TimeSinceBoot();
            string detail;
            try
            {
                detail = run(commandLine);
            }
            catch (Exception exception)
            {
                // Not only LinuxException: a defect in one stage must not cost the login either.
                detail = $"failed: {exception.Message}";
                Log.Error($"start-up: {name}: {exception.Message}" + (exception is LinuxException ? "" : $" ({exception.GetType().Name})"));
            }
            times.Add(new SavedStage(name, "manager", start, Sys.TimeSinceBoot(), detail));
            Log.Debug($"start-up: {name}: {detail}");
        }
        return times;
    }
}
