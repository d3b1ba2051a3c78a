using Dora.Core.Linux;

namespace Dora.Core.Configuration.Sources;

/// <summary>
/// What the directories of service files held at one moment, as bytes. Reading a directory and making sense of it are
/// two things: a slow medium must not hold the manager's loop, a manager that was killed has to go on with what the last
/// one had read and not with what somebody has half edited since, and a reload compares what is in use with what is there.
/// </summary>
internal sealed class ServiceSources
{
    private const int MostFiles = 1024, MostDropIns = 64;

    /// <summary>The files of each service.</summary>
    public SortedDictionary<string, SourceGroup> Groups { get; } = new(StringComparer.Ordinal);

    /// <summary>Problems with no service to blame: a directory that cannot be read.</summary>
    public List<Problem> General { get; } = [];

    /// <summary>For services whose files were refused by a reload, while those in <see cref="Groups"/> are in use: why.</summary>
    public SortedDictionary<string, List<Problem>> Refused { get; } = new(StringComparer.Ordinal);

    /// <summary>Mounts of storage.yaml that are to be taken up, given up or made anew; none where the file has problems.</summary>
    public List<SourceMount> Mounts { get; } = [];

    /// <summary>What is wrong with storage.yaml.</summary>
    public List<Problem> MountProblems { get; } = [];

    /// <summary>Reads <c>*.yaml</c> and <c>*.yaml.d</c> of the directories; one that does not exist is as good as empty.</summary>
    public static ServiceSources Read(IReadOnlyList<string> directories)
    {
        var sources = new ServiceSources();
        foreach (string directory in directories) sources.ReadDirectory(directory);
        return sources;
    }

    public void Add(SourceFile file)
    {
        if (!Groups.TryGetValue(file.Service, out var group)) Groups.Add(file.Service, group = new SourceGroup(file.Service));
        group.Add(file);
    }

    /// <summary>The files that were found for the service are not those in <see cref="Groups"/>, for these reasons.</summary>
    public void Refuse(string service, IReadOnlyList<Problem> problems)
    {
        if (!Refused.TryGetValue(service, out var all)) Refused.Add(service, all = []);
        all.AddRange(problems);
    }

    /// <summary>
    /// The files of variables that the services name: they are read at each start, and a reload that restarts what has
    /// changed has to know of them. Paths of templates, which each instance completes, are not followed.
    /// </summary>
    public void AddEnvironmentFiles(ServiceSet set)
    {
        foreach (var settings in set.Services.Values)
            foreach (var file in settings.Process.EnvironmentFiles)
                if (settings.ForEach is InstanceSource.None) Add(FingerprintOf(settings.Name, file.Path));
    }

    /// <summary>Compares storage.yaml with what the keepers of its mounts have noted.</summary>
    public void ReadMounts()
    {
        var file = StorageFile.Load();
        MountProblems.AddRange(file.Problems);
        if (file.Problems.Count > 0) return;
        var notes = new Dictionary<string, string>();
        _ = Sys.ListDirectory(SourceMount.NoteFolder, out var names, MostFiles);
        foreach (string name in names)
            if (name.StartsWith(SourceMount.NotePrefix, StringComparison.Ordinal) && Sys.ReadText($"{SourceMount.NoteFolder}/{name}") is { } note)
                notes[name[SourceMount.NotePrefix.Length..]] = note;
        Mounts.AddRange(SourceMount.Differences(file.Mounts, notes));
    }

    /// <summary>The file itself, wherever it lies, as the last one of its service.</summary>
    public void ReadFile(string path)
    {
        var content = SourceReader.Read(path, out string? cause);
        Add(new SourceFile(ServiceFileReader.NameOf(path), SourceKind.Service, path, content, cause));
    }

    private void ReadDirectory(string directory)
    {
        foreach (string name in NamesIn(directory, MostFiles))
        {
            string path = directory.EndsWith('/') ? directory + name : directory + "/" + name;
            if (name.EndsWith(ServiceFileReader.Suffix, StringComparison.Ordinal)) ReadFile(path);
            else if (name.EndsWith(DropIn.FolderSuffix, StringComparison.Ordinal)) ReadDropIns(name[..^DropIn.FolderSuffix.Length], path);
            else if (name.EndsWith(".yml", StringComparison.Ordinal)) NotRead(path);
        }
    }

    private void ReadDropIns(string service, string folder)
    {
        foreach (string name in NamesIn(folder, MostDropIns))
        {
            string path = $"{folder}/{name}";
            if (name.EndsWith(ServiceFileReader.Suffix, StringComparison.Ordinal))
            {
                var content = SourceReader.Read(path, out string? cause);
                Add(new SourceFile(service, SourceKind.DropIn, path, content, cause));
            }
            else NotRead(path);
        }
    }

    private List<string> NamesIn(string folder, int most)
    {
        var errno = Sys.ListDirectory(folder, out var names, most);
        if (errno == Errno.ENOBUFS)
            General.Add(new Problem(folder, Position.WholeFile, $"more than {most} files; the others are not read"));
        else if (errno is not (Errno.None or Errno.ENOENT))
            General.Add(new Problem(folder, Position.WholeFile, $"cannot be read: {errno.Describe()}"));
        var shown = new List<string>();
        foreach (string name in names)
            if (!name.StartsWith('.')) shown.Add(name); // what editors leave while they write
        return shown;
    }

    private void NotRead(string path) => General.Add(new Problem(path, Position.WholeFile, "is not read: its name has to end with .yaml", IsWarning: true));

    private static SourceFile FingerprintOf(string service, string path)
    {
        var errno = Sys.ReadFile(path, out var content, EnvironmentFile.Largest);
        return errno == Errno.None
            ? new SourceFile(service, SourceKind.Environment, path, BitConverter.GetBytes(Fingerprint.Of(content)), null)
            : new SourceFile(service, SourceKind.Environment, path, null, errno.ToString());
    }
}
