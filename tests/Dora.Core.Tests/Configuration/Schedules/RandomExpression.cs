using System.Text;

namespace Dora.Core.Tests.Configuration.Schedules;

/// <summary>
/// An expression that was made up together with what it means: a text, and a predicate over minutes of the clock that
/// knows nothing of how the text is read.
/// </summary>
sealed class RandomExpression
{
    static readonly string[] s_months = ["jan", "Feb", "MAR", "apr", "may", "Jun", "JUL", "aug", "sep", "oct", "NOV", "dec"];
    static readonly string[] s_days = ["SUN", "mon", "Tue", "WED", "thu", "fri", "Sat"];

    readonly Random _random;
    readonly bool[] _minutes, _hours, _months;
    readonly Func<DateTime, bool> _isDay;

    public string Text { get; }
    public bool IsRecurring { get; }

    public RandomExpression(Random random, double stars)
    {
        _random = random;
        var text = new StringBuilder();
        _minutes = Numbers(text, 0, 59, null, stars, out bool anyMinute);
        _hours = Numbers(text.Append(' '), 0, 23, null, stars, out bool anyHour);
        text.Append(' ');
        var byDay = Days(text, stars, out bool anyDay);
        _months = Numbers(text.Append(' '), 1, 12, s_months, stars + 0.4, out _);
        text.Append(_random.Next(5) == 0 ? "  \t" : " ");
        var byWeekday = Weekdays(text, stars, out bool anyWeekday);
        _isDay = anyDay || anyWeekday ? d => byDay(d) && byWeekday(d) : d => byDay(d) || byWeekday(d);
        IsRecurring = anyMinute || anyHour;
        Text = text.ToString();
    }

    public bool IsDay(DateTime local) => _months[local.Month] && _isDay(local);

    public bool Matches(DateTime local) => _minutes[local.Minute] && _hours[local.Hour] && IsDay(local);

    bool[] Numbers(StringBuilder text, int least, int most, string[]? names, double stars, out bool isStar)
    {
        var set = new bool[most + 1];
        isStar = _random.NextDouble() < stars;
        int count = isStar && _random.Next(8) != 0 ? 1 : _random.Next(1, 4);
        for (int i = 0; i < count; i++)
        {
            if (i > 0) text.Append(',');
            int from = least, to = most, step = 1;
            if (i == 0 && isStar)
            {
                text.Append('*');
                if (_random.Next(2) == 0) text.Append('/').Append(step = _random.Next(1, most - least + 2));
            }
            else
            {
                from = to = _random.Next(least, most + 1);
                text.Append(Name(from));
                if (_random.Next(2) == 0)
                {
                    to = _random.Next(from, most + 1);
                    text.Append('-').Append(Name(to));
                    if (_random.Next(2) == 0) text.Append('/').Append(step = _random.Next(1, most - least + 2));
                }
                else if (_random.Next(4) == 0)
                {
                    to = most;
                    text.Append('/').Append(step = _random.Next(1, most - least + 2));
                }
            }
            for (int value = from; value <= to; value += step) set[value] = true;
        }
        return set;

        string Name(int value) => names is not null && _random.Next(2) == 0 ? names[value - least] : _random.Next(6) == 0 ? value.ToString("00") : value.ToString();
    }

    Func<DateTime, bool> Days(StringBuilder text, double stars, out bool isStar)
    {
        isStar = _random.Next(2) == 0 && stars > 0.1;
        if (isStar)
        {
            text.Append('*');
            return _ => true;
        }
        int n = _random.Next(1, 32);
        switch (_random.Next(8))
        {
            case 0:
                text.Append('L');
                return d => d.AddDays(1).Month != d.Month;
            case 1:
                text.Append(n).Append('W');
                return d => n <= DateTime.DaysInMonth(d.Year, d.Month) && d.Day == Nearest(d, n);
            case 2:
                text.Append("Lw");
                return d => d.Day == Nearest(d, DateTime.DaysInMonth(d.Year, d.Month));
            case 3 when stars > 0:
                text.Append('?');
                isStar = true;
                return _ => true;
            default:
                var set = Numbers(text, 1, 31, null, stars, out isStar);
                return d => set[d.Day];
        }
    }

    /// <summary>The nearest working day of the month, by looking at all of them.</summary>
    static int Nearest(DateTime month, int day)
    {
        int best = 0;
        for (int i = 1; i <= DateTime.DaysInMonth(month.Year, month.Month); i++)
        {
            if (new DateTime(month.Year, month.Month, i).DayOfWeek is DayOfWeek.Saturday or DayOfWeek.Sunday) continue;
            if (best == 0 || Math.Abs(i - day) < Math.Abs(best - day)) best = i;
        }
        return best;
    }

    Func<DateTime, bool> Weekdays(StringBuilder text, double stars, out bool isStar)
    {
        isStar = _random.Next(3) == 0 && stars > 0.1;
        if (isStar)
        {
            text.Append('*');
            return _ => true;
        }
        int n = _random.Next(0, 8), nth = _random.Next(1, 6);
        string name = _random.Next(2) == 0 && n < 7 ? s_days[n] : n.ToString();
        switch (_random.Next(8))
        {
            case 0:
                text.Append(name).Append('L');
                return d => (int)d.DayOfWeek == n % 7 && d.AddDays(7).Month != d.Month;
            case 1:
                text.Append(name).Append('#').Append(nth);
                return d => (int)d.DayOfWeek == n % 7 && Enumerable.Range(1, d.Day).Count(i => d.AddDays(i - d.Day).DayOfWeek == d.DayOfWeek) == nth;
            case 2: // round the week
                int first = _random.Next(0, 7), length = _random.Next(1, 7);
                text.Append(s_days[first]).Append('-').Append(s_days[(first + length - 1) % 7]);
                return d => ((int)d.DayOfWeek - first + 7) % 7 < length;
            case 3:
                var days = Numbers(text, 0, 6, s_days, 0, out _);
                return d => days[(int)d.DayOfWeek];
            default:
                isStar = _random.NextDouble() < stars + 0.2;
                if (isStar)
                {
                    text.Append(_random.Next(3) == 0 ? '?' : '*');
                    return _ => true;
                }
                text.Append(name);
                return d => (int)d.DayOfWeek == n % 7;
        }
    }
}
