using Dora.Core.Configuration.Schedules;
using Dora.Core.Configuration.Yaml;

namespace Dora.Core.Configuration;

// The value of `schedule`.
internal sealed partial class SettingValue
{
    public ScheduleSettings Schedule()
    {
        var schedule = new ScheduleSettings();
        if (node is not YamlMapping mapping)
        {
            Times(schedule);
            return schedule;
        }
        var given = new Dictionary<string, Position>();
        var draft = new ServiceDraft(new ServiceSettings { Name = "", File = "", Command = [], Schedule = schedule }, []);
        _ = MappingReader.Read(mapping, path + ".", ScheduleKeys.All, draft, problems, given);
        if (given.Count != mapping.Entries.Count) return schedule;
        if (!given.ContainsKey("at") && !given.ContainsKey("every")) Fail("says no time; write at: \"0 3 * * *\" or every: 15m");
        if (schedule.Zone is not null && !given.ContainsKey("at")) Fail("zone has no meaning without at: an interval is the same everywhere");
        return schedule;
    }

    /// <summary>Expressions, and at most one interval.</summary>
    public void Times(ScheduleSettings schedule)
    {
        var words = Words("an expression such as \"0 3 * * *\", or a list of them");
        var times = new CronExpression[Math.Min(words.Count, ScheduleSettings.MostTimes)];
        int count = 0;
        if (words.Count > ScheduleSettings.MostTimes) Fail($"has more than {ScheduleSettings.MostTimes} expressions");
        foreach (var word in words)
        {
            if (word.Value.StartsWith(ScheduleSettings.EveryWord, StringComparison.Ordinal))
            {
                if (schedule.Every > TimeSpan.Zero) Fail(word, "a second 'every'; one is enough");
                var interval = new YamlScalar(word.Position, word.Value[ScheduleSettings.EveryWord.Length..].Trim(), IsPlain: true);
                schedule.Every = new SettingValue(interval, path, problems).Duration(TimeSpan.FromSeconds(1));
            }
            else if (CronExpression.Parse(word.Value, out int column, out string problem) is { } time)
            {
                for (int i = 0; i < count; i++)
                    if (times[i].Text == time.Text) Fail(word, $"'{Printable.Text(time.Text)}' is there twice");
                if (count < times.Length) times[count++] = time;
            }
            else FailAt(word, column, problem);
        }
        if (node is YamlList { Items.Count: 0 }) Fail("is empty; write when it is to be run, or leave it out");
        schedule.Times = times[..count];
    }

    /// <summary>Which one of some words.</summary>
    public int Word(string[] words)
    {
        string word = Word();
        int index = Array.IndexOf(words, word);
        if (index < 0 && node is YamlScalar) Fail($"'{Printable.Text(word)}' is not one of {string.Join(", ", words)}{Suggestion.For(word, words)}");
        return Math.Max(index, 0);
    }

    public string? Zone()
    {
        string zone = Word("a time zone such as Europe/Berlin");
        if (node is not YamlScalar) return null;
        if (ZoneDirectory.IsPossible(zone, out string reason)) return zone;
        Fail($"'{Printable.Text(zone)}': {reason}");
        return null;
    }

    /// <summary>Within a word of one line each character is where it stands in the file, behind the quote if there is one.</summary>
    private void FailAt(YamlScalar word, int column, string message) =>
        problems.Add(word.Position with { Column = word.Position.Column + (word.IsPlain ? 0 : 1) + column - 1 }, $"{path}: {message}");
}
