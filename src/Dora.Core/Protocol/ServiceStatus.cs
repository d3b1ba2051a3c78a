namespace Dora.Core.Protocol;

/// <summary><c>GET /v1/services/{name}</c>: the summary and what explains it.</summary>
internal sealed record ServiceStatus : ServiceSummary
{
    /// <summary>The file that describes it.</summary>
    public string File { get; init => field = value ?? ""; } = "";

    public IReadOnlyList<string> Needs { get; init => field = value ?? []; } = [];

    /// <summary>What is wrong with its file; a service with problems is not started.</summary>
    public IReadOnlyList<ServiceProblem> Problems { get; init => field = value ?? []; } = [];

    public LastExit? LastExit { get; init; }

    /// <summary>Program and arguments.</summary>
    public IReadOnlyList<string> Command { get; init => field = value ?? []; } = [];

    /// <summary>What it says of itself (STATUS= of sd_notify).</summary>
    public string? StatusText { get; init; }

    /// <summary><c>healthy</c>, <c>failing (1 of 3)</c> or <c>unhealthy</c>; null where no health check is made.</summary>
    public string? Health { get; init; }

    /// <summary>Its latest log lines, oldest first, where the manager has them at hand.</summary>
    public IReadOnlyList<LogLine>? Log { get; init; }
}

/// <summary>A mistake in a service's file. Line and column count from 1; 0 means the file as a whole.</summary>
internal sealed record ServiceProblem(string File, int Line, int Column, string Message)
{
    public string File { get; init; } = File ?? "";
    public int Line { get; init; } = Line;
    public int Column { get; init; } = Column;
    public string Message { get; init; } = Message ?? "";
}

/// <summary>How its last process ended.</summary>
internal sealed record LastExit
{
    public const string Exited = "exited";
    public const string Signaled = "signaled";

    /// <summary><see cref="Exited"/> (then <see cref="Code"/> is set) or <see cref="Signaled"/> (then <see cref="Signal"/>).</summary>
    public required string Kind { get; init; }

    public int? Code { get; init; }
    public int? Signal { get; init; }
    public Moment? At { get; init; }
}
