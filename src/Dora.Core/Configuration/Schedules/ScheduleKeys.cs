namespace Dora.Core.Configuration.Schedules;

/// <summary>The keys of <c>schedule: {...}</c>.</summary>
internal static class ScheduleKeys
{
    private static readonly string[] s_overlaps = ["skip", "queue", "replace"]; // as OverlapPolicy has them

    private static readonly (string Word, bool Value)[] s_missed = [("skip", false), ("run", true)];

    public static readonly IReadOnlyList<SettingKey<ScheduleSettings>> All =
    [
        new("at", "expression, or list of them", "", "Times of the clock: five fields of cron, or a word such as `@daily`.", (s, v) => v.Times(s)),
        new("every", "duration", "", "From each start to the next, whatever the clock says.", (s, v) => { s.Every = v.Duration(TimeSpan.FromSeconds(1)); return s; }),
        new("zone", "name or rule of a time zone", "the machine's", "Whose clocks `at` means.", (s, v) => { s.Zone = v.Zone(); return s; }),
        new("jitter", "duration", "0s", "How much later it may come: a part of it that is always the same on one machine.", (s, v) => { s.Jitter = v.Duration(TimeSpan.Zero); return s; }),
        new("overlap", "skip, queue or replace", "skip", "What happens when it is due while it still runs.", (s, v) => { s.Overlap = (OverlapPolicy)v.Word(s_overlaps); return s; }),
        new("missed", "skip or run", "skip", "Whether times that were missed are made up for, once.", (s, v) => { s.RunsMissed = v.Choice(s_missed); return s; }),
    ];
}
