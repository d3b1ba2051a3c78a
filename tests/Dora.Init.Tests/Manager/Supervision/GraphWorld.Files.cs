using System.Text;
using Dora.Core.Configuration;
using Dora.Core.Configuration.Reload;
using Dora.Core.Configuration.Sources;
using Dora.Init.Manager.Supervision;

namespace Dora.Init.Tests.Manager.Supervision;

// Its service files, which a test changes and has read anew.
internal sealed partial class GraphWorld
{
    private readonly SortedDictionary<string, string> _texts = new(StringComparer.Ordinal);
    private ServiceSources? _inUse;
    private ServiceSet? _set;

    /// <summary>Changes what lies in the directory; nobody looks before <see cref="Reload"/>.</summary>
    public GraphWorld Write(string name, string text)
    {
        _inUse ??= new ServiceSources();
        _texts[name] = Complete(name, text);
        // What is added before the first reload is what the boot has read.
        if (_set is null) _inUse = SourcesNow();
        return this;
    }

    public GraphWorld Delete(string name)
    {
        _set ??= ServiceDirectory.Load(_inUse!);
        _texts.Remove(name);
        return this;
    }

    /// <summary>From here on what is written is a change.</summary>
    public GraphWorld Booted()
    {
        Boot();
        _set = ServiceDirectory.Load(_inUse!);
        Story.Clear();
        Messages.Clear();
        return this;
    }

    /// <summary>Takes up what lies in the directory; what is done as a line for each service: <c>web restart: environment.PORT</c>.</summary>
    public string Reload()
    {
        var plan = ReloadPlan.Make(_inUse!, _set!, SourcesNow(), Supervisor.WhyHeld);
        var steps = plan.Items.Select(Supervisor.StepOf).ToList();
        (_inUse, _set) = (plan.Sources, plan.Set);
        Supervisor.Reload(steps);
        Settle();
        return string.Join("\n", steps.Select(Describe));
    }

    /// <summary>Which file counts for a service, and whether it is the one that lies there.</summary>
    public bool IsFileUnused(string name) => _set!.IsFileUnused(name);

    private static string Describe(ReloadStep step)
    {
        string why = step.Item.Why ?? (step.Item.Problems.Count > 0 ? step.Item.Problems[0].ToString() : string.Join(", ", step.Item.Changes.Select(change => change.Key)));
        return $"{step.Item.Name} {step.Action}{(why.Length > 0 ? ": " + why : "")}";
    }

    private ServiceSources SourcesNow()
    {
        var sources = new ServiceSources();
        foreach (var (name, text) in _texts) sources.Add(new SourceFile(name, SourceKind.Service, PathOf(name), Encoding.UTF8.GetBytes(text), null));
        return sources;
    }

    private static string PathOf(string name) => $"/etc/dora/services/{name}.yaml";

    private static string Complete(string name, string text) =>
        $"\n{text}".Contains("\ncommand:") || text.Contains("type: group") || text.Contains("type: 'group'") ? text : $"command: /bin/{name}\n{text}";
}
