namespace Dora.Core.Configuration.Schedules;

/// <summary>
/// The rules of a zone as TZ of POSIX has them, and the footer of a TZif file: <c>CET-1CEST,M3.5.0,M10.5.0/3</c>. Hours of a
/// change may go from -167 to 167 (RFC 8536, 3.3.1).
/// </summary>
internal sealed class PosixZone
{
    public const int Longest = 256;

    /// <summary>No offset is further from UTC than this.</summary>
    public const int Furthest = 26 * 3600;

    private struct Rule
    {
        public char Kind;
        public int Month, Week, Day, Time;
    }

    private int _standard, _summer;
    private bool _hasSummer;
    private Rule _begins, _ends;

    private PosixZone()
    {
    }

    /// <summary>Null if it is none.</summary>
    public static PosixZone? Parse(ReadOnlySpan<char> text)
    {
        var zone = new PosixZone();
        if (text.Length > Longest || !Name(ref text) || !Clock(ref text, 24, out int west)) return null;
        zone._standard = -west;
        if (text.IsEmpty) return zone;
        if (!Name(ref text)) return null;
        zone._hasSummer = true;
        zone._summer = zone._standard + 3600;
        if (!text.IsEmpty && text[0] != ',')
        {
            if (!Clock(ref text, 24, out west)) return null;
            zone._summer = -west;
        }
        // Without rules they are those of the United States: so has every C library.
        if (text.IsEmpty) text = ",M3.2.0,M11.1.0";
        return ReadRule(ref text, out zone._begins) && ReadRule(ref text, out zone._ends) && text.IsEmpty ? zone : null;
    }

    /// <summary>Seconds east of UTC at a time, and until when at least (exclusive) that holds.</summary>
    public int OffsetAt(long time, out long until)
    {
        until = long.MaxValue;
        if (!_hasSummer) return _standard;
        // Rules may reach far into the years beside theirs. The last bit says what follows: where one summer ends as the next begins, it goes on.
        long year = CivilDay.Split(CivilDay.FloorDiv(time + _standard, 86400)).Year;
        long last = long.MinValue, next = long.MaxValue;
        for (long y = year - 2; y <= year + 2; y++)
        {
            Look(Moment(_begins, y) - _standard, 1);
            Look(Moment(_ends, y) - _summer, 0);
        }
        until = next >> 1;
        return (last & 1) != 0 ? _summer : _standard;

        void Look(long at, int isSummer)
        {
            long key = at * 2 + isSummer;
            if (at <= time) last = Math.Max(last, key);
            else next = Math.Min(next, key);
        }
    }

    /// <summary>When a rule comes in a year, in local time as it was before.</summary>
    private static long Moment(Rule rule, long year)
    {
        long day;
        if (rule.Kind == 'M')
        {
            long first = CivilDay.Of(year, rule.Month, 1);
            int inMonth = (rule.Day - CivilDay.Weekday(first) + 7) % 7 + (rule.Week - 1) * 7;
            if (inMonth >= CivilDay.DaysIn(year, rule.Month)) inMonth -= 7; // the fifth is the last
            day = first + inMonth;
        }
        else
        {
            day = CivilDay.Of(year, 1, 1) + rule.Day;
            // J counts without the leap day.
            if (rule.Kind == 'J' && (!CivilDay.IsLeap(year) || rule.Day < 60)) day--;
        }
        return day * 86400 + rule.Time;
    }

    private static bool Name(ref ReadOnlySpan<char> text)
    {
        int length = 0;
        if (text is ['<', ..])
        {
            length = 1;
            while (length < text.Length && (char.IsAsciiLetterOrDigit(text[length]) || text[length] is '+' or '-')) length++;
            if (length < 4 || length >= text.Length || text[length++] != '>') return false;
        }
        else
        {
            while (length < text.Length && char.IsAsciiLetter(text[length])) length++;
            if (length < 3) return false;
        }
        text = text[length..];
        return true;
    }

    /// <summary>[+-]hh[:mm[:ss]] in seconds.</summary>
    private static bool Clock(ref ReadOnlySpan<char> text, int mostHours, out int seconds)
    {
        seconds = 0;
        bool isNegative = text is ['-', ..];
        if (text is ['-' or '+', ..]) text = text[1..];
        for (int unit = 3600; unit >= 1; unit /= 60)
        {
            if (!Number(ref text, unit == 3600 ? mostHours : 59, out int value)) return false;
            seconds += value * unit;
            if (text is not [':', ..] || unit == 1) break;
            text = text[1..];
        }
        if (isNegative) seconds = -seconds;
        return true;
    }

    private static bool Number(ref ReadOnlySpan<char> text, int most, out int value)
    {
        value = 0;
        int length = 0;
        while (length < text.Length && length < 4 && char.IsAsciiDigit(text[length])) value = value * 10 + (text[length++] - '0');
        text = text[length..];
        return length > 0 && value <= most;
    }

    private static bool ReadRule(ref ReadOnlySpan<char> text, out Rule rule)
    {
        rule = default;
        if (text is not [',', ..]) return false;
        text = text[1..];
        int month = 0, week = 0, day;
        char kind = text is ['M' or 'J', ..] ? text[0] : '0';
        if (kind != '0') text = text[1..];
        if (kind == 'M' && (!Number(ref text, 12, out month) || month < 1 || !Dot(ref text) || !Number(ref text, 5, out week) || week < 1 || !Dot(ref text))) return false;
        if (!Number(ref text, kind == 'M' ? 6 : 365, out day) || (kind == 'J' && day == 0)) return false;
        int time = 7200;
        if (text is ['/', ..])
        {
            text = text[1..];
            if (!Clock(ref text, 167, out time)) return false;
        }
        rule = new Rule { Kind = kind, Month = month, Week = week, Day = day, Time = time };
        return true;
    }

    private static bool Dot(ref ReadOnlySpan<char> text)
    {
        if (text is not ['.', ..]) return false;
        text = text[1..];
        return true;
    }
}
