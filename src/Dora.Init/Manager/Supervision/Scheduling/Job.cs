using Dora.Core.Configuration.Schedules;
using Dora.Core.Events;

namespace Dora.Init.Manager.Supervision.Scheduling;

/// <summary>A service with a schedule: when it is due, what its runs came to, and what is to be done when it is due.</summary>
internal sealed class Job(JobScheduler scheduler, Service service, JobRecord record)
{
    private string? _text;
    private bool _isFired; // and no run has followed yet
    private bool _isToldOfOverlap;
    private string _cause = Request;

    public const string Request = "request", Scheduled = "schedule", Missed = "missed", Boot = "boot";

    public Service Service => service;
    public JobRecord Record => record;

    /// <summary>What its times were reckoned from: another, and they are reckoned anew.</summary>
    public ScheduleSettings? Schedule { get; private set; }

    /// <summary>Null while it waits for nothing: not begun yet, or its zone is unknown.</summary>
    public JobTimes? Times { get; private set; }

    /// <summary>Why it is not run.</summary>
    public string? Problem { get; private set; }

    /// <summary>Its record as it is saved.</summary>
    public string Text => _text ??= record.Text(service.Name);

    /// <summary>The next time, of the wall clock; null if there is none.</summary>
    public long? Next
    {
        get
        {
            long? next = Times?.Next;
            if (Times?.NextInterval is { } interval && WallClock.Now + (long)Math.Ceiling((interval - EventLoop.Now).TotalSeconds) is var at && !(next < at)) next = at;
            return next;
        }
    }

    public void Changed(bool isHistory)
    {
        _text = null;
        scheduler.Changed(isHistory);
    }

    /// <summary>Reckons its times from its record, or, if its file has changed, from now on.</summary>
    public bool Begin(bool isBoot)
    {
        bool isOtherSchedule = Schedule is not null;
        Schedule = service.Settings.Schedule!;
        if (isOtherSchedule) record.Passed = null;
        Times = null;
        var zone = scheduler.ZoneOf(Schedule, out string problem);
        Problem = problem.Length == 0 ? null : $"zone {Schedule.Zone}: {problem}";
        if (zone is null)
        {
            Log.Error($"{service.Name}: {Problem}: it is not run by itself");
            return false;
        }
        bool isFirst = record.Passed is null;
        Times = new JobTimes(Schedule, zone, record, JobTimes.Chance(scheduler.Machine, service.Name));
        bool isOwed = Times.Begin(WallClock.Now, EventLoop.Now, isBoot);
        // From when on its times count, for the boots to come: all of them may fall into hours in which the machine is off.
        Changed(isHistory: isFirst && Schedule.RunsMissed);
        return isOwed;
    }

    /// <summary>It is not run any more; one that runs is followed to its end.</summary>
    public void Retire()
    {
        Times = null;
        record.IsQueued = false;
        Changed(isHistory: false);
        scheduler.Arm();
    }

    public void Look()
    {
        if (Times is null) return;
        var passed = record.Passed;
        if (Times.Look(WallClock.Now, EventLoop.Now, out bool isMissed)) Fire(isMissed ? Missed : Scheduled);
        else if (record.Passed != passed)
        {
            if (record.HasCome) Log.Warn($"{service.Name}: its time was missed, more than three hours ago: passed over (missed: skip)");
            Changed(isHistory: true);
        }
    }

    /// <summary>It is due.</summary>
    public void Fire(string cause)
    {
        Changed(isHistory: true);
        if (scheduler.WhyNot(service) is { } why)
        {
            Log.Info($"{service.Name}: it is due, and not run: {why}");
            return;
        }
        if (service.State.IsAtRest)
        {
            Start(cause);
            return;
        }
        switch (Schedule!.Overlap)
        {
            case OverlapPolicy.Skip:
                if (!_isToldOfOverlap) Log.Warn($"{service.Name}: it is due, and its last run goes on: passed over, until that has ended");
                _isToldOfOverlap = true;
                break;
            case OverlapPolicy.Queue:
                record.IsQueued = true;
                break;
            case OverlapPolicy.Replace:
                Log.Warn($"{service.Name}: it is due, and its last run goes on: stopping that");
                End("replaced", -1);
                (_cause, _isFired) = (cause, true);
                scheduler.Restart(service);
                break;
            default:
                throw new System.Diagnostics.UnreachableException();
        }
    }

    private void Start(string cause)
    {
        (_cause, _isFired) = (cause, true);
        scheduler.Start(service);
    }

    /// <summary>After every change of its service.</summary>
    public void Follow()
    {
        var state = service.State;
        if (state.Phase is ServicePhase.Starting && record.Open is null)
        {
            record.LastStart = WallClock.Now;
            record.LastStartSinceBoot = EventLoop.Now;
            record.Open = new JobRun { Start = WallClock.Now, Cause = _cause };
            Times?.StartedAt(EventLoop.Now);
            (_cause, _isFired, _isToldOfOverlap) = (Request, false, false);
            Changed(isHistory: true);
            scheduler.Arm();
        }
        if (!state.IsAtRest) return;
        string result = state.Phase is ServicePhase.Stopped ? "stopped" : MachineReports.ResultOf(state.Result) ?? "success";
        bool hasCode = state is { HasExited: true, LastExit.Code: not 0 } && state.Phase is not ServicePhase.Stopped;
        if (record.Open is not null) End(result, hasCode ? state.LastExit!.Status : -1);
        else if (_isFired && state.Phase is ServicePhase.Failed)
        {
            // It has not come as far as a start.
            record.Add(new JobRun { Start = WallClock.Now, Cause = _cause, Result = result });
            Changed(isHistory: true);
        }
        if (state.Phase is not ServicePhase.Stopped) (_cause, _isFired) = (Request, false);
        if (!record.IsQueued) return;
        record.IsQueued = false;
        Changed(isHistory: false);
        if (scheduler.WhyNot(service) is null) scheduler.Post(service, () => Fire(Scheduled));
    }

    private void End(string result, int code)
    {
        if (record.Open is not { } open) return;
        var lasted = record.LastStartSinceBoot is { } start ? EventLoop.Now - start : TimeSpan.Zero;
        (open.DurationMs, open.Result, open.Code) = ((long)lasted.TotalMilliseconds, result, code);
        record.Add(open);
        record.Open = null;
        Changed(isHistory: true);
    }
}
