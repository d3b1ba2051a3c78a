using Dora.Core.Configuration;
using Dora.Core.Events;
using Dora.Core.Protocol;
using Dora.Init.Manager.Control;
using Dora.Init.Manager.Reloading;
using Dora.Init.Manager.Supervision;

namespace Dora.Init.Manager;

// Service files that have changed: shown, and taken up.
internal sealed partial class MachineControl
{
    public IDisposable? CompareFiles(Action<ReloadReport> then, Action<ControlResult> refused) =>
        Compare(comparison => then(Report(comparison, null)), refused);

    public IDisposable? ReloadFiles(string? fingerprint, Action<ReloadReport> then, Action<ControlResult> refused) => Compare(comparison =>
    {
        if (supervisor.IsEnding) refused(Ending());
        else if (fingerprint is not null && fingerprint != comparison.Fingerprint)
            refused(ControlResult.Refused(Refusal.Conflict, "reload.outdated", "service files: they have changed since they were compared: look again"));
        else then(Report(comparison, Apply(comparison)));
    }, refused);

    private IDisposable? Compare(Action<ServiceReload.Comparison> then, Action<ControlResult> refused)
    {
        if (!supervisor.IsEnding)
            return reload.Compare(then, problem => refused(ControlResult.Refused(Refusal.Unavailable, "reload.failed", $"service files: {problem}")));
        refused(Ending());
        return null;
    }

    private static ControlResult Ending() => ControlResult.Refused(Refusal.Unavailable, "machine.ending", "the machine is being ended");

    /// <summary>The changes that have begun, for each step.</summary>
    private List<List<string>> Apply(ServiceReload.Comparison comparison)
    {
        var asked = EventLoop.Now;
        var states = new Dictionary<string, string>();
        foreach (var service in supervisor.Services) states[service.Name] = MachineReports.StateName(service);
        reload.Apply(comparison);
        var begun = new List<List<string>>(comparison.Steps.Count);
        foreach (var step in comparison.Steps)
        {
            var ids = new List<string>();
            foreach (string name in step.Services) ids.Add(Begin(step.Action, name, states.GetValueOrDefault(name), asked));
            begun.Add(ids);
        }
        return begun;
    }

    private string Begin(string action, string name, string? before, TimeSpan asked) => action switch
    {
        ReloadStep.Start => changes.Begin("start", name, before, state => state.IsUp),
        ReloadStep.Restart => changes.Begin("restart", name, before, state => state.IsUp && state.Since >= asked),
        _ => changes.Begin("stop", name, before, state => state.IsDown),
    };

    private ReloadReport Report(ServiceReload.Comparison comparison, List<List<string>>? begun)
    {
        var entries = new List<ReloadEntry>(comparison.Steps.Count);
        for (int i = 0; i < comparison.Steps.Count; i++) entries.Add(Entry(comparison, comparison.Steps[i], begun?[i] ?? []));
        return new ReloadReport
        {
            Fingerprint = comparison.Fingerprint,
            Services = entries,
            Problems = Lines(comparison.Plan.Set.DirectoryProblems),
        };
    }

    private ReloadEntry Entry(ServiceReload.Comparison comparison, ReloadStep step, List<string> begun)
    {
        var keys = new List<ReloadKey>(step.Item.Changes.Count);
        foreach (var change in step.Item.Changes) keys.Add(new ReloadKey { Key = change.Key, Before = change.Before, After = change.After });
        return new ReloadEntry
        {
            Service = step.Item.Name,
            Action = step.Action,
            Changes = keys,
            Problems = step.Item.Why is { } why ? [why] : Lines(step.Item.Problems),
            Along = begun.Count > 0 ? [] : AlongOf(comparison, step),
            Begun = begun,
        };
    }

    /// <summary>Those that have a line of their own are left out.</summary>
    private List<string> AlongOf(ServiceReload.Comparison comparison, ReloadStep step)
    {
        var along = new List<string>();
        if (step.Action is not (ReloadStep.Stop or ReloadStep.Replace or ReloadStep.Restart)) return along;
        foreach (string name in step.Services)
            if (supervisor.Find(name) is { } service)
                foreach (var user in supervisor.UsersOf(service))
                    if (!along.Contains(user.Name) && !(user.IsSession && step.Action is ReloadStep.Restart) && !HasStep(comparison, user)) along.Add(user.Name);
        return along;
    }

    private static bool HasStep(ServiceReload.Comparison comparison, Service service)
    {
        foreach (var step in comparison.Steps)
            if (step.Item.Name == service.Name || step.Item.Name == service.InstanceOf) return true;
        return false;
    }

    private static List<string> Lines(IReadOnlyList<Problem> problems)
    {
        var lines = new List<string>(problems.Count);
        foreach (var problem in problems) lines.Add(problem.ToString());
        return lines;
    }
}
