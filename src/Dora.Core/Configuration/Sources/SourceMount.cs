using Dora.Core.Configuration.Reload;
using Dora.Core.Protocol.Json;

namespace Dora.Core.Configuration.Sources;

/// <summary>A mount of storage.yaml, as it is written there and as its keeper has taken it up.</summary>
/// <param name="Name">Of the mount.</param>
/// <param name="Before">What its keeper goes by (<see cref="RemoteMount.Text"/>); null where there has been none.</param>
/// <param name="After">What the file says; null where it is not in it.</param>
internal sealed record SourceMount(string Name, string? Before, string? After) : IJsonMapped<SourceMount>
{
    private static readonly string[] s_keys = ["place", "device", "at", "file-system", "options", "read-only"];

    /// <summary>For each mount that is taken up a note of this name and the mount's, in this folder.</summary>
    public const string NoteFolder = "/run/dora", NotePrefix = "mount-";

    public static string NotePath(string name) => $"{NoteFolder}/{NotePrefix}{name}";

    /// <summary>The mounts whose settings are not those that were taken up, by name.</summary>
    /// <param name="mounts">What the file says.</param>
    /// <param name="notes">What was taken up: a mount's name and its note.</param>
    public static List<SourceMount> Differences(IReadOnlyList<RemoteMount> mounts, SortedDictionary<string, string> notes)
    {
        var all = new SortedDictionary<string, SourceMount>(StringComparer.Ordinal);
        foreach (var (name, note) in notes) all[name] = new SourceMount(name, note, null);
        foreach (var mount in mounts) all[mount.Name] = new SourceMount(mount.Name, notes.GetValueOrDefault(mount.Name), mount.Text());
        var differences = new List<SourceMount>();
        foreach (var mount in all.Values)
            if (mount.Before != mount.After) differences.Add(mount);
        return differences;
    }

    /// <summary>What a reload has to do about it.</summary>
    public ReloadItem ToItem()
    {
        var changes = new List<KeyChange>();
        if (Before is not null && After is not null)
            foreach (string key in s_keys)
                if (ValueOf(Before, key) is var before && ValueOf(After, key) is var after && before != after) changes.Add(new KeyChange(key, before, after));
        return new ReloadItem("mount@" + Name, Before is null ? ReloadKind.Added : After is null ? ReloadKind.Removed : ReloadKind.Changed) { Changes = changes, NeedsRestart = true };
    }

    private static string? ValueOf(string text, string key)
    {
        foreach (string line in text.Split('\n'))
            if (line.StartsWith(key, StringComparison.Ordinal) && line.AsSpan(key.Length).StartsWith(": ")) return line[(key.Length + 2)..];
        return null;
    }

    public static SourceMount Map(JsonMap json, SourceMount? from) =>
        new(json.RequiredText("name", from?.Name), json.Text("before", from?.Before), json.Text("after", from?.After));
}
