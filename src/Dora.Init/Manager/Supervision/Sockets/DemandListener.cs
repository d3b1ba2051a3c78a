using Dora.Core.Events;
using Dora.Core.Linux;

namespace Dora.Init.Manager.Supervision.Sockets;

/// <summary>
/// Watches the sockets of a service with <c>start: demand</c> while it is down; what arrives first starts it. Nothing is
/// accepted or read here: the service gets the sockets with all that waits in them, so while it runs nobody watches.
///
/// A service that ends without taking the connection would be started again at once, for ever: the pause before the
/// next watch grows with each run that was shorter than <see cref="s_quick"/>, by its own restart policy. One that has
/// failed for good is not watched for its longest back-off. And whatever its runs are like, there are not more starts
/// in a time than poll-limit has. Meanwhile clients wait in the backlog.
/// </summary>
internal sealed class DemandListener(Supervisor supervisor, Service service, HeldSockets sockets) : IDisposable
{
    private static readonly TimeSpan s_quick = TimeSpan.FromSeconds(1);
    private readonly List<Watch> _watches = [];
    private readonly RateLimit _rate = new(service.Settings.PollLimit);
    private readonly SeldomLog _rateLog = new();
    private LoopTimer? _pause;
    private int _quickRuns;

    /// <summary>Opens the sockets if need be; throws <see cref="LinuxException"/>.</summary>
    public void Watch()
    {
        if (_watches.Count > 0 || _pause is not null) return;
        foreach (var (_, fd) in sockets.Of(service.Settings))
            _watches.Add(supervisor.Loop.Watch(fd, Libc.EPOLLIN, service.Name, _ => Arrived()));
    }

    /// <summary>It has ended by itself: watch again, after a pause if it would only spin.</summary>
    public void WatchAgain()
    {
        if (_watches.Count > 0 || _pause is not null) return;
        var pause = PauseAfter(service.State, service.Settings.Restart, ref _quickRuns);
        if (pause == TimeSpan.Zero) Watch();
        else WatchAt(EventLoop.Now + pause);
    }

    private void WatchAt(TimeSpan time) => _pause = supervisor.Loop.At(time, service.Name, () =>
    {
        _pause = null;
        Watch();
    });

    internal static TimeSpan PauseAfter(ServiceState state, Core.Configuration.RestartPolicy policy, ref int quickRuns)
    {
        if (state.Phase is ServicePhase.Failed) return policy.Cap > s_quick ? policy.Cap : s_quick;
        quickRuns = state.StartedAt is { } start && state.Since - start < s_quick ? quickRuns + 1 : 0;
        return quickRuns == 0 ? TimeSpan.Zero : ServiceMachine.Delay(policy, quickRuns);
    }

    /// <summary>It is on its way up, or not to be started by its sockets any more.</summary>
    public void Pause()
    {
        foreach (var watch in _watches) supervisor.Loop.Unwatch(watch);
        _watches.Clear();
        _pause?.Cancel();
        _pause = null;
    }

    private void Arrived()
    {
        Pause();
        if (!_rate.TryTake(EventLoop.Now, out var until))
        {
            var limit = service.Settings.PollLimit;
            string line = $"{service.Name}: started {limit.Count} times within {ServiceMachine.Seconds(limit.Interval)} by its sockets (poll-limit): waiting";
            if (_rateLog.Next(line, EventLoop.Now) is { } said) Log.Warn(said);
            WatchAt(until);
            return;
        }
        supervisor.StartAgain(service);
    }

    public void Dispose() => Pause();
}
