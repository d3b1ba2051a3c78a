using System.Globalization;

namespace Dora.Core.Configuration;

/// <summary>How often something may happen: <c>200/2s</c> is 200 times in two seconds, <c>200/s</c> in one. Count 0 is without limit.</summary>
/// <param name="Count">How often.</param>
/// <param name="Interval">In which time.</param>
public readonly record struct PollLimit(int Count, TimeSpan Interval)
{
    /// <summary>No limit.</summary>
    public static PollLimit None => default;

    /// <summary>As it is written in files.</summary>
    public override string ToString() => Count == 0 ? "none" : $"{Count.ToString(CultureInfo.InvariantCulture)}/{DurationText.Format(Interval)}";

    internal static bool TryParse(string text, out PollLimit limit)
    {
        limit = None;
        if (text == "none") return true;
        int slash = text.IndexOf('/');
        if (slash < 0 || !int.TryParse(text.AsSpan(0, slash), NumberStyles.None, CultureInfo.InvariantCulture, out int count)
            || count is < 1 or > 100_000 || !DurationText.TryParse(slash + 1 < text.Length && char.IsAsciiLetter(text[slash + 1]) ? $"1{text[(slash + 1)..]}" : text[(slash + 1)..], out var interval, out _)
            || interval < TimeSpan.FromMilliseconds(10) || interval > TimeSpan.FromHours(1)) return false;
        limit = new PollLimit(count, interval);
        return true;
    }
}
