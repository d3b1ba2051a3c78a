using Dora.Core.Protocol.Json;

namespace Dora.Core.Protocol;

/// <summary>Work that takes time: the answer of every verb, and of <c>GET /v1/changes/{id}</c>.</summary>
public sealed record ChangeInfo : IJsonMapped<ChangeInfo>
{
    /// <summary>Not at its end yet.</summary>
    public const string Doing = "doing";

    /// <summary>What was asked for is so.</summary>
    public const string Done = "done";

    /// <summary>It will not be so; <see cref="Error"/> says why.</summary>
    public const string Failed = "failed";

    /// <summary>Its name for <c>GET /v1/changes/{id}</c>; unique until the manager is replaced.</summary>
    public required string Id { get; init; }

    /// <summary><c>start</c>, <c>stop</c>, <c>restart</c>, <c>pin-up</c>, <c>pin-down</c>, <c>unpin</c>, <c>mask</c>, <c>unmask</c>, or an end of the machine (<c>poweroff</c> ...).</summary>
    public required string Verb { get; init; }

    /// <summary>The service that it is about; null for the machine.</summary>
    public string? Service { get; init; }

    /// <summary><see cref="Doing"/>, <see cref="Done"/> or <see cref="Failed"/>.</summary>
    public required string Status { get; init; }

    /// <summary>State of the service when the change began.</summary>
    public string? Before { get; init; }

    /// <summary>State of the service when the change ended; null while it is being done.</summary>
    public string? After { get; init; }

    /// <summary>Services that are stopped, or restarted, with it since they need it; null if there are none.</summary>
    public IReadOnlyList<string>? Along { get; init; }

    /// <summary>Why it failed.</summary>
    public ErrorBody? Error { get; init; }

    /// <inheritdoc/>
    public static ChangeInfo Map(JsonMap json, ChangeInfo? from) => new()
    {
        Id = json.RequiredText("id", from?.Id),
        Verb = json.RequiredText("verb", from?.Verb),
        Service = json.Text("service", from?.Service),
        Status = json.RequiredText("status", from?.Status),
        Before = json.Text("before", from?.Before),
        After = json.Text("after", from?.After),
        Along = json.Texts("along", from?.Along),
        Error = json.Member("error", from?.Error),
    };
}
