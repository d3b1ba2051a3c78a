using System.Globalization;
using System.Text;
using Dora.Core.Linux;

namespace Dora.Init.Manager.MachineInfo;

/// <summary>
/// Small texts of procfs and sysfs. They are written by the kernel, but devices, firmware and processes choose parts of
/// them: any may be missing, unreadable, too long or nonsense, and then is as if it were not there.
/// </summary>
internal static class SystemText
{
    private const int LargestTable = 64 << 20;

    /// <summary>What a file says in one line, without blanks around it; null where it says nothing.</summary>
    public static string? Line(string path) => Sys.ReadText(path)?.Trim(' ', '\n', '\t', '\0') is { Length: > 0 } text ? text : null;

    /// <summary>A file that may be long, as it is; empty where it cannot be read.</summary>
    public static string Table(string path) =>
        Sys.ReadFile(path, out var content, LargestTable) == Errno.None ? Encoding.UTF8.GetString(content) : "";

    public static long? Number(string path) => Line(path) is { } text && TryNumber(text, out long number) ? number : null;

    public static bool Flag(string path) => Line(path) is { } text && text != "0";

    public static bool TryNumber(ReadOnlySpan<char> text, out long number) =>
        long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out number);

    /// <summary>Takes the next word off the front; empty at the end.</summary>
    public static ReadOnlySpan<char> NextWord(ref ReadOnlySpan<char> text)
    {
        text = text.TrimStart(" \t");
        int end = text.IndexOfAny(' ', '\t');
        var word = end < 0 ? text : text[..end];
        text = text[word.Length..];
        return word;
    }

    /// <summary>The next word as a number; 0 where it is none.</summary>
    public static long NextNumber(ref ReadOnlySpan<char> text) => TryNumber(NextWord(ref text), out long number) ? number : 0;

    /// <summary>A number in octal or hexadecimal digits; false for anything else, and for more than 63 bits.</summary>
    public static bool TryDigits(ReadOnlySpan<char> text, int radix, out long number)
    {
        number = 0;
        foreach (char c in text)
        {
            int digit = c is >= '0' and <= '9' ? c - '0' : (c | 0x20) is >= 'a' and <= 'f' ? (c | 0x20) - 'a' + 10 : radix;
            if (digit >= radix || number > (long.MaxValue - digit) / radix) return false;
            number = number * radix + digit;
        }
        return !text.IsEmpty;
    }

    /// <summary>What stands behind the last slash of what a link leads to; null where there is no link.</summary>
    public static string? LinkName(string path) =>
        Sys.ReadLink(path, out string target) == Errno.None ? target[(target.LastIndexOf('/') + 1)..] : null;
}
