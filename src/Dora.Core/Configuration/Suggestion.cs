namespace Dora.Core.Configuration;

/// <summary>Finds what somebody meant to write.</summary>
internal static class Suggestion
{
    private const int LongestWord = 40;

    /// <summary><c>; did you mean 'restart'?</c>, or nothing if no candidate is near.</summary>
    public static string For(string written, IEnumerable<string> candidates) =>
        Nearest(written, candidates) is { } nearest ? $"; did you mean '{nearest}'?" : "";

    public static string? Nearest(string written, IEnumerable<string> candidates)
    {
        if (written.Length is 0 or > LongestWord) return null;
        // A third of the word may be wrong, and two letters at most: "x" is no misspelt "tty".
        int smallest = Math.Clamp(written.Length / 3, 1, 2) + 1;
        string? nearest = null;
        foreach (string candidate in candidates)
        {
            // Underscores, capitals and a missing hyphen are no difference to a person.
            int distance = Distance(Fold(written), Fold(candidate));
            if (distance >= smallest || distance >= candidate.Length) continue;
            smallest = distance;
            nearest = candidate;
        }
        return nearest;
    }

    private static string Fold(string word) => word.Replace("-", "").Replace("_", "").ToLowerInvariant();

    /// <summary>Insertions, deletions, replacements and swaps of neighbours that lead from one word to the other.</summary>
    internal static int Distance(string a, string b)
    {
        if (b.Length > LongestWord) return int.MaxValue;
        var twoAbove = new int[b.Length + 1];
        var above = new int[b.Length + 1];
        var row = new int[b.Length + 1];
        for (int j = 0; j <= b.Length; j++) above[j] = j;
        for (int i = 1; i <= a.Length; i++)
        {
            row[0] = i;
            for (int j = 1; j <= b.Length; j++)
            {
                int replaced = above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
                row[j] = Math.Min(replaced, Math.Min(above[j], row[j - 1]) + 1);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                    row[j] = Math.Min(row[j], twoAbove[j - 2] + 1);
            }
            (twoAbove, above, row) = (above, row, twoAbove);
        }
        return above[b.Length];
    }
}
