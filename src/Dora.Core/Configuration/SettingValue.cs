using System.Globalization;
using Dora.Core.Configuration.Yaml;

namespace Dora.Core.Configuration;

/// <summary>
/// The value of one key while it is read. Each method turns it into a type; what does not fit becomes a problem at its
/// place and the method returns something harmless, so that the rest of the file is still checked.
/// This file has the kinds that any configuration needs; SettingValue.Services.cs those of services.
/// </summary>
internal sealed partial class SettingValue(YamlNode node, string path, ProblemList problems)
{
    /// <summary>Longest single value: a command's argument may hold a small script.</summary>
    public const int LongestText = 16 * 1024;

    private void Fail(string message) => problems.Add(node.Position, $"{path}: {message}");

    private void Fail(YamlNode at, string message) => problems.Add(at.Position, $"{path}: {message}");

    private void FailKind(YamlNode at, string expected) => Fail(at, $"expected {expected}, found {at.Kind}");

    private string Word(string expected = "a word")
    {
        if (node is YamlScalar scalar) return scalar.Value;
        FailKind(node, expected);
        return "";
    }

    /// <summary>One line of text.</summary>
    public string Line(int longest = 200)
    {
        string text = Word("a line of text");
        if (text.Contains('\n')) Fail("has to be one line");
        else if (text.Length > longest) Fail($"is longer than {longest} characters");
        return text;
    }

    public bool Boolean()
    {
        if (node is not YamlScalar) FailKind(node, "true or false");
        string word = node is YamlScalar scalar ? scalar.Value : "false";
        if (word is "true" or "false") return word == "true";
        string hint = word.ToLowerInvariant() switch
        {
            "yes" or "on" or "y" or "true" or "1" => "; write true",
            "no" or "off" or "n" or "false" or "0" => "; write false",
            _ => "",
        };
        Fail($"'{Printable.Text(word)}' is not one of true, false{hint}");
        return false;
    }

    /// <summary>One of the words of a table.</summary>
    public T Choice<T>((string Word, T Value)[] choices)
    {
        if (node is not YamlScalar scalar)
        {
            FailKind(node, "a word");
            return choices[0].Value;
        }
        foreach (var (word, value) in choices)
            if (word == scalar.Value) return value;
        var words = new string[choices.Length];
        for (int i = 0; i < words.Length; i++) words[i] = choices[i].Word;
        Fail($"'{Printable.Text(scalar.Value)}' is not one of {string.Join(", ", words)}{Suggestion.For(scalar.Value, words)}");
        return choices[0].Value;
    }

    public int Integer(int least, int most)
    {
        string word = Word("a number");
        if (node is not YamlScalar) return least;
        if (int.TryParse(word, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int value)
            && value >= least && value <= most) return value;
        Fail($"'{Printable.Text(word)}' is not a whole number from {least} to {most}");
        return least;
    }

    public double Number(double least, double most)
    {
        string word = Word("a number");
        if (node is not YamlScalar) return least;
        if (double.TryParse(word, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double value)
            && value >= least && value <= most) return value;
        Fail($"'{Printable.Text(word)}' is not a number from {least} to {most}");
        return least;
    }

    public TimeSpan Duration(TimeSpan least, bool mayBeEndless = false)
    {
        string word = Word("a duration such as 5s");
        if (node is not YamlScalar) return least;
        if (word is "none" or "infinite")
        {
            if (mayBeEndless) return DurationText.Endless;
            Fail($"'{word}' is not possible here; write a duration such as 5s");
            return least;
        }
        if (!DurationText.TryParse(word, out var value, out string reason)) Fail($"'{Printable.Text(word)}' is not a duration: {reason}");
        else if (value < least) Fail($"'{Printable.Text(word)}' is too short: at least {DurationText.Format(least)}");
        else if (value > DurationText.Longest) Fail($"'{Printable.Text(word)}' is too long: at most {DurationText.Format(DurationText.Longest)}");
        else return value;
        return least;
    }

    public string AbsolutePath()
    {
        string path = Word("an absolute path");
        if (node is YamlScalar) CheckAbsolute(node, path, "the path");
        return path;
    }

    private bool CheckAbsolute(YamlNode at, string path, string what)
    {
        if (path.StartsWith('/')) return true;
        Fail(at, $"{what} '{Printable.Text(path)}' has to be absolute (begin with '/')");
        return false;
    }

    /// <summary>A list of words, or one word alone.</summary>
    private List<YamlScalar> Words(string expected)
    {
        if (node is YamlScalar single) return [single];
        if (node is not YamlList list)
        {
            FailKind(node, expected);
            return [];
        }
        var words = new List<YamlScalar>(list.Items.Count);
        foreach (var item in list.Items)
        {
            if (item is YamlScalar { IsNull: false } word) words.Add(word);
            else FailKind(item, "a word in the list");
        }
        return words;
    }
}
