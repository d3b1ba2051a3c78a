using Dora.Core.Linux;

namespace Dora.Init.Guard;

/// <summary>
/// The role that unmounts, a process of its own because it may block for ever: `init finish`.
/// In reverse order of mounting, twice, since a mount may keep another busy; what stays is made read-only, so that its
/// file system is clean all the same.
/// </summary>
internal static class FinishProcess
{
    private static readonly string[] s_kept = ["/", "/dev", "/proc", "/sys", "/run"];

    public static int Run()
    {
        Sys.SynchronizeDisks();
        for (int round = 0; round < 2; round++)
            foreach (string target in MountPoints()) _ = Sys.Unmount(target);

        foreach (string target in MountPoints())
        {
            var errno = Sys.Mount("none", target, null, Libc.MS_REMOUNT | Libc.MS_RDONLY);
            if (errno != Errno.None && errno != Errno.EINVAL) Log.Warn($"finish: make {target} read-only: {errno.Describe()}");
        }
        Sys.SynchronizeDisks();
        return 0;
    }

    /// <summary>What is still mounted, latest first, without what the last steps need.</summary>
    private static List<string> MountPoints() => Parse(Sys.ReadText("/proc/self/mountinfo") ?? "");

    internal static List<string> Parse(string mountInfo)
    {
        var targets = new List<string>();
        foreach (string line in mountInfo.Split('\n'))
        {
            string[] fields = line.Split(' ');
            if (fields.Length < 5) continue;
            string target = Unescape(fields[4]);
            if (Array.IndexOf(s_kept, target) < 0 && !target.StartsWith("/dev/", StringComparison.Ordinal)
                && !target.StartsWith("/sys/", StringComparison.Ordinal) && !target.StartsWith("/proc/", StringComparison.Ordinal))
                targets.Add(target);
        }
        targets.Reverse();
        return targets;
    }

    /// <summary>proc(5): space, tab, newline and backslash are octal escapes.</summary>
    private static string Unescape(string text) => text.Contains('\\')
        ? text.Replace("\\040", " ").Replace("\\011", "\t").Replace("\\012", "\n").Replace("\\134", "\\")
        : text;
}
