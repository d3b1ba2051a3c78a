using Dora.Core.Protocol.Json;

namespace Dora.Core.Protocol.Machine;

/// <summary>Counters of a disk or partition since boot.</summary>
public sealed class DiskIo : IJsonMapped<DiskIo>
{
    /// <summary>Requests that were read.</summary>
    public long Reads { get; init; }

    /// <summary>Bytes that were read.</summary>
    public long ReadBytes { get; init; }

    /// <summary>Time that reads took, added up.</summary>
    public long ReadMs { get; init; }

    /// <summary>Requests that were written.</summary>
    public long Writes { get; init; }

    /// <summary>Bytes that were written.</summary>
    public long WriteBytes { get; init; }

    /// <summary>Time that writes took, added up.</summary>
    public long WriteMs { get; init; }

    /// <summary>Requests under way.</summary>
    public long InFlight { get; init; }

    /// <summary>Time in which there was at least one.</summary>
    public long BusyMs { get; init; }

    /// <inheritdoc/>
    public static DiskIo Map(JsonMap json, DiskIo? from) => new()
    {
        Reads = json.Number("reads", from?.Reads) ?? 0,
        ReadBytes = json.Number("readBytes", from?.ReadBytes) ?? 0,
        ReadMs = json.Number("readMs", from?.ReadMs) ?? 0,
        Writes = json.Number("writes", from?.Writes) ?? 0,
        WriteBytes = json.Number("writeBytes", from?.WriteBytes) ?? 0,
        WriteMs = json.Number("writeMs", from?.WriteMs) ?? 0,
        InFlight = json.Number("inFlight", from?.InFlight) ?? 0,
        BusyMs = json.Number("busyMs", from?.BusyMs) ?? 0,
    };
}
