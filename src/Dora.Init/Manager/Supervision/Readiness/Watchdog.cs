using Dora.Core.Events;

namespace Dora.Init.Manager.Supervision.Readiness;

/// <summary>
/// The clock of a service's signs of life. A sign only notes the time: the timer is set anew when it goes off, so that
/// however often a service sends one, the loop wakes once an interval for it.
/// </summary>
internal sealed class Watchdog : IDisposable
{
    private readonly EventLoop _loop;
    private readonly string _owner;
    private readonly Action _missed;
    private TimeSpan _last;
    private LoopTimer? _timer;

    public Watchdog(EventLoop loop, string owner, TimeSpan interval, Action missed)
    {
        _loop = loop;
        _owner = owner;
        _missed = missed;
        Interval = interval;
        _last = EventLoop.Now;
        Arm();
    }

    public TimeSpan Interval { get; }

    /// <summary>Whether a sign has come within the interval.</summary>
    public bool IsAlive => EventLoop.Now < _last + Interval;

    public void Alive()
    {
        _last = EventLoop.Now;
        if (_timer!.HasFired) Arm();
    }

    private void Arm() => _timer = _loop.At(_last + Interval, _owner, Look);

    private void Look()
    {
        if (IsAlive) Arm();
        else _missed();
    }

    public void Dispose() => _timer?.Cancel();
}
