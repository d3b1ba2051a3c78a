using System.Globalization;

namespace Dora.Core.Configuration;

/// <summary>Names and numbers of users and groups as they may be written.</summary>
internal static class AccountName
{
    private const int Longest = 32; // useradd(8)

    public static bool IsValid(string text)
    {
        if (text.Length is 0 or > Longest) return false;
        if (char.IsAsciiDigit(text[0])) return TryParseNumber(text, out _);
        if (!char.IsAsciiLetter(text[0]) && text[0] != '_') return false;
        foreach (char c in text)
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('_' or '-' or '.')) return false;
        return true;
    }

    /// <summary>A uid or gid; the largest number is none: to system calls it means "leave as it is".</summary>
    public static bool TryParseNumber(ReadOnlySpan<char> text, out uint number) =>
        uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number) && number != uint.MaxValue;
}
