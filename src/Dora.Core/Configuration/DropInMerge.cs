using Dora.Core.Configuration.Yaml;

namespace Dora.Core.Configuration;

/// <summary>
/// Lays a drop-in over a service file, as trees: in mappings key by key, at every depth; a list or a word takes the place
/// of what was there. Each node keeps its position and the file it is from, so that a message about the result points
/// to the line that somebody wrote.
/// </summary>
internal static class DropInMerge
{
    /// <summary>The mapping with <paramref name="over"/>, the <paramref name="source"/>-th drop-in (from 1), laid over it.</summary>
    public static YamlMapping Apply(YamlMapping below, YamlMapping over, int source) => Merge(below, (YamlMapping)Stamp(over, source));

    private static YamlMapping Merge(YamlMapping below, YamlMapping over)
    {
        var entries = new List<KeyValuePair<YamlScalar, YamlNode>>(below.Entries);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var entry in over.Entries)
        {
            int index = IndexOf(entries, entry.Key.Value);
            // What is there twice in one file stays there twice, for the reader to complain about.
            if (index < 0 || !seen.Add(entry.Key.Value)) entries.Add(entry);
            else if (entries[index].Value is YamlMapping old && entry.Value is YamlMapping fresh) entries[index] = new(entry.Key, Merge(old, fresh));
            else entries[index] = entry;
            seen.Add(entry.Key.Value);
        }
        return new YamlMapping(over.Position, entries);
    }

    private static int IndexOf(List<KeyValuePair<YamlScalar, YamlNode>> entries, string key)
    {
        for (int i = 0; i < entries.Count; i++)
            if (entries[i].Key.Value == key) return i;
        return -1;
    }

    // The reader has bounded the depth.
    private static YamlNode Stamp(YamlNode node, int source)
    {
        var position = node.Position with { Source = source };
        switch (node)
        {
            case YamlList list:
                var items = new YamlNode[list.Items.Count];
                for (int i = 0; i < items.Length; i++) items[i] = Stamp(list.Items[i], source);
                return new YamlList(position, items);
            case YamlMapping mapping:
                var entries = new KeyValuePair<YamlScalar, YamlNode>[mapping.Entries.Count];
                for (int i = 0; i < entries.Length; i++)
                    entries[i] = new((YamlScalar)Stamp(mapping.Entries[i].Key, source), Stamp(mapping.Entries[i].Value, source));
                return new YamlMapping(position, entries);
            case YamlScalar word:
                return new YamlScalar(position, word.Value, word.IsPlain);
            default:
                throw new System.Diagnostics.UnreachableException();
        }
    }
}
