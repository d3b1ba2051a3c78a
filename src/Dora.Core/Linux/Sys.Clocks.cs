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
