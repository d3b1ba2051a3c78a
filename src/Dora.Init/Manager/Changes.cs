using Dora.Core.Events;
using Dora.Core.Protocol;
using Dora.Init.Manager.Supervision;

namespace Dora.Init.Manager;

/// <summary>
/// What was asked for and what has come of it (<c>/v1/changes</c>). A change on a service ends when the service has
/// come to rest: up or down as asked, or somewhere else for good.
/// </summary>
internal sealed class Changes(EventLoop loop, Func<string, Service?> find)
{
    private const int Kept = 200;
    private readonly Queue<Change> _all = new();
    private readonly List<Waiter> _waiters = [];

    /// <summary>A change has begun or ended.</summary>
    public Action<ChangeInfo>? Moved { get; init; }

    private int _lastId;

    private sealed class Change(ChangeInfo info, Predicate<ServiceState> isReached)
    {
        public ChangeInfo Info { get; set; } = info;
        public Predicate<ServiceState> IsReached { get; } = isReached;
    }

    private sealed class Waiter(Change change, Action<ChangeInfo> then) : IDisposable
    {
        public Change Change { get; } = change;
        public LoopTimer? Timer { get; set; }
        public bool IsOver { get; private set; }

        public void Call()
        {
            if (IsOver) return;
            Dispose();
            then(Change.Info);
        }

        public void Dispose()
        {
            IsOver = true;
            Timer?.Cancel();
        }
    }

    /// <summary>Registers a change of <paramref name="service"/>; <paramref name="isReached"/> says when it is done.</summary>
    public string Begin(string verb, string? service, string? before, Predicate<ServiceState> isReached, IReadOnlyList<string>? along = null)
    {
        string id = (++_lastId).ToString();
        var info = new ChangeInfo { Id = id, Verb = verb, Service = service, Status = ChangeInfo.Doing, Before = before, Along = along };
        _all.Enqueue(new Change(info, isReached));
        if (_all.Count > Kept) _all.Dequeue();
        Moved?.Invoke(info);
        loop.Post("changes", Check);
        return id;
    }

    /// <summary>Ends a change that is not about a service.</summary>
    public void End(string id)
    {
        if (FindChange(id) is not { } change) return;
        change.Info = change.Info with { Status = ChangeInfo.Done };
        Moved?.Invoke(change.Info);
        loop.Post("changes", Check);
    }

    public ChangeInfo? Find(string id) => FindChange(id)?.Info;

    public IDisposable WhenChanged(string id, TimeSpan wait, Action<ChangeInfo> then)
    {
        var waiter = new Waiter(FindChange(id) ?? throw new ArgumentException($"no change {id}"), then);
        waiter.Timer = loop.After(wait, "changes", waiter.Call);
        _waiters.Add(waiter);
        loop.Post("changes", Check);
        return waiter;
    }

    /// <summary>To be called after every change of a service.</summary>
    public void Check()
    {
        foreach (var change in _all)
        {
            if (change.Info.Status != ChangeInfo.Doing || change.Info.Service is not { } name) continue;
            change.Info = Advance(change, find(name));
            if (change.Info.Status != ChangeInfo.Doing) Moved?.Invoke(change.Info);
        }
        for (int i = _waiters.Count - 1; i >= 0; i--)
        {
            var waiter = _waiters[i];
            if (!waiter.IsOver && waiter.Change.Info.Status == ChangeInfo.Doing) continue;
            _waiters.RemoveAt(i);
            waiter.Call();
        }
    }

    private Change? FindChange(string id)
    {
        foreach (var change in _all)
            if (change.Info.Id == id) return change;
        return null;
    }

    private static ChangeInfo Advance(Change change, Service? service)
    {
        if (service is null) return change.Info with { Status = ChangeInfo.Done, After = ServiceStates.Stopped };
        var state = service.State;
        if (change.IsReached(state)) return change.Info with { Status = ChangeInfo.Done, After = MachineReports.StateName(service) };
        bool isStop = change.Info.Verb is "stop" or "pin-down" or "mask";
        // Others have taken it back: without this it would be waited for as long as the service runs.
        if (isStop ? service.IsStopOvertaken : change.Info.Verb == "restart" && service.IsRestartOvertaken)
            return change.Info with
            {
                Status = ChangeInfo.Failed,
                After = MachineReports.StateName(service),
                Error = new ErrorBody("service.failed", $"{service.Name}: it was {(isStop ? "wanted again" : "stopped and started")} by others before it was down"),
            };
        // Backoff will go on by itself, but what was asked for has not worked.
        bool hasFailed = !isStop && state.Phase is ServicePhase.Failed or ServicePhase.Backoff or ServicePhase.Stopped;
        if (change.Info.Verb == "reload" && !hasFailed) hasFailed = state.Phase is ServicePhase.Stopping or ServicePhase.Killing || (state.Phase is ServicePhase.Running && state.ReloadFault is not null);
        return hasFailed
            ? change.Info with
            {
                Status = ChangeInfo.Failed,
                After = MachineReports.StateName(service),
                Error = new ErrorBody("service.failed", $"{service.Name}: {state.Reason ?? state.Fault ?? state.ReloadFault ?? Service.Words(state.Phase)}"),
            }
            : change.Info;
    }
}
