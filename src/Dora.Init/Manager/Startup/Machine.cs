using Dora.Core.Linux;

namespace Dora.Init.Manager.Startup;

/// <summary>
/// Whether the kernel is ours. In a container it is somebody else's: there, nothing that the whole machine would feel
/// (its clock, its settings, its modules) is touched.
/// </summary>
internal static class Machine
{
    /// <summary>The first PID namespace has a fixed number (PROC_PID_INIT_INO of linux/proc_ns.h).</summary>
    private const string FirstPidNamespace = "pid:[4026531836]";

    public static bool IsOurs { get; } = Sys.ReadLink("/proc/self/ns/pid", out string name) != Errno.None || name == FirstPidNamespace;
}
