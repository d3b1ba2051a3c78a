using Dora.Core.Events;
using Dora.Core.Linux;
using Dora.Core.Protocol;
using Dora.Init.Guard;
using Dora.Init.Manager.State;

namespace Dora.Init.Manager.Shutdown;

/// <summary>
/// An end of the machine that is asked for later. There is one at most; a new one takes its place. Who is logged in is
/// told at once, again 10, 5 and 1 minute before, and when it is cancelled. It is kept with the manager's state. A time
/// of the wall clock is looked at again every minute, since that clock may be set.
/// </summary>
internal sealed class ScheduledEnd(EventLoop loop, MachineEnding ending, Action changed)
{
    private static readonly TimeSpan s_look = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan[] s_marks = [TimeSpan.FromMinutes(10), TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(1)];
    private LoopTimer? _timer;
    private TimeSpan _deadline;
    private DateTime? _wall;
    private int _told; // marks that are over

    public MachineEnd? End { get; private set; }
    public string By { get; private set; } = "";
    public string Message { get; private set; } = "";

    /// <summary>When, in both clocks.</summary>
    public Moment At => Moment.At(_deadline, _wall ?? DateTime.UtcNow + (_deadline - EventLoop.Now));

    /// <summary>At <paramref name="wall"/> if there is one, else after <paramref name="delay"/>.</summary>
    public void Set(MachineEnd end, TimeSpan delay, DateTime? wall, string message, string by)
    {
        string instead = End is { } old ? $" (instead of the {Ending.Describe(old)} that was to be at {Short(At)})" : "";
        End = end;
        By = by;
        Message = message;
        _wall = wall;
        _deadline = EventLoop.Now + delay;
        LookAtClock();
        _told = CountMarks();
        Say($"{Ending.Describe(end)} {In()}, at {Short(At)}{instead}{Reason()}; `dora shutdown cancel` cancels it");
        changed();
        Arm();
    }

    /// <summary>False if there is nothing to cancel.</summary>
    public bool Cancel(string by)
    {
        if (End is not { } end) return false;
        Say($"the {Ending.Describe(end)} that was to be at {Short(At)} is cancelled by {by}");
        Clear();
        return true;
    }

    /// <summary>An end is under way: nothing is scheduled any more.</summary>
    public void Clear()
    {
        if (End is null) return;
        _timer?.Cancel();
        End = null;
        changed();
    }

    public void Save(SavedState state)
    {
        state.ScheduledEnd = End;
        state.ScheduledAt = End is null ? null : _deadline;
        state.ScheduledWallTicks = End is null ? null : _wall?.Ticks;
        state.ScheduledBy = End is null ? null : By;
        state.ScheduledMessage = End is null ? null : Message;
    }

    public void Adopt(SavedState state)
    {
        if (state.ScheduledEnd is not { } end || state.ScheduledAt is not { } at) return;
        End = end;
        _deadline = at;
        _wall = state.ScheduledWallTicks is { } ticks ? new DateTime(ticks, DateTimeKind.Utc) : null;
        By = state.ScheduledBy ?? "";
        Message = state.ScheduledMessage ?? "";
        LookAtClock();
        _told = CountMarks();
        Arm();
    }

    private void Arm()
    {
        _timer?.Cancel();
        var next = _deadline;
        if (_told < s_marks.Length && _deadline - s_marks[_told] < next) next = _deadline - s_marks[_told];
        if (_wall is not null && EventLoop.Now + s_look < next) next = EventLoop.Now + s_look;
        _timer = loop.At(next, "shutdown", Look);
    }

    private void Look()
    {
        LookAtClock();
        if (EventLoop.Now >= _deadline)
        {
            var end = End!.Value;
            string by = $"the schedule of {By}";
            Clear();
            _ = ending.Request(end, force: false, by);
            return;
        }
        int marks = CountMarks();
        if (marks > _told)
        {
            _told = marks;
            Say($"{Ending.Describe(End!.Value)} {In()}{Reason()}");
        }
        Arm();
    }

    private void LookAtClock()
    {
        if (_wall is { } wall) _deadline = EventLoop.Now + (wall - DateTime.UtcNow);
    }

    /// <summary>How many of the marks lie behind; the whole minute that is said at the start counts as told.</summary>
    private int CountMarks()
    {
        var left = _deadline - EventLoop.Now;
        int count = 0;
        while (count < s_marks.Length && left <= s_marks[count]) count++;
        return count;
    }

    private string Reason() => Message.Length == 0 ? "" : $": {Message}";

    private string In()
    {
        var left = _deadline - EventLoop.Now + TimeSpan.FromMilliseconds(500);
        return left.TotalSeconds < 90 ? $"in {(int)left.TotalSeconds} s" : left.TotalMinutes < 90 ? $"in {(int)left.TotalMinutes} minutes" : $"in {(int)left.TotalHours} h {left.Minutes} min";
    }

    private static string Short(Moment moment) => $"{moment.Wall[..10]} {moment.Wall[11..19]} UTC";

    private static void Say(string text)
    {
        Log.Announce($"manager: {text}");
        Terminals.Tell(text);
    }
}
