using Dora.Core.Protocol.Json;

namespace Dora.Core.Protocol;

/// <summary>One service in <c>GET /v1/services</c>.</summary>
public record ServiceSummary : IJsonMapped<ServiceSummary>
{
    /// <summary>Its name, of its file; with <c>@ARGUMENT</c> for an instance of a template.</summary>
    public required string Name { get; init; }

    /// <summary>In a few words, from its file.</summary>
    public string Description { get; init; } = "";

    /// <summary><c>daemon</c>, <c>oneshot</c> or <c>group</c>.</summary>
    public required string Type { get; init; }

    /// <summary>One of <see cref="ServiceStates"/>.</summary>
    public required string State { get; init; }

    /// <summary>Why it is in this state, in words; null where the state says it all.</summary>
    public string? Reason { get; init; }

    /// <summary>Its main process; null where none runs.</summary>
    public int? Pid { get; init; }

    /// <summary>When its process started; for a oneshot that is done, when that happened.</summary>
    public Moment? StartedAt { get; init; }

    /// <summary>Since when it is in its state.</summary>
    public Moment? Since { get; init; }

    /// <summary>Restarts since it was last started by boot or by an operator.</summary>
    public int Restarts { get; init; }

    /// <summary>Name of the template that it is an instance of.</summary>
    public string? InstanceOf { get; init; }

    /// <summary>True for a command that was asked to be run once (<c>POST /v1/run</c>); absent for any other.</summary>
    public bool? Transient { get; init; }

    /// <summary><c>up</c> or <c>down</c> while an operator has pinned it there.</summary>
    public string? Pinned { get; init; }

    /// <summary>Sockets that are held open for it: <c>tcp 22</c>, <c>unix /run/web.sock</c>.</summary>
    public IReadOnlyList<string> Sockets { get; init; } = [];

    /// <summary>Services that must run for it to run.</summary>
    public IReadOnlyList<string> Needs { get; init; } = [];

    /// <summary>Services that are started with it and whose failure it survives; null for none.</summary>
    public IReadOnlyList<string>? Wants { get; init; }

    /// <inheritdoc/>
    public static ServiceSummary Map(JsonMap json, ServiceSummary? from) => new()
    {
        Name = json.RequiredText("name", from?.Name),
        Description = json.Text("description", from?.Description) ?? "",
        Type = json.RequiredText("type", from?.Type),
        State = json.RequiredText("state", from?.State),
        Reason = json.Text("reason", from?.Reason),
        Pid = json.Integer("pid", from?.Pid),
        StartedAt = json.Member("startedAt", from?.StartedAt),
        Since = json.Member("since", from?.Since),
        Restarts = json.Integer("restarts", from?.Restarts) ?? 0,
        InstanceOf = json.Text("instanceOf", from?.InstanceOf),
        Transient = json.Flag("transient", from?.Transient),
        Pinned = json.Text("pinned", from?.Pinned),
        Sockets = json.Texts("sockets", from?.Sockets) ?? [],
        Needs = json.Texts("needs", from?.Needs) ?? [],
        Wants = json.Texts("wants", from?.Wants),
    };
}

/// <summary>States of a service as the API names them.</summary>
public static class ServiceStates
{
    /// <summary>Not running, and nothing asks for it.</summary>
    public const string Stopped = "stopped";

    /// <summary>To be started once what it needs is there.</summary>
    public const string Waiting = "waiting";

    /// <summary>Its process runs and is not ready yet.</summary>
    public const string Starting = "starting";

    /// <summary>Its process runs and is ready.</summary>
    public const string Running = "running";

    /// <summary>Its sockets are open; a process is started for each connection or with the first.</summary>
    public const string Listening = "listening";

    /// <summary>Its process was asked to end.</summary>
    public const string Stopping = "stopping";

    /// <summary>It ended by itself and is started again after a delay.</summary>
    public const string Backoff = "backoff";

    /// <summary>A oneshot that has done its work.</summary>
    public const string Done = "done";

    /// <summary>It ended, or did not come up, and is not started again by itself.</summary>
    public const string Failed = "failed";

    /// <summary>Down, and started by what its file names in <c>on</c> or <c>schedule</c>.</summary>
    public const string Armed = "armed";

    /// <summary>Switched off: it is not started by anybody.</summary>
    public const string Masked = "masked";

    /// <summary>Its file cannot be used.</summary>
    public const string Invalid = "invalid";

    /// <summary>It runs and reads its configuration anew.</summary>
    public const string Reloading = "reloading";
}
