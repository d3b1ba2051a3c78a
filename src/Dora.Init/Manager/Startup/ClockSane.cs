using Dora.Core.Protocol;
using Dora.Core.Configuration;
using Dora.Core.Linux;

namespace Dora.Init.Manager.Startup;

/// <summary>
/// The wall clock is not before the day this system was built: a machine with an empty clock battery comes up in 1970,
/// where no certificate is valid yet. The day is the one that the root image carries on /sbin/init and /etc/os-release, or
/// that of the last end of this machine, where a storage remembers it.
/// </summary>
internal static class ClockSane
{
    private static readonly string[] s_witnesses = ["/usr/lib/os-release", "/etc/os-release", "/sbin/init", Storage.Kept.LastKnownTime.Path];

    public static string Run(KernelCommandLine commandLine)
    {
        long built = 0;
        foreach (string path in s_witnesses)
            if (Sys.Stat(path, out var status) == Errno.None) built = Math.Max(built, status.st_mtime);
        if (Correction(DateTimeOffset.UtcNow, built) is not { } right) return "";
        Sys.SetWallClock(right).ThrowIfError("set the clock");
        string text = Moment.Format(right.UtcDateTime);
        Log.Warn($"start-up: the clock was before this system was built: set to {text}");
        return $"set to {text}";
    }

    /// <summary>The time to set, or null when the clock is right as far as can be told.</summary>
    internal static DateTimeOffset? Correction(DateTimeOffset now, long builtUnixSeconds) =>
        builtUnixSeconds is > 0 and < 253402300800 && now.ToUnixTimeSeconds() < builtUnixSeconds ? DateTimeOffset.FromUnixTimeSeconds(builtUnixSeconds) : null;
}
