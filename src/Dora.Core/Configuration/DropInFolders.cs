using Dora.Core.Linux;

namespace Dora.Core.Configuration;

/// <summary>
/// The drop-ins of services: files of NAME.yaml.d beside, or instead of, NAME.yaml, merged over it in the order of their
/// names. One of a later directory takes the place of the one of the same name in an earlier directory; an empty one, or
/// a link to /dev/null, takes it away. A bad drop-in makes its service unusable, and the file without drop-ins is what
/// <see cref="ServiceSet.Fallbacks"/> has.
/// </summary>
internal sealed class DropInFolders
{
    public const string Suffix = ServiceFileReader.Suffix + ".d";

    private const int MostFiles = 64;

    private readonly SortedDictionary<string, SortedDictionary<string, string>> _paths = new(StringComparer.Ordinal);

    public void Add(string service, string folder, ServiceSet set)
    {
        var errno = Sys.ListDirectory(folder, out var names, MostFiles);
        if (errno == Errno.ENOBUFS)
            set.General.Add(new Problem(folder, Position.WholeFile, $"more than {MostFiles} files; the others are not read"));
        else if (errno != Errno.None)
            set.General.Add(new Problem(folder, Position.WholeFile, $"cannot be read: {errno.Describe()}"));
        foreach (string name in names)
        {
            if (name.StartsWith('.')) continue;
            string path = $"{folder}/{name}";
            if (!name.EndsWith(ServiceFileReader.Suffix, StringComparison.Ordinal))
            {
                set.General.Add(new Problem(path, Position.WholeFile, "is not read: its name has to end with .yaml", IsWarning: true));
                continue;
            }
            if (!_paths.TryGetValue(service, out var files)) _paths.Add(service, files = new(StringComparer.Ordinal));
            files[name] = path;
        }
    }

    public void Apply(ServiceSet set)
    {
        foreach (var (service, files) in _paths) Apply(set, service, files);
    }

    private static void Apply(ServiceSet set, string service, SortedDictionary<string, string> files)
    {
        if (!set.Loaded.TryGetValue(service, out var below))
        {
            if (!set.Found.ContainsKey(service) && !set.Off.Contains(service))
                foreach (string path in files.Values)
                    set.AddProblem(service, new Problem(path, Position.WholeFile, $"there is no {service}{ServiceFileReader.Suffix} that it could be laid over"));
            return;
        }
        var problems = new List<Problem>();
        var dropIns = new List<DropIn>();
        foreach (string path in files.Values)
        {
            if (ServiceDirectory.Read(path, out string? cause) is not { } content) problems.Add(new Problem(path, Position.WholeFile, cause!));
            else if (content.Length > 0) dropIns.Add(new DropIn(path, content));
        }
        if (dropIns.Count > 0)
        {
            // It was read a moment ago; gone or changed since is as good as changed a moment later.
            if (ServiceDirectory.Read(below.File, out string? cause) is not { } text) problems.Add(new Problem(below.File, Position.WholeFile, cause!));
            else
            {
                var file = ServiceFileReader.Read(below.File, text, dropIns);
                problems.AddRange(file.Problems);
                if (problems.Count == 0)
                {
                    set.Loaded[service] = file.Settings!;
                    return;
                }
            }
        }
        if (problems.Count == 0) return;
        foreach (var problem in problems) set.AddProblem(service, problem);
        set.Loaded.Remove(service);
        set.Shadowed[service] = below;
    }
}
