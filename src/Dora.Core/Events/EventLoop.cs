using Dora.Core.Linux;

namespace Dora.Core.Events;

/// <summary>
/// The event loop of the manager and of syslog: one thread, one epoll, one timerfd.
///
/// All state of a role belongs to the thread that calls <see cref="Run"/>. Nothing else ever touches it, so there are
/// no locks, no thread pool and no Task that resumes elsewhere. What may block (mount of a network share, mkfs, name
/// look-up) is a child process with a deadline, never a call on this thread.
///
/// Invariants
/// - A handler is called with the events that epoll saw, level-triggered: what it leaves unread comes again.
/// - After <see cref="Unwatch"/> a handler is not called again, even for events that the same epoll_wait returned:
///   each registration has an id that is never used twice, and an event whose id is gone is dropped. So a descriptor
///   number that was closed and re-used in the middle of a batch cannot reach the wrong owner.
/// - Timers fire in order of their deadline, those with the same deadline in the order they were set.
/// - A timer that is cancelled holds nothing any more, and those of them that still stand in line are at most as many as
///   wait to fire (and a few): most timers are limits that are cancelled long before their time, at any rate.
/// - The catch-all of the process is in <see cref="Dispatch(Watch, uint)"/>: a handler that throws is reported to
///   <see cref="Failed"/> with its owner's name, and the loop goes on. A handler that throws again and again is not
///   helped by that; its owner decides (a service is marked failed, a connection is closed).
/// - With nothing to do there are no wake-ups: the timerfd is armed only for the earliest timer.
/// </summary>
internal sealed unsafe class EventLoop : IDisposable
{
    private const int BatchSize = 32;
    private const int FewTimers = 64;

    private readonly FileDescriptor _epoll;
    private readonly FileDescriptor _timer;
    private readonly Dictionary<long, Watch> _watches = [];
    private readonly PriorityQueue<LoopTimer, (TimeSpan Deadline, long Order)> _timers = new();
    private readonly Queue<(string Owner, Action Action)> _posted = new();
    private long _nextId = 1; // 0 is the timerfd
    private TimeSpan? _armedFor;
    private int _sweepTimersAt = FewTimers;
    private bool _stopped;

    public EventLoop()
    {
        _epoll = new FileDescriptor(Libc.epoll_create1(Libc.EPOLL_CLOEXEC));
        if (!_epoll.IsOpen) throw new LinuxException(Libc.errno, "epoll_create1");
        Sys.Timer(out _timer).ThrowIfError("timerfd_create");
        Add(_timer, Libc.EPOLLIN, 0).ThrowIfError("epoll_ctl", "timerfd");
    }

    /// <summary>Told of every exception that leaves a handler, with the owner that the handler was registered for.</summary>
    public Action<string, Exception>? Failed { get; set; }

    /// <summary>Runs when a batch of events is dispatched: the place to write state out once for all of them.</summary>
    public Action? AfterBatch { get; set; }

    /// <summary>Time since boot, as of now. Deadlines are in this clock.</summary>
    public static TimeSpan Now => TestClock?.Invoke() ?? Sys.TimeSinceBoot();

    /// <summary>Stands in for the clock on the thread of a test; nothing else sets it.</summary>
    [ThreadStatic]
    internal static Func<TimeSpan>? TestClock;

    /// <summary>
    /// Calls <paramref name="handler"/> whenever <paramref name="fd"/> has one of <paramref name="events"/> (EPOLLIN ...;
    /// EPOLLERR and EPOLLHUP always). The caller goes on owning the descriptor and must <see cref="Unwatch"/> it before
    /// closing it. <paramref name="owner"/> names it in messages.
    /// </summary>
    public Watch Watch(FileDescriptor fd, uint events, string owner, Action<uint> handler)
    {
        var watch = new Watch(_nextId++, fd, owner, handler);
        Add(fd, events, watch.Id).ThrowIfError("epoll_ctl", owner);
        _watches.Add(watch.Id, watch);
        return watch;
    }

    /// <summary>Changes the events that are waited for; 0 leaves only errors and hang-up.</summary>
    public void Change(Watch watch, uint events)
    {
        Libc.epoll_event ev = new() { events = events, data = watch.Id };
        if (Libc.epoll_ctl(_epoll.Number, Libc.EPOLL_CTL_MOD, watch.Fd.Number, &ev) < 0)
            throw new LinuxException(Libc.errno, "epoll_ctl", watch.Owner);
    }

    public void Unwatch(Watch watch)
    {
        if (!_watches.Remove(watch.Id)) return;
        if (watch.Fd.IsOpen) _ = Libc.epoll_ctl(_epoll.Number, Libc.EPOLL_CTL_DEL, watch.Fd.Number, null);
    }

    /// <summary>Calls <paramref name="action"/> once, at <paramref name="deadline"/> or as soon as possible after it.</summary>
    public LoopTimer At(TimeSpan deadline, string owner, Action action)
    {
        if (_timers.Count >= _sweepTimersAt) SweepTimers();
        var timer = new LoopTimer(deadline, owner, action);
        _timers.Enqueue(timer, (deadline, _nextId++));
        return timer;
    }

