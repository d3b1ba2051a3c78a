using System.Text;

namespace Dora.Core.Configuration;

/// <summary>
/// A file of variables as services have them in /etc/default: lines of <c>NAME=value</c>, blank lines, comments with
/// <c>#</c> or <c>;</c>. A value may be in single or double quotes, with <c>\"</c>, <c>\\</c>, <c>\$</c> and <c>\`</c>
/// inside the double ones; nothing is replaced, and <c>export</c> in front is passed over. Anything else is a mistake
/// with its line.
/// </summary>
internal static class EnvironmentFile
{
    public const int Largest = 256 * 1024;

    /// <summary>Hands each variable to <paramref name="add"/> in order; the first mistake as <c>line: reason</c>, or null.</summary>
    public static string? Read(ReadOnlySpan<byte> content, Action<string, string> add)
    {
        string text;
        try
        {
            text = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(content);
        }
        catch (DecoderFallbackException)
        {
            return "1: it is not UTF-8";
        }
        var rest = text.AsSpan();
        for (int number = 1; !rest.IsEmpty; number++)
        {
            int end = rest.IndexOf('\n');
            var line = (end < 0 ? rest : rest[..end]).Trim();
            rest = end < 0 ? default : rest[(end + 1)..];
            if (line.IsEmpty || line[0] is '#' or ';') continue;
            if (line.StartsWith("export ")) line = line[7..].TrimStart();
            int equals = line.IndexOf('=');
            if (equals < 0) return $"{number}: expected NAME=value";
            string name = line[..equals].ToString();
            if (!SettingValue.IsEnvironmentName(name))
                return $"{number}: '{Printable.Text(name)}' is not the name of a variable: letters, digits and '_', and no digit first";
            if (Value(line[(equals + 1)..].TrimStart(), out string value) is { } problem) return $"{number}: {name}: {problem}";
            if (value.Contains('\0')) return $"{number}: {name}: holds a NUL";
            add(name, value);
        }
        return null;
    }

    private static string? Value(ReadOnlySpan<char> text, out string value)
    {
        value = text.ToString();
        if (text.IsEmpty || text[0] is not ('"' or '\'')) return null;
        char quote = text[0];
        var result = new StringBuilder(text.Length);
        int i = 1;
        for (; i < text.Length && text[i] != quote; i++)
        {
            bool isEscaped = quote == '"' && text[i] == '\\' && i + 1 < text.Length && text[i + 1] is ('"' or '\\' or '$' or '`');
            if (isEscaped) i++;
            result.Append(text[i]);
        }
        if (i >= text.Length) return "has no closing quote";
        if (i + 1 < text.Length) return "has something behind the closing quote";
        value = result.ToString();
        return null;
    }
}
