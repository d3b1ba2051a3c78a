using System.Text;
using Dora.Core.Configuration.Schedules;
using Dora.Core.Events;
using Dora.Core.Linux;

namespace Dora.Init.Manager.Supervision.Scheduling;

/// <summary>
/// All jobs, and the two timers that wait for the next of them: one of the wall clock, one of the loop for intervals. Without
/// jobs there is neither. A job is begun when its service is known and the boot wants it, and forgotten with it.
///
/// What a job remembers (<see cref="JobRecord"/>) is saved with the manager's state, and written to the history, from
/// which the next boot takes it up.
/// </summary>
internal sealed class JobScheduler : IDisposable
{
    private const int MostKept = 256;

    private readonly Supervisor _supervisor;
    private readonly WallTimer _timer;
    private Dictionary<string, string> _kept = []; // records of jobs that are not there at the moment: a mask is no reason to forget
    private TimeZoneRules? _zone; // the last one that was looked for: mostly that of the next job too
    private string? _zoneName;
    private LoopTimer? _interval;
    private bool _isBegun;
    private bool _isArming;

    public JobScheduler(Supervisor supervisor)
    {
        _supervisor = supervisor;
        _timer = new WallTimer(supervisor.Loop, Look);
    }

    /// <summary>What makes the jitter of this machine its own.</summary>
    public string Machine { get; } = Sys.ReadText("/proc/sys/kernel/hostname")?.Trim() ?? "";

    /// <summary>What is set on the wall clock, for tests.</summary>
    public long? ArmedFor => _timer.ArmedFor;

    /// <summary>Where the history is kept; null keeps none.</summary>
    public JobHistory? History { get; set; }

    /// <summary>A service has come, or has other settings.</summary>
    public void Know(Service service)
    {
        var schedule = service.TransientText is null ? service.Settings.Schedule : null;
        if (ReferenceEquals(service.Job?.Schedule, schedule) && (schedule is null || service.Job is not null)) return;
        _zoneName = null; // a good time to look at the machine's again
        if (schedule is null) service.Job = null;
        else
        {
            if (service.Job is null)
            {
                _ = _kept.Remove(service.Name, out string? kept);
                service.Job = new Job(this, service, JobRecord.Of(kept ?? "", isSameBoot: true));
                service.Job.Record.Passed = null; // it counts from now on
            }
            if (_isBegun && _supervisor.IsWantedByBoot(service.Settings)) _ = service.Job.Begin(isBoot: false);
        }
        Arm();
    }

    public void Forget(Service service)
    {
        if (service.Job is not { } job) return;
        // Lines of crontabs come and go: one that has never run has nothing to be remembered, and the oldest makes room.
        if (service.Settings.Crontab is null || job.Record.LastStart is not null)
        {
            if (_kept.Count >= MostKept)
                foreach (string oldest in _kept.Keys)
                {
                    _kept.Remove(oldest);
                    break;
                }
            _kept[service.Name] = job.Text;
        }
        service.Job = null;
        Arm();
    }

    /// <summary>All services are known. After a boot the history says what was before it; a manager that was killed while it waited for that has begun nothing.</summary>
    public void Begin(bool isBoot)
    {
        bool hasJobs = false, hasBegun = false;
        foreach (var service in _supervisor.Services)
        {
            hasJobs |= service.Job is not null;
            hasBegun |= service.Job?.Record is { Passed: not null } or { LastStart: not null };
        }
        isBoot |= !hasBegun;
        if (!isBoot && hasJobs) History?.Doubt();
        bool isAwaited = isBoot && hasJobs && History is not null;
        if (History is not null) History.Found = history => Take(history, isAwaited);
        if (isAwaited) History!.Read(); // it comes later, for it may lie on a disk that does not answer
        else BeginAll(isBoot);
    }

    /// <summary>What the history holds. It may come long after the boot, when the disk answers at last: a job that has not been run yet takes it up all the same.</summary>
    private void Take(string history, bool isAwaited)
    {
        if (!_isBegun && _supervisor.IsEnding) return; // for the next boot too
        foreach (var (name, text) in JobRecord.Split(history))
        {
            var service = _supervisor.Find(name);
            if (!_isBegun || service?.Job is null) _kept.TryAdd(name, text);
            else if (isAwaited && service.Job.Record.LastStart is null && service.State.IsAtRest) TakeUp(service, text);
        }
        if (!_isBegun) BeginAll(isBoot: true);
    }

