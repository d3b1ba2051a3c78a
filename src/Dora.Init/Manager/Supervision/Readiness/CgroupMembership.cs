using System.Text;
using Dora.Core.Linux;

namespace Dora.Init.Manager.Supervision.Readiness;

/// <summary>Whether a process belongs to a service, by its cgroup: /proc/PID/cgroup has a line <c>0::/path</c> (cgroups(7)).</summary>
internal static class CgroupMembership
{
    private const string Mount = "/sys/fs/cgroup";
    private static string? s_prefix;

    /// <summary>
    /// Whether the process is in the cgroup of this folder or below it. A zombie keeps its cgroup until it is reaped; one
    /// that is gone is in none.
    /// </summary>
    public static bool Holds(string folder, int pid) => pid > 0 && Contains(Prefix + folder[Mount.Length..], PathOf(pid));

    internal static bool Contains(string cgroup, string path) =>
        path.StartsWith(cgroup, StringComparison.Ordinal) && (path.Length == cgroup.Length || path[cgroup.Length] == '/');

    /// <summary>The path in the unified hierarchy; empty where there is none.</summary>
    internal static string Parse(ReadOnlySpan<byte> content)
    {
        while (!content.IsEmpty)
        {
            int newline = content.IndexOf((byte)'\n');
            var line = newline < 0 ? content : content[..newline];
            content = newline < 0 ? default : content[(newline + 1)..];
            if (!line.StartsWith("0::/"u8)) continue;
            line = line[3..];
            if (line.EndsWith(" (deleted)"u8)) line = line[..^10];
            return Encoding.UTF8.GetString(line);
        }
        return "";
    }

    // What is mounted at /sys/fs/cgroup has PID 1 at its root, also in a container that shows the host's paths.
    private static string Prefix => s_prefix ??= Root(PathOf(1));

    internal static string Root(string path)
    {
        int ours = path.IndexOf("/dora", StringComparison.Ordinal);
        return (ours >= 0 ? path[..ours] : path).TrimEnd('/');
    }

    private static string PathOf(int pid)
    {
        Span<byte> content = stackalloc byte[4096];
        return Sys.ReadCgroup(pid, content, out int count) == Errno.None ? Parse(content[..count]) : "";
    }
}
