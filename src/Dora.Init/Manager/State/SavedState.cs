using Dora.Core.Protocol.Json;
using Dora.Init.Guard;
using Dora.Init.Manager.Supervision;

namespace Dora.Init.Manager.State;

/// <summary>
/// What outlives the manager, as versioned JSON. A member that a version does not know is ignored, one that is missing
/// has its default. Enumerations are saved by number: new values go to their end.
/// </summary>
internal sealed class SavedState : IJsonMapped<SavedState>
{
    public const int CurrentVersion = 1;

    public int Version { get; set; } = CurrentVersion;

    /// <summary>The start-up stages have run: a new manager must not run them again.</summary>
    public bool IsStartedUp { get; set; }

    /// <summary>The late stages of start-up have run too.</summary>
    public bool IsStartUpComplete { get; set; }

    /// <summary>When all that the boot has started was ready, done or failed; null until then. What is started later is no part of the boot.</summary>
    public TimeSpan? BootOver { get; set; }

    /// <summary>How the machine is being ended, if it is.</summary>
    public MachineEnd? End { get; set; }

    public string? EndBy { get; set; }
    public TimeSpan? EndSince { get; set; }

    /// <summary>The end that is scheduled, if one is: when (since boot, and of the wall clock if that was asked for), by whom and why.</summary>
    public MachineEnd? ScheduledEnd { get; set; }

    public TimeSpan? ScheduledAt { get; set; }
    public long? ScheduledWallTicks { get; set; }
    public string? ScheduledBy { get; set; }
    public string? ScheduledMessage { get; set; }

    /// <summary>A soft reboot has taken everything down: the services of the boot are to be started anew.</summary>
    public bool IsBootPending { get; set; }

    /// <summary>What became of the last upgrade of init, in words.</summary>
    public string? LastUpgrade { get; set; }

    /// <summary>Which copy of the service files is in use; 0 if there is none (Reloading/LoadedServices).</summary>
    public int FilesNumber { get; set; }

    public int LastSession { get; set; }

    /// <summary>Number in the name of the last transient service that had none of its own.</summary>
    public int LastTransient { get; set; }

    /// <summary>The start-up stages with their times, for the boot report.</summary>
    public List<SavedStage> Stages { get; set; } = [];

    public List<SavedService> Services { get; set; } = [];

    public static SavedState Map(JsonMap json, SavedState? from) => new()
    {
        Version = json.RequiredInteger("version", from?.Version),
        IsStartedUp = json.Flag("isStartedUp", from?.IsStartedUp) ?? false,
        IsStartUpComplete = json.Flag("isStartUpComplete", from?.IsStartUpComplete) ?? false,
        BootOver = json.Ticks("bootOver", from?.BootOver),
        End = (MachineEnd?)json.Integer("end", (int?)from?.End),
        EndBy = json.Text("endBy", from?.EndBy),
        EndSince = json.Ticks("endSince", from?.EndSince),
        ScheduledEnd = (MachineEnd?)json.Integer("scheduledEnd", (int?)from?.ScheduledEnd),
        ScheduledAt = json.Ticks("scheduledAt", from?.ScheduledAt),
        ScheduledWallTicks = json.Number("scheduledWallTicks", from?.ScheduledWallTicks),
        ScheduledBy = json.Text("scheduledBy", from?.ScheduledBy),
        ScheduledMessage = json.Text("scheduledMessage", from?.ScheduledMessage),
        IsBootPending = json.Flag("isBootPending", from?.IsBootPending) ?? false,
        LastUpgrade = json.Text("lastUpgrade", from?.LastUpgrade),
        FilesNumber = json.Integer("filesNumber", from?.FilesNumber) ?? 0,
        LastSession = json.Integer("lastSession", from?.LastSession) ?? 0,
        LastTransient = json.Integer("lastTransient", from?.LastTransient) ?? 0,
        Stages = [.. json.Members("stages", from?.Stages) ?? []],
        Services = [.. json.Members("services", from?.Services) ?? []],
    };
}

