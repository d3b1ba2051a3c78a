using System.Globalization;

namespace Dora.Core.Configuration.Schedules;

// From text to sets. Every message names the field, what stands there and what may stand there; the column counts from 1.
internal sealed partial class CronExpression
{
    public const int Longest = 1024;

    private const int Minute = 0, Hour = 1, Day = 2, Month = 3, Weekday = 4;

    private static readonly string[] s_fields = ["minute", "hour", "day", "month", "weekday"];

    private static ReadOnlySpan<byte> Least => [0, 0, 1, 1, 0];
    private static ReadOnlySpan<byte> Most => [59, 23, 31, 12, 7];

    private static readonly string[] s_macros = ["@reboot", "@hourly", "@daily", "@midnight", "@weekly", "@monthly", "@yearly", "@annually"];
    private static readonly string[] s_macroFields = ["", "0 * * * *", "0 0 * * *", "0 0 * * *", "0 0 * * 0", "0 0 1 * *", "0 0 1 1 *", "0 0 1 1 *"];

    private static string WordsOf(int field) => field == Month ? "JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC" : field == Weekday ? "SUNMONTUEWEDTHUFRISAT" : "";

    /// <summary>Null, with what is wrong and in which column of the text, if it is none.</summary>
    public static CronExpression? Parse(string text, out int column, out string problem)
    {
        (column, problem) = (1, "");
        int start = 0;
        while (start < text.Length && IsBlank(text[start])) start++;
        string body = text[start..].TrimEnd(' ', '\t');
        column = start + 1;
        if (text.Length > Longest) problem = $"is longer than {Longest} characters";
        else if (body.Length == 0) problem = "is empty; five fields are expected: minute hour day month weekday";
        if (problem.Length > 0) return null;
        if (body[0] == '@') return OfMacro(body, out problem);

        var expression = new CronExpression(body);
        int field = 0;
        for (int at = 0; at < body.Length; field++)
        {
            int end = at;
            while (end < body.Length && !IsBlank(body[end])) end++;
            if (field < s_fields.Length && !expression.ReadField(field, body.AsSpan(at, end - at), ref column, ref problem)) return null;
            while (end < body.Length && IsBlank(body[end])) end++;
            at = end;
            column = start + at + 1;
        }
        column = start + 1;
        if (field != s_fields.Length) problem = $"has {field} field{(field == 1 ? "" : "s")}; five are expected: minute hour day month weekday";
        else if (!expression.CanCome()) problem = "never comes: there is no such day in these months";
        return problem.Length == 0 ? expression : null;
    }

    private static CronExpression? OfMacro(string word, out string problem)
    {
        problem = "";
        for (int i = 0; i < s_macros.Length; i++)
        {
            if (!s_macros[i].Equals(word, StringComparison.OrdinalIgnoreCase)) continue;
            var expression = new CronExpression(s_macros[i]) { IsReboot = i == 0 };
            int column = 0, field = 0;
            if (i > 0)
                foreach (string text in s_macroFields[i].Split(' ')) _ = expression.ReadField(field++, text, ref column, ref problem);
            return expression;
        }
        problem = $"'{Printable.Text(word)}' is not one of {string.Join(", ", s_macros)}{Suggestion.For(word, s_macros)}";
        return null;
    }

    private static bool IsBlank(char c) => c is ' ' or '\t';

    private bool ReadField(int field, ReadOnlySpan<char> text, ref int column, ref string problem)
    {
        bool isStar = text.Length > 0 && (text[0] == '*' || (text[0] == '?' && field is Day or Weekday));
        if (field <= Hour) IsRecurring |= isStar;
        else if (field == Day) _anyDay = isStar;
        else if (field == Weekday) _anyWeekday = isStar;
        while (true)
        {
            int comma = text.IndexOf(',');
            var element = comma < 0 ? text : text[..comma];
            if (ReadElement(field, element) is { } wrong)
            {
                problem = $"{s_fields[field]}: {wrong}";
                return false;
            }
            if (comma < 0) return true;
            column += comma + 1;
            text = text[(comma + 1)..];
        }
    }

