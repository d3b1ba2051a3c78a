using Dora.Core.Configuration.Sources;

namespace Dora.Core.Configuration.Reload;

/// <summary>
/// From what is in use and what the directories hold now to what is to be used: a pure function, which touches nothing.
///
/// One bad file must cost nobody anything. A service whose new files have problems of their own, or which would make a
/// cycle or need what is not there, goes on by those in use, and the reload of all others goes through. That may take
/// several rounds, for what is refused changes the set that the others are checked in. Each round refuses at least one
/// more, so there are no more rounds than services.
///
/// What was in use already with a fault that it keeps (it needs what never was there) is not refused for that: its
/// operator may be mending something else.
/// </summary>
internal sealed class ReloadPlan
{
    private readonly ServiceSources _inUse, _found;
    private readonly ServiceSet _before;
    private readonly Func<ReloadItem, string?> _whyHeld;
    private readonly SortedDictionary<string, ReloadItem> _kept = new(StringComparer.Ordinal); // refused or held

    private ReloadPlan(ServiceSources inUse, ServiceSet before, ServiceSources found, Func<ReloadItem, string?> whyHeld)
    {
        _inUse = inUse;
        _before = before;
        _found = found;
        _whyHeld = whyHeld;
        do
        {
            Sources = Combine();
            Set = ServiceDirectory.Load(Sources, before, group => inUse.Groups.TryGetValue(group.Service, out var known) && group.HasSameContentAs(known));
            Items = Compare();
        }
        while (KeepMore());
    }

    /// <summary>What is to be used, as files.</summary>
    public ServiceSources Sources { get; private set; }

    /// <summary>What is to be used, as settings.</summary>
    public ServiceSet Set { get; private set; }

    /// <summary>What differs, in the order of names; a file that only reads differently is not here.</summary>
    public IReadOnlyList<ReloadItem> Items { get; private set; }

    /// <param name="inUse">The files in use.</param>
    /// <param name="before">What they were read as.</param>
    /// <param name="found">The files that are there now.</param>
    /// <param name="whyHeld">Why a service must not be removed, replaced or restarted now; null if it may.</param>
    public static ReloadPlan Make(ServiceSources inUse, ServiceSet before, ServiceSources found, Func<ReloadItem, string?> whyHeld) =>
        new(inUse, before, found, whyHeld);

    private ServiceSources Combine()
    {
        var sources = new ServiceSources();
        sources.General.AddRange(_found.General);
        foreach (var (name, group) in _found.Groups)
            if (!_kept.ContainsKey(name)) sources.Groups.Add(name, group);
        foreach (var (name, item) in _kept)
        {
            if (_inUse.Groups.TryGetValue(name, out var group)) sources.Groups.Add(name, group);
            if (item.Kind is ReloadKind.Refused) sources.Refuse(name, item.Problems);
        }
        return sources;
    }

    private List<ReloadItem> Compare()
    {
        var names = new SortedSet<string>(_inUse.Groups.Keys, StringComparer.Ordinal);
        names.UnionWith(_found.Groups.Keys);
        var items = new List<ReloadItem>();
        foreach (string name in names)
            if (_kept.TryGetValue(name, out var kept)) items.Add(kept);
            else if (Compare(name) is { } item) items.Add(item);
        return items;
    }

    private ReloadItem? Compare(string name)
    {
        _ = _inUse.Groups.TryGetValue(name, out var old);
        _ = _found.Groups.TryGetValue(name, out var fresh);
        if (old is not null && fresh is not null && old.HasSameContentAs(fresh)) return _inUse.Refused.ContainsKey(name) ? Cleared(name) : null;
        var (before, after) = (_before.InUse(name), Set.InUse(name));
        var problems = Errors(Set, name);
        bool isBroken = after is null || (Set.Shadowed.ContainsKey(name) && !_before.Shadowed.ContainsKey(name));
        if (before is not null && problems.Count > 0 && (isBroken || Errors(_before, name).Count == 0))
            return new ReloadItem(name, ReloadKind.Refused) { Before = before, After = before, Problems = problems };
        if (after is null && before is null) return problems.Count == 0 ? Cleared(name) : new ReloadItem(name, ReloadKind.Unusable) { Problems = problems };
        if (before is null) return new ReloadItem(name, ReloadKind.Added) { After = after, Problems = problems };
        if (after is null) return new ReloadItem(name, ReloadKind.Removed) { Before = before };

        var changes = TreeDifference.Between(old!.TreeOf(before), fresh!.TreeOf(after));
        AddEnvironmentFiles(old, fresh, changes);
        if (changes.Count == 0) return Cleared(name);
        return new ReloadItem(name, before.ForEach == after.ForEach ? ReloadKind.Changed : ReloadKind.Replaced)
        {
            Before = before,
            After = after,
            Changes = changes,
            Problems = problems,
            NeedsRestart = ReloadEffect.NeedsRestart(before, after, changes),
        };
    }

    /// <summary>What was told of its files, and is true no more, though what is in use stays as it is; null if there was nothing.</summary>
    private ReloadItem? Cleared(string name)
    {
        bool wasTold = Errors(_before, name).Count > 0 || (_before.Masked.Contains(name) && !Set.Masked.Contains(name));
        return wasTold && Errors(Set, name).Count == 0 ? new ReloadItem(name, ReloadKind.Cleared) { Before = _before.InUse(name), After = Set.InUse(name) } : null;
    }

    private bool KeepMore()
    {
        bool isMore = false;
        foreach (var item in Items)
        {
            if (_kept.ContainsKey(item.Name)) continue;
            var kept = item.Kind is ReloadKind.Refused ? item
                : _whyHeld(item) is { } why ? item with { Kind = ReloadKind.Held, Why = why }
                : null;
            if (kept is null) continue;
            _kept.Add(item.Name, kept);
            isMore = true;
        }
        return isMore;
    }

    private static List<Problem> Errors(ServiceSet set, string name)
    {
        var errors = new List<Problem>();
        foreach (var problem in set.ProblemsOf(name))
            if (!problem.IsWarning) errors.Add(problem);
        return errors;
    }

    /// <summary>Of these only that they differ is told: they may hold secrets.</summary>
    private static void AddEnvironmentFiles(SourceGroup old, SourceGroup fresh, List<KeyChange> changes)
    {
        foreach (var file in fresh.Files)
        {
            if (file.Kind is not SourceKind.Environment) continue;
            foreach (var known in old.Files)
                if (known.Kind is SourceKind.Environment && known.Path == file.Path && !known.HasSameContentAs(file))
                    changes.Add(new KeyChange("environment-files." + file.Path, "before", "changed since"));
        }
    }
}
