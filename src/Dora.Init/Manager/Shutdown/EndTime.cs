using Dora.Core.Configuration;

namespace Dora.Init.Manager.Shutdown;

/// <summary>
/// When the machine is asked to end: <c>in</c> a duration (10m), or <c>at</c> a time of the wall clock: <c>23:00</c> (the
/// next one) or <c>2026-11-21T23:00</c>, with seconds and a Z if one likes. UTC, as all times here.
/// </summary>
internal static class EndTime
{
    public static readonly TimeSpan Longest = TimeSpan.FromDays(366);

    public static bool TryParseIn(string text, out TimeSpan delay, out string reason)
    {
        if (!DurationText.TryParse(text, out delay, out reason)) return false;
        if (delay <= Longest) return true;
        reason = "a year is the most";
        return false;
    }

    public static bool TryParseAt(string text, DateTime now, out DateTime at, out string reason)
    {
        at = default;
        reason = "a time of day (23:00) or a date and time (2026-11-21T23:00), in UTC, is expected";
        var rest = text.AsSpan().Trim().TrimEnd('Z');
        var day = now.Date;
        bool hasDate = rest.Length > 10 && rest[4] == '-';
        if (hasDate)
        {
            if (rest[7] != '-' || rest[10] is not ('T' or ' ')) return false;
            if (!Number(rest[..4], 1970, 9999, out int year) || !Number(rest[5..7], 1, 12, out int month)
                || !Number(rest[8..10], 1, DateTime.DaysInMonth(year, month), out int date)) return false;
            day = new DateTime(year, month, date, 0, 0, 0, DateTimeKind.Utc);
            rest = rest[11..];
        }
        int colon = rest.IndexOf(':');
        if (colon is not (1 or 2)) return false;
        var minutes = rest[(colon + 1)..];
        int seconds = 0;
        if (minutes.Length == 5 && minutes[2] == ':')
        {
            if (!Number(minutes[3..], 0, 59, out seconds)) return false;
            minutes = minutes[..2];
        }
        if (minutes.Length != 2 || !Number(rest[..colon], 0, 23, out int hour) || !Number(minutes, 0, 59, out int minute)) return false;
        at = DateTime.SpecifyKind(day.AddSeconds((hour * 60 + minute) * 60 + seconds), DateTimeKind.Utc);
        if (at <= now && !hasDate) at = at.AddDays(1);
        if (at <= now) reason = "it is over already";
        else if (at - now > Longest) reason = "a year is the most";
        else return true;
        return false;
    }

    private static bool Number(ReadOnlySpan<char> text, int least, int most, out int number) =>
        int.TryParse(text, System.Globalization.NumberStyles.None, null, out number) && number >= least && number <= most;
}
