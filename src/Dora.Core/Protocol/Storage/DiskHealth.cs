using Dora.Core.Protocol.Json;

namespace Dora.Core.Protocol.Storage;

/// <summary>What a disk says of itself (SMART): <c>GET /v1/disks/{name}/health</c>.</summary>
public sealed class DiskHealth : IJsonMapped<DiskHealth>
{
    /// <summary><c>sda</c>.</summary>
    public required string Name { get; init; }

    /// <summary>The disk's own verdict; absent where it gives none.</summary>
    public bool? Passed { get; init; }

    /// <summary>Why there is none, or what smartctl(8) has to say beside it.</summary>
    public string? Reason { get; init; }

    /// <summary>Its temperature in degrees Celsius.</summary>
    public long? Celsius { get; init; }

    /// <summary>Hours that it was on.</summary>
    public long? PowerOnHours { get; init; }

    /// <summary>How often it was switched on.</summary>
    public long? PowerCycles { get; init; }

    /// <summary>Sectors that were replaced by spare ones.</summary>
    public long? ReallocatedSectors { get; init; }

    /// <summary>Sectors that could not be read and wait to be written.</summary>
    public long? PendingSectors { get; init; }

    /// <summary>Errors that the disk could not correct.</summary>
    public long? MediaErrors { get; init; }

    /// <summary>Of flash: how much of its life is used, in percent; may be above 100.</summary>
    public long? WearPercent { get; init; }

    /// <inheritdoc/>
    public static DiskHealth Map(JsonMap json, DiskHealth? from) => new()
    {
        Name = json.RequiredText("name", from?.Name),
        Passed = json.Flag("passed", from?.Passed),
        Reason = json.Text("reason", from?.Reason),
        Celsius = json.Number("celsius", from?.Celsius),
        PowerOnHours = json.Number("powerOnHours", from?.PowerOnHours),
        PowerCycles = json.Number("powerCycles", from?.PowerCycles),
        ReallocatedSectors = json.Number("reallocatedSectors", from?.ReallocatedSectors),
        PendingSectors = json.Number("pendingSectors", from?.PendingSectors),
        MediaErrors = json.Number("mediaErrors", from?.MediaErrors),
        WearPercent = json.Number("wearPercent", from?.WearPercent),
    };
}
