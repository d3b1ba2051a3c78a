using Dora.Core.Protocol;

namespace Dora.Init.Manager.Control;

/// <summary>Why a verb was refused; decides the HTTP status.</summary>
internal enum Refusal
{
    /// <summary>What was asked for makes no sense: 400.</summary>
    Malformed,

    /// <summary>There is no such thing: 404.</summary>
    NotFound,

    /// <summary>Its state or its file does not allow it: 409.</summary>
    Conflict,

    /// <summary>Not now, perhaps later: 503.</summary>
    Unavailable,

    /// <summary>What was asked for makes no sense: 400.</summary>
    Invalid,
}

/// <summary>What became of a verb: a change that is being done (or already is), or a refusal with its reason.</summary>
internal sealed record ControlResult
{
    private ControlResult()
    {
    }

    /// <summary>The change; null when refused.</summary>
    public string? ChangeId { get; private init; }

    public Refusal Refusal { get; private init; }
    public ErrorBody? Error { get; private init; }

    public static ControlResult Accepted(string changeId) => new() { ChangeId = changeId };

    public static ControlResult Refused(Refusal refusal, string error, string message) =>
        new() { Refusal = refusal, Error = new ErrorBody(error, message) };

    public static ControlResult NoSuchService(string name) =>
        Refused(Refusal.NotFound, "service.not-found", $"{name}: there is no such service");
}
