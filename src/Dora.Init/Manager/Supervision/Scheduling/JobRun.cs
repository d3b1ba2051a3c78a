using System.Globalization;

namespace Dora.Init.Manager.Supervision.Scheduling;

/// <summary>One run of a job, retries included.</summary>
internal sealed class JobRun
{
    /// <summary>By the wall clock, in seconds since 1970.</summary>
    public long Start { get; init; }

    /// <summary>By the clock that nobody sets; less than zero where nobody saw its end.</summary>
    public long DurationMs { get; set; }

    /// <summary>schedule, missed, boot or request.</summary>
    public string Cause { get; init; } = "";

    /// <summary>One of ServiceResults, or stopped, replaced, interrupted.</summary>
    public string Result { get; set; } = "running";

    /// <summary>Exit code or signal; less than zero for none.</summary>
    public int Code { get; set; } = -1;
}

/// <summary>
/// What is known of a job beyond its file, as lines of text. They are saved with the manager's state, and the same lines of
/// all jobs are the history in /var/lib/dora/jobs. What cannot be read is passed over: a history is no reason to fail.
/// </summary>
internal sealed class JobRecord
{
    /// <summary>Runs that are kept.</summary>
    public const int MostRuns = 20;

    private const int JobWords = 7, LongestText = 8 << 10;

    /// <summary>All times up to here (of the wall clock, less the jitter) are dealt with; null before its first look.</summary>
    public long? Passed { get; set; }

    /// <summary>And that was by a time that came, not only because nothing was to be done before.</summary>
    public bool HasCome { get; set; }

    /// <summary>Its last start, by both clocks; the second is of this boot only.</summary>
    public long? LastStart { get; set; }

    public TimeSpan? LastStartSinceBoot { get; set; }

    /// <summary>It is due, and runs when its last run has ended.</summary>
    public bool IsQueued { get; set; }

    /// <summary>The run that goes on, without its end.</summary>
    public JobRun? Open { get; set; }

    /// <summary>Oldest first.</summary>
    public JobRun[] Runs { get; private set; } = [];

    public void Add(JobRun run)
    {
        int kept = Math.Min(Runs.Length, MostRuns - 1);
        var runs = new JobRun[kept + 1];
        Array.Copy(Runs, Runs.Length - kept, runs, 0, kept);
        runs[kept] = run;
        Runs = runs;
    }

    public string Text(string name)
    {
        string text = $"job {name} {Word(Passed)} {(HasCome ? "1" : "0")} {Word(LastStart)} {Word(LastStartSinceBoot?.Ticks)} {(IsQueued ? "1" : "0")}\n";
        foreach (var run in Runs) text += Line("run", run);
        return Open is { } open ? text + Line("open", open) : text;
    }

    private static string Word(long? value) => value is { } number ? number.ToString(CultureInfo.InvariantCulture) : "-";

    private static string Line(string word, JobRun run) => $"{word} {Word(run.Start)} {Word(run.DurationMs)} {run.Cause} {run.Result} {Word(run.Code)}\n";

    /// <summary>The lines of each job of a history, by its name. What follows a job line that cannot be read is not another job's.</summary>
    public static Dictionary<string, string> Split(string history)
    {
        var texts = new Dictionary<string, string>(StringComparer.Ordinal);
        string? name = null;
        foreach (string line in history.Split('\n'))
        {
            if (line.StartsWith("job ", StringComparison.Ordinal))
            {
                string[] words = line.Split(' ');
                name = words.Length == JobWords ? words[1] : null;
                if (name is not null) texts[name] = line;
            }
            else if (name is not null && texts[name].Length < LongestText) texts[name] += "\n" + line;
        }
        return texts;
    }

    /// <summary>What <see cref="Text"/> has written.</summary>
    /// <param name="text">Lines of one job.</param>
    /// <param name="isSameBoot">Whether they were written since the machine was booted.</param>
    public static JobRecord Of(string text, bool isSameBoot)
    {
        var record = new JobRecord();
        foreach (string line in text.Split('\n'))
        {
            string[] words = line.Split(' ');
            if (words.Length == JobWords && words[0] == "job")
            {
                record.Passed = Number(words[2]);
                record.HasCome = words[3] == "1";
                record.LastStart = Number(words[4]);
                if (isSameBoot && Number(words[5]) is { } ticks) record.LastStartSinceBoot = new TimeSpan(ticks);
                record.IsQueued = isSameBoot && words[6] == "1";
            }
            else if (words.Length == 6 && words[0] is "run" or "open" && Number(words[1]) is { } start && Number(words[2]) is { } ms && Number(words[5]) is { } code)
            {
                var run = new JobRun { Start = start, DurationMs = ms, Cause = words[3], Result = words[4], Code = (int)code };
                if (words[0] == "run") record.Add(run);
                else if (isSameBoot) record.Open = run;
                else
                {
                    // The machine went down around it.
                    (run.DurationMs, run.Result) = (-1, "interrupted");
                    record.Add(run);
                }
            }
        }
        return record;
    }

    private static long? Number(string word) => long.TryParse(word, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long value) ? value : null;
}
