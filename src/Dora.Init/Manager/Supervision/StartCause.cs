using Dora.Core.Configuration;
using Dora.Core.Linux;
using Dora.Core.Protocol.Json;
using Dora.Init.Launching;

namespace Dora.Init.Manager.Supervision;

/// <summary>The failure of a service that another one was started for (<c>on-failure: {start: ...}</c>).</summary>
internal sealed record StartCause(string Service, string Reason, ProcessExit? Exit) : IJsonMapped<StartCause>
{
    /// <summary>Tells the process by its environment.</summary>
    public void Introduce(LaunchPlanBuilder builder)
    {
        builder.Variable("FAILED_SERVICE", Service);
        builder.Variable("FAILED_REASON", Reason);
        if (Exit is { Code: Libc.CLD_EXITED }) builder.Variable("FAILED_EXIT_CODE", Exit.Status.ToString());
        else if (Exit is { Code: not 0 }) builder.Variable("FAILED_EXIT_SIGNAL", SignalName.Of(Exit.Status));
    }

    public static StartCause Map(JsonMap json, StartCause? from) => new(
        json.RequiredText("service", from?.Service),
        json.RequiredText("reason", from?.Reason),
        json.Member("exit", from?.Exit));
}
