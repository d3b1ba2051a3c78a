using Dora.Core.Events;
using Dora.Core.Linux;

namespace Dora.Init.Manager.Supervision.Scheduling;

/// <summary>
/// One timer on the wall clock, which the kernel cancels when that clock is set (timerfd_settime(2),
/// TFD_TIMER_CANCEL_ON_SET): then too its owner looks, and sets it anew. It exists only once there is something to wait for.
/// </summary>
internal sealed class WallTimer(EventLoop loop, Action look) : IDisposable
{
    private FileDescriptor? _timer;
    private Watch? _watch;

    /// <summary>What it is set to; null is nothing.</summary>
    public long? ArmedFor { get; private set; }

    /// <summary>Goes off once; at once if that is over. Null stops it.</summary>
    public void Set(long? at)
    {
        ArmedFor = at;
        if (WallClock.TestClock is not null || (at is null && _timer is null)) return;
        if (_timer is null)
        {
            Sys.WallTimer(out _timer).ThrowIfError("timerfd_create");
            _watch = loop.Watch(_timer, Libc.EPOLLIN, "jobs", _ => WentOff());
        }
        Sys.SetWallTimer(_timer, at).ThrowIfError("timerfd_settime");
    }

    private void WentOff()
    {
        Span<byte> expirations = stackalloc byte[8];
        // ECANCELED where the clock was set.
        if (Sys.Read(_timer!, expirations, out _) != Errno.EAGAIN) look();
    }

    public void Dispose()
    {
        if (_watch is not null) loop.Unwatch(_watch);
        _timer?.Dispose();
    }
}
