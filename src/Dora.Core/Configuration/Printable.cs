using System.Text;

namespace Dora.Core.Configuration;

/// <summary>Foreign text made safe to stand in a message: no control characters, one line, bounded.</summary>
internal static class Printable
{
    private const int DefaultLimit = 60;

    public static string Text(string text, int limit = DefaultLimit)
    {
        bool isClean = text.Length <= limit;
        for (int i = 0; isClean && i < text.Length; i++) isClean = IsHarmless(text[i]);
        if (isClean) return text;

        var result = new StringBuilder();
        foreach (var rune in text.EnumerateRunes())
        {
            if (result.Length >= limit)
            {
                result.Append("...");
                break;
            }
            if (rune.Value == '\n') result.Append("\\n");
            else if (rune.Value == '\t') result.Append("\\t");
            else if (rune.IsBmp && !IsHarmless((char)rune.Value)) result.Append($"\\u{rune.Value:x4}");
            else result.Append(rune.ToString());
        }
        return result.ToString();
    }

    // Formats too: a right-to-left override turns a message around.
    private static bool IsHarmless(char c) =>
        c < 0x7F ? c >= ' ' : c >= 0xA0 && !char.IsSurrogate(c)
            && char.GetUnicodeCategory(c) is not (System.Globalization.UnicodeCategory.Format
                or System.Globalization.UnicodeCategory.LineSeparator
                or System.Globalization.UnicodeCategory.ParagraphSeparator);
}
