using Dora.Core.Protocol.Json;

namespace Dora.Core.Protocol.Machine;

/// <summary>Answer of <c>POST /v1/machine/processes/{pid}/kill</c>: the signal is sent.</summary>
public sealed class ProcessSignal : IJsonMapped<ProcessSignal>
{
    /// <summary>To whom.</summary>
    public int Pid { get; init; }

    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>Name of the signal: <c>TERM</c>.</summary>
    public required string Signal { get; init; }

    /// <summary>Service that it belongs to.</summary>
    public string? Service { get; init; }

    /// <inheritdoc/>
    public static ProcessSignal Map(JsonMap json, ProcessSignal? from) => new()
    {
        Pid = json.Integer("pid", from?.Pid) ?? 0,
        Name = json.RequiredText("name", from?.Name),
        Signal = json.RequiredText("signal", from?.Signal),
        Service = json.Text("service", from?.Service),
    };
}
