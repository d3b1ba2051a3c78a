using Dora.Core.Configuration;
using Dora.Core.Configuration.Reload;
using Dora.Init.Manager.Supervision.Triggers;

namespace Dora.Init.Manager.Supervision;

// Service files that have changed while their services run (`dora service reload`). What is to be done with each is
// decided before anything is done (StepOf), so that it can be shown first; ReloadPlan has sorted out what cannot be used.
//
// The order in Reload: first what is new, so that it is there to be needed; then the new settings, so that nobody is
// stopped for a need that he does not have any more; then what is gone is stopped; and only then is anything started. A
// service that runs takes up new settings between two runs (Service.Renew): it is stopped by those it was started with.
internal sealed partial class Supervisor
{
    /// <summary>Makes the instances of templates for all interfaces and consoles that there are.</summary>
    public Action? LookForInstances { get; set; }

    /// <summary>Why a service must not be taken away or restarted now, or its name not be taken; null if it may.</summary>
    public string? WhyHeld(ReloadItem item)
    {
        if (item.Kind is ReloadKind.Added && Find(item.Name) is { TransientText: not null })
            return $"a command that 'dora run' has started has this name; 'dora service stop {item.Name}' ends it";
        if (item.Kind is not (ReloadKind.Removed or ReloadKind.Replaced) && !(item.Kind is ReloadKind.Changed && item.NeedsRestart)) return null;
        foreach (var service in Named(item.Name))
            if (!service.State.IsDown && PinnedUp(service) is { } pinned)
                return pinned == service
                    ? $"it is pinned up: 'dora service unpin {pinned.Name}' first"
                    : $"{pinned.Name} needs it and is pinned up: 'dora service unpin {pinned.Name}' first";
        return null;
    }

    /// <summary>What a reload does with the services that the item is about.</summary>
    public ReloadStep StepOf(ReloadItem item)
    {
        var services = Named(item.Name);
        switch (item.Kind)
        {
            case ReloadKind.Added or ReloadKind.Changed when IsMount(item):
                bool isUp = services.Exists(service => !service.State.IsDown);
                return IsMasked(item.Name) || IsMasked(TemplateOf(item.Name)) ? new(item, ReloadStep.Add, []) : new(item, isUp ? ReloadStep.Restart : ReloadStep.Start, [item.Name]);
            case ReloadKind.Added:
                bool isStarted = item.After is { Start: StartCondition.Boot, ForEach: InstanceSource.None } && !IsMasked(item.Name) && IsWantedByBoot(item.After);
                return new(item, isStarted ? ReloadStep.Start : ReloadStep.Add, isStarted ? [item.Name] : []);
            case ReloadKind.Removed or ReloadKind.Replaced:
                return StepWith(item, services, service => !service.State.IsDown, item.Kind is ReloadKind.Removed ? ReloadStep.Stop : ReloadStep.Replace, ReloadStep.Remove);
            case ReloadKind.Changed:
                if (item.NeedsRestart && services.Exists(IsRestarted)) return StepWith(item, services, IsRestarted, ReloadStep.Restart, ReloadStep.Update);
                return StepWith(item, services, service => IsStartedAnew(service, item), ReloadStep.Start, ReloadStep.Update);
            case ReloadKind.Cleared:
                return new(item, item.After is null ? ReloadStep.Remove : ReloadStep.Clear, []);
            case ReloadKind.Refused or ReloadKind.Held:
                return new(item, ReloadStep.Keep, []);
            default:
                return new(item, ReloadStep.Refuse, []);
        }
    }

    /// <summary>A mount of storage.yaml: its service is an instance that its name alone makes, and no file of services is about it.</summary>
    private static bool IsMount(ReloadItem item) => item is { Before: null, After: null, Kind: ReloadKind.Added or ReloadKind.Changed or ReloadKind.Removed };

    private static ReloadStep StepWith(ReloadItem item, List<Service> services, Predicate<Service> isTouched, string action, string otherwise)
    {
        var names = new List<string>();
        foreach (var service in services)
            if (isTouched(service)) names.Add(service.Name);
        return new(item, names.Count > 0 || action == ReloadStep.Replace ? action : otherwise, names);
    }

    /// <summary>
    /// What runs is of the old settings; and so is what a oneshot of the boot has done. One that is done on demand is not
    /// done again for a change of its file: nobody has asked for that.
    /// </summary>
    private static bool IsRestarted(Service service) =>
        service.State.Phase is ServicePhase.Starting or ServicePhase.Running or ServicePhase.Reloading
        || (service.State.Phase is ServicePhase.Done && service.Settings.Start is StartCondition.Boot);

    /// <summary>Its operator may have mended what it fails for, or wants it at boot now.</summary>
    private bool IsStartedAnew(Service service, ReloadItem item) =>
        !IsMasked(service) && service.Pin is not ServicePin.Down
        && (service.State.Phase is ServicePhase.Backoff || (service.State.IsDown && item.After!.Start is StartCondition.Boot && IsWantedByBoot(item.After)
            && (service.State.Phase is ServicePhase.Failed || item.Before!.Start is not StartCondition.Boot)));

