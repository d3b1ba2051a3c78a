using System.Globalization;
using Dora.Core.Configuration;
using Dora.Core.Linux;

namespace Dora.Init.Manager.Supervision.Readiness;

/// <summary>How a run ended, as its <c>post-stop</c> finds it: systemd.exec(5) has the same variables.</summary>
internal static class RunOutcome
{
    /// <summary>SERVICE_RESULT, and, where a main process ran and its end was seen, EXIT_CODE and EXIT_STATUS.</summary>
    public static IReadOnlyList<(string Name, string Value)> Variables(ServiceState state)
    {
        var variables = new List<(string, string)> { ("SERVICE_RESULT", MachineReports.ResultOf(state.Result) ?? "") };
        if (!state.HasExited || state.LastExit is not { Code: not 0 } exit) return variables;
        bool isExited = exit.Code == Libc.CLD_EXITED;
        variables.Add(("EXIT_CODE", isExited ? "exited" : exit.Code == Libc.CLD_DUMPED ? "dumped" : "killed"));
        variables.Add(("EXIT_STATUS", isExited ? exit.Status.ToString(CultureInfo.InvariantCulture) : SignalName.Of(exit.Status)));
        return variables;
    }
}
