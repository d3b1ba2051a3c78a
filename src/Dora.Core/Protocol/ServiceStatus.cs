using System.Diagnostics.CodeAnalysis;
using Dora.Core.Protocol.Json;

namespace Dora.Core.Protocol;

/// <summary><c>GET /v1/services/{name}</c>: the summary and what explains it.</summary>
public sealed record ServiceStatus : ServiceSummary, IJsonMapped<ServiceStatus>
{
    /// <summary>Its summary, to which the rest is added.</summary>
    [SetsRequiredMembers]
    public ServiceStatus(ServiceSummary summary) : base(summary)
    {
    }

    /// <summary>The file that describes it.</summary>
    public string File { get; init; } = "";

    /// <summary>Files that are merged over it.</summary>
    public IReadOnlyList<string> DropIns { get; init; } = [];

    /// <summary>The group whose cgroup it shares with others; null for none.</summary>
    public string? Slice { get; init; }

    /// <summary>What makes it done without being run: the path of what it would make; null for nothing.</summary>
    public string? Unless { get; init; }

    /// <summary>When it is run by itself; null for never.</summary>
    public IReadOnlyList<string>? Schedule { get; init; }

    /// <summary>When that is next.</summary>
    public Moment? NextRun { get; init; }

    /// <summary>What is wrong with its file; a service with problems is not started.</summary>
    public IReadOnlyList<ServiceProblem> Problems { get; init; } = [];

    /// <summary>How its last process ended; null before the first did.</summary>
    public LastExit? LastExit { get; init; }

    /// <summary>Why its last run ended, one of <see cref="ServiceResults"/>; null while it runs and before its first run.</summary>
    public string? Result { get; init; }

    /// <summary>With <c>exec-failed</c> and <c>launch-failed</c>: the name of the error, such as <c>ENOENT</c>, where a system call had one.</summary>
    public string? Errno { get; init; }

    /// <summary>Program and arguments.</summary>
    public IReadOnlyList<string> Command { get; init; } = [];

    /// <summary>For a per-connection service: connections now.</summary>
    public int? Connections { get; init; }

    /// <summary>For a per-connection service: how many may be.</summary>
    public int? MaxConnections { get; init; }

    /// <summary>For a per-connection service: connections taken since boot.</summary>
    public long? Accepted { get; init; }

    /// <summary>For a per-connection service: connections refused since boot.</summary>
    public long? Refused { get; init; }

    /// <summary>What it says of itself (STATUS= of sd_notify).</summary>
    public string? StatusText { get; init; }

    /// <summary><c>healthy</c>, <c>failing (1 of 3)</c> or <c>unhealthy</c>; null where no health check is made.</summary>
    public string? Health { get; init; }

    /// <summary>Its latest log lines, oldest first, where the manager has them at hand.</summary>
    public IReadOnlyList<LogLine>? Log { get; init; }

    /// <inheritdoc/>
    public static ServiceStatus Map(JsonMap json, ServiceStatus? from) => new(ServiceSummary.Map(json, from))
    {
        File = json.Text("file", from?.File) ?? "",
        DropIns = json.Texts("dropIns", from?.DropIns) ?? [],
        Slice = json.Text("slice", from?.Slice),
        Unless = json.Text("unless", from?.Unless),
        Schedule = json.Texts("schedule", from?.Schedule),
        NextRun = json.Member("nextRun", from?.NextRun),
        Problems = json.Members("problems", from?.Problems) ?? [],
        LastExit = json.Member("lastExit", from?.LastExit),
        Result = json.Text("result", from?.Result),
        Errno = json.Text("errno", from?.Errno),
        Command = json.Texts("command", from?.Command) ?? [],
        Connections = json.Integer("connections", from?.Connections),
        MaxConnections = json.Integer("maxConnections", from?.MaxConnections),
        Accepted = json.Number("accepted", from?.Accepted),
        Refused = json.Number("refused", from?.Refused),
        StatusText = json.Text("statusText", from?.StatusText),
        Health = json.Text("health", from?.Health),
        Log = json.Members("log", from?.Log),
    };
}

/// <summary>A mistake in a service's file.</summary>
/// <param name="File">The file.</param>
/// <param name="Line">Counts from 1; 0 is the file as a whole.</param>
/// <param name="Column">Counts from 1; 0 is the line as a whole.</param>
/// <param name="Message">What is wrong, and what would be right.</param>
public sealed record ServiceProblem(string File, int Line, int Column, string Message) : IJsonMapped<ServiceProblem>
{
    /// <inheritdoc/>
    public static ServiceProblem Map(JsonMap json, ServiceProblem? from) => new(
        json.Text("file", from?.File) ?? "",
        json.Integer("line", from?.Line) ?? 0,
        json.Integer("column", from?.Column) ?? 0,
        json.Text("message", from?.Message) ?? "");
}

/// <summary>How its last process ended.</summary>
public sealed record LastExit : IJsonMapped<LastExit>
{
    /// <summary>By itself; <see cref="Code"/> says how.</summary>
    public const string Exited = "exited";

    /// <summary>Killed; <see cref="Signal"/> says by which.</summary>
    public const string Signaled = "signaled";

    /// <summary>The kernel killed it, or a process of it, for want of memory.</summary>
    public const string Oom = "oom";

    /// <summary><see cref="Exited"/> (then <see cref="Code"/> is set), <see cref="Signaled"/> (then <see cref="Signal"/>) or <see cref="Oom"/> (then one of the two).</summary>
    public required string Kind { get; init; }

    /// <summary>Exit code, 0 to 255.</summary>
    public int? Code { get; init; }

    /// <summary>Number of the signal.</summary>
    public int? Signal { get; init; }

    /// <summary>When its end was seen.</summary>
    public Moment? At { get; init; }

    /// <inheritdoc/>
    public static LastExit Map(JsonMap json, LastExit? from) => new()
    {
        Kind = json.RequiredText("kind", from?.Kind),
        Code = json.Integer("code", from?.Code),
        Signal = json.Integer("signal", from?.Signal),
        At = json.Member("at", from?.At),
    };
}
