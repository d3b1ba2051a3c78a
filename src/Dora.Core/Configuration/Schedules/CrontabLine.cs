namespace Dora.Core.Configuration.Schedules;

/// <summary>One line of a crontab that runs something, with what the lines above it have set.</summary>
internal sealed class CrontabLine
{
    /// <summary>Counted from 1.</summary>
    public required int Number { get; init; }

    /// <summary>What it is known by among the lines of its crontab: it does not change when other lines do.</summary>
    public required string Name { get; init; }

    public required CronExpression Time { get; init; }

    /// <summary>Whose clocks <see cref="Time"/> means (CRON_TZ); null is the machine's.</summary>
    public string? Zone { get; init; }

    /// <summary>The user that a crontab of the system names; null in one of a user.</summary>
    public string? User { get; init; }

    /// <summary>What the shell gets, up to the first <c>%</c>.</summary>
    public required string Command { get; init; }

    /// <summary>What stands behind that, for its standard input.</summary>
    public string? Input { get; init; }

    /// <summary>Shared with the lines around it.</summary>
    public required IReadOnlyDictionary<string, string> Environment { get; init; }

    public bool HasTimesOf(CrontabLine other) => Time.Text == other.Time.Text && Zone == other.Zone;

    public bool IsSameAs(CrontabLine other)
    {
        if (Number != other.Number || User != other.User || Command != other.Command || Input != other.Input || !HasTimesOf(other) || Environment.Count != other.Environment.Count) return false;
        foreach (var (name, value) in Environment)
            if (!other.Environment.TryGetValue(name, out string? others) || others != value) return false;
        return true;
    }
}
