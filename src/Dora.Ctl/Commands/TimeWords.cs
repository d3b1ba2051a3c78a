using System.Globalization;

namespace Dora.Ctl.Commands;

/// <summary>
/// A moment in the words of people, as the API wants it: <c>2026-11-21 10:00</c>, <c>10:00</c>, <c>now</c>, <c>today</c>, <c>yesterday</c>,
/// <c>10 min ago</c>, <c>-1h</c>, <c>1h</c>, <c>@1795303201</c>, RFC 3339. Times are UTC, as all that dora prints.
/// </summary>
internal static class TimeWords
{
    public const string Forms = "write it as 2026-11-21 10:00, 10:00, yesterday, '10 min ago', -1h, @1795303201 or 2026-11-21T10:00:00Z (UTC)";

    private static readonly string[] s_dates = ["yyyy-MM-dd", "yyyy-MM-dd HH:mm", "yyyy-MM-dd HH:mm:ss", "yyyy-MM-ddTHH:mm", "yyyy-MM-ddTHH:mm:ss"];
    private static readonly (string Names, double Seconds)[] s_units =
    [
        ("s sec secs second seconds", 1), ("m min mins minute minutes", 60), ("h hour hours", 3600), ("d day days", 86400), ("w week weeks", 604800),
    ];

    /// <summary>Null where it is none.</summary>
    public static string? Parse(string text, DateTime utc)
    {
        text = text.Trim();
        if (text == "now") return Format(utc);
        if (text == "today") return Format(utc.Date);
        if (text == "yesterday") return Format(utc.Date.AddDays(-1));
        if (text.StartsWith('@')) return double.TryParse(text.AsSpan(1), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out _) ? text[1..] : null;
        if (text.StartsWith('-')) return Ago(text[1..], utc);
        if (text.EndsWith(" ago", StringComparison.Ordinal)) return Ago(text[..^4], utc);
        foreach (string form in (string[])["HH:mm", "HH:mm:ss"])
            if (DateTime.TryParseExact(text, form, CultureInfo.InvariantCulture, DateTimeStyles.None, out var time)) return Format(utc.Date + time.TimeOfDay);
        if (DateTime.TryParseExact(text, s_dates, CultureInfo.InvariantCulture, DateTimeStyles.None, out var date)) return Format(date);
        if (Core.Protocol.LogTime.TryParse(text, isEnd: false, out _) && text.Length > 12) return text;
        return Ago(text, utc); // 5m: nobody asks for what is to come
    }

    /// <summary><c>10 min</c>, <c>1h30m</c>, <c>2 days</c>.</summary>
    private static string? Ago(string text, DateTime utc)
    {
        double seconds = 0;
        var rest = text.AsSpan().Trim();
        if (rest.IsEmpty) return null;
        while (!rest.IsEmpty)
        {
            int digits = 0;
            while (digits < rest.Length && (char.IsAsciiDigit(rest[digits]) || rest[digits] == '.')) digits++;
            if (digits < 1 || !double.TryParse(rest[..digits], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double number)) return null;
            rest = rest[digits..].TrimStart();
            int end = 0;
            while (end < rest.Length && char.IsAsciiLetter(rest[end])) end++;
            string unit = rest[..end].ToString();
            rest = rest[end..].TrimStart();
            double size = 0;
            foreach (var (names, length) in s_units)
                if (Array.IndexOf(names.Split(' '), unit) >= 0) size = length;
            if (size == 0) return null;
            seconds += number * size;
        }
        return seconds < (utc - DateTime.UnixEpoch).TotalSeconds ? Format(utc.AddSeconds(-seconds)) : null;
    }

    private static string Format(DateTime utc) => utc.ToString("yyyy-MM-ddTHH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
