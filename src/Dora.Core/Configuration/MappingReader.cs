using Dora.Core.Configuration.Yaml;

namespace Dora.Core.Configuration;

/// <summary>A key that a mapping may have: a row of a table such as <see cref="ServiceKeys.All"/>.</summary>
/// <param name="Name">As it is written.</param>
/// <param name="Form">What may be written behind it, for people.</param>
/// <param name="Default">What holds without it, for people; empty if there is nothing.</param>
/// <param name="Summary">What it is for, in one line.</param>
/// <param name="Apply">Puts the value into the record; problems go to the value.</param>
internal sealed record SettingKey<T>(string Name, string Form, string Default, string Summary, Func<T, SettingValue, T> Apply);

/// <summary>Reads a mapping by its table of keys: unknown keys, repeated keys and keys without a value are problems.</summary>
internal static class MappingReader
{
    /// <param name="mapping">What to read.</param>
    /// <param name="path">Where it stands, to prefix messages: <c>restart.</c>, or nothing at the top.</param>
    /// <param name="keys">The table.</param>
    /// <param name="start">The record with its defaults.</param>
    /// <param name="problems">Where problems go.</param>
    /// <param name="given">Filled with the keys that are there and their positions.</param>
    public static T Read<T>(YamlMapping mapping, string path, IReadOnlyList<SettingKey<T>> keys, T start, ProblemList problems,
        Dictionary<string, Position> given)
    {
        foreach (var (name, node) in mapping.Entries)
        {
            if (problems.IsFull) break; // a suggestion for each of 30,000 unknown keys would take half a second
            var key = Find(keys, name.Value);
            if (key is null)
            {
                problems.Add(name.Position, $"unknown key '{path}{Printable.Text(name.Value)}'" + Suggest(name.Value, keys));
                continue;
            }
            if (given.TryGetValue(key.Name, out var first))
            {
                problems.Add(name.Position, $"{path}{key.Name}: is there twice; first in line {first.Line}");
                continue;
            }
            given.Add(key.Name, name.Position);
            if (node is YamlScalar { IsNull: true })
                problems.Add(name.Position, $"{path}{key.Name}: has no value; leave the key out or give it one ({key.Form})");
            else
                start = key.Apply(start, new SettingValue(node, path + key.Name, problems));
        }
        return start;
    }

    private static SettingKey<T>? Find<T>(IReadOnlyList<SettingKey<T>> keys, string name)
    {
        foreach (var key in keys)
            if (key.Name == name) return key;
        return null;
    }

    private static string Suggest<T>(string written, IReadOnlyList<SettingKey<T>> keys)
    {
        var names = new string[keys.Count];
        for (int i = 0; i < names.Length; i++) names[i] = keys[i].Name;
        return Suggestion.For(written, names);
    }
}
