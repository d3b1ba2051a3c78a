using Dora.Core.Configuration;

namespace Dora.Init.Manager.Supervision.Sockets;

/// <summary>Counts what happens in a window of time that begins with the first time. Pure: the clock is the caller's.</summary>
internal sealed class RateLimit(PollLimit limit)
{
    private TimeSpan _end;
    private int _count;

    /// <summary>Whether it may happen once more; if not, <paramref name="until"/> is when it may again.</summary>
    public bool TryTake(TimeSpan now, out TimeSpan until)
    {
        until = _end;
        if (limit.Count == 0) return true;
        if (now >= _end)
        {
            _end = until = now + limit.Interval;
            _count = 0;
        }
        if (_count >= limit.Count) return false;
        _count++;
        return true;
    }
}
