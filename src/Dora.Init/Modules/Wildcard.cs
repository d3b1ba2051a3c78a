namespace Dora.Init.Modules;

/// <summary>
/// fnmatch(3) as modules.alias needs it: <c>*</c>, <c>?</c>, <c>[abc]</c>, <c>[a-z]</c>, <c>[!a]</c> and <c>\</c>.
/// A star that fails goes back to the last star only, so the work is bounded by pattern times text.
/// </summary>
internal static class Wildcard
{
    public static bool IsMatch(ReadOnlySpan<byte> pattern, ReadOnlySpan<byte> text)
    {
        int p = 0, t = 0, starPattern = -1, starText = 0;
        while (t < text.Length)
        {
            if (p < pattern.Length && pattern[p] == '*')
            {
                starPattern = ++p;
                starText = t;
                continue;
            }
            if (p < pattern.Length && MatchesOne(pattern, p, text[t], out int next))
            {
                p = next;
                t++;
                continue;
            }
            if (starPattern < 0) return false;
            p = starPattern;
            t = ++starText;
        }
        while (p < pattern.Length && pattern[p] == '*') p++;
        return p == pattern.Length;
    }

    private static bool MatchesOne(ReadOnlySpan<byte> pattern, int at, byte c, out int next)
    {
        next = at + 1;
        switch (pattern[at])
        {
            case (byte)'?': return true;
            case (byte)'\\' when next < pattern.Length: return pattern[next++] == c;
            case (byte)'[':
                int end = ClosingBracket(pattern, at);
                if (end < 0) return c == '['; // an open bracket that nothing closes is itself
                next = end + 1;
                return IsInSet(pattern[(at + 1)..end], c);
            default: return pattern[at] == c;
        }
    }

    private static int ClosingBracket(ReadOnlySpan<byte> pattern, int open)
    {
        int at = open + 1;
        if (at < pattern.Length && pattern[at] is (byte)'!' or (byte)'^') at++;
        // A bracket right after the opening one belongs to the set.
        if (at < pattern.Length) at++;
        while (at < pattern.Length && pattern[at] != ']') at++;
        return at < pattern.Length ? at : -1;
    }

    private static bool IsInSet(ReadOnlySpan<byte> set, byte c)
    {
        bool isNegated = !set.IsEmpty && set[0] is (byte)'!' or (byte)'^';
        if (isNegated) set = set[1..];
        for (int i = 0; i < set.Length; i++)
        {
            if (i + 2 < set.Length && set[i + 1] == '-')
            {
                if (c >= set[i] && c <= set[i + 2]) return !isNegated;
                i += 2;
            }
            else if (set[i] == c) return !isNegated;
        }
        return isNegated;
    }
}
