using Dora.Core.Linux;

namespace Dora.Init.Storage.Kept;

/// <summary>When this machine was last known to run: the time of a file. A clock without a battery goes on from there.</summary>
internal static class LastKnownTime
{
    public const string Path = "/data/state/clock";

    /// <summary>For whoever ends the machine.</summary>
    public static Errno Save() => Sys.WriteFile(Path, "", Libc.O_CREAT | Libc.O_TRUNC, 0x1A4);
}
