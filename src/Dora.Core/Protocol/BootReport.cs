using Dora.Core.Protocol.Json;

namespace Dora.Core.Protocol;

/// <summary><c>GET /v1/boot</c>: where the time went. All times are milliseconds since the kernel started.</summary>
public sealed record BootReport : IJsonMapped<BootReport>
{
    /// <summary>In the order in which they began.</summary>
    public IReadOnlyList<BootStage> Stages { get; init; } = [];

    /// <summary>Services that the boot started.</summary>
    public IReadOnlyList<BootService> Services { get; init; } = [];

    /// <summary>When the kernel started /init.</summary>
    public long HandoverMs { get; init; }

    /// <summary>When every service started at boot was ready, done or failed; null while that is not so.</summary>
    public long? ReadyMs { get; init; }

    /// <inheritdoc/>
    public static BootReport Map(JsonMap json, BootReport? from) => new()
    {
        Stages = json.Members("stages", from?.Stages) ?? [],
        Services = json.Members("services", from?.Services) ?? [],
        HandoverMs = json.Number("handoverMs", from?.HandoverMs) ?? 0,
        ReadyMs = json.Number("readyMs", from?.ReadyMs),
    };
}

/// <summary>One stage. <see cref="EndMs"/> is null while it runs.</summary>
/// <param name="Name">What is true afterwards.</param>
/// <param name="Phase"><c>kernel</c>, <c>initramfs</c> or <c>manager</c>.</param>
/// <param name="StartMs">When it began.</param>
/// <param name="EndMs">When it was over.</param>
/// <param name="Detail">What it found, in words.</param>
public sealed record BootStage(string Name, string Phase, long StartMs, long? EndMs, string? Detail) : IJsonMapped<BootStage>
{
    /// <inheritdoc/>
    public static BootStage Map(JsonMap json, BootStage? from) => new(
        json.Text("name", from?.Name) ?? "",
        json.Text("phase", from?.Phase) ?? "",
        json.Number("startMs", from?.StartMs) ?? 0,
        json.Number("endMs", from?.EndMs),
        json.Text("detail", from?.Detail));
}

/// <summary>One service that boot started.</summary>
/// <param name="Name">Its name.</param>
/// <param name="StartedMs">When its process was started; null if it has none.</param>
/// <param name="ReadyMs">When it was ready, or a oneshot done; null if it never was.</param>
/// <param name="State">One of <see cref="ServiceStates"/>.</param>
/// <param name="Behind">Services that it waited for: those it needs, wants, comes after or has for milestones; null for none.</param>
public sealed record BootService(string Name, long? StartedMs, long? ReadyMs, string State, IReadOnlyList<string>? Behind = null) : IJsonMapped<BootService>
{
    /// <inheritdoc/>
    public static BootService Map(JsonMap json, BootService? from) => new(
        json.Text("name", from?.Name) ?? "",
        json.Number("startedMs", from?.StartedMs),
        json.Number("readyMs", from?.ReadyMs),
        json.Text("state", from?.State) ?? "",
        json.Texts("behind", from?.Behind));
}
