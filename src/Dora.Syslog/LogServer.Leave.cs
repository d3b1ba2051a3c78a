using Dora.Core.Events;

namespace Dora.Syslog;

// An orderly end. All that is unread stays where it is (the guard holds pipes, /dev/log, the channel) and is read by the
// next syslog; what has been read has to be in the ring before this one goes. Only lines of pipes can be half read: each is
// read to its end, and one whose writer is in the middle of it gets the patience that it would have had anyway.
internal sealed partial class LogServer
{
    private Action? _left;
    private LoopTimer? _leaving;

    /// <summary>Reads nothing new any more and calls <paramref name="then"/> once nothing is half read.</summary>
    public void Leave(Action then)
    {
        if (_leaving is not null) return;
        if (_devLogWatch is not null) Loop.Unwatch(_devLogWatch);
        if (_kernelWatch is not null) Loop.Unwatch(_kernelWatch);
        if (_channelWatch is not null) Loop.Unwatch(_channelWatch);
        _leaving = Loop.After(LinePatience, "leave", End);
        foreach (var stream in _streams.Values) stream.Leave();
        _left = then;
        HasLeft();
    }

    /// <summary>A stream is at the end of a line.</summary>
    public void HasLeft()
    {
        if (_left is not null && !HasPartial) End();
    }

    private void End()
    {
        if (_left is not { } then) return;
        _left = null;
        _leaving!.Cancel();
        foreach (var stream in _streams.Values) stream.FlushPartial(TimeSpan.MaxValue);
        PumpReaders();
        then();
    }
}