    /// <summary>One part of a list; what is wrong with it, or null.</summary>
    private string? ReadElement(int field, ReadOnlySpan<char> text)
    {
        if (text.IsEmpty) return "a value is missing beside a comma";
        if ((field == Day && ReadSpecialDay(text)) || (field == Weekday && text.IndexOfAny("lL#") >= 0 && ReadSpecialWeekday(text, out _))) return null;
        if (field == Weekday && text.IndexOfAny("lL#") >= 0)
        {
            _ = ReadSpecialWeekday(text, out string why);
            return why;
        }
        int least = Least[field], most = Most[field];
        int step = 1;
        int slash = text.IndexOf('/');
        var range = slash < 0 ? text : text[..slash];
        int steps = most - least + (field == Weekday ? 0 : 1); // 7 is 0 again
        if (slash >= 0 && (!int.TryParse(text[(slash + 1)..], NumberStyles.None, null, out step) || step < 1 || step > steps))
            return $"'{Shown(text[(slash + 1)..])}' is not a step between 1 and {steps}";
        int first = least, last = field == Weekday ? 6 : most;
        if (range is not "*" && !(range is "?" && field is Day or Weekday))
        {
            // The hyphen of a range is never the first: there are no negative values.
            int hyphen = range.Length > 1 ? range[1..].IndexOf('-') + 1 : 0;
            if (Value(field, hyphen > 0 ? range[..hyphen] : range, out first) is { } wrong) return wrong;
            if (hyphen > 0)
            {
                if (Value(field, range[(hyphen + 1)..], out last) is { } wrongEnd) return wrongEnd;
                // The week goes round: FRI-MON, and SUN at the end of it.
                if (last < first && field == Weekday) last += 7;
                else if (last < first) return $"'{Shown(range)}' runs backwards";
            }
            else if (slash < 0) last = first;
        }
        for (int value = first; value <= last; value += step) Set(field, value);
        return null;
    }

    private void Set(int field, int value)
    {
        switch (field)
        {
            case Minute: _minutes |= 1UL << value; break;
            case Hour: _hours |= 1UL << value; break;
            case Day: _days |= 1UL << value; break;
            case Month: _months |= 1UL << value; break;
            default: _weekdays |= 1UL << value % 7; break;
        }
    }

    private static string? Value(int field, ReadOnlySpan<char> text, out int value)
    {
        int least = Least[field], most = Most[field];
        string words = WordsOf(field);
        if (text.Length == 3 && char.IsAsciiLetter(text[0]))
            for (int i = 0; i < words.Length; i += 3)
                if (words.AsSpan(i, 3).Equals(text, StringComparison.OrdinalIgnoreCase))
                {
                    value = i / 3 + least;
                    return null;
                }
        if (int.TryParse(text, NumberStyles.None, null, out value) && value >= least && value <= most) return null;
        string orWords = words.Length == 0 ? "" : $" or {words[..3]} to {words[^3..]}";
        return $"'{Shown(text)}' is not between {least} and {most}{orWords}";
    }

    /// <summary>L, LW and 15W.</summary>
    private bool ReadSpecialDay(ReadOnlySpan<char> text)
    {
        bool isLast = text is "L" or "l", isLastWorkday = text.Equals("LW", StringComparison.OrdinalIgnoreCase);
        _lastDay |= isLast;
        _lastWorkday |= isLastWorkday;
        if (isLast || isLastWorkday) return true;
        if (text[^1] is not ('W' or 'w') || Value(Day, text[..^1], out int day) is not null) return false;
        _workdays |= 1UL << day;
        return true;
    }

    /// <summary>5L, FRIL and MON#2.</summary>
    private bool ReadSpecialWeekday(ReadOnlySpan<char> text, out string why)
    {
        int hash = text.IndexOf('#');
        if (hash < 0 && text[^1] is not ('L' or 'l')) hash = text.Length;
        if ((Value(Weekday, hash < 0 ? text[..^1] : text[..hash], out int day) is { } wrong))
        {
            why = hash < 0 && text.Length == 1 ? "'L' needs a day in front, such as 5L or FRIL" : wrong;
            return false;
        }
        why = "";
        if (hash < 0)
        {
            _lastWeekdays |= 1UL << day % 7;
            return true;
        }
        if (text.Length == hash + 2 && text[hash + 1] is >= '1' and <= '5')
        {
            _nthWeekdays |= 1UL << 8 * (text[hash + 1] - '1') + day % 7;
            return true;
        }
        why = $"'{Shown(text)}' does not say which one of the month: 1 to 5, as in MON#2";
        return false;
    }

    private static string Shown(ReadOnlySpan<char> text) => Printable.Text(text.ToString());
}
