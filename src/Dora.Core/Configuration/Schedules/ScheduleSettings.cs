namespace Dora.Core.Configuration.Schedules;

/// <summary>When a oneshot is run by itself; <c>schedule</c>.</summary>
internal sealed class ScheduleSettings
{
    /// <summary>Most expressions of one schedule.</summary>
    public const int MostTimes = 64;

    /// <summary>The times of the clock; <c>at</c>.</summary>
    public CronExpression[] Times { get; set; } = [];

    /// <summary>From the last start to the next, by a clock that nobody sets; <c>every</c>; zero is not at all.</summary>
    public TimeSpan Every { get; set; }

    /// <summary>Whose clocks <see cref="Times"/> mean; <c>zone</c>; null is the machine's.</summary>
    public string? Zone { get; set; }

    /// <summary>How much later it may come, always the same on one machine; <c>jitter</c>.</summary>
    public TimeSpan Jitter { get; set; }

    /// <summary>What happens when it is due while it still runs; <c>overlap</c>.</summary>
    public OverlapPolicy Overlap { get; set; }

    /// <summary>Whether times that were missed are made up for, once; <c>missed</c>.</summary>
    public bool RunsMissed { get; set; }

    /// <summary>Once after the boot (@reboot).</summary>
    public bool AtBoot
    {
        get
        {
            foreach (var time in Times)
                if (time.IsReboot) return true;
            return false;
        }
    }

    /// <summary>As people write it, one expression a piece.</summary>
    public IReadOnlyList<string> Texts()
    {
        var texts = new List<string>(Times.Length + 1);
        foreach (var time in Times) texts.Add(time.Text);
        if (Every > TimeSpan.Zero) texts.Add($"{EveryWord}{DurationText.Format(Every)}");
        return texts;
    }

    /// <summary>What a schedule that is an interval begins with.</summary>
    public const string EveryWord = "every ";
}

/// <summary>What happens to a job that is due while its last run goes on.</summary>
internal enum OverlapPolicy
{
    /// <summary>Nothing: that time is passed over.</summary>
    Skip,

    /// <summary>It is run when the other has ended; once, however often it was due.</summary>
    Queue,

    /// <summary>The other is stopped, and it is run.</summary>
    Replace,
}