    // Each sweep is paid for by the timers that were set since the last one.
    private void SweepTimers()
    {
        var waiting = new List<(LoopTimer, (TimeSpan, long))>();
        foreach (var (timer, priority) in _timers.UnorderedItems)
            if (!timer.IsCancelled) waiting.Add((timer, priority));
        _timers.Clear();
        _timers.EnqueueRange(waiting);
        _sweepTimersAt = Math.Max(2 * waiting.Count, FewTimers);
    }

    /// <summary>Calls <paramref name="action"/> once, <paramref name="delay"/> from now.</summary>
    public LoopTimer After(TimeSpan delay, string owner, Action action) => At(Now + delay, owner, action);

    /// <summary>Runs <paramref name="action"/> after the event in hand, before the loop sleeps again.</summary>
    public void Post(string owner, Action action) => _posted.Enqueue((owner, action));

    /// <summary>Lets <see cref="Run"/> return after the event in hand.</summary>
    public void Stop() => _stopped = true;

    public void Run()
    {
        var events = stackalloc Libc.epoll_event[BatchSize];
        while (!_stopped)
        {
            RunPosted();
            AfterBatch?.Invoke();
            ArmTimer();
            int count = Libc.epoll_wait(_epoll.Number, events, BatchSize, _posted.Count > 0 || _stopped ? 0 : -1);
            if (count < 0)
            {
                if (Libc.errno == Errno.EINTR) continue;
                throw new LinuxException(Libc.errno, "epoll_wait");
            }
            for (int i = 0; i < count && !_stopped; i++)
            {
                if (events[i].data == 0) FireTimers();
                else if (_watches.TryGetValue(events[i].data, out var watch)) Dispatch(watch, events[i].events);
                RunPosted();
            }
        }
        AfterBatch?.Invoke();
    }

    /// <summary>Timers that stand in line, cancelled ones too.</summary>
    internal int TimerCount => _timers.Count;

    /// <summary>Does what is posted and what is due, without sleeping, for tests that turn the clock; the next deadline.</summary>
    internal TimeSpan? Turn()
    {
        while (_posted.Count > 0) RunPosted();
        FireTimers();
        while (_posted.Count > 0) RunPosted();
        AfterBatch?.Invoke();
        while (_timers.TryPeek(out var timer, out _) && timer.IsCancelled) _timers.Dequeue();
        return _timers.TryPeek(out var first, out _) ? first.Deadline : null;
    }

    private void Dispatch(Watch watch, uint events)
    {
        try
        {
            watch.Handler(events);
        }
        catch (Exception exception)
        {
            Failed?.Invoke(watch.Owner, exception);
        }
    }

    private void Dispatch(string owner, Action action)
    {
        try
        {
            action();
        }
        catch (Exception exception)
        {
            Failed?.Invoke(owner, exception);
        }
    }

    private void RunPosted()
    {
        // What is posted meanwhile waits for the next round, so that events cannot be starved.
        for (int i = _posted.Count; i > 0; i--)
        {
            var (owner, action) = _posted.Dequeue();
            Dispatch(owner, action);
        }
    }

    private void FireTimers()
    {
        _armedFor = null;
        Span<byte> expirations = stackalloc byte[8];
        _ = Sys.Read(_timer, expirations, out _);
        var now = Now;
        while (!_stopped && _timers.TryPeek(out var timer, out _) && (timer.IsCancelled || timer.Deadline <= now))
        {
            _timers.Dequeue();
            if (timer.IsCancelled) continue;
            timer.HasFired = true;
            Dispatch(timer.Owner, timer.Action!);
        }
    }

    private void ArmTimer()
    {
        while (_timers.TryPeek(out var timer, out _) && timer.IsCancelled) _timers.Dequeue();
        TimeSpan? next = _timers.TryPeek(out var first, out _) ? first.Deadline : null;
        if (next == _armedFor) return;
        Sys.SetTimer(_timer, next).ThrowIfError("timerfd_settime");
        _armedFor = next;
    }

    private Errno Add(FileDescriptor fd, uint events, long id)
    {
        Libc.epoll_event ev = new() { events = events, data = id };
        return Libc.epoll_ctl(_epoll.Number, Libc.EPOLL_CTL_ADD, fd.Number, &ev) < 0 ? Libc.errno : Errno.None;
    }

    public void Dispose()
    {
        _timer.Dispose();
        _epoll.Dispose();
    }
}

/// <summary>A registration with the loop; see <see cref="EventLoop.Watch"/>.</summary>
internal sealed class Watch(long id, FileDescriptor fd, string owner, Action<uint> handler)
{
    public long Id { get; } = id;
    public FileDescriptor Fd { get; } = fd;
    public string Owner { get; } = owner;
    public Action<uint> Handler { get; } = handler;
}

/// <summary>A timer that fires once; see <see cref="EventLoop.At"/>.</summary>
internal sealed class LoopTimer(TimeSpan deadline, string owner, Action action)
{
    public TimeSpan Deadline { get; } = deadline;
    public string Owner { get; } = owner;

    /// <summary>What it does; null once it is cancelled, so that it holds nobody who is over.</summary>
    public Action? Action { get; private set; } = action;

    public bool IsCancelled { get; private set; }
    public bool HasFired { get; set; }

    public void Cancel()
    {
        IsCancelled = true;
        Action = null;
    }
}
