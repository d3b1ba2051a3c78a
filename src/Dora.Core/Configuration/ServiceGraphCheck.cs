namespace Dora.Core.Configuration;

/// <summary>
/// What can only be seen in the set as a whole: names of services that are not there, cycles, a second logger.
/// A name may be a service, a template (for <c>wants</c> and <c>after</c>: all its instances), or <c>template@argument</c>.
/// A missing name is an error in <c>needs</c> and a warning elsewhere. A cycle over <c>needs</c> and <c>after</c> together
/// has no order to start in; it is reported to each of its services, beginning with that service.
/// Nothing is taken out of the set: what to do about a service with an error is the manager's decision.
/// </summary>
internal static class ServiceGraphCheck
{
    public static void Check(ServiceSet set)
    {
        foreach (var (name, settings) in set.Loaded)
            foreach (var reference in settings.References)
                CheckReference(set, name, settings, reference);
        CheckLoggers(set);
        foreach (var cycle in FindCycles(set.Loaded)) ReportCycle(set, cycle);
    }

    private static void CheckReference(ServiceSet set, string name, ServiceSettings settings, ServiceReference reference)
    {
        void Add(string message, bool isWarning = false) =>
            set.AddProblem(name, new Problem(settings.File, reference.Position, $"{reference.Key}: {message}", isWarning));

        bool isNeed = reference.Key == "needs";
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
                : $"there is no service '{target}'" + Suggestion.For(target, set.Loaded.Keys), isWarning: !isNeed);
        }
        else if (isInstance && other.ForEach is InstanceSource.None)
            Add($"'{target}' is not a template, so there is no '{reference.Name}'", isWarning: !isNeed);
        else if (!isInstance && isNeed && other.ForEach is not InstanceSource.None)
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
            var settings = set.Loaded[cycle[i]];
            foreach (var reference in settings.References)
            {
                if (reference.Key == "wants" || TemplateOf(reference.Name) != path[1]) continue;
                set.AddProblem(cycle[i], new Problem(settings.File, reference.Position, $"{reference.Key}: a cycle: {string.Join(" -> ", path)}"));
                break;
            }
        }
    }

    /// <summary>
    /// Cycles over needs and after, each as its services in order, without the first repeated. Not every cycle of a tangle
    /// is listed, but as long as there is one, one is. Depth-first with a stack of our own: the depth is up to the operator.
    /// </summary>
    internal static List<List<string>> FindCycles(IReadOnlyDictionary<string, ServiceSettings> services)
    {
        var cycles = new List<List<string>>();
        var done = new HashSet<string>(StringComparer.Ordinal);
        var onPath = new Dictionary<string, int>(StringComparer.Ordinal);
        var path = new List<(string Name, List<string> Next, int Index)>();

        void Enter(string name)
        {
            onPath.Add(name, path.Count);
            path.Add((name, Successors(services, name), 0));
        }

        foreach (string start in services.Keys)
        {
            if (done.Contains(start)) continue;
            Enter(start);
            while (path.Count > 0)
            {
                var (name, next, index) = path[^1];
                if (index == next.Count)
                {
                    path.RemoveAt(path.Count - 1);
                    onPath.Remove(name);
                    done.Add(name);
                    continue;
                }
                path[^1] = (name, next, index + 1);
                if (onPath.TryGetValue(next[index], out int from))
                {
                    var cycle = new List<string>();
                    for (int i = from; i < path.Count; i++) cycle.Add(path[i].Name);
                    cycles.Add(cycle);
                }
                else if (!done.Contains(next[index])) Enter(next[index]);
            }
        }
        return cycles;
    }

    private static List<string> Successors(IReadOnlyDictionary<string, ServiceSettings> services, string name)
    {
        var successors = new List<string>();
        var settings = services[name];
        foreach (string reference in settings.Needs) Add(reference);
        foreach (string reference in settings.After) Add(reference);
        return successors;

        void Add(string reference)
        {
            string target = TemplateOf(reference);
            // Naming oneself has its own message.
            if (target != name && services.ContainsKey(target) && !successors.Contains(target)) successors.Add(target);
        }
    }

    private static string TemplateOf(string reference)
    {
        int at = reference.IndexOf('@');
        return at < 0 ? reference : reference[..at];
    }
}
