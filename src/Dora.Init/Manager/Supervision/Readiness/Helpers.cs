using Dora.Core.Linux;
using Dora.Init.Launching;

namespace Dora.Init.Manager.Supervision.Readiness;

/// <summary>A command to be run beside the main process of a service, in a cgroup below the service's own.</summary>
internal sealed class HelperCommand(HelperKind kind, IReadOnlyList<string> words, string cgroup)
{
    public HelperKind Kind { get; } = kind;
    public IReadOnlyList<string> Words { get; } = words;
    public string Cgroup { get; } = cgroup;
}

/// <summary>
/// Starts and ends helper commands of a service. They are the service's in all that it is: user, limits, environment,
/// cgroup. Each kind has a folder of its own below the service's cgroup, so that a new manager can tell them from the
/// main process, and so that a helper can be killed with all that it has started.
/// </summary>
internal sealed class Helpers(Service service, IServiceLauncher launcher)
{
    public LaunchResult Launch(HelperKind kind, IReadOnlyList<string> words)
    {
        try
        {
            var result = launcher.Launch(service, null, new HelperCommand(kind, words, CgroupOf(kind)));
            return result.Succeeded ? result : new LaunchResult(0, service.WithoutName(result.Failure!));
        }
        catch (Exception exception)
        {
            // As with the main process: a phase that waits for it would wait in vain, and how far it has come is not known.
            Kill(kind);
            return new LaunchResult(0, service.WhyNotLaunched($"launch {WordOf(kind)[1..]}", exception));
        }
    }

    /// <summary>Ends what is left of one.</summary>
    public void Kill(HelperKind kind)
    {
        string folder = CgroupOf(kind);
        // With nothing left in it the folder goes at once; else when the service's own does.
        if (Sys.RemoveDirectory(folder) is Errno.None or Errno.ENOENT) return;
        _ = Sys.WriteFile(folder + "/cgroup.kill", "1");
    }

    public void Signal(HelperKind kind, int signal)
    {
        foreach (int pid in Cgroup.ProcessesIn(CgroupOf(kind))) _ = Sys.Kill(pid, signal);
    }

    /// <summary>The folder of one kind; the dot keeps it apart from those that services make.</summary>
    public string CgroupOf(HelperKind kind) => $"{service.Cgroup.Path}/{WordOf(kind)}";

    /// <summary>Whether a folder of this name in a service's cgroup is that of a helper.</summary>
    public static bool IsFolder(string name) => name is ".pre-start" or ".stop-command" or ".reload-command" or ".post-stop" or ".ready" or ".health";

    public static string WordOf(HelperKind kind) => kind switch
    {
        HelperKind.PreStart => ".pre-start",
        HelperKind.Stop => ".stop-command",
        HelperKind.Reload => ".reload-command",
        HelperKind.PostStop => ".post-stop",
        HelperKind.Ready => ".ready",
        HelperKind.Health => ".health",
        _ => throw new System.Diagnostics.UnreachableException(),
    };
}
