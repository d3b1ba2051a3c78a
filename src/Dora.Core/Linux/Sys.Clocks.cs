namespace Dora.Core.Linux;

internal static unsafe partial class Sys
{
    /// <summary>CLOCK_BOOTTIME: time since boot, suspended time included; never jumps.</summary>
    public static TimeSpan TimeSinceBoot()
    {
        Libc.timespec value;
        _ = Libc.clock_gettime(Libc.CLOCK_BOOTTIME, &value);
        return new TimeSpan(value.tv_sec * TimeSpan.TicksPerSecond + value.tv_nsec / 100);
    }

    /// <summary>CLOCK_MONOTONIC: as <see cref="TimeSinceBoot"/>, without the time in which the machine was suspended.</summary>
    public static TimeSpan MonotonicTime()
    {
        Libc.timespec value;
        _ = Libc.clock_gettime(Libc.CLOCK_MONOTONIC, &value);
        return new TimeSpan(value.tv_sec * TimeSpan.TicksPerSecond + value.tv_nsec / 100);
    }

    /// <summary>A timerfd on CLOCK_BOOTTIME.</summary>
    public static Errno Timer(out FileDescriptor fd) =>
        Own(Libc.timerfd_create(Libc.CLOCK_BOOTTIME, Libc.TFD_CLOEXEC | Libc.TFD_NONBLOCK), out fd);

    /// <summary>A timerfd on CLOCK_REALTIME.</summary>
    public static Errno WallTimer(out FileDescriptor fd) =>
        Own(Libc.timerfd_create(Libc.CLOCK_REALTIME, Libc.TFD_CLOEXEC | Libc.TFD_NONBLOCK), out fd);

    /// <summary>Sets it to go off once at a time in seconds since 1970, and to fail with ECANCELED when that clock is set before; null stops it.</summary>
    public static Errno SetWallTimer(FileDescriptor timer, long? at)
    {
        Libc.itimerspec value = default;
        if (at is { } seconds) value.it_value.tv_sec = (nint)Math.Clamp(seconds, 1, 8_000_000_000); // the kernel's clock ends in 2262
        return Check(Libc.timerfd_settime(timer.Number, Libc.TFD_TIMER_ABSTIME | Libc.TFD_TIMER_CANCEL_ON_SET, &value, null));
    }

    /// <summary>Sets the timer to go off once at <paramref name="deadline"/> since boot; null stops it.</summary>
    public static Errno SetTimer(FileDescriptor timer, TimeSpan? deadline)
    {
        Libc.itimerspec value = default;
        if (deadline is { } at)
        {
            long ticks = Math.Max(at.Ticks, 1); // an absolute time of zero would stop the timer
            value.it_value.tv_sec = ticks / TimeSpan.TicksPerSecond;
            value.it_value.tv_nsec = ticks % TimeSpan.TicksPerSecond * 100;
        }
        return Check(Libc.timerfd_settime(timer.Number, Libc.TFD_TIMER_ABSTIME, &value, null));
    }
}
