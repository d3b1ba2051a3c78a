namespace Dora.Core.Protocol;

/// <summary><c>GET /v1/boot</c>: where the time went. All times are milliseconds since the kernel started.</summary>
internal sealed record BootReport
{
    public IReadOnlyList<BootStage> Stages { get; init => field = value ?? []; } = [];
    public IReadOnlyList<BootService> Services { get; init => field = value ?? []; } = [];

    /// <summary>When the kernel started /init.</summary>
    public long HandoverMs { get; init; }

    /// <summary>When every service started at boot was ready, done or failed; null while that is not so.</summary>
    public long? ReadyMs { get; init; }
}

/// <summary>One stage. <see cref="EndMs"/> is null while it runs.</summary>
/// <param name="Name">What is true afterwards.</param>
/// <param name="Phase"><c>kernel</c>, <c>initramfs</c> or <c>manager</c>.</param>
/// <param name="StartMs">When it began.</param>
/// <param name="EndMs">When it was over.</param>
/// <param name="Detail">What it found, in words.</param>
internal sealed record BootStage(string Name, string Phase, long StartMs, long? EndMs, string? Detail)
{
    public string Name { get; init; } = Name ?? "";
    public string Phase { get; init; } = Phase ?? "";
    public long StartMs { get; init; } = StartMs;
    public long? EndMs { get; init; } = EndMs;
    public string? Detail { get; init; } = Detail;
}

/// <summary>One service that boot started.</summary>
internal sealed record BootService(string Name, long? StartedMs, long? ReadyMs, string State)
{
    public string Name { get; init; } = Name ?? "";
    public long? StartedMs { get; init; } = StartedMs;
    public long? ReadyMs { get; init; } = ReadyMs;
    public string State { get; init; } = State ?? "";
}
