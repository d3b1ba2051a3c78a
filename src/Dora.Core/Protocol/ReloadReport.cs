using Dora.Core.Protocol.Json;

namespace Dora.Core.Protocol;

/// <summary>Answer of <c>GET</c> and <c>POST /v1/reload</c>: how the service files differ from what is in use, and what follows.</summary>
public sealed record ReloadReport : IJsonMapped<ReloadReport>
{
    /// <summary>Stands for what was compared; a <c>POST</c> with it is refused if anything has changed since.</summary>
    public required string Fingerprint { get; init; }

    /// <summary>What differs.</summary>
    public IReadOnlyList<ReloadEntry> Services { get; init; } = [];

    /// <summary>Problems of the directories themselves.</summary>
    public IReadOnlyList<string> Problems { get; init; } = [];

    /// <inheritdoc/>
    public static ReloadReport Map(JsonMap json, ReloadReport? from) => new()
    {
        Fingerprint = json.RequiredText("fingerprint", from?.Fingerprint),
        Services = json.Members("services", from?.Services) ?? [],
        Problems = json.Texts("problems", from?.Problems) ?? [],
    };
}

/// <summary>One service, or template, of a <see cref="ReloadReport"/>.</summary>
public sealed record ReloadEntry : IJsonMapped<ReloadEntry>
{
    /// <summary>Its name.</summary>
    public required string Service { get; init; }

    /// <summary><c>start</c>, <c>add</c>, <c>stop</c>, <c>remove</c>, <c>restart</c>, <c>update</c>, <c>replace</c>, <c>keep</c>, <c>clear</c> or <c>refuse</c>.</summary>
    public required string Action { get; init; }

    /// <summary>Keys that differ.</summary>
    public IReadOnlyList<ReloadKey> Changes { get; init; } = [];

    /// <summary>What is wrong with its files, <c>FILE:LINE:COLUMN: message</c>, or why it is kept as it is.</summary>
    public IReadOnlyList<string> Problems { get; init; } = [];

    /// <summary>Other services that are stopped, or restarted, with it since they need it.</summary>
    public IReadOnlyList<string> Along { get; init; } = [];

    /// <summary>Changes that have begun, one for each service that is started, stopped or restarted; empty in the answer of a <c>GET</c>.</summary>
    public IReadOnlyList<string> Begun { get; init; } = [];

    /// <inheritdoc/>
    public static ReloadEntry Map(JsonMap json, ReloadEntry? from) => new()
    {
        Service = json.RequiredText("service", from?.Service),
        Action = json.RequiredText("action", from?.Action),
        Changes = json.Members("changes", from?.Changes) ?? [],
        Problems = json.Texts("problems", from?.Problems) ?? [],
        Along = json.Texts("along", from?.Along) ?? [],
        Begun = json.Texts("begun", from?.Begun) ?? [],
    };
}

/// <summary>A key that differs; a value that is not there is null.</summary>
public sealed record ReloadKey : IJsonMapped<ReloadKey>
{
    /// <summary>With the keys that it is below: <c>environment.PORT</c>.</summary>
    public required string Key { get; init; }

    /// <summary>What is in use.</summary>
    public string? Before { get; init; }

    /// <summary>What the files say.</summary>
    public string? After { get; init; }

    /// <inheritdoc/>
    public static ReloadKey Map(JsonMap json, ReloadKey? from) => new()
    {
        Key = json.RequiredText("key", from?.Key),
        Before = json.Text("before", from?.Before),
        After = json.Text("after", from?.After),
    };
}
