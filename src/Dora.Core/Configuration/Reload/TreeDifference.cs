using System.Text;
using Dora.Core.Configuration.Yaml;

namespace Dora.Core.Configuration.Reload;

/// <summary>
/// What differs between two trees, key by key: a mapping is looked into, a list or a word is compared as a whole. How it
/// was written (comments, order of keys, quotes, one line or several) makes no difference.
/// </summary>
internal static class TreeDifference
{
    /// <summary>In the order of the keys.</summary>
    public static List<KeyChange> Between(YamlMapping? before, YamlMapping? after)
    {
        var old = Flatten(before);
        var fresh = Flatten(after);
        var keys = new SortedSet<string>(old.Keys, StringComparer.Ordinal);
        keys.UnionWith(fresh.Keys);
        var changes = new List<KeyChange>();
        foreach (string key in keys)
        {
            string? from = old.GetValueOrDefault(key), to = fresh.GetValueOrDefault(key);
            if (from != to) changes.Add(new KeyChange(key, from, to));
        }
        return changes;
    }

    private static Dictionary<string, string> Flatten(YamlMapping? root)
    {
        var flat = new Dictionary<string, string>(StringComparer.Ordinal);
        if (root is not null) Flatten(root, "", flat);
        return flat;
    }

    private static void Flatten(YamlMapping mapping, string path, Dictionary<string, string> flat)
    {
        foreach (var (name, node) in mapping.Entries)
        {
            string key = path + name.Value;
            if (node is YamlMapping { Entries.Count: > 0 } inner) Flatten(inner, key + ".", flat);
            else flat[key] = Text(node);
        }
    }

    internal static string Text(YamlNode node)
    {
        var text = new StringBuilder();
        Write(node, text, isInside: false);
        return text.ToString();
    }

    private static void Write(YamlNode node, StringBuilder text, bool isInside)
    {
        switch (node)
        {
            case YamlList list:
                text.Append('[');
                for (int i = 0; i < list.Items.Count; i++)
                {
                    if (i > 0) text.Append(", ");
                    Write(list.Items[i], text, isInside: true);
                }
                text.Append(']');
                break;
            case YamlMapping mapping:
                text.Append('{');
                for (int i = 0; i < mapping.Entries.Count; i++)
                {
                    if (i > 0) text.Append(", ");
                    Write(mapping.Entries[i].Key, text, isInside: true);
                    text.Append(": ");
                    Write(mapping.Entries[i].Value, text, isInside: true);
                }
                text.Append('}');
                break;
            case YamlScalar word:
                text.Append(isInside && NeedsQuotes(word.Value) ? $"'{word.Value.Replace("'", "''")}'" : word.Value);
                break;
            default:
                throw new System.Diagnostics.UnreachableException();
        }
    }

    // Else ['a, b'] and [a, b] would look the same, and be taken for the same.
    private static bool NeedsQuotes(string word)
    {
        foreach (char c in word)
            if (c is ',' or '[' or ']' or '{' or '}' or ':' or '\'' or '"') return true;
        return word.Length == 0 || word[0] == ' ' || word[^1] == ' ';
    }
}
