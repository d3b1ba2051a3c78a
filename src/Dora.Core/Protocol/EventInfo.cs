using Dora.Core.Protocol.Json;

namespace Dora.Core.Protocol;

/// <summary>Something that has happened: one line of <c>GET /v1/events</c>.</summary>
public sealed record EventInfo : IJsonMapped<EventInfo>
{
    /// <summary>Counts up by one since boot, across managers; <c>after=ID</c> goes on behind it.</summary>
    public required long Id { get; init; }

    /// <summary>When.</summary>
    public Moment? At { get; init; }

    /// <summary>One of <see cref="EventKinds"/>; a client ignores kinds that it does not know.</summary>
    public required string Kind { get; init; }

    /// <summary>The service that it is about.</summary>
    public string? Service { get; init; }

    /// <summary>State that the service was in.</summary>
    public string? Before { get; init; }

    /// <summary>State that the service is in.</summary>
    public string? After { get; init; }

    /// <summary>Main process of the service.</summary>
    public int? Pid { get; init; }

    /// <summary>Why, in words.</summary>
    public string? Reason { get; init; }

    /// <summary>Why its last run ended, one of <see cref="ServiceResults"/>.</summary>
    public string? Result { get; init; }

    /// <summary>Id of the change that it is about.</summary>
    public string? Change { get; init; }

    /// <summary>What was asked for: a verb of a change, or an end of the machine.</summary>
    public string? Verb { get; init; }

    /// <summary>Status of the change, or state of the machine.</summary>
    public string? Status { get; init; }

    /// <summary>The disk that it is about: <c>sda</c>.</summary>
    public string? Disk { get; init; }

    /// <summary>With <c>events.lost</c>: how many.</summary>
    public long? Lost { get; init; }

    /// <inheritdoc/>
    public static EventInfo Map(JsonMap json, EventInfo? from) => new()
    {
        Id = json.Number("id", from?.Id) ?? 0,
        At = json.Member("at", from?.At),
        Kind = json.RequiredText("kind", from?.Kind),
        Service = json.Text("service", from?.Service),
        Before = json.Text("before", from?.Before),
        After = json.Text("after", from?.After),
        Pid = json.Integer("pid", from?.Pid),
        Reason = json.Text("reason", from?.Reason),
        Result = json.Text("result", from?.Result),
        Change = json.Text("change", from?.Change),
        Verb = json.Text("verb", from?.Verb),
        Status = json.Text("status", from?.Status),
        Disk = json.Text("disk", from?.Disk),
        Lost = json.Number("lost", from?.Lost),
    };
}

/// <summary>What can happen.</summary>
public static class EventKinds
{
    /// <summary>A service has gone from one state to another.</summary>
    public const string ServiceState = "service.state";

    /// <summary>A service is no more: its file, its interface or its connection has gone.</summary>
    public const string ServiceRemoved = "service.removed";

    /// <summary>A change has begun, is done or has failed.</summary>
    public const string Change = "change";

    /// <summary>An end of the machine was scheduled, was cancelled or has begun.</summary>
    public const string Machine = "machine";

    /// <summary>A manager has begun to serve: the first of this boot, or another in place of one that has died.</summary>
    public const string ManagerStarted = "manager.started";

    /// <summary>A disk was plugged in, or its driver was loaded.</summary>
    public const string DiskAppeared = "disk.appeared";

    /// <summary>A disk is gone.</summary>
    public const string DiskDisappeared = "disk.disappeared";

    /// <summary>The storage is no longer as it was: a disk of it is gone.</summary>
    public const string StorageChanged = "storage.changed";

    /// <summary>Events that were asked for are kept no more.</summary>
    public const string Lost = "events.lost";
}
