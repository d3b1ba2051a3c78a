using Dora.Core.Protocol.Json;

namespace Dora.Core.Protocol;

/// <summary><c>GET /v1/logs/status</c>: how much the log holds, and what it has lost since the machine was started.</summary>
/// <param name="Lines">Lines that are in RAM.</param>
/// <param name="Overwritten">Lines that made room for newer ones; with a storage they are in its files.</param>
/// <param name="KernelLost">Lines of the kernel that were overwritten before they could be read.</param>
public sealed record LogStatus(long Lines, long Overwritten, long KernelLost) : IJsonMapped<LogStatus>
{
    /// <summary>Whose lines were dropped because they were too many.</summary>
    public IReadOnlyList<LogDropped> Dropped { get; init; } = [];

    /// <summary>Where lines of other machines are taken: <c>udp 514</c>.</summary>
    public IReadOnlyList<string> Places { get; init; } = [];

    /// <summary>Machines that have a connection to us.</summary>
    public int Connections { get; init; }

    /// <summary>Datagrams that came faster than they could be read.</summary>
    public long LostDatagrams { get; init; }

    /// <inheritdoc/>
    public static LogStatus Map(JsonMap json, LogStatus? from) => new(
        json.Number("lines", from?.Lines) ?? 0,
        json.Number("overwritten", from?.Overwritten) ?? 0,
        json.Number("kernelLost", from?.KernelLost) ?? 0)
    {
        Dropped = json.Members("dropped", from?.Dropped) ?? [],
        Places = json.Texts("places", from?.Places) ?? [],
        Connections = json.RequiredInteger("connections", from?.Connections),
        LostDatagrams = json.Number("lostDatagrams", from?.LostDatagrams) ?? 0,
    };
}
