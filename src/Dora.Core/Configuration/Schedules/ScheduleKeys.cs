namespace Dora.Core.Configuration.Schedules;

/// <summary>The keys of <c>schedule: {...}</c>.</summary>
internal static class ScheduleKeys
{
    private static readonly (string Word, OverlapPolicy Value)[] s_overlaps =
        [("skip", OverlapPolicy.Skip), ("queue", OverlapPolicy.Queue), ("replace", OverlapPolicy.Replace)];

    private static readonly (string Word, bool Value)[] s_missed = [("skip", false), ("run", true)];

    public static readonly IReadOnlyList<SettingKey<ScheduleSettings>> All =
    [
        new("at", "expression, or list of them", "", "Times of the clock: five fields of cron, or a word such as `@daily`.", (s, v) => v.Times(s)),
        new("every", "duration", "", "From each start to the next, whatever the clock says.", (s, v) => s with { Every = v.Duration(TimeSpan.FromSeconds(1)) }),
        new("zone", "name or rule of a time zone", "the machine's", "Whose clocks `at` means.", (s, v) => s with { Zone = v.Zone() }),
        new("jitter", "duration", "0s", "How much later it may come: a part of it that is always the same on one machine.", (s, v) => s with { Jitter = v.Duration(TimeSpan.Zero) }),
        new("overlap", "skip, queue or replace", "skip", "What happens when it is due while it still runs.", (s, v) => s with { Overlap = v.Choice(s_overlaps) }),
        new("missed", "skip or run", "skip", "Whether times that were missed are made up for, once.", (s, v) => s with { RunsMissed = v.Choice(s_missed) }),
    ];
}
