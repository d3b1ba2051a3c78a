namespace Dora.Core.Protocol;

/// <summary>A point in time in both clocks: the one since boot never jumps, the wall clock is what people read.</summary>
/// <param name="BootMs">Milliseconds since boot (CLOCK_BOOTTIME).</param>
/// <param name="Wall">UTC in ISO 8601 with milliseconds: <c>2026-11-21T03:55:29.120Z</c>.</param>
internal sealed record Moment(long BootMs, string Wall)
{
    public long BootMs { get; init; } = BootMs;
    public string Wall { get; init; } = Wall ?? "";

    public static Moment At(TimeSpan sinceBoot, DateTime utc) => new((long)sinceBoot.TotalMilliseconds, Format(utc));

    public static string Format(DateTime utc) => utc.ToString("yyyy-MM-ddTHH:mm:ss.fffZ");
}
