namespace Dora.Core.Configuration;

/// <summary>What the directories of service files hold.</summary>
public sealed class ServiceSet
{
    internal readonly SortedDictionary<string, ServiceSettings> Loaded = new(StringComparer.Ordinal);
    internal readonly SortedDictionary<string, ServiceSettings> Shadowed = new(StringComparer.Ordinal);
    internal readonly SortedDictionary<string, List<Problem>> Found = new(StringComparer.Ordinal);
    internal readonly SortedSet<string> Off = new(StringComparer.Ordinal);
    internal readonly SortedSet<string> NotInUse = new(StringComparer.Ordinal);
    internal readonly List<Problem> General = [];

    internal ServiceSet()
    {
    }

    /// <summary>Services that can be used, by name.</summary>
    public IReadOnlyDictionary<string, ServiceSettings> Services => Loaded;

    /// <summary>
    /// For services whose file has problems: the settings of the directory below, where those are fine. A typing error in
    /// the operator's sshd.yaml need not lock him out; whoever uses these says so.
    /// </summary>
    public IReadOnlyDictionary<string, ServiceSettings> Fallbacks => Shadowed;

    /// <summary>Whether the service runs, or would, by other settings than its file has now: those below it, or those of before a reload.</summary>
    public bool IsFileUnused(string service) => Shadowed.ContainsKey(service) || NotInUse.Contains(service);

    /// <summary>The settings that count for a service: its own or, where its file has problems, those below; null if there are none.</summary>
    internal ServiceSettings? InUse(string service) =>
        Loaded.TryGetValue(service, out var settings) || Shadowed.TryGetValue(service, out settings) ? settings : null;

    /// <summary>Services that are switched off by an empty file or a link to /dev/null.</summary>
    public IReadOnlySet<string> Masked => Off;

    /// <summary>Names of services with problems, whether loaded (warnings, the graph) or not.</summary>
    public IReadOnlyCollection<string> NamesWithProblems => Found.Keys;

    /// <summary>Problems with no service to blame: a directory that cannot be read.</summary>
    public IReadOnlyList<Problem> DirectoryProblems => General;

    /// <summary>The problems of one service; empty if there are none.</summary>
    public IReadOnlyList<Problem> ProblemsOf(string service) => Found.TryGetValue(service, out var problems) ? problems : [];

    internal void AddProblem(string service, Problem problem)
    {
        if (!Found.TryGetValue(service, out var problems)) Found.Add(service, problems = []);
        problems.Add(problem);
    }
}
