namespace Dora.Core.Configuration;

/// <summary>
/// What can only be seen in the set as a whole: names of services that are not there, cycles, chains that are too long,
/// a second logger. A name may be a service, a template (where only order or good will is meant: all its instances), or
/// <c>template@argument</c>. A missing name is an error where the service cannot do without it and a warning elsewhere.
///
/// What has to go first is what <c>needs</c>, <c>milestone</c> and <c>after</c> name, and whoever names the service in
/// <c>before</c>. A cycle over all these together has no order to start in; it is reported to each of its services,
/// beginning with that service. Nothing is taken out of the set: what to do about a service with an error is the
/// manager's decision.
/// </summary>
internal static class ServiceGraphCheck
{
    /// <summary>The longest chain of services that wait for each other.</summary>
    public const int MostDepth = 1000;

    public static void Check(ServiceSet set)
    {
        foreach (var (name, settings) in set.Loaded)
            foreach (var reference in settings.References)
                CheckReference(set, name, settings, reference);
        CheckLoggers(set);
        var walk = new GraphWalk(set.Loaded);
        foreach (var cycle in walk.Cycles) ReportCycle(set, cycle);
        if (walk.Cycles.Count == 0)
            foreach (var (name, next) in walk.TooDeep) ReportDepth(set, name, next);
    }

    private static void CheckReference(ServiceSet set, string name, ServiceSettings settings, ServiceReference reference)
    {
        void Add(string message, bool isWarning = false) =>
            set.AddProblem(name, new Problem(settings.FileAt(reference.Position), reference.Position, $"{reference.Key}: {message}", isWarning));

        bool isSoft = reference.Key is "wants" or "after" or "before";
        if (TemplateOf(reference.Name) == name)
        {
            Add("the service names itself");
            return;
        }
        bool isInstance = reference.Name.Contains('@');
        string target = TemplateOf(reference.Name);
        if (!set.Loaded.TryGetValue(target, out var other))
        {
            Add(set.Found.TryGetValue(target, out var problems) ? $"'{target}' has problems of its own: {problems[0]}"
                : set.Off.Contains(target) ? $"'{target}' is masked"
                : $"there is no service '{target}'" + Suggestion.For(target, set.Loaded.Keys), isSoft);
        }
        else if (isInstance && other.ForEach is InstanceSource.None)
            Add($"'{target}' is not a template, so there is no '{reference.Name}'", isSoft);
        else if (reference.Key == "slice" && (other.Type is not ServiceType.Group || other.ForEach is not InstanceSource.None))
            Add($"'{target}' is not a group; write 'type: group' in its file, and the limits of all in its 'cgroup'");
        else if (!isInstance && !isSoft && other.ForEach is not InstanceSource.None)
            Add($"'{target}' is a template; name one instance: {target}@ARGUMENT");
    }

    private static void CheckLoggers(ServiceSet set)
    {
        string? first = null;
        foreach (var (name, settings) in set.Loaded)
        {
            if (!settings.Logger) continue;
            if (first is not null)
                set.AddProblem(name, new Problem(settings.File, Position.WholeFile, $"logger: '{first}' is the logger already; there can be one"));
            first ??= name;
        }
    }

    private static void ReportCycle(ServiceSet set, List<string> cycle)
    {
        for (int i = 0; i < cycle.Count; i++)
        {
            var path = new List<string>(cycle.Count + 1);
            for (int step = 0; step <= cycle.Count; step++) path.Add(cycle[(i + step) % cycle.Count]);
            AddAtEdge(set, cycle[i], path[1], $"a cycle: {string.Join(" -> ", path)}");
        }
    }

    private static void ReportDepth(ServiceSet set, string name, string next) =>
        AddAtEdge(set, name, next, $"the chain of services that begins with '{name}' is longer than {MostDepth}");

    /// <summary>A problem of a service, at the word that makes it wait for another: in its own file, or in the other's <c>before</c>.</summary>
    private static void AddAtEdge(ServiceSet set, string name, string next, string message)
    {
        var (settings, other) = (set.Loaded[name], set.Loaded[next]);
        foreach (var reference in settings.References)
        {
            if (reference.Key is not ("needs" or "milestone" or "after") || TemplateOf(reference.Name) != next) continue;
            set.AddProblem(name, new Problem(settings.FileAt(reference.Position), reference.Position, $"{reference.Key}: {message}"));
            return;
        }
        foreach (var reference in other.References)
        {
            if (reference.Key != "before" || TemplateOf(reference.Name) != name) continue;
            set.AddProblem(name, new Problem(other.FileAt(reference.Position), reference.Position, $"before: {message}"));
            return;
        }
    }

    /// <summary>Cycles, each as its services in order, without the first repeated.</summary>
    internal static List<List<string>> FindCycles(IReadOnlyDictionary<string, ServiceSettings> services) => new GraphWalk(services).Cycles;

    internal static string TemplateOf(string reference)
    {
        int at = reference.IndexOf('@');
        return at < 0 ? reference : reference[..at];
    }
}
