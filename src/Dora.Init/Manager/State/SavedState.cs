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

    /// <summary>How the machine is being ended, if it is.</summary>
    public MachineEnd? End { get; set; }

    /// <summary>When the last ordered end was asked for to be over, since boot.</summary>
    public TimeSpan? EndDeadline { get; set; }

    public int LastSession { get; set; }

    /// <summary>The start-up stages with their times, for the boot report.</summary>
    public List<SavedStage> Stages { get; set; } = [];

    public List<SavedService> Services { get; set; } = [];

    public static SavedState Map(JsonMap json, SavedState? from) => new()
    {
        Version = json.RequiredInteger("version", from?.Version),
        IsStartedUp = json.Flag("isStartedUp", from?.IsStartedUp) ?? false,
        IsStartUpComplete = json.Flag("isStartUpComplete", from?.IsStartUpComplete) ?? false,
        End = (MachineEnd?)json.Integer("end", (int?)from?.End),
        EndDeadline = json.Ticks("endDeadline", from?.EndDeadline),
        LastSession = json.Integer("lastSession", from?.LastSession) ?? 0,
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

internal sealed class SavedService : IJsonMapped<SavedService>
{
    public string Name { get; set; } = "";
    public string? InstanceOf { get; set; }
    public bool IsSession { get; set; }
    public ServiceState State { get; set; } = new();

    public ServicePin Pin { get; set; }

    /// <summary>A stop was asked for that waits until nothing needs it any more.</summary>
    public bool IsStopAsked { get; set; }

    /// <summary>And it is to be started again after that.</summary>
    public bool IsRestartAsked { get; set; }

    /// <summary>What its trigger has seen; null if it has none that is set.</summary>
    public SavedTrigger? Trigger { get; set; }

    public static SavedService Map(JsonMap json, SavedService? from) => new()
    {
        Name = json.RequiredText("name", from?.Name),
        InstanceOf = json.Text("instanceOf", from?.InstanceOf),
        IsSession = json.Flag("isSession", from?.IsSession) ?? false,
        State = json.Member("state", from?.State) ?? new(),
        Pin = (ServicePin)(json.Integer("pin", (int?)from?.Pin) ?? 0),
        IsStopAsked = json.Flag("isStopAsked", from?.IsStopAsked) ?? false,
        IsRestartAsked = json.Flag("isRestartAsked", from?.IsRestartAsked) ?? false,
        Trigger = json.Member("trigger", from?.Trigger),
    };
}

/// <summary>A trigger that is set. The stamp is that of the world when it last went off, so that what has changed since is seen.</summary>
internal sealed record SavedTrigger(string? Stamp) : IJsonMapped<SavedTrigger>
{
    public static SavedTrigger Map(JsonMap json, SavedTrigger? from) => new(json.Text("stamp", from?.Stamp));
}
