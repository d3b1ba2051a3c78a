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

    /// <summary>Services that are to stop as soon as nothing needs them any more.</summary>
    public List<string> StopsAsked { get; set; } = [];

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
}

[JsonSourceGenerationOptions(DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault, UseStringEnumConverter = true)]
[JsonSerializable(typeof(SavedState))]
internal sealed partial class SavedStateJson : JsonSerializerContext;
