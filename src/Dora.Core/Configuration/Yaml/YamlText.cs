using System.Buffers;
using System.Text;

namespace Dora.Core.Configuration.Yaml;

/// <summary>The checks that need no parser: size, encoding, characters that have no place in a text file, directives.</summary>
internal static class YamlText
{
    public static bool TryDecode(ReadOnlySpan<byte> bytes, ProblemList problems, out string text)
    {
        text = "";
        if (bytes.Length > YamlReader.LargestFile)
        {
            problems.Add(Position.WholeFile, $"larger than {YamlReader.LargestFile / 1024} KiB");
            return false;
        }
        if (bytes.StartsWith("\uFEFF"u8)) bytes = bytes[3..];
        if (bytes.IsEmpty)
        {
            problems.Add(new Position(1, 1), "the file is empty");
            return false;
        }
        if (!TryDecodeUtf8(bytes, problems, out text)) return false;
        return CheckLines(text, problems);
    }

    /// <summary>The first character that no value of a setting may hold, in words; escapes can bring in what the text may not.</summary>
    public static string? FirstUnwanted(string value)
    {
        for (int i = 0; i < value.Length; i++)
        {
            char c = value[i];
            if (IsControl(c)) return Name(c);
            if (!char.IsSurrogate(c)) continue;
            if (i + 1 >= value.Length || !char.IsSurrogatePair(c, value[i + 1])) return "half a character (a lone surrogate)";
            i++;
        }
        return null;
    }

    private static bool TryDecodeUtf8(ReadOnlySpan<byte> bytes, ProblemList problems, out string text)
    {
        text = "";
        int line = 1, column = 1;
        var rest = bytes;
        while (!rest.IsEmpty)
        {
            if (Rune.DecodeFromUtf8(rest, out var rune, out int consumed) != OperationStatus.Done)
            {
                problems.Add(new Position(line, column), $"not UTF-8 text: byte 0x{rest[0]:x2}; save the file as UTF-8");
                return false;
            }
            if (rune.IsBmp && IsControl((char)rune.Value))
            {
                problems.Add(new Position(line, column), $"{Name((char)rune.Value)}: this is not a text file");
                return false;
            }
            column += rune.Utf16SequenceLength;
            if (rune.Value == '\n') (line, column) = (line + 1, 1);
            rest = rest[consumed..];
        }
        text = Encoding.UTF8.GetString(bytes);
        return true;
    }

    private static bool CheckLines(string text, ProblemList problems)
    {
        int line = 0;
        bool isBlank = true;
        foreach (var content in text.AsSpan().EnumerateLines())
        {
            line++;
            isBlank = isBlank && content.IsWhiteSpace();
            // A line that starts so can only be a directive: values of a mapping are indented.
            if (content.StartsWith('%')) problems.Add(new Position(line, 1), "directives (lines that start with '%') are not allowed");
            int indentation = content.Length - content.TrimStart().Length;
            int tab = content[..indentation].IndexOf('\t');
            if (tab >= 0 && indentation < content.Length && content[indentation] != '#')
                problems.Add(new Position(line, tab + 1), "a tab in the indentation: use spaces");
        }
        if (isBlank) problems.Add(new Position(1, 1), "the file is empty: nothing but comments or blanks");
        return !problems.HasErrors;
    }

    private static string Name(char control) =>
        control == '\0' ? "a NUL character" : $"the control character U+{(int)control:X4}";

    private static bool IsControl(char c) => c is < ' ' and not ('\t' or '\n' or '\r') or '\x7F';
}
