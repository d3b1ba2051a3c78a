using Dora.Core.Protocol.Json;

namespace Dora.Core.Protocol;

/// <summary>A point in time in both clocks: the one since boot never jumps, the wall clock is what people read.</summary>
/// <param name="BootMs">Milliseconds since boot (CLOCK_BOOTTIME).</param>
/// <param name="Wall">UTC in ISO 8601 with milliseconds: <c>2026-11-21T03:55:29.120Z</c>.</param>
public sealed record Moment(long BootMs, string Wall) : IJsonMapped<Moment>
{
    /// <inheritdoc/>
    public static Moment Map(JsonMap json, Moment? from) =>
        new(json.Number("bootMs", from?.BootMs) ?? 0, json.Text("wall", from?.Wall) ?? "");

    /// <summary>From both clocks.</summary>
    internal static Moment At(TimeSpan sinceBoot, DateTime utc) => new((long)sinceBoot.TotalMilliseconds, Format(utc));

    // By hand: DateTime's own formatting brings the rules of all time zones into init, 60 kB for a constant Z.
    internal static string Format(DateTime utc) =>
        $"{utc.Year:D4}-{utc.Month:D2}-{utc.Day:D2}T{utc.Hour:D2}:{utc.Minute:D2}:{utc.Second:D2}.{utc.Millisecond:D3}Z";
}
