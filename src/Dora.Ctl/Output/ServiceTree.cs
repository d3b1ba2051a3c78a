using Dora.Core.Protocol;
using Spectre.Console;

namespace Dora.Ctl.Output;

/// <summary>
/// What needs what: below each service what it needs, and in parentheses what it only wants. Without a name, those stand at
/// the top that nobody needs. A service that comes again is not opened again.
/// </summary>
internal static class ServiceTree
{
    public static void Write(Screen screen, IReadOnlyList<ServiceSummary> services, string? name, TimeSpan now)
    {
        var known = new Dictionary<string, ServiceSummary>(StringComparer.Ordinal);
        foreach (var service in services) known[service.Name] = service;
        foreach (var top in name is not null ? [known[name]] : Tops(services))
        {
            var tree = new Tree(Label(screen, top, isWanted: false, now)) { Guide = screen.IsUnicode ? TreeGuide.Line : TreeGuide.Ascii };
            Grow(screen, tree, top, known, [top.Name], now);
            Layout.Write(screen, tree);
        }
    }

    private static List<ServiceSummary> Tops(IReadOnlyList<ServiceSummary> services)
    {
        var needed = new HashSet<string>(StringComparer.Ordinal);
        foreach (var service in services)
        {
            needed.UnionWith(service.Needs);
            needed.UnionWith(service.Wants ?? []);
        }
        var tops = new List<ServiceSummary>();
        foreach (var service in services)
            if (!needed.Contains(service.Name)) tops.Add(service);
        // A circle has no top: then those are shown that are in one, rather than nothing.
        var reached = new HashSet<string>(StringComparer.Ordinal);
        var known = new Dictionary<string, ServiceSummary>(StringComparer.Ordinal);
        foreach (var service in services) known[service.Name] = service;
        foreach (var top in tops) Reach(top, known, reached);
        foreach (var service in services)
        {
            if (reached.Contains(service.Name)) continue;
            tops.Add(service);
            Reach(service, known, reached);
        }
        return tops;
    }

    private static void Reach(ServiceSummary from, Dictionary<string, ServiceSummary> known, HashSet<string> reached)
    {
        var next = new Stack<ServiceSummary>([from]);
        while (next.TryPop(out var service))
        {
            if (!reached.Add(service.Name)) continue;
            foreach (var (name, _) in Below(service))
                if (known.TryGetValue(name, out var below)) next.Push(below);
        }
    }

    private static IEnumerable<(string Name, bool IsWanted)> Below(ServiceSummary service)
    {
        foreach (string need in service.Needs) yield return (need, false);
        foreach (string want in service.Wants ?? []) yield return (want, true);
    }

    /// <param name="screen">Where to.</param>
    /// <param name="node">What to grow below.</param>
    /// <param name="service">Whose needs.</param>
    /// <param name="known">All services.</param>
    /// <param name="opened">Those that were opened in this tree.</param>
    /// <param name="now">Time since boot.</param>
    private static void Grow(Screen screen, IHasTreeNodes node, ServiceSummary service, Dictionary<string, ServiceSummary> known, HashSet<string> opened, TimeSpan now)
    {
        foreach (var (name, isWanted) in Below(service))
        {
            if (!known.TryGetValue(name, out var below))
            {
                node.AddNode(new Text(screen.Foreign($"{name}: there is no such service"), Layout.StyleOf(Tone.Bad)));
                continue;
            }
            bool isNew = opened.Add(name);
            var child = node.AddNode(Label(screen, below, isWanted, now, isRepeated: !isNew && (below.Needs.Count > 0 || below.Wants is not null)));
            if (isNew) Grow(screen, child, below, known, opened, now);
        }
    }

    private static Paragraph Label(Screen screen, ServiceSummary service, bool isWanted, TimeSpan now, bool isRepeated = false)
    {
        var tone = Words.ToneOf(service.State);
        var label = new Paragraph(screen.Foreign(isWanted ? $"({service.Name})" : service.Name));
        label.Append(" ");
        label.Append(screen.Foreign(service.State), Layout.StyleOf(tone));
        if (service.StartedAt is { } at) label.Append($" {Words.Ago(at, now)}", Layout.StyleOf(Tone.Faint));
        if (service.Reason is { } reason) label.Append($": {screen.Foreign(reason)}", Layout.StyleOf(tone));
        if (isRepeated) label.Append(" (see above)", Layout.StyleOf(Tone.Faint));
        return label;
    }
}
