using Dora.Core.Protocol;

namespace Dora.Ctl.Output;

/// <summary>Jobs and their runs on the screen.</summary>
internal static class JobText
{
    public static void WriteList(Screen screen, IReadOnlyList<JobInfo> jobs)
    {
        if (jobs.Count == 0)
        {
            screen.WriteLine("there are no jobs: no service file has a 'schedule' (dora-service(5))");
            return;
        }
        var table = new Table("JOB", "SCHEDULE", "NEXT UTC", "LAST UTC", "TOOK", "RESULT") { AlignRight = [4], Dispensable = [3, 1, 4] };
        foreach (var job in jobs)
        {
            var (took, result, tone) = job.Last is { } last ? Outcome(last) : ("", "", Tone.Plain);
            table.Add((screen.Foreign(job.Name), Tone.Plain), (screen.Foreign(string.Join(", ", job.Schedule)), Tone.Faint),
                (job.Next is { } next ? screen.Foreign(Words.Time(next.Wall)) : "-", Tone.Plain), (job.Last is null ? "-" : screen.Foreign(Words.Time(job.Last.Started)), Tone.Plain),
                (took, Tone.Plain), (screen.Foreign(result), tone));
        }
        table.Write(screen);
        foreach (var job in jobs)
            if (job.Problem is { } problem) screen.WriteLine(screen.Paint(Tone.Bad, screen.Foreign($"{job.Name}: {problem}")));
    }

    public static void WriteRuns(Screen screen, JobInfo job, TimeSpan now)
    {
        screen.WriteLine(screen.Paint(Tone.Strong, screen.Foreign(job.Name)) + screen.Foreign($": {string.Join(", ", job.Schedule)}{(job.Zone is { } zone ? $" ({zone})" : "")}")
            + (job.Next is { } next ? $"; next {screen.Foreign(Next(next, now))}" : ""));
        if (job.Description.Length > 0) screen.WriteLine(screen.Paint(Tone.Faint, screen.Foreign(job.Description)));
        if (job.Problem is { } problem) screen.WriteLine(screen.Paint(Tone.Bad, screen.Foreign(problem)));
        if (job.Runs is not { Count: > 0 } runs)
        {
            screen.WriteLine("no run yet");
            return;
        }
        var table = new Table("STARTED UTC", "TOOK", "CAUSE", "RESULT") { AlignRight = [1] };
        foreach (var run in runs)
        {
            var (took, result, tone) = Outcome(run);
            table.Add((screen.Foreign(Words.Time(run.Started)), Tone.Plain), (took, Tone.Plain), (screen.Foreign(run.Cause), Tone.Faint), (screen.Foreign(result), tone));
        }
        table.Write(screen);
    }

    public static string Next(Moment next, TimeSpan now) => $"{Words.Time(next.Wall)} UTC, in {Words.Duration(TimeSpan.FromMilliseconds(next.BootMs) - now)}";

    private static (string Took, string Result, Tone Tone) Outcome(JobRunInfo run)
    {
        if (run.Result is not { } result) return ("", "running", Tone.Busy);
        string took = run.DurationMs is not { } ms ? "" : ms < 60_000 ? $"{Words.Seconds(ms)} s" : Words.Duration(TimeSpan.FromMilliseconds(ms));
        bool isGood = result == ServiceResults.Success;
        return (took, run.Code is { } code && !isGood ? $"{result} {code}" : result, isGood ? Tone.Good : result is "stopped" or "replaced" ? Tone.Busy : Tone.Bad);
    }
}
