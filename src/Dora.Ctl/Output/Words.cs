using System.Globalization;
using Dora.Core.Linux;
using Dora.Core.Protocol;

namespace Dora.Ctl.Output;

/// <summary>Values of the API in words.</summary>
internal static class Words
{
    /// <summary>How long ago: <c>12 s</c>, <c>3 min</c>, <c>5 h 10 min</c>, <c>2 d 4 h</c>.</summary>
    public static string Ago(Moment moment, TimeSpan now) => Duration(now - TimeSpan.FromMilliseconds(moment.BootMs));

    public static string Duration(TimeSpan time)
    {
        if (time < TimeSpan.Zero) time = TimeSpan.Zero;
        if (time.TotalMinutes < 1) return $"{(int)time.TotalSeconds} s";
        if (time.TotalHours < 1) return $"{time.Minutes} min";
        if (time.TotalDays < 1) return time.Minutes == 0 ? $"{time.Hours} h" : $"{time.Hours} h {time.Minutes} min";
        return time.Hours == 0 ? $"{time.Days} d" : $"{time.Days} d {time.Hours} h";
    }

    /// <summary>Milliseconds as seconds: <c>1.234</c>.</summary>
    public static string Seconds(long milliseconds) => (milliseconds / 1000.0).ToString("0.000", CultureInfo.InvariantCulture);

    /// <summary>Bytes with three digits or so: <c>512 B</c>, <c>1.5 KiB</c>, <c>23.7 GiB</c>.</summary>
    public static string Bytes(long bytes)
    {
        if (bytes is > -1024 and < 1024) return $"{bytes} B";
        double value = bytes;
        int unit = 0;
        // What would be written as 1024.0 is one of the next unit.
        for (; Math.Abs(value) >= 1023.95 && unit < 5; unit++) value /= 1024;
        return value.ToString(Math.Abs(value) < 99.95 ? "0.0" : "0", CultureInfo.InvariantCulture) + " " + "KMGTP"[unit - 1] + "iB";
    }

    /// <summary>Lines that were too many.</summary>
    public static string Dropped(LogDropped dropped) =>
        $"{dropped.Lines} lines were dropped since boot{(dropped.Limit is { } limit ? $", more than {limit}" : "")}";

    /// <summary>Of what becomes full.</summary>
    public static Tone ToneOf(long used, long whole) => used > whole / 10 * 9 ? Tone.Bad : used > whole / 4 * 3 ? Tone.Busy : Tone.Good;

    /// <summary>A share of a whole: <c>12.3 %</c>.</summary>
    public static string Percent(long part, long whole) => whole <= 0 ? "-" : (100.0 * part / whole).ToString("0.0", CultureInfo.InvariantCulture) + " %";

    /// <summary><c>2026-11-21T03:55:29.120Z</c> as <c>2026-11-21 03:55:29</c>; anything else as it is.</summary>
    public static string Time(string wall) =>
        wall.Length >= 20 && wall[10] == 'T' ? $"{wall[..10]} {wall[11..19]}" : wall;

    public static Tone ToneOf(string state) => state switch
    {
        ServiceStates.Running or ServiceStates.Listening or ServiceStates.Done or ServiceStates.Armed => Tone.Good,
        ServiceStates.Starting or ServiceStates.Waiting or ServiceStates.Stopping or ServiceStates.Backoff or ServiceStates.Reloading => Tone.Busy,
        ServiceStates.Failed or ServiceStates.Invalid => Tone.Bad,
        _ => Tone.Plain,
    };

    public static string Exit(LastExit exit) => exit.Kind == LastExit.Oom
        ? $"killed for want of memory (oom, {(exit.Signal is null ? $"exit code {exit.Code}" : $"signal {exit.Signal}")})"
        : exit.Kind == LastExit.Signaled
        ? $"killed by signal {exit.Signal}{SignalName(exit.Signal)}"
        : exit.Code == 0 ? "exited with code 0 (success)" : $"exited with code {exit.Code}";

    private static string SignalName(int? signal) => signal switch
    {
        Libc.SIGHUP => " (HUP)",
        Libc.SIGINT => " (INT)",
        Libc.SIGQUIT => " (QUIT)",
        Libc.SIGILL => " (ILL)",
        Libc.SIGABRT => " (ABRT)",
        Libc.SIGBUS => " (BUS)",
        Libc.SIGFPE => " (FPE)",
        Libc.SIGKILL => " (KILL)",
        Libc.SIGSEGV => " (SEGV)",
        Libc.SIGPIPE => " (PIPE)",
        Libc.SIGALRM => " (ALRM)",
        Libc.SIGTERM => " (TERM)",
        Libc.SIGSYS => " (SYS)",
        _ => "",
    };

    /// <summary>The candidate that was probably meant; null if none is near.</summary>
    public static string? Nearest(string typed, IEnumerable<string> candidates)
    {
        string? best = null;
        int bestDistance = typed.Length <= 3 ? 2 : 3; // exclusive
        foreach (string candidate in candidates)
        {
            int distance = Distance(typed, candidate);
            if (distance < bestDistance) (best, bestDistance) = (candidate, distance);
        }
        return best;
    }

    /// <summary>Edits from one word to the other (insert, delete, replace, swap of neighbours).</summary>
    private static int Distance(string a, string b)
    {
        if (Math.Abs(a.Length - b.Length) > 3 || a.Length > 64) return int.MaxValue;
        int[,] d = new int[a.Length + 1, b.Length + 1];
        for (int i = 0; i <= a.Length; i++) d[i, 0] = i;
        for (int j = 0; j <= b.Length; j++) d[0, j] = j;
        for (int i = 1; i <= a.Length; i++)
        {
            for (int j = 1; j <= b.Length; j++)
            {
                d[i, j] = Math.Min(Math.Min(d[i - 1, j], d[i, j - 1]) + 1, d[i - 1, j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1));
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) d[i, j] = Math.Min(d[i, j], d[i - 2, j - 2] + 1);
            }
        }
        return d[a.Length, b.Length];
    }
}
