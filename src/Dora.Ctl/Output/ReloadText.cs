using Dora.Core.Protocol;

namespace Dora.Ctl.Output;

/// <summary>The difference between the service files and what is in use, for people.</summary>
internal static class ReloadText
{
    public static bool HasRefused(ReloadReport report)
    {
        foreach (var entry in report.Services)
            if (entry.Action == "refuse" || (entry.Action == "keep" && entry.Problems.Count > 0)) return true;
        return false;
    }

    /// <param name="screen">Where to.</param>
    /// <param name="report">What differs.</param>
    /// <param name="isDryRun">Nothing of it is done.</param>
    public static void Write(Screen screen, ReloadReport report, bool isDryRun)
    {
        foreach (string problem in report.Problems) screen.WriteLine(screen.Paint(Tone.Bad, screen.Foreign(problem)));
        foreach (var entry in report.Services) Write(screen, entry);
        if (report.Services.Count == 0) screen.WriteLine("service files: nothing has changed");
        else if (isDryRun) screen.WriteLine(screen.Paint(Tone.Faint, "nothing is done (--dry-run)"));
    }

    private static void Write(Screen screen, ReloadEntry entry)
    {
        var (words, tone) = entry.Action switch
        {
            "start" => (entry.Changes.Count > 0 ? "changed: is started" : "new: is started", Tone.Good),
            "add" => ("new", Tone.Good),
            "stop" => ("gone: is stopped", Tone.Bad),
            "remove" => ("gone", Tone.Bad),
            "restart" => ("changed: is restarted", Tone.Busy),
            "update" => ("changed: takes effect without a restart", Tone.Busy),
            "replace" => ("another kind of service: the old one is stopped", Tone.Busy),
            "clear" => ("is fine again", Tone.Good),
            "keep" => ("stays as it is", Tone.Bad),
            "refuse" => ("cannot be used", Tone.Bad),
            var other => (other, Tone.Plain), // of a newer init
        };
        string along = entry.Along.Count > 0 ? $"; with it, since they need it: {string.Join(", ", entry.Along)}" : "";
        screen.WriteLine($"{screen.Foreign(entry.Service)}: {screen.Paint(tone, words)}{screen.Foreign(along)}");
        foreach (string problem in entry.Problems) screen.WriteLine("  " + screen.Foreign(problem));
        foreach (var change in entry.Changes)
            screen.WriteLine("  " + screen.Foreign($"{change.Key}: {change.Before ?? "(not set)"} -> {change.After ?? "(not set)"}"));
    }
}
