using Dora.Core.Protocol.Json;

namespace Dora.Core.Protocol.Machine;

/// <summary>A resource limit of a process.</summary>
public sealed class ProcessLimit : IJsonMapped<ProcessLimit>
{
    /// <summary>As /proc names it: <c>Max open files</c>.</summary>
    public required string Name { get; init; }

    /// <summary>What holds; null for no limit.</summary>
    public long? Soft { get; init; }

    /// <summary>What it may be raised to; null for no limit.</summary>
    public long? Hard { get; init; }

    /// <summary><c>bytes</c>, <c>files</c>, <c>seconds</c> ...</summary>
    public string? Unit { get; init; }

    /// <inheritdoc/>
    public static ProcessLimit Map(JsonMap json, ProcessLimit? from) => new()
    {
        Name = json.RequiredText("name", from?.Name),
        Soft = json.Number("soft", from?.Soft),
        Hard = json.Number("hard", from?.Hard),
        Unit = json.Text("unit", from?.Unit),
    };
}
