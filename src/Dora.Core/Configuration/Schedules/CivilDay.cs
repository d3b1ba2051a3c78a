namespace Dora.Core.Configuration.Schedules;

/// <summary>
/// The Gregorian calendar over days since 1970-01-01, without bounds of its own: DateTime throws beyond its years, and a
/// clock or a file may say anything.
/// </summary>
internal static class CivilDay
{
    /// <summary>The number of a day; the month counts from 1, and the day may lie outside of it.</summary>
    public static long Of(long year, int month, int day)
    {
        // Years begin in March here, so that the leap day is the last of its year.
        if (month <= 2) year--;
        long era = FloorDiv(year, 400);
        long yearOfEra = year - era * 400;
        long dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
        return era * 146097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719468;
    }

    public static (long Year, int Month, int Day) Split(long number)
    {
        number += 719468;
        long era = FloorDiv(number, 146097);
        long dayOfEra = number - era * 146097;
        long yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146096) / 365;
        long dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100);
        long monthFromMarch = (5 * dayOfYear + 2) / 153;
        int month = (int)(monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9);
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, (int)(dayOfYear - (153 * monthFromMarch + 2) / 5 + 1));
    }

    /// <summary>0 is Sunday.</summary>
    public static int Weekday(long number) => (int)(((number + 4) % 7 + 7) % 7);

    public static bool IsLeap(long year) => year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

    public static int DaysIn(long year, int month) => month == 2 ? IsLeap(year) ? 29 : 28 : 30 + ((month + (month >> 3)) & 1);

    public static long FloorDiv(long value, long divisor) => value / divisor - (value % divisor < 0 ? 1 : 0);
}
