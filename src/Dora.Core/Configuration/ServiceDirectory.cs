using Dora.Core.Configuration.Sources;

namespace Dora.Core.Configuration;

/// <summary>
/// Loads every service file of some directories. A file of a later directory takes the place of the file of the same name
/// in an earlier one, wholly; what is to be merged lies in NAME.yaml.d, whose files are laid over it in the order of their
/// names; there too, one of a later directory takes the place of the one of the same name in an earlier directory. An empty
/// file, or a link to /dev/null, masks: the service, or the drop-in, is not there. Whatever else is found under a name (a
/// directory, a dangling link, a FIFO) is one problem of that service and of no other.
/// </summary>
public static class ServiceDirectory
{
    /// <summary>Reads <c>*.yaml</c> of the directories; one that does not exist is as good as empty.</summary>
    public static ServiceSet Load(IReadOnlyList<string> directories) => Load(ServiceSources.Read(directories));

    /// <summary>As <see cref="Load(IReadOnlyList{string})"/>, with one more file, which may lie anywhere, in the place of one of its name.</summary>
    internal static ServiceSet LoadWith(IReadOnlyList<string> directories, string file)
    {
        var sources = ServiceSources.Read(directories);
        sources.ReadFile(file);
        return Load(sources);
    }

    /// <summary>Makes sense of what was read.</summary>
    /// <param name="sources">All of it.</param>
    /// <param name="reuse">Settings of this set are taken over for services for which <paramref name="isSame"/>.</param>
    /// <param name="isSame">Whether the files of a service are those that its settings in <paramref name="reuse"/> were read from.</param>
    internal static ServiceSet Load(ServiceSources sources, ServiceSet? reuse = null, Predicate<SourceGroup>? isSame = null)
    {
        var set = new ServiceSet();
        set.General.AddRange(sources.General);
        foreach (var group in sources.Groups.Values)
        {
            if (reuse is not null && reuse.Loaded.TryGetValue(group.Service, out var known) && isSame!(group)) set.Loaded.Add(group.Service, known);
            else LoadGroup(group, set);
        }
        ServiceGraphCheck.Check(set);
        foreach (var (service, problems) in sources.Refused)
        {
            foreach (var problem in problems) set.AddProblem(service, problem);
            set.NotInUse.Add(service);
        }
        return set;
    }

    private static void LoadGroup(SourceGroup group, ServiceSet set)
    {
        foreach (var file in group.Files)
            if (file.Kind is SourceKind.Service) LoadFile(file, set);
        LayDropIns(group, set);
    }

    private static void LoadFile(SourceFile source, ServiceSet set)
    {
        string service = source.Service;
        set.Off.Remove(service);
        set.Found.Remove(service);
        set.Shadowed.Remove(service);
        set.Loaded.Remove(service, out var below);

        if (source.Content is { Length: 0 })
        {
            set.Off.Add(service);
            return;
        }
        var file = source.Content is { } content
            ? ServiceFileReader.Read(source.Path, content)
            : new ServiceFile(service, null, [new Problem(source.Path, Position.WholeFile, source.Cause!)]);
        if (file.Settings is not null)
        {
            set.Loaded.Add(service, file.Settings);
            return;
        }
        foreach (var problem in file.Problems) set.AddProblem(service, problem);
        if (below is not null) set.Shadowed.Add(service, below);
    }

    /// <summary>A bad drop-in makes its service unusable, and the file without drop-ins is what <see cref="ServiceSet.Fallbacks"/> has.</summary>
    private static void LayDropIns(SourceGroup group, ServiceSet set)
    {
        string service = group.Service;
        var files = group.DropIns();
        if (files.Count == 0) return;
        if (!set.Loaded.TryGetValue(service, out var below))
        {
            if (!set.Found.ContainsKey(service) && !set.Off.Contains(service))
                foreach (var file in files)
                    set.AddProblem(service, new Problem(file.Path, Position.WholeFile, $"there is no {service}{ServiceFileReader.Suffix} that it could be laid over"));
            return;
        }
        var problems = new List<Problem>();
        var dropIns = new List<DropIn>();
        foreach (var file in files)
        {
            if (file.Content is not { } content) problems.Add(new Problem(file.Path, Position.WholeFile, file.Cause!));
            else if (content.Length > 0) dropIns.Add(new DropIn(file.Path, content));
        }
        if (dropIns.Count > 0)
        {
            var merged = ServiceFileReader.Read(below.File, group.ContentOf(below.File)!, dropIns);
            problems.AddRange(merged.Problems);
            if (problems.Count == 0)
            {
                set.Loaded[service] = merged.Settings!;
                return;
            }
        }
        if (problems.Count == 0) return;
        foreach (var problem in problems) set.AddProblem(service, problem);
        set.Loaded.Remove(service);
        set.Shadowed[service] = below;
    }
}
