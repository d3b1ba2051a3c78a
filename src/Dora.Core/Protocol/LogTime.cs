using System.Globalization;

namespace Dora.Core.Protocol;

/// <summary>A moment as a parameter of the API says it: RFC 3339 (<c>2026-11-21T10:00:00Z</c>, a fraction and an offset may be there), or seconds since 1970.</summary>
internal static class LogTime
{
    public const string Form = "RFC 3339 such as 2026-11-21T10:00:00Z, or seconds since 1970, is expected";

    /// <param name="text">What was said.</param>
    /// <param name="isEnd">A moment that is not said to the microsecond stands for its last one.</param>
    /// <param name="timeUs">Microseconds since 1970, at least 1.</param>
    public static bool TryParse(string text, bool isEnd, out long timeUs)
    {
        timeUs = 0;
        long unit = 1_000_000;
        int dot = text.IndexOf('.');
        string plain = text;
        long fraction = 0;
        if (dot >= 0)
        {
            int end = dot + 1;
            while (end < text.Length && char.IsAsciiDigit(text[end]))
            {
                if (unit > 1) fraction += (text[end] - '0') * (unit /= 10);
                end++;
            }
            if (end == dot + 1) return false;
            plain = text[..dot] + text[end..];
        }
        if (!TrySeconds(plain, out long seconds)) return false;
        timeUs = Math.Max(seconds * 1_000_000 + fraction + (isEnd ? unit - 1 : 0), 1);
        return true;
    }

    private static bool TrySeconds(string text, out long seconds)
    {
        if (text.Length < 12 && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out seconds)) return true;
        seconds = 0;
        if (text.Length is not (20 or 25) || text[4] != '-' || text[7] != '-' || text[10] is not ('T' or 't' or ' ') || text[13] != ':' || text[16] != ':') return false;
        if (!Digits(text, 0, 4, out int year) || !Digits(text, 5, 2, out int month) || !Digits(text, 8, 2, out int day) || !Digits(text, 11, 2, out int hour)
            || !Digits(text, 14, 2, out int minute) || !Digits(text, 17, 2, out int second)) return false;
        if (year < 1970 || month is < 1 or > 12 || day < 1 || day > DateTime.DaysInMonth(year, month) || hour > 23 || minute > 59 || second > 59) return false;
        seconds = (new DateTime(year, month, day, hour, minute, second, DateTimeKind.Utc) - DateTime.UnixEpoch).Ticks / TimeSpan.TicksPerSecond;
        if (text.Length == 20) return text[19] is 'Z' or 'z';
        if (text[19] is not ('+' or '-') || text[22] != ':' || !Digits(text, 20, 2, out hour) || !Digits(text, 23, 2, out minute) || hour > 23 || minute > 59) return false;
        seconds -= (text[19] == '-' ? -1 : 1) * (hour * 3600 + minute * 60);
        return seconds >= 0;
    }

    private static bool Digits(string text, int at, int count, out int value)
    {
        value = 0;
        for (int i = at; i < at + count; i++)
        {
            if (!char.IsAsciiDigit(text[i])) return false;
            value = value * 10 + text[i] - '0';
        }
        return true;
    }
}
