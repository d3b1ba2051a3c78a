using Dora.Core.Configuration.Reload;
using Dora.Core.Protocol.Json;

namespace Dora.Core.Configuration.Sources;

/// <summary>A mount of storage.yaml, as it is written there and as its keeper has taken it up.</summary>
internal sealed class SourceMount : IJsonMapped<SourceMount>
{
    private static readonly string[] s_keys = ["place", "device", "at", "file-system", "options", "read-only"];

    /// <summary>For each mount that is taken up a note of this name and the mount's, in this folder.</summary>
    public const string NoteFolder = "/run/dora", NotePrefix = "mount-";

    /// <summary>Of the mount.</summary>
    public required string Name { get; init; }

    /// <summary>What its keeper goes by (<see cref="RemoteMount.Text"/>); null where there has been none.</summary>
    public string? Before { get; init; }

    /// <summary>What the file says; null where it is not in it.</summary>
    public string? After { get; init; }

    public static string NotePath(string name) => $"{NoteFolder}/{NotePrefix}{name}";

    /// <summary>The mounts whose settings are not those that were taken up: what has gone first, as it may lie in the way.</summary>
    /// <param name="mounts">What the file says.</param>
    /// <param name="notes">What was taken up: a mount's name and its note.</param>
    public static List<SourceMount> Differences(IReadOnlyList<RemoteMount> mounts, IReadOnlyDictionary<string, string> notes)
    {
        var differences = new List<SourceMount>();
        foreach (var (name, note) in notes)
        {
            bool isThere = false;
            foreach (var mount in mounts) isThere |= mount.Name == name;
            if (!isThere) differences.Add(new SourceMount { Name = name, Before = note });
        }
        foreach (var mount in mounts)
            if (notes.GetValueOrDefault(mount.Name) is var note && note != mount.Text()) differences.Add(new SourceMount { Name = mount.Name, Before = note, After = mount.Text() });
        return differences;
    }

    /// <summary>What a reload has to do about it.</summary>
    public ReloadItem ToItem()
    {
        var changes = new List<KeyChange>();
        if (Before is not null && After is not null)
            foreach (string key in s_keys)
                if (ValueOf(Before, key) is var old && ValueOf(After, key) is var fresh && old != fresh) changes.Add(new KeyChange(key, old, fresh));
        return new ReloadItem("mount@" + Name, Before is null ? ReloadKind.Added : After is null ? ReloadKind.Removed : ReloadKind.Changed) { Changes = changes, NeedsRestart = true };
    }

    private static string? ValueOf(string text, string key)
    {
        foreach (string line in text.Split('\n'))
            if (line.StartsWith(key, StringComparison.Ordinal) && line.AsSpan(key.Length).StartsWith(": ")) return line[(key.Length + 2)..];
        return null;
    }

    public static SourceMount Map(JsonMap json, SourceMount? from) =>
        new() { Name = json.RequiredText("name", from?.Name), Before = json.Text("before", from?.Before), After = json.Text("after", from?.After) };
}