/// <summary>A stage of start-up: what the boot report tells of it.</summary>
internal sealed record SavedStage(string Name, string Phase, TimeSpan Start, TimeSpan End, string Detail) : IJsonMapped<SavedStage>
{
    public static SavedStage Map(JsonMap json, SavedStage? from) => new(
        json.RequiredText("name", from?.Name),
        json.RequiredText("phase", from?.Phase),
        json.Ticks("start", from?.Start) ?? default,
        json.Ticks("end", from?.End) ?? default,
        json.RequiredText("detail", from?.Detail));
}

/// <summary>
/// One service. All of them are saved behind every event, and of a thousand one has changed: what equals what was saved last
/// (a record compares all there is) is that object again, with its text.
/// </summary>
internal sealed record SavedService : IJsonMapped<SavedService>, IJsonKept
{
    // Not for `with`, which would take the text of the old one along.
    KeptJson IJsonKept.Kept { get; } = new();

    public string Name { get; init; } = "";
    public string? InstanceOf { get; init; }
    public bool IsSession { get; init; }
    public ServiceState State { get; init; } = new();

    /// <summary>Who connected, for a session.</summary>
    public string? PeerSource { get; init; }

    public int PeerPort { get; init; }

    /// <summary>Connections of a per-connection service so far.</summary>
    public long Accepted { get; init; }

    public long Refused { get; init; }

    /// <summary>What a transient service was asked for with.</summary>
    public string? Transient { get; init; }

    /// <summary>What makes it an interactive session.</summary>
    public SavedRelay? Relay { get; init; }

    public ServicePin Pin { get; init; }

    /// <summary>The slice that its cgroup is in.</summary>
    public string? Slice { get; init; }

    /// <summary>A stop was asked for that waits until nothing needs it any more.</summary>
    public bool IsStopAsked { get; init; }

    /// <summary>And it is to be started again after that.</summary>
    public bool IsRestartAsked { get; init; }

    /// <summary>What its trigger has seen; null if it has none that is set.</summary>
    public SavedTrigger? Trigger { get; init; }

    /// <summary>What is known of its times and runs; null if it has no schedule (Scheduling/JobRecord).</summary>
    public string? Job { get; init; }

    public static SavedService Map(JsonMap json, SavedService? from) => new()
    {
        Name = json.RequiredText("name", from?.Name),
        InstanceOf = json.Text("instanceOf", from?.InstanceOf),
        IsSession = json.Flag("isSession", from?.IsSession) ?? false,
        State = json.Member("state", from?.State) ?? new(),
        PeerSource = json.Text("peerSource", from?.PeerSource),
        PeerPort = json.Integer("peerPort", from?.PeerPort) ?? 0,
        Accepted = json.Number("accepted", from?.Accepted) ?? 0,
        Refused = json.Number("refused", from?.Refused) ?? 0,
        Transient = json.Text("transient", from?.Transient),
        Relay = json.Member("relay", from?.Relay),
        Slice = json.Text("slice", from?.Slice),
        Pin = (ServicePin)(json.Integer("pin", (int?)from?.Pin) ?? 0),
        IsStopAsked = json.Flag("isStopAsked", from?.IsStopAsked) ?? false,
        IsRestartAsked = json.Flag("isRestartAsked", from?.IsRestartAsked) ?? false,
        Trigger = json.Member("trigger", from?.Trigger),
        Job = json.Text("job", from?.Job),
    };
}

/// <summary>An interactive session: in whose surroundings (and the run that is meant, by its main process), and whether it outlives its clients.</summary>
internal sealed record SavedRelay(string? Service, int Pid, bool IsTerminal, bool IsDetachable) : IJsonMapped<SavedRelay>
{
    public static SavedRelay Map(JsonMap json, SavedRelay? from) => new(
        json.Text("service", from?.Service),
        json.Integer("pid", from?.Pid) ?? 0,
        json.Flag("isTerminal", from?.IsTerminal) ?? false,
        json.Flag("isDetachable", from?.IsDetachable) ?? false);
}

/// <summary>A trigger that is set. The stamp is that of the world when it last went off, so that what has changed since is seen.</summary>
internal sealed record SavedTrigger(string? Stamp) : IJsonMapped<SavedTrigger>
{
    public static SavedTrigger Map(JsonMap json, SavedTrigger? from) => new(json.Text("stamp", from?.Stamp));
}
