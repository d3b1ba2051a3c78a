using System.Text.Json;
using System.Text.Json.Serialization;
using Dora.Init.Guard;
using Dora.Init.Manager.Supervision;

namespace Dora.Init.Manager.State;

/// <summary>What outlives the manager, as versioned JSON. A field that a version does not know is ignored, one that is missing has its default.</summary>
internal sealed class SavedState
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
}

/// <summary>A stage of start-up: what the boot report tells of it.</summary>
internal sealed record SavedStage(string Name, string Phase, TimeSpan Start, TimeSpan End, string Detail);

internal sealed class SavedService
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
}

/// <summary>A trigger that is set. The stamp is that of the world when it last went off, so that what has changed since is seen.</summary>
internal sealed record SavedTrigger(string? Stamp);

[JsonSourceGenerationOptions(DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault, UseStringEnumConverter = true)]
[JsonSerializable(typeof(SavedState))]
internal sealed partial class SavedStateJson : JsonSerializerContext;