    /// <summary>Carries out what the steps say.</summary>
    public void Reload(IReadOnlyList<ReloadStep> steps)
    {
        var fresh = new HashSet<string>();
        foreach (var step in steps)
        {
            if (IsMount(step.Item)) continue;
            if (step.Item.Kind is ReloadKind.Added or ReloadKind.Replaced or ReloadKind.Changed) fresh.Add(step.Item.Name);
            if (step.Item.Kind is ReloadKind.Added) AddAgain(step.Item.After!);
        }
        foreach (var step in steps)
            if (step.Item.Kind is ReloadKind.Changed && !IsMount(step.Item)) TakeUp(step.Item);
        foreach (var step in steps)
        {
            if (step.Item.Kind is ReloadKind.Removed or ReloadKind.Replaced) TakeAway(step.Item.Name);
            if (step.Item.Kind is ReloadKind.Replaced) AddAgain(step.Item.After!);
        }
        LookForInstances?.Invoke();
        foreach (var step in steps) Begin(step);
        StartWhatHasItsNeedsNow(fresh);
        CloseUnusedSockets();
        Unsettled();
        StateChanged?.Invoke();
    }

    private void TakeUp(ReloadItem item)
    {
        var settings = item.After!;
        if (_switchedOff.ContainsKey(item.Name)) _switchedOff[item.Name] = settings;
        if (_templates.ContainsKey(item.Name)) _templates[item.Name] = settings;
        foreach (var service in Named(item.Name))
        {
            _leaving.Remove(service.Name);
            service.Renew(settings.ForEach is InstanceSource.None ? settings : ServiceTemplate.Instantiate(settings, ArgumentOf(service)), isSameRun: !item.NeedsRestart);
        }
    }

    private static string ArgumentOf(Service instance) => instance.Name[(instance.InstanceOf!.Length + 1)..];

    private void TakeAway(string name)
    {
        _switchedOff.Remove(name);
        var services = Named(name);
        _templates.Remove(name);
        foreach (var service in services)
        {
            _leaving.Add(service.Name);
            Stop(service);
        }
    }

    private void AddAgain(ServiceSettings settings)
    {
        if (settings.ForEach is not InstanceSource.None || Find(settings.Name) is not { } leaving)
        {
            Add(settings);
            return;
        }
        // It was taken away a moment ago, and is not down yet.
        _leaving.Remove(leaving.Name);
        leaving.Renew(settings, isSameRun: false);
    }

    private void Begin(ReloadStep step)
    {
        foreach (string name in step.Services)
        {
            if (FindOrMake(name) is not { } service) continue;
            if (IsMount(step.Item)) _leaving.Remove(name);
            if (step.Action is ReloadStep.Start) Start(service);
            else if (step.Action is ReloadStep.Restart) Restart(service);
        }
        if (IsMount(step.Item) || step.Item.Kind is not (ReloadKind.Added or ReloadKind.Replaced)) return;
        foreach (var service in Named(step.Item.Name))
        {
            if (IsLeaving(service)) continue;
            if (IsWantedByBoot(service.Settings))
            {
                OpenSocketsAtBoot(service);
                WatchTriggerAtBoot(service);
            }
            StartForBoot(service);
            if (IsWanted(service)) Start(service);
        }
    }

    /// <summary>What the boot wanted and could not have, because something that it needs was not there.</summary>
    private void StartWhatHasItsNeedsNow(HashSet<string> fresh)
    {
        foreach (var service in _services.Values.ToArray())
        {
            if (service is not { State: { Phase: ServicePhase.Failed, IsGivenUp: false, WantedUp: true }, Settings.Start: StartCondition.Boot }) continue;
            bool isMended = false;
            foreach (string name in NeedsOf(service)) isMended |= fresh.Contains(TemplateOf(name));
            if (isMended) Start(service);
        }
    }

    /// <summary>Around the moment at which a service takes up new settings: what the table keeps because of the old ones.</summary>
    internal void Renew(Service service, Action takeUp)
    {
        var (before, wasListening) = (service.Settings, _demands.Remove(service.Name, out var demand));
        bool wasStartedBySockets = IsStartedBySockets(service);
        demand?.Dispose();
        ForgetOrder(service);
        takeUp();
        RememberOrder(service);
        if (IsStartedBySockets(service) && service.State.IsAtRest && (wasListening || !wasStartedBySockets)) Listen(service);
        else if (service.State.IsDown) _sockets.Close(service.Name);
        RenewTrigger(service, before.On);
        KnowJob(service);
        if (service.Settings.Type is ServiceType.Group) RenewSlice(service.Settings);
        if (service.State.WantedUp && !service.State.IsDown) PullIn(service);
    }

    /// <summary>New limits of a slice hold at once for what is in it.</summary>
    private static void RenewSlice(ServiceSettings group)
    {
        string folder = $"{CgroupPaths.Slices}/{group.Name}";
        if (group.Process.Cgroup.Count == 0 || !Dora.Core.Linux.Sys.Exists(folder)) return;
        try
        {
            CgroupLimits.ApplySlice(folder, group);
        }
        catch (LaunchException exception)
        {
            Log.Error($"{group.Name}: {exception.Message}: the limit is as it was");
        }
    }

    private void RenewTrigger(Service service, TriggerSettings? before)
    {
        if (service.Settings.On == before) return;
        bool wasArmed = _triggers.ContainsKey(service.Name);
        ForgetTrigger(service);
        if (IsTriggered(service) && service.State.IsAtRest && (wasArmed || before is null)) WatchTriggerAtBoot(service);
    }
}
