namespace Dora.Init.Manager.Supervision.Scheduling;

/// <summary>CLOCK_REALTIME, which anybody may set, in whole seconds since 1970.</summary>
internal static class WallClock
{
    public static long Now => TestClock?.Invoke() ?? (DateTime.UtcNow.Ticks - DateTime.UnixEpoch.Ticks) / TimeSpan.TicksPerSecond;

    public static DateTime At(long seconds) => DateTime.UnixEpoch.AddSeconds(Math.Clamp(seconds, -60_000_000_000, 250_000_000_000));

    /// <summary>Stands in for the clock on the thread of a test; nothing else sets it.</summary>
    [ThreadStatic]
    internal static Func<long>? TestClock;
}
