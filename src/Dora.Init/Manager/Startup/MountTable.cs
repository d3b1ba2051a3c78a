using System.Text;
using Dora.Core.Linux;

namespace Dora.Init.Manager.Startup;

/// <summary>What is mounted, by /proc/self/mountinfo (proc_pid_mountinfo(5)).</summary>
internal static class MountTable
{
    /// <summary>Type of the file system that is on top at <paramref name="target"/>, or null where nothing is mounted.</summary>
    public static string? TypeAt(string target) =>
        Sys.ReadFile("/proc/self/mountinfo", out var content) == Errno.None ? TypeAt(Encoding.UTF8.GetString(content), target) : null;

    internal static string? TypeAt(string mountinfo, string target)
    {
        string? type = null;
        foreach (string line in mountinfo.Split('\n'))
        {
            // ID PARENT MAJOR:MINOR ROOT TARGET OPTIONS [FIELDS...] - TYPE SOURCE OPTIONS
            string[] fields = line.Split(' ');
            if (fields.Length < 5 || fields[4] != target) continue;
            int dash = Array.IndexOf(fields, "-", 5);
            if (dash > 0 && dash + 1 < fields.Length) type = fields[dash + 1];
        }
        return type;
    }
}
