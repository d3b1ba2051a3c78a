namespace Dora.Core.Configuration;

/// <summary>Durations as people write them: <c>500ms</c>, <c>2s</c>, <c>1m30s</c>, <c>5 min</c>, <c>1h</c>, <c>1.5s</c>.</summary>
internal static class DurationText
{
    public static readonly TimeSpan Longest = TimeSpan.FromDays(366);

    /// <summary>
    /// What <c>none</c> stands for: a hundred years. A deadline of now plus this is an ordinary time that never comes,
    /// where a special value would have to be thought of in every sum.
    /// </summary>
    public static readonly TimeSpan Endless = TimeSpan.FromDays(36525);

    private const string Hint = "write a unit: 500ms, 5s, 1m30s, 2h, 1d";

    public static bool TryParse(string text, out TimeSpan value, out string reason)
    {
        value = default;
        reason = Hint;
        var rest = text.AsSpan().Trim();
        if (rest.IsEmpty) return false;
        decimal total = 0;
        decimal previous = decimal.MaxValue;
        while (!rest.IsEmpty)
        {
            int digits = Length(rest, static c => char.IsAsciiDigit(c) || c == '.');
            if (digits == 0 || digits > 12 || !decimal.TryParse(rest[..digits], System.Globalization.NumberStyles.AllowDecimalPoint, null, out decimal amount))
            {
                reason = rest[0] == '-' ? "it cannot be negative" : digits > 12 ? "the number is too long" : Hint;
                return false;
            }
            rest = rest[digits..].TrimStart(' ');
            if (rest.IsEmpty)
            {
                reason = total == 0 ? $"write a unit: {text.Trim()}s" : Hint;
                return false;
            }
            int letters = Length(rest, char.IsAsciiLetter);
            if (Unit(rest[..letters]) is not { } unit) return false;
            if (unit >= previous)
            {
                reason = "the larger unit goes first and each is there once: 1m30s";
                return false;
            }
            previous = unit;
            total += amount * unit; // 12 digits of days are far below what decimal holds
            rest = rest[letters..].TrimStart(' ');
        }
        value = total >= long.MaxValue ? TimeSpan.MaxValue : new TimeSpan((long)total);
        return true;
    }

    /// <summary>The shortest form that <see cref="TryParse"/> reads back.</summary>
    public static string Format(TimeSpan value)
    {
        if (value >= Endless) return "none";
        if (value.Ticks == 0) return "0s";
        string result = "";
        if (value.Days > 0) result += $"{value.Days}d";
        if (value.Hours > 0) result += $"{value.Hours}h";
        if (value.Minutes > 0) result += $"{value.Minutes}m";
        if (value.Seconds > 0) result += $"{value.Seconds}s";
        if (value.Milliseconds > 0) result += $"{value.Milliseconds}ms";
        return result;
    }

    private static int Length(ReadOnlySpan<char> text, Func<char, bool> belongs)
    {
        int length = 0;
        while (length < text.Length && belongs(text[length])) length++;
        return length;
    }

    private static decimal? Unit(ReadOnlySpan<char> word) => word switch
    {
        "ms" => TimeSpan.TicksPerMillisecond,
        "s" or "sec" => TimeSpan.TicksPerSecond,
        "m" or "min" => TimeSpan.TicksPerMinute,
        "h" => TimeSpan.TicksPerHour,
        "d" => TimeSpan.TicksPerDay,
        _ => null,
    };
}
