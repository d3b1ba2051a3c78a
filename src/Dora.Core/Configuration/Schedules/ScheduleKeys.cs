namespace Dora.Core.Configuration.Schedules;

/// <summary>
/// The keys of <c>schedule: {...}</c>. They fill in the schedule of a draft, as those of a service file do: a table for another
/// type would be 3 kB of init.
/// </summary>
internal static class ScheduleKeys
{
    private static readonly string[] s_overlaps = ["skip", "queue", "replace"]; // as OverlapPolicy has them

    private static readonly (string Word, bool Value)[] s_missed = [("skip", false), ("run", true)];

    public static readonly IReadOnlyList<SettingKey<ServiceDraft>> All =
    [
        new("at", "expression, or list of them", "", "Times of the clock: five fields of cron, or a word such as `@daily`.", (d, v) => { v.Times(d.Settings.Schedule!); return d; }),
        new("every", "duration", "", "From each start to the next, whatever the clock says.", (d, v) => { d.Settings.Schedule!.Every = v.Duration(TimeSpan.FromSeconds(1)); return d; }),
        new("zone", "name or rule of a time zone", "the machine's", "Whose clocks `at` means.", (d, v) => { d.Settings.Schedule!.Zone = v.Zone(); return d; }),
        new("jitter", "duration", "0s", "How much later it may come: a part of it that is always the same on one machine.", (d, v) => { d.Settings.Schedule!.Jitter = v.Duration(TimeSpan.Zero); return d; }),
        new("overlap", "skip, queue or replace", "skip", "What happens when it is due while it still runs.", (d, v) => { d.Settings.Schedule!.Overlap = (OverlapPolicy)v.Word(s_overlaps); return d; }),
        new("missed", "skip or run", "skip", "Whether times that were missed are made up for, once.", (d, v) => { d.Settings.Schedule!.RunsMissed = v.Choice(s_missed); return d; }),
    ];
}
