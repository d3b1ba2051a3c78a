using Dora.Core.Configuration;
using Dora.Core.Linux;

namespace Dora.Init.Manager.Supervision;

/// <summary>
/// Where the cgroup of a service lies: with its own kind, or, if its file names a <c>slice</c>, in the folder of that
/// group, whose limits hold for all that is in it together. Syslog reads the names from these paths (Syslog/CgroupPath).
/// </summary>
internal static class CgroupPaths
{
    private const string Dora = "/sys/fs/cgroup/dora";

    public const string Services = Dora + "/services", Sessions = Dora + "/sessions", Jobs = Dora + "/jobs", Slices = Dora + "/slices";

    public static string Of(ServiceSettings settings, string root) => Of(settings.Name, settings.Slice, root);

    public static string Of(string name, string? slice, string root) => slice is null ? $"{root}/{name}" : $"{Slices}/{slice}/{name}";

    /// <summary>What lies in a folder: names and paths.</summary>
    public static List<(string Name, string Path)> In(string folder)
    {
        var found = new List<(string, string)>();
        foreach (string name in Sys.ListDirectories(folder)) found.Add((name, $"{folder}/{name}"));
        return found;
    }

    /// <summary>The folder of the slice that this path is in; null where it is in none.</summary>
    public static string? SliceOf(string path) => path.StartsWith(Slices + "/", StringComparison.Ordinal) ? path[..path.LastIndexOf('/')] : null;
}
