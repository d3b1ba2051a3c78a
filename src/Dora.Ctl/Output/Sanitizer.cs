using System.Globalization;
using System.Text;

namespace Dora.Ctl.Output;

/// <summary>
/// Makes control characters visible: whoever may write to a log could otherwise clear the operator's screen, hide lines
/// or type into the terminal. Escapes C0 but tab, DEL, C1, and the marks that change the direction of text.
/// </summary>
internal static class Sanitizer
{
    public static string Clean(string text)
    {
        int first = 0;
        while (first < text.Length && !IsUnsafe(text[first])) first++;
        if (first == text.Length) return text;
        var clean = new StringBuilder(text, 0, first, text.Length + 16);
        foreach (char c in text.AsSpan(first))
        {
            if (!IsUnsafe(c)) clean.Append(c);
            else if (c < 0x100) clean.Append(CultureInfo.InvariantCulture, $"\\x{(int)c:x2}");
            else clean.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
        }
        return clean.ToString();
    }

    private static bool IsUnsafe(char c) => c switch
    {
        '\t' => false,
        < ' ' or (>= '\u007f' and <= '\u009f') => true,
        '\u200e' or '\u200f' or '\u061c' or (>= '\u202a' and <= '\u202e') or (>= '\u2066' and <= '\u2069') => true,
        _ => false,
    };
}
