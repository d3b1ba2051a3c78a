using Dora.Core.Protocol.Json;

namespace Dora.Core.Protocol;

/// <summary>A service that is run at times, in <c>GET /v1/jobs</c> and, with its runs, <c>GET /v1/jobs/{name}</c>.</summary>
public sealed record JobInfo : IJsonMapped<JobInfo>
{
    /// <summary>Its name: that of its service.</summary>
    public required string Name { get; init; }

    /// <summary>In a few words, from its file.</summary>
    public string Description { get; init; } = "";

    /// <summary>When it is run: expressions of cron, words such as <c>@reboot</c>, an interval.</summary>
    public IReadOnlyList<string> Schedule { get; init; } = [];

    /// <summary>Whose clocks the expressions mean; null is the machine's.</summary>
    public string? Zone { get; init; }

    /// <summary>State of its service, one of <see cref="ServiceStates"/>.</summary>
    public required string State { get; init; }

    /// <summary>The next time; null if there is none.</summary>
    public Moment? Next { get; init; }

    /// <summary>Why it is not run at its times; null if it is.</summary>
    public string? Problem { get; init; }

    /// <summary>Its last run, or the one that goes on; null before the first.</summary>
    public JobRunInfo? Last { get; init; }

    /// <summary>Its last runs, oldest first; null in a list.</summary>
    public IReadOnlyList<JobRunInfo>? Runs { get; init; }

    /// <inheritdoc/>
    public static JobInfo Map(JsonMap json, JobInfo? from) => new()
    {
        Name = json.RequiredText("name", from?.Name),
        Description = json.Text("description", from?.Description) ?? "",
        Schedule = json.Texts("schedule", from?.Schedule) ?? [],
        Zone = json.Text("zone", from?.Zone),
        State = json.RequiredText("state", from?.State),
        Next = json.Member("next", from?.Next),
        Problem = json.Text("problem", from?.Problem),
        Last = json.Member("last", from?.Last),
        Runs = json.Members("runs", from?.Runs),
    };
}

/// <summary>One run of a job, with its retries.</summary>
public sealed record JobRunInfo : IJsonMapped<JobRunInfo>
{
    /// <summary>By the wall clock, UTC in ISO 8601.</summary>
    public required string Started { get; init; }

    /// <summary>How long it took; null while it runs, and where nobody saw its end.</summary>
    public long? DurationMs { get; init; }

    /// <summary><c>schedule</c>, <c>missed</c> (made up for), <c>boot</c> or <c>request</c>.</summary>
    public string Cause { get; init; } = "";

    /// <summary>One of <see cref="ServiceResults"/>, or <c>stopped</c>, <c>replaced</c> (by its next run), <c>interrupted</c> (the machine went down); null while it runs.</summary>
    public string? Result { get; init; }

    /// <summary>Exit code, or number of the signal that ended it.</summary>
    public int? Code { get; init; }

    /// <inheritdoc/>
    public static JobRunInfo Map(JsonMap json, JobRunInfo? from) => new()
    {
        Started = json.RequiredText("started", from?.Started),
        DurationMs = json.Number("durationMs", from?.DurationMs),
        Cause = json.Text("cause", from?.Cause) ?? "",
        Result = json.Text("result", from?.Result),
        Code = json.Integer("code", from?.Code),
    };
}
