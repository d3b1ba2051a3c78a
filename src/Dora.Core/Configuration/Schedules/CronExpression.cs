using System.Numerics;

namespace Dora.Core.Configuration.Schedules;

/// <summary>
/// Five fields of crontab(5), as sets of bits: which minutes of which days they mean, whatever the zone. When those come is
/// <see cref="CronTimes"/>'s business, reading the text CronExpression.Parsing.cs's.
/// </summary>
internal sealed partial class CronExpression
{
    /// <summary>There is none.</summary>
    public const long Never = long.MaxValue;

    private ulong _minutes, _hours, _days, _months, _weekdays;
    private ulong _workdays; // bit n: the working day nearest to the n-th (15W)
    private ulong _lastWeekdays; // bit n: the last of these in the month (5L)
    private ulong _nthWeekdays; // bit 8 x (n - 1) + day: the n-th of these (MON#2)
    private bool _lastDay, _lastWorkday, _anyDay, _anyWeekday;

    private CronExpression(string text) => Text = text;

    /// <summary>As it was written.</summary>
    public string Text { get; }

    /// <summary>Once after the machine has booted (@reboot); it has no times.</summary>
    public bool IsReboot { get; private init; }

    /// <summary>Its minutes or its hours begin with <c>*</c>: it recurs, and follows the time that really passes.</summary>
    public bool IsRecurring { get; private set; }

    /// <summary>The first minute at or behind <paramref name="from"/>, in seconds of local time; <see cref="Never"/> if it is not before <paramref name="limit"/>.</summary>
    public long NextLocal(long from, long limit)
    {
        long minute = CivilDay.FloorDiv(from + 59, 60);
        long firstDay = CivilDay.FloorDiv(minute, 1440);
        var (year, month, day) = CivilDay.Split(firstDay);
        for (long monthBegins = CivilDay.Of(year, month, 1); monthBegins * 86400 < limit; monthBegins = CivilDay.Of(year, month, 1))
        {
            if ((_months >> month & 1) != 0)
                for (ulong days = DaysOf(CivilDay.DaysIn(year, month), CivilDay.Weekday(monthBegins)) & ~0UL << day; days != 0; days &= days - 1)
                {
                    long number = monthBegins + BitOperations.TrailingZeroCount(days) - 1;
                    int time = NextTime(number == firstDay ? (int)(minute - firstDay * 1440) : 0);
                    if (time < 0) continue;
                    long found = (number * 1440 + time) * 60;
                    return found < limit ? found : Never;
                }
            day = 1;
            if (++month <= 12) continue;
            month = 1;
            year++;
        }
        return Never;
    }

    /// <summary>The first minute of a day at or behind one; -1 if there is none on that day.</summary>
    private int NextTime(int minute)
    {
        int hour = minute / 60;
        if ((_hours >> hour & 1) != 0 && _minutes >> minute % 60 << minute % 60 is var rest and not 0) return hour * 60 + BitOperations.TrailingZeroCount(rest);
        ulong hours = _hours >> hour + 1 << hour + 1;
        return hours == 0 ? -1 : BitOperations.TrailingZeroCount(hours) * 60 + BitOperations.TrailingZeroCount(_minutes);
    }

    /// <summary>The days that are meant in a month of this length that begins on this weekday.</summary>
    private ulong DaysOf(int length, int firstWeekday)
    {
        ulong all = (1UL << length + 1) - 2;
        ulong byDay = _days;
        if (_lastDay) byDay |= 1UL << length;
        for (ulong left = _workdays & all; left != 0; left &= left - 1) byDay |= 1UL << Workday(BitOperations.TrailingZeroCount(left), length, firstWeekday);
        if (_lastWorkday) byDay |= 1UL << Workday(length, length, firstWeekday);
        byDay &= all;

        ulong byWeekday = 0;
        for (int day = 1; day <= length; day++)
        {
            int weekday = (firstWeekday + day - 1) % 7;
            bool isMeant = (_weekdays >> weekday & 1) != 0 || (day + 7 > length && (_lastWeekdays >> weekday & 1) != 0) || (_nthWeekdays >> 8 * ((day - 1) / 7) + weekday & 1) != 0;
            if (isMeant) byWeekday |= 1UL << day;
        }
        // crontab(5): where both are restricted, either will do.
        return _anyDay || _anyWeekday ? byDay & byWeekday : byDay | byWeekday;
    }

    /// <summary>The day from Monday to Friday that is nearest, in the same month.</summary>
    private static int Workday(int day, int length, int firstWeekday) => ((firstWeekday + day - 1) % 7) switch
    {
        6 => day == 1 ? 3 : day - 1,
        0 => day == length ? day - 2 : day + 1,
        _ => day,
    };

    /// <summary>Each month has each of its lengths on each weekday at some time, so this looks at all there can be.</summary>
    private bool CanCome()
    {
        for (int month = 1; month <= 12; month++)
        {
            if ((_months >> month & 1) == 0) continue;
            for (int weekday = 0; weekday < 7; weekday++)
                if ((DaysOf(CivilDay.DaysIn(2000, month), weekday) | DaysOf(CivilDay.DaysIn(2001, month), weekday)) != 0) return true;
        }
        return false;
    }

    public override string ToString() => Text;
}
