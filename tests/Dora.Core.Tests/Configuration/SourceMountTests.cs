using System.Text;
using Dora.Core.Configuration;
using Dora.Core.Configuration.Reload;
using Dora.Core.Configuration.Sources;
using Dora.Core.Protocol.Json;
using Xunit;

namespace Dora.Core.Tests.Configuration;

/// <summary>From what keepers have noted and what storage.yaml says to what a reload does.</summary>
public class SourceMountTests
{
    private const string Media = "{name: media, place: 'nfs:10.0.0.5:/srv/media', at: /srv/media", Scratch = "{name: scratch, device: /dev/sdb, file-system: ext4, at: /data/scratch";

    private static IReadOnlyList<RemoteMount> Mounts(params string[] items)
    {
        var file = StorageFile.Read("storage.yaml", Encoding.UTF8.GetBytes($"mounts: [{string.Join(", ", items)}]\n"));
        Assert.Empty(file.Problems);
        return file.Mounts;
    }

    private static SortedDictionary<string, string> Notes(params string[] items)
    {
        var notes = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var mount in Mounts(items)) notes[mount.Name] = mount.Text();
        return notes;
    }

    private static string Said(IReadOnlyList<RemoteMount> mounts, SortedDictionary<string, string> notes)
    {
        var items = SourceMount.Differences(mounts, notes).Select(mount => JsonMapReader.Read<SourceMount>(JsonMapWriter.Write(mount)).ToItem());
        return string.Join("; ", items.Select(item => $"{item.Name} {item.Kind}{string.Concat(item.Changes.Select(change => $" {change.Key}: {change.Before ?? "-"} -> {change.After ?? "-"}"))}"));
    }

    [Fact]
    public void What_is_as_it_was_taken_up_is_left_alone() => Assert.Equal("", Said(Mounts(Media + "}", Scratch + ", options: noatime}"), Notes(Scratch + ", options: noatime}", Media + "}")));

    [Fact]
    public void Mounts_come_and_go() => Assert.Equal("mount@scratch Removed; mount@media Added", Said(Mounts(Media + "}"), Notes(Scratch + "}")));

    [Fact]
    public void What_differs_is_told_key_by_key()
    {
        Assert.Equal("mount@media Changed place: nfs:10.0.0.5:/srv/media -> nfs:10.0.0.6:/srv/media read-only: - -> true",
            Said(Mounts("{name: media, place: 'nfs:10.0.0.6:/srv/media', at: /srv/media, read-only: true}"), Notes(Media + "}")));
        Assert.Equal("mount@scratch Changed options: noatime -> -", Said(Mounts(Scratch + "}"), Notes(Scratch + ", options: noatime}")));
    }

    [Fact]
    public void A_note_that_is_none_is_a_change()
    {
        var notes = new SortedDictionary<string, string> { ["media"] = "" };
        Assert.StartsWith("mount@media Changed place: - -> nfs:", Said(Mounts(Media + "}"), notes));
    }
}