    private void BeginAll(bool isBoot)
    {
        _isBegun = true;
        foreach (var service in _supervisor.ServicesNow())
        {
            if (service.Job is null) continue;
            if (isBoot && service.Job.Record.LastStart is null && _kept.Remove(service.Name, out string? text)) service.Job = Remembered(service, text);
            if (!_supervisor.IsWantedByBoot(service.Settings)) continue;
            bool isOwed = service.Job.Begin(isBoot);
            if (!isBoot) Post(service, service.Job.Follow); // it may have ended while there was no manager
            else if (service.Job.Schedule!.AtBoot) service.Job.Fire(Job.Boot);
            else if (isOwed) service.Job.Fire(Job.Missed);
        }
        Arm();
    }

    private Job Remembered(Service service, string text) => new(this, service, JobRecord.Of(text, isSameBoot: false));

    private void TakeUp(Service service, string text)
    {
        service.Job = Remembered(service, text);
        if (_supervisor.IsEnding || !_supervisor.IsWantedByBoot(service.Settings)) return; // for the next boot too
        if (service.Job.Begin(isBoot: true)) service.Job.Fire(Job.Missed);
        Arm();
    }

    /// <summary>What is due now, and when to look again.</summary>
    public void Look()
    {
        // What comes while the machine ends is for the next boot, as what comes a moment later.
        if (!_supervisor.IsEnding)
            foreach (var service in _supervisor.ServicesNow()) service.Job?.Look();
        Arm();
    }

    /// <summary>Sets the timers; once for all that happens in one turn of the loop.</summary>
    public void Arm()
    {
        if (_isArming) return;
        _isArming = true;
        _supervisor.Loop.Post("jobs", () =>
        {
            _isArming = false;
            long? next = null;
            TimeSpan? interval = null;
            foreach (var service in _supervisor.Services)
            {
                if (service.Job?.Times is not { } times) continue;
                if (times.Next is { } at && !(at >= next)) next = at;
                if (times.NextInterval is { } due && !(due >= interval)) interval = due;
            }
            _timer.Set(_supervisor.IsEnding ? null : next);
            _interval?.Cancel();
            _interval = interval is { } time && !_supervisor.IsEnding ? _supervisor.Loop.At(time, "jobs", Look) : null;
        });
    }

    /// <summary>Null, with the cause, if the zone of a schedule is not known. Read once: a zone does not change while a job waits for it.</summary>
    public TimeZoneRules? ZoneOf(ScheduleSettings schedule, out string problem)
    {
        problem = "";
        string name = schedule.Times.Length == 0 ? "UTC" : schedule.Zone ?? "";
        if (name == _zoneName) return _zone;
        var zone = name.Length > 0 ? ZoneDirectory.Find(name, out problem) : ZoneDirectory.Local(out problem);
        if (zone is null) return null;
        if (problem.Length > 0) Log.Warn($"manager: {problem}: times of jobs are UTC");
        problem = "";
        _zoneName = name;
        return _zone = zone;
    }

    /// <summary>Why a job cannot be run now; null if it can.</summary>
    public string? WhyNot(Service service) => _supervisor.WhyNotByItself(service);

    public void Start(Service service) => _supervisor.StartAgain(service);

    public void Restart(Service service) => _supervisor.Restart(service);

    public void Post(Service service, Action action) => _supervisor.Loop.Post(service.Name, action);

    /// <summary>A record has changed: it is saved with the state, and what a later boot is to know is written down.</summary>
    public void Changed(bool isHistory)
    {
        if (isHistory) History?.Changed();
        // Told last: this may have been the last thing that the end of the machine has waited for.
        _supervisor.StateChanged?.Invoke();
    }

    public string AllText()
    {
        var text = new StringBuilder();
        foreach (var service in _supervisor.Services) text.Append(service.Job?.Text);
        foreach (var (_, kept) in _kept) text.Append(kept.TrimEnd('\n')).Append('\n');
        return text.ToString();
    }

    public void Dispose()
    {
        _timer.Dispose();
        _interval?.Cancel();
        History?.Dispose();
    }
}
