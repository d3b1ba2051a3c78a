using YamlDotNet.Core;

namespace Dora.Core.Configuration.Yaml;

/// <summary>The parser's complaints in words that say what to do. It has no codes, so its sentences are matched by a part.</summary>
internal static class YamlSyntax
{
    // The first that matches is taken: the special ones stand above the general.
    private static readonly (string Part, string Words)[] s_words =
    [
        ("quoted scalar, found unexpected end", "the quotation mark that begins here is not closed"),
        ("quoted scalar, found unexpected document", "the quotation mark that begins here is not closed"),
        ("found unknown escape", "an unknown escape behind '\\' in double quotes: write '\\\\' for a backslash, or use single quotes"),
        ("found invalid Unicode", "a \\u escape that is no character"),
        ("expected hexadecimal", "an escape of \\x, \\u or \\U needs hexadecimal digits behind it"),
        ("double-quoted scalar, found wrong indentation", "the text in quotes goes on in a line that is not indented"),
        ("flow mapping", "the list of keys in '{...}' needs ',' or '}' here"),
        ("flow sequence", "the list in '[...]' needs ',' or ']' here"),
        ("found invalid comment", "a comment needs a space before '#'"),
        ("found a comment", "a comment cannot stand in the middle of a value"),
        ("found invalid tab", "a tab in the indentation: use spaces"),
        ("found a tab", "a tab in the indentation: use spaces"),
        ("plain scalar value, found invalid mapping", "a second ': ' in one line: put the value in quotes"),
        ("multiline plain scalar, found invalid mapping", "this key does not fit the line above: check the indentation"),
        ("block mapping, did not find expected key", "expected 'key: value' here: check the indentation and the quotes"),
        ("block collection", "expected '- ' here: check the indentation"),
        ("Block sequence entries", "a list that uses '- ' starts on a line of its own"),
        ("Mapping values are not allowed", "a key cannot stand here: check the indentation"),
        ("Mapping keys are not allowed", "a key cannot stand here: check the indentation"),
        ("simple key", "expected ':' behind the key"),
        ("block scalar", "a block of text ('|' or '>') that is not well formed: check its first line"),
        ("anchor", "'&' and '*' have a meaning of their own in YAML: put the value in quotes"),
        ("tag", "'!' has a meaning of its own in YAML: put the value in quotes"),
        ("document end", "'...' ends the document: nothing may follow"),
        ("document start", "this does not belong to the document: check the indentation"),
    ];

    public static string Describe(YamlException exception, string text)
    {
        if (exception.Message.Contains("cannot start any token", StringComparison.Ordinal)
            || exception.Message.Contains("expected node content", StringComparison.Ordinal))
            return CharacterAt(text, exception.Start) is { } found
                ? $"a value cannot begin with '{found}': put it in quotes"
                : "a value is missing";
        foreach (var (part, words) in s_words)
            if (exception.Message.Contains(part, StringComparison.OrdinalIgnoreCase)) return words;
        return "this is not YAML from here on";
    }

    private static string? CharacterAt(string text, Mark mark) =>
        mark.Index < text.Length && !char.IsSurrogate(text[(int)mark.Index]) && !char.IsWhiteSpace(text[(int)mark.Index])
            ? Printable.Text(text[(int)mark.Index].ToString())
            : null;
}
