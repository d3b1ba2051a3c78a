namespace Dora.Core.Configuration;

/// <summary>
/// A walk over "has to go first": finds cycles and the length of chains. Not every cycle of a tangle is listed, but as
/// long as there is one, one is. Depth-first with a stack of our own: the depth is up to the operator.
/// </summary>
internal sealed class GraphWalk
{
    private readonly IReadOnlyDictionary<string, ServiceSettings> _services;
    private readonly Dictionary<string, List<string>> _before = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _depths = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _onPath = new(StringComparer.Ordinal);
    private readonly List<Step> _path = [];

    private struct Step(string name, List<string> next)
    {
        public readonly string Name = name;
        public readonly List<string> Next = next;
        public int Index;
        public int Depth = 1;
    }

    public GraphWalk(IReadOnlyDictionary<string, ServiceSettings> services)
    {
        _services = services;
        foreach (var (name, settings) in services)
            foreach (string later in settings.Before)
            {
                string target = ServiceGraphCheck.TemplateOf(later);
                if (!_before.TryGetValue(target, out var earlier)) _before.Add(target, earlier = []);
                earlier.Add(name);
            }
        foreach (string start in services.Keys)
            if (!_depths.ContainsKey(start)) Walk(start);
    }

    public List<List<string>> Cycles { get; } = [];

    /// <summary>Services with which a chain becomes too long, and the next one in it. Without meaning if there are cycles.</summary>
    public List<(string Name, string Next)> TooDeep { get; } = [];

    private void Walk(string start)
    {
        Enter(start);
        while (_path.Count > 0)
        {
            var step = _path[^1];
            if (step.Index == step.Next.Count)
            {
                Leave(step);
                continue;
            }
            string next = step.Next[step.Index];
            if (_onPath.TryGetValue(next, out int from))
            {
                var cycle = new List<string>();
                for (int i = from; i < _path.Count; i++) cycle.Add(_path[i].Name);
                Cycles.Add(cycle);
            }
            else if (!_depths.TryGetValue(next, out int depth))
            {
                Enter(next); // and come back to it when its depth is known
                continue;
            }
            else
            {
                if (depth == ServiceGraphCheck.MostDepth && step.Depth <= depth) TooDeep.Add((step.Name, next));
                step.Depth = Math.Max(step.Depth, depth + 1);
            }
            step.Index++;
            _path[^1] = step;
        }
    }

    private void Enter(string name)
    {
        _onPath.Add(name, _path.Count);
        _path.Add(new Step(name, Successors(name)));
    }

    private void Leave(Step step)
    {
        _path.RemoveAt(_path.Count - 1);
        _onPath.Remove(step.Name);
        _depths.Add(step.Name, step.Depth);
    }

    private List<string> Successors(string name)
    {
        var successors = new List<string>();
        var settings = _services[name];
        foreach (string reference in settings.Needs) Add(reference);
        foreach (string reference in settings.Milestone) Add(reference);
        foreach (string reference in settings.After) Add(reference);
        if (_before.TryGetValue(name, out var earlier))
            foreach (string other in earlier) Add(other);
        return successors;

        void Add(string reference)
        {
            string target = ServiceGraphCheck.TemplateOf(reference);
            // Naming oneself has its own message.
            if (target != name && _services.ContainsKey(target) && !successors.Contains(target)) successors.Add(target);
        }
    }
}
