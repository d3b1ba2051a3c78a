using Dora.Core.Configuration;
using Dora.Core.Linux;

namespace Dora.Init.Manager.Startup;

/// <summary>127.0.0.1 and ::1 answer: the kernel gives lo its addresses when it is brought up.</summary>
internal static class LoopbackUp
{
    public static string Run(KernelCommandLine commandLine)
    {
        Sys.SetInterfaceUp("lo").ThrowIfError("bring up", "lo");
        return "";
    }
}
