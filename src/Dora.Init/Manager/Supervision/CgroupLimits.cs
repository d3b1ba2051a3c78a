using Dora.Core.Configuration;
using Dora.Core.Linux;

namespace Dora.Init.Manager.Supervision;

/// <summary>
/// Writes a service's limits into its new cgroup, before anything runs in it. A file that is not there although its
/// controller has been asked for all the way down is a kernel without it: a word in the log, and the service runs. A
/// value that the kernel refuses is the operator's to mend: the launch fails.
/// </summary>
internal static class CgroupLimits
{
    private const string Root = "/sys/fs/cgroup";

    // cgroups(7), "Delegation": the folder, and these files in it.
    private static readonly string[] s_delegated = ["", "/cgroup.procs", "/cgroup.threads", "/cgroup.subtree_control", "/memory.oom.group"];

    public static void Apply(string folder, ServiceSettings settings, Identity identity)
    {
        foreach (var setting in settings.Process.Cgroup)
            foreach (string value in setting.Values)
                if (!Write(settings.Name, folder, setting.File, value)) break;
        if (!settings.Process.Delegate) return;
        foreach (string file in s_delegated)
            Sys.ChangeOwner(folder + file, identity.Uid, identity.Gid).ThrowIfErrorBut(Errno.ENOENT, "delegate cgroup: chown", folder + file);
    }

    /// <summary>
    /// The limits that all in a slice have together. Its controllers are switched on below it too: who is killed for the
    /// memory of all is seen by his own events.
    /// </summary>
    public static void ApplySlice(string folder, ServiceSettings group)
    {
        foreach (var setting in group.Process.Cgroup)
        {
            foreach (string value in setting.Values)
                if (!Write(group.Name, folder, setting.File, value)) break;
            int dot = setting.File.IndexOf('.');
            if (dot > 0) _ = Sys.WriteFile(folder + "/cgroup.subtree_control", "+" + setting.File[..dot]);
        }
    }

    private static bool Write(string service, string folder, string file, string value)
    {
        var errno = Sys.WriteFile($"{folder}/{file}", value);
        if (errno == Errno.ENOENT)
        {
            Enable(folder, file[..file.IndexOf('.')]);
            errno = Sys.WriteFile($"{folder}/{file}", value);
        }
        if (errno == Errno.None) return true;
        if (errno != Errno.ENOENT) throw new LaunchException($"cgroup: {file}: write '{value}': {errno.Describe()}");
        Log.Warn($"{service}: cgroup: {file}: this kernel does not have it here; it starts without this limit");
        return false;
    }

    // Start-up has done so for the controllers that most need; the others are switched on by the first who asks.
    private static void Enable(string folder, string controller)
    {
        for (int slash = Root.Length; slash > 0 && slash < folder.Length; slash = folder.IndexOf('/', slash + 1))
            if (Sys.WriteFile($"{folder[..slash]}/cgroup.subtree_control", "+" + controller) != Errno.None) return;
    }
}
