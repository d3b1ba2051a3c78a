using System.Runtime.CompilerServices;
using Dora.Core.Events;
using Xunit;

namespace Dora.Init.Tests.Events;

/// <summary>Timers of the loop; the clock is turned by the test.</summary>
public sealed class LoopTimerTests : IDisposable
{
    readonly EventLoop _loop = new();
    TimeSpan _now = TimeSpan.FromHours(1);

    public LoopTimerTests() => EventLoop.TestClock = () => _now;

    public void Dispose()
    {
        EventLoop.TestClock = null;
        _loop.Dispose();
    }

    [Fact]
    public void Limits_that_are_cancelled_long_before_their_time_do_not_pile_up()
    {
        for (int i = 0; i < 100_000; i++)
        {
            _loop.After(TimeSpan.FromMinutes(1), "limit", () => throw new InvalidOperationException("cancelled")).Cancel();
            Assert.InRange(_loop.TimerCount, 0, 100);
        }
    }

    [Fact]
    public void Timers_that_wait_survive_those_that_are_cancelled_and_fire_in_order()
    {
        var fired = new List<int>();
        for (int i = 0; i < 1000; i++)
        {
            int number = i;
            // Two by two at the same time: those in the order they were set.
            _loop.After(TimeSpan.FromSeconds(2000 - i / 2), "waits", () => fired.Add(number));
            for (int n = 0; n < 10; n++) _loop.After(TimeSpan.FromSeconds(i), "limit", () => fired.Add(-1)).Cancel();
        }
        Assert.InRange(_loop.TimerCount, 1000, 2200);
        _now += TimeSpan.FromSeconds(3000);
        Assert.Null(_loop.Turn());
        Assert.Equal(Enumerable.Range(0, 1000).OrderBy(i => 2000 - i / 2).ThenBy(i => i), fired);
    }

    [Fact]
    public void A_timer_that_is_cancelled_holds_nobody()
    {
        var (timer, held) = Cancelled();
        GC.Collect();
        Assert.False(held.IsAlive);
        GC.KeepAlive(timer);
    }

    // A frame of its own: nothing of it is left on the stack.
    [MethodImpl(MethodImplOptions.NoInlining)]
    (LoopTimer, WeakReference) Cancelled()
    {
        object held = new();
        var timer = _loop.After(TimeSpan.FromMinutes(1), "limit", () => GC.KeepAlive(held));
        timer.Cancel();
        return (timer, new WeakReference(held));
    }

    [Fact]
    public void A_loop_that_is_stopped_by_what_was_posted_does_not_wait_for_an_event_first()
    {
        EventLoop.TestClock = null;
        // Comes a minute late if it is waited for, and ends the wait then.
        _loop.After(TimeSpan.FromMinutes(1), "late", () => { });
        _loop.Post("test", _loop.Stop);
        var start = System.Diagnostics.Stopwatch.StartNew();
        _loop.Run();
        Assert.InRange(start.Elapsed.TotalSeconds, 0, 30);
    }
}
