using Dora.Core.Configuration.Yaml;

namespace Dora.Core.Configuration.Sources;

/// <summary>All files of one service, in the order of their directories: the later one counts.</summary>
internal sealed class SourceGroup(string service)
{
    private readonly List<SourceFile> _files = [];

    public string Service { get; } = service;
    public IReadOnlyList<SourceFile> Files => _files;

    public void Add(SourceFile file) => _files.Add(file);

    public bool HasSameContentAs(SourceGroup other)
    {
        if (_files.Count != other._files.Count) return false;
        for (int i = 0; i < _files.Count; i++)
            if (!_files[i].HasSameContentAs(other._files[i])) return false;
        return true;
    }

    /// <summary>Drop-ins in the order in which they are laid over the service's file, empty ones included.</summary>
    public IReadOnlyCollection<SourceFile> DropIns()
    {
        var byName = new SortedDictionary<string, SourceFile>(StringComparer.Ordinal);
        foreach (var file in _files)
            if (file.Kind is SourceKind.DropIn) byName[file.Name] = file;
        return byName.Values;
    }

    /// <summary>What the file at <paramref name="path"/> holds; null if it is none of these, or could not be read.</summary>
    public byte[]? ContentOf(string path)
    {
        foreach (var file in _files)
            if (file.Path == path && file.Kind is not SourceKind.Environment) return file.Content;
        return null;
    }

    /// <summary>The tree that these settings were read from, drop-ins and all.</summary>
    public YamlMapping? TreeOf(ServiceSettings settings)
    {
        if (ContentOf(settings.File) is not { } text) return null;
        var dropIns = new List<DropIn>(settings.DropIns.Count);
        foreach (string path in settings.DropIns)
            if (ContentOf(path) is { } content) dropIns.Add(new DropIn(path, content));
        return ServiceFileReader.ReadTree(settings.File, text, dropIns);
    }
}
