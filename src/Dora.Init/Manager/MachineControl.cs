using Dora.Core.Configuration;
using Dora.Core.Events;
using Dora.Core.Linux;
using Dora.Core.Protocol;
using Dora.Init.Guard;
using Dora.Init.Manager.Control;
using Dora.Init.Manager.Feed;
using Dora.Init.Manager.Logging;
using Dora.Init.Manager.Metrics;
using Dora.Init.Manager.Reloading;
using Dora.Init.Manager.Shutdown;
using Dora.Init.Manager.State;
using Dora.Init.Manager.Supervision;

namespace Dora.Init.Manager;

/// <summary>What the API asks of the manager, answered from the supervisor's table.</summary>
internal sealed partial class MachineControl(
    Supervisor supervisor, LoadedServices loaded, LogHub logs, SavedState saved, Changes changes, MachineVerbs verbs, ServiceReload reload, EventFeed feed) : IMachineControl
{
    private ServiceSet Files => loaded.Set;

    public required IMachineInformation Information { get; init; }

    /// <summary>To be called after every change of a service.</summary>
    public void ServiceChanged() => changes.Check();

    public VersionInfo Version() => new(
        "pandora",
        typeof(MachineControl).Assembly.GetName().Version?.ToString(3) ?? "0",
        1,
        Sys.ReadText("/proc/sys/kernel/osrelease")?.Trim() ?? "",
        System.Runtime.InteropServices.RuntimeInformation.ProcessArchitecture switch
        {
            System.Runtime.InteropServices.Architecture.X64 => "x86_64",
            System.Runtime.InteropServices.Architecture.Arm64 => "aarch64",
            var other => other.ToString(),
        },
        Sys.ReadText("/proc/sys/kernel/hostname")?.Trim() ?? "");

    public IReadOnlyList<ServiceSummary> Services()
    {
        var list = new List<ServiceSummary>();
        foreach (var service in supervisor.Services) list.Add(WithFallback(MachineReports.Summary(service, supervisor.WhatItWaitsFor(service))));
        foreach (string name in UnusableNames()) list.Add(MachineReports.Unusable(name, Files.ProblemsOf(name)));
        foreach (string name in MaskedNames()) list.Add(MachineReports.Masked(name, WhyMasked(name)));
        list.Sort((a, b) => string.CompareOrdinal(a.Name, b.Name));
        return list;
    }

    public ServiceStatus? Service(string name)
    {
        if (supervisor.Find(name) is { } service)
            return MachineReports.Status(service, supervisor.WhatItWaitsFor(service), Files.ProblemsOf(service.InstanceOf ?? name));
        foreach (string masked in MaskedNames())
            if (masked == name) return MachineReports.Masked(name, WhyMasked(name));
        return Files.ProblemsOf(name) is { Count: > 0 } problems ? MachineReports.Unusable(name, problems) : null;
    }

    public IReadOnlyList<ServiceUsage> Usage()
    {
        var list = new List<ServiceUsage>();
        foreach (var service in supervisor.Services) list.Add(MachineReports.Usage(service, service.Cgroup.IsPopulated ? CgroupUsage.Read(service.Cgroup.Path) : default));
        list.Sort((a, b) => string.CompareOrdinal(a.Name, b.Name));
        return list;
    }

    public ControlResult Start(string name) => Ask(name, "start", supervisor.Start, state => state.IsUp);

    public ControlResult Stop(string name) => Ask(name, "stop", supervisor.Stop, state => state.IsDown);

    public ControlResult Restart(string name)
    {
        var asked = EventLoop.Now;
        return Ask(name, "restart", supervisor.Restart, state => state.IsUp && state.Since >= asked);
    }

    public ControlResult Reload(string name)
    {
        if (supervisor.Find(name) is { } service)
        {
            if (service.Settings is { ReloadCommand.Count: 0, ReloadSignal: 0 })
                return ControlResult.Refused(Refusal.Conflict, "service.no-reload", $"{name}: its file has neither reload-command nor reload-signal; restart it");
            if (service.State.Phase is not (ServicePhase.Running or ServicePhase.Reloading))
                return ControlResult.Refused(Refusal.Conflict, "service.not-running", $"{name}: it is {MachineReports.StateName(service)}: only what runs can be reloaded");
        }
        var asked = EventLoop.Now;
        return Ask(name, "reload", supervisor.Reload, state => state.Phase is ServicePhase.Running && state.ReloadedAt >= asked);
    }

    public ControlResult Pin(string name, ServicePin pin) => pin switch
    {
        ServicePin.Up => Ask(name, "pin-up", service => supervisor.SetPin(service, pin), state => state.IsUp),
        ServicePin.Down => Ask(name, "pin-down", service => supervisor.SetPin(service, pin), state => state.IsDown),
        ServicePin.None => Ask(name, "unpin", service => supervisor.SetPin(service, pin), _ => true),
        _ => throw new System.Diagnostics.UnreachableException(),
    };

    private ControlResult Ask(string name, string verb, Action<Service> act, Predicate<ServiceState> isReached)
    {
        var service = verb is "stop" or "unpin" or "reload" ? supervisor.Find(name) : supervisor.FindOrMake(name);
        if ((service is null ? WhyUnusable(name) : WhyNot(verb, service)) is { } refused) return refused;
        string before = MachineReports.StateName(service!);
        var along = verb is "stop" or "restart" or "pin-down" ? Along(service!, verb) : null;
        act(service!);
        return ControlResult.Accepted(changes.Begin(verb, name, before, isReached, along));
    }

    private List<string>? Along(Service service, string verb)
    {
        List<string>? names = null;
        foreach (var user in supervisor.UsersOf(service))
            if (verb != "restart" || !user.IsSession) (names ??= []).Add(user.Name);
        return names;
    }

    /// <summary>Why nothing can be done with a name that is no service.</summary>
    private ControlResult WhyUnusable(string name)
    {
        if (supervisor.IsMasked(name)) return ControlResult.Refused(Refusal.Conflict, MaskError(name), $"{name}: is masked: {WhyMasked(name)}");
        if (supervisor.IsTemplate(name))
            return ControlResult.Refused(Refusal.Conflict, "service.template", $"{name}: is a template: name one instance, {name}@ARGUMENT");
        return Files.ProblemsOf(name) is { Count: > 0 } problems
            ? ControlResult.Refused(Refusal.Conflict, "service.unusable", $"{name}: {problems[0]}")
            : ControlResult.NoSuchService(name);
    }

    /// <summary>Why a verb is refused; null if it is not.</summary>
    private ControlResult? WhyNot(string verb, Service service)
    {
        if (supervisor.IsEnding) return ControlResult.Refused(Refusal.Unavailable, "machine.ending", "the machine is being ended");
        if (verb is "start" or "restart" or "pin-up")
        {
            if (supervisor.IsLeaving(service))
                return ControlResult.Refused(Refusal.Conflict, "service.leaving", $"{service.Name}: what made it, its file or interface, is gone: it is not started again");
            if (supervisor.IsMasked(service))
                return ControlResult.Refused(Refusal.Conflict, MaskError(service.Name), $"{service.Name}: is masked: {WhyMasked(service.Name)}");
            if (verb != "pin-up" && service.Pin is ServicePin.Down)
                return ControlResult.Refused(Refusal.Conflict, "service.pinned", $"{service.Name}: is pinned down: 'dora service unpin {service.Name}' first");
        }
        bool stops = verb is "stop" or "restart" or "mask" || (verb == "pin-down" && service.Pin is not ServicePin.Up);
        if (stops && supervisor.PinnedUp(service) is { } pinned)
            return ControlResult.Refused(Refusal.Conflict, "service.pinned", pinned == service
                ? $"{service.Name}: is pinned up: 'dora service unpin {service.Name}' first"
                : $"{service.Name}: {pinned.Name} needs it and is pinned up: 'dora service unpin {pinned.Name}' first");
        return null;
    }

    public IDisposable? EndMachine(MachineEnd verb, EndMachineRequest request, string asker, Action<ControlResult> then) => verbs.End(verb, request, asker, then);

    public ControlResult CancelEnd(string asker) => verbs.Cancel(asker);

    public MachineStatus Status() => verbs.Status();

    public IDisposable? UpgradeInit(string path, Action<ControlResult> then) => verbs.Upgrade(path, then);

    public ChangeInfo? Change(string id) => changes.Find(id);

    public IDisposable WhenChanged(string id, TimeSpan wait, Action<ChangeInfo> then) => changes.WhenChanged(id, wait, then);

    public BootReport Boot() => MachineReports.Boot(saved.Stages, supervisor.Services, saved.BootOver);

    public string Metrics() => new MachineMetrics(supervisor, Version, () => feed.LastId).Text();

    public byte[] Events(long after) => feed.Kept(after);

    public bool FollowEvents(FileDescriptor connection, Access access, long after, bool isServerSent) => feed.Follow(connection, access, after, isServerSent);

    public bool ServeLogs(FileDescriptor connection, LogQuery query) => logs.ServeLogs(connection, query);

    /// <summary>Runs, but not as its file says: that must not be hidden behind "running".</summary>
    private ServiceSummary WithFallback(ServiceSummary summary) =>
        summary.Reason is null && Files.IsFileUnused(summary.InstanceOf ?? summary.Name) && Files.ProblemsOf(summary.InstanceOf ?? summary.Name) is [var first, ..]
            ? summary with { Reason = $"its file is not used: {first}" }
            : summary;

    // A problem that is a warning leaves the service usable; and templates are not services themselves.
    private IEnumerable<string> UnusableNames()
    {
        foreach (string name in Files.NamesWithProblems)
            if (!Files.Services.ContainsKey(name) && supervisor.Find(name) is null) yield return name;
    }
}
