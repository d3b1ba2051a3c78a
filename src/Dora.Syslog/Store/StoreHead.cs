using System.Globalization;
using System.Text;

namespace Dora.Syslog.Store;

/// <summary>The first line of a file.</summary>
internal static class StoreHead
{
    private const string Begin = "# pandora log 1 ";

    public static byte[] Format(string boot, long opened, long after) =>
        Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{Begin}boot={boot} opened={opened} after={after}\n"));

    public static bool TryParse(ReadOnlySpan<byte> line, out string? boot, out long opened, out long after)
    {
        boot = null;
        opened = after = 0;
        if (line.Length > 200) return false;
        string text = Encoding.ASCII.GetString(line);
        if (!text.StartsWith(Begin, StringComparison.Ordinal)) return false;
        if (text[Begin.Length..].Split(' ') is not [var id, var seconds, var sequence]
            || !id.StartsWith("boot=", StringComparison.Ordinal) || id.Length != 37 || !seconds.StartsWith("opened=", StringComparison.Ordinal)
            || !sequence.StartsWith("after=", StringComparison.Ordinal)
            || !long.TryParse(seconds.AsSpan(7), NumberStyles.None, CultureInfo.InvariantCulture, out opened)
            || !long.TryParse(sequence.AsSpan(6), NumberStyles.None, CultureInfo.InvariantCulture, out after)) return false;
        boot = id[5..];
        foreach (char c in boot)
            if (!char.IsAsciiHexDigitLower(c)) boot = null;
        return boot is not null;
    }
}
