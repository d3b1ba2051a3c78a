using Dora.Core.Protocol.Json;

namespace Dora.Core.Protocol;

/// <summary>Answer of <c>GET /v1/machine</c>: whether the machine is being ended, or will be.</summary>
public sealed record MachineStatus : IJsonMapped<MachineStatus>
{
    /// <summary>No end is near.</summary>
    public const string Running = "running";

    /// <summary>An end is planned.</summary>
    public const string Scheduled = "scheduled";

    /// <summary>It is being ended.</summary>
    public const string Ending = "ending";

    /// <summary><see cref="Running"/>, <see cref="Scheduled"/> or <see cref="Ending"/>.</summary>
    public required string State { get; init; }

    /// <summary>How: <c>poweroff</c>, <c>reboot</c>, <c>halt</c>, <c>kexec</c> or <c>soft-reboot</c>.</summary>
    public string? Verb { get; init; }

    /// <summary>Who asked.</summary>
    public string? By { get; init; }

    /// <summary>Scheduled: why.</summary>
    public string? Message { get; init; }

    /// <summary>Scheduled: when it will begin; ending: when it was asked for.</summary>
    public Moment? At { get; init; }

    /// <summary>Ending: <c>begun</c>, <c>sessions</c>, <c>services</c> or <c>processes</c>.</summary>
    public string? Phase { get; init; }

    /// <summary>Ending: how long services may take in all, in milliseconds.</summary>
    public long? LimitMs { get; init; }

    /// <summary>Ending: services that are not down yet.</summary>
    public IReadOnlyList<string>? WaitsFor { get; init; }

    /// <summary>What became of the last upgrade of init, in words.</summary>
    public string? LastUpgrade { get; init; }

    /// <summary>The machine's clocks when it answered: <c>bootMs</c> of other answers is measured against this one.</summary>
    public Moment? Now { get; init; }

    /// <inheritdoc/>
    public static MachineStatus Map(JsonMap json, MachineStatus? from) => new()
    {
        State = json.RequiredText("state", from?.State),
        Verb = json.Text("verb", from?.Verb),
        By = json.Text("by", from?.By),
        Message = json.Text("message", from?.Message),
        At = json.Member("at", from?.At),
        Phase = json.Text("phase", from?.Phase),
        LimitMs = json.Number("limitMs", from?.LimitMs),
        WaitsFor = json.Texts("waitsFor", from?.WaitsFor),
        LastUpgrade = json.Text("lastUpgrade", from?.LastUpgrade),
        Now = json.Member("now", from?.Now),
    };
}
