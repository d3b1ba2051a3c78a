using Dora.Core.Configuration;

namespace Dora.Init.Boot;

/// <summary>It is known what the kernel command line asks for; what is wrong with it has been said.</summary>
internal static class CommandLineRead
{
    public static string Run(BootState state)
    {
        state.CommandLine = KernelCommandLine.Read();
        Log.IsDebug = state.CommandLine.Debug;
        foreach (string problem in state.CommandLine.Problems) Log.Warn(problem);
        return state.CommandLine.Problems.Count switch
        {
            0 => "",
            1 => "1 problem",
            int count => $"{count} problems",
        };
    }
}
