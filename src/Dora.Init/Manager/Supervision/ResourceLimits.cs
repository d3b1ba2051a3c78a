namespace Dora.Init.Manager.Supervision;

/// <summary>RLIMIT_* of asm-generic/resource.h by the names of prlimit(1).</summary>
internal static class ResourceLimits
{
    private static readonly string[] s_names =
    [
        "cpu", "fsize", "data", "stack", "core", "rss", "nproc", "nofile", "memlock", "as", "locks", "sigpending",
        "msgqueue", "nice", "rtprio", "rttime",
    ];

    public static int Number(string name)
    {
        int number = Array.IndexOf(s_names, name);
        return number >= 0 ? number : throw new ArgumentException($"no such resource limit: {name}");
    }
}
