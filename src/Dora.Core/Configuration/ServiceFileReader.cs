using System.Text;
using Dora.Core.Configuration.Yaml;

namespace Dora.Core.Configuration;

/// <summary>
/// Reads one service file. Strict, because a typing error that is skipped in silence shows up months later as a service
/// that does not restart: whatever is not understood is a problem with its place, and all problems are reported, not
/// only the first. Three steps, each only if the one before found nothing that makes its findings meaningless:
/// text to tree (<see cref="YamlReader"/>), tree to settings (<see cref="ServiceKeys"/>), settings against each other
/// (<see cref="ServiceContradictions"/>). Nothing throws on foreign input.
/// </summary>
public static class ServiceFileReader
{
    /// <summary>What the name of a service file ends with.</summary>
    public const string Suffix = ".yaml";

    /// <summary>Reads <paramref name="text"/>, the content of the file at <paramref name="path"/>; the name of the service is the file's.</summary>
    public static ServiceFile Read(string path, string text) => Read(path, Encoding.UTF8.GetBytes(text));

    /// <summary>Reads <paramref name="text"/>, the content of the file at <paramref name="path"/>; the name of the service is the file's.</summary>
    public static ServiceFile Read(string path, ReadOnlySpan<byte> text) => Read(path, text, []);

    /// <summary>Reads the content of the file at <paramref name="path"/> with <paramref name="dropIns"/> laid over it in their order.</summary>
    public static ServiceFile Read(string path, ReadOnlySpan<byte> text, IReadOnlyList<DropIn> dropIns)
    {
        var paths = PathsOf(dropIns);
        var problems = new ProblemList(path, paths);
        string name = NameOf(path);
        var found = new List<Problem>();
        var root = ReadMerged(text, dropIns, problems, found);
        ServiceSettings? settings = null;
        if (root is not null && found.Count == 0) settings = ReadSettings(root, name, path, problems) with { DropIns = paths };
        if (!ServiceName.IsValid(name, out string reason))
            problems.Add(Position.WholeFile, $"'{Printable.Text(name)}' is not the name of a service: {reason}");
        return new ServiceFile(name, problems.HasErrors ? null : settings, found.Count == 0 ? problems.InOrder() : [.. problems.InOrder(), .. found]);
    }

    /// <summary>The tree of a file with its drop-ins laid over it; null if one of them is no mapping.</summary>
    internal static YamlMapping? ReadTree(string path, ReadOnlySpan<byte> text, IReadOnlyList<DropIn> dropIns) =>
        ReadMerged(text, dropIns, new ProblemList(path, PathsOf(dropIns)), []);

    private static YamlMapping? ReadMerged(ReadOnlySpan<byte> text, IReadOnlyList<DropIn> dropIns, ProblemList problems, List<Problem> found)
    {
        var root = ReadMapping(text, problems);
        for (int i = 0; i < dropIns.Count; i++)
        {
            var own = new ProblemList(dropIns[i].Path);
            var over = ReadMapping(dropIns[i].Content, own);
            found.AddRange(own.InOrder());
            if (root is not null && over is not null) root = DropInMerge.Apply(root, over, i + 1);
        }
        return root;
    }

    private static string[] PathsOf(IReadOnlyList<DropIn> dropIns)
    {
        var paths = new string[dropIns.Count];
        for (int i = 0; i < paths.Length; i++) paths[i] = dropIns[i].Path;
        return paths;
    }

    private static YamlMapping? ReadMapping(ReadOnlySpan<byte> text, ProblemList problems)
    {
        var root = YamlReader.Read(text, problems);
        if (root is not null and not YamlMapping)
            problems.Add(root.Position, $"expected keys such as 'command: [/usr/bin/web]', found {root.Kind}");
        return root as YamlMapping;
    }

    /// <summary>The name of the service that the file at <paramref name="path"/> is for.</summary>
    internal static string NameOf(string path)
    {
        string name = path[(path.LastIndexOf('/') + 1)..];
        return name.EndsWith(Suffix, StringComparison.Ordinal) ? name[..^Suffix.Length] : name;
    }

    private static ServiceSettings ReadSettings(YamlMapping mapping, string name, string path, ProblemList problems)
    {
        var draft = new ServiceDraft(new ServiceSettings { Name = name, File = path, Command = [] }, []);
        var given = new Dictionary<string, Position>();
        draft = MappingReader.Read(mapping, "", ServiceKeys.All, draft, problems, given);
        if (!given.ContainsKey("command") && draft.Settings.Type is not ServiceType.Group)
            problems.Add(mapping.Position, "command: is missing; name the program, such as command: [/usr/bin/web, --port, '80']");
        ServiceContradictions.Check(draft.Settings, given, problems);
        return OfJob(draft.Settings, given) with { References = draft.References };
    }

    /// <summary>
    /// What is run at times is not started at boot, and unless its file says so it may take as long as it likes and is not
    /// tried again: the next time comes by itself.
    /// </summary>
    private static ServiceSettings OfJob(ServiceSettings settings, Dictionary<string, Position> given)
    {
        if (settings.Schedule is null) return settings;
        if (!given.ContainsKey("start-timeout")) settings = settings with { StartTimeout = DurationText.Endless };
        if (!given.ContainsKey("restart")) settings = settings with { Restart = new RestartPolicy { When = RestartCondition.Never } };
        return settings with { Start = StartCondition.Demand };
    }
}
