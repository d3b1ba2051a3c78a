using System.Globalization;
using System.Text;

namespace Dora.Init.Manager.Supervision.Scheduling;

/// <summary>One run of a job, retries included.</summary>
/// <param name="Start">By the wall clock, in seconds since 1970.</param>
/// <param name="DurationMs">By the clock that nobody sets; less than zero where nobody saw its end.</param>
/// <param name="Cause">schedule, missed, boot or request.</param>
/// <param name="Result">One of ServiceResults, or stopped, replaced, interrupted.</param>
/// <param name="Code">Exit code or signal; less than zero for none.</param>
internal readonly record struct JobRun(long Start, long DurationMs, string Cause, string Result, int Code);

/// <summary>
/// What is known of a job beyond its file, as lines of text. They are saved with the manager's state, and the same lines of
/// all jobs are the history in /var/lib/dora/jobs. What cannot be read is passed over: a history is no reason to fail.
/// </summary>
internal sealed class JobRecord
{
    /// <summary>Runs that are kept.</summary>
    public const int MostRuns = 20;

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
    public List<JobRun> Runs { get; } = [];

    public void Add(JobRun run)
    {
        Runs.Add(run);
        if (Runs.Count > MostRuns) Runs.RemoveAt(0);
    }

    public string Text(string name)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"job {name} {Word(Passed)} {(HasCome ? 1 : 0)} {Word(LastStart)} {Word(LastStartSinceBoot?.Ticks)} {(IsQueued ? 1 : 0)}\n");
        foreach (var run in Runs) Append(text, "run", run);
        if (Open is { } open) Append(text, "open", open);
        return text.ToString();
    }

    private static string Word(long? value) => value is { } number ? number.ToString(CultureInfo.InvariantCulture) : "-";

    private static void Append(StringBuilder text, string word, JobRun run) =>
        text.Append(CultureInfo.InvariantCulture, $"{word} {run.Start} {run.DurationMs} {run.Cause} {run.Result} {run.Code}\n");

    /// <summary>Jobs of a text by their names.</summary>
    /// <param name="text">Lines as <see cref="Text"/> writes them.</param>
    /// <param name="isSameBoot">Whether they were written since the machine was booted.</param>
    public static Dictionary<string, JobRecord> Read(string text, bool isSameBoot)
    {
        var records = new Dictionary<string, JobRecord>(StringComparer.Ordinal);
        JobRecord? record = null;
        foreach (string line in text.Split('\n'))
        {
            string[] words = line.Split(' ');
            switch (words)
            {
                case ["job", var name, var passed, var hasCome, var started, var sinceBoot, var queued]:
                    record = records[name] = new JobRecord
                    {
                        Passed = Number(passed),
                        HasCome = hasCome == "1",
                        LastStart = Number(started),
                        LastStartSinceBoot = isSameBoot && Number(sinceBoot) is { } ticks ? new TimeSpan(ticks) : null,
                        IsQueued = isSameBoot && queued == "1",
                    };
                    break;
                case [var kind and ("run" or "open"), var start, var duration, var cause, var result, var code]
                    when record is not null && Number(start) is { } at && Number(duration) is { } ms && int.TryParse(code, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int number):
                    var run = new JobRun(at, ms, cause, result, number);
                    if (kind == "run") record.Add(run);
                    else if (isSameBoot) record.Open = run;
                    // The machine went down around it.
                    else record.Add(run with { DurationMs = -1, Result = "interrupted" });
                    break;
                case ["job" or "run" or "open", ..]:
                    // Damaged: what follows a job line that cannot be read is not another job's.
                    if (words[0] == "job") record = null;
                    break;
            }
        }
        return records;
    }

    private static long? Number(string word) => long.TryParse(word, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long value) ? value : null;
}
