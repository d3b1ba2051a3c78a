namespace Dora.Init.Manager.Supervision.Sockets;

/// <summary>
/// For lines that strangers can cause: the first is said, those that follow within the interval are only counted, and
/// the next one tells how many there were. Pure: the clock is the caller's.
/// </summary>
internal sealed class SeldomLog
{
    public static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    private TimeSpan? _last;
    private long _unsaid;

    /// <summary>The line, perhaps with a word on those before it; null when it is too early for another.</summary>
    public string? Next(string line, TimeSpan now)
    {
        if (_last is { } last && now - last < Interval)
        {
            _unsaid++;
            return null;
        }
        string result = _unsaid == 0 ? line : $"{line} ({_unsaid} more since the last such line)";
        _last = now;
        _unsaid = 0;
        return result;
    }
}
