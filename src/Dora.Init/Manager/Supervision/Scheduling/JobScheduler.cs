using System.Text;
using Dora.Core.Configuration.Schedules;
using Dora.Core.Linux;
using Dora.Init.Events;

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
    private readonly Dictionary<string, Job> _jobs = [];
    private readonly Dictionary<string, TimeZoneRules> _zones = [];
    private readonly WallTimer _timer;
    private Dictionary<string, JobRecord> _kept = [];
    private LoopTimer? _interval;
    private bool _isBegun;
    private bool _isArming;

    public JobScheduler(Supervisor supervisor)
    {
        _supervisor = supervisor;
        _timer = new WallTimer(supervisor.Loop, Look);
    }

    public IReadOnlyCollection<Job> Jobs => _jobs.Values;

    /// <summary>What makes the jitter of this machine its own.</summary>
    public string Machine { get; } = Sys.ReadText("/proc/sys/kernel/hostname")?.Trim() ?? "";

    /// <summary>What is set on the wall clock, for tests.</summary>
    public long? ArmedFor => _timer.ArmedFor;

    /// <summary>Where the history is kept; null keeps none.</summary>
    public JobHistory? History { get; set; }

    public Func<string>? ReadHistory { get; set; }

    public Job? Find(string name) => _jobs.GetValueOrDefault(name);

    /// <summary>A service has come, or has other settings.</summary>
    public void Know(Service service)
    {
        if (service.Settings.Schedule is null || service.TransientText is not null)
        {
            if (_jobs.Remove(service.Name)) Arm();
            return;
        }
        var job = Find(service.Name);
        if (job?.Service == service && ReferenceEquals(job.Schedule, service.Settings.Schedule)) return;
        if (job?.Service != service)
        {
            _ = _kept.Remove(service.Name, out var record);
            record ??= new JobRecord();
            record.Passed = null; // it counts from now on
            _jobs[service.Name] = job = new Job(this, service, record);
        }
        _zones.Clear(); // a good time to look at the machine's again
        if (_isBegun && _supervisor.IsWantedByBoot(service.Settings)) _ = job.Begin(isBoot: false);
        Arm();
    }

    public void Forget(string name)
    {
        if (!_jobs.Remove(name, out var job)) return;
        if (_kept.Count < MostKept) _kept[name] = job.Record;
        Arm();
    }

    /// <summary>Takes up what the last manager has saved of a job.</summary>
    public void Adopt(Service service, string text)
    {
        if (!_jobs.ContainsKey(service.Name) || JobRecord.Read(text, isSameBoot: true).GetValueOrDefault(service.Name) is not { } record) return;
        _jobs[service.Name] = new Job(this, service, record);
    }

    /// <summary>All services are known. After a boot the history says what was before it.</summary>
    public void Begin(bool isBoot)
    {
        _isBegun = true;
        if (_jobs.Count == 0) return;
        if (isBoot && ReadHistory?.Invoke() is { } history) _kept = JobRecord.Read(history, isSameBoot: false);
        foreach (var known in new List<Job>(_jobs.Values))
        {
            var job = known;
            if (isBoot && _kept.Remove(job.Service.Name, out var record)) _jobs[job.Service.Name] = job = new Job(this, job.Service, record);
            if (!_supervisor.IsWantedByBoot(job.Service.Settings)) continue;
            bool isOwed = job.Begin(isBoot);
            if (!isBoot) Post(job.Service, job.Follow); // it may have ended while there was no manager
            else if (job.Schedule!.AtBoot) job.Fire(Job.Boot);
            else if (isOwed) job.Fire(Job.Missed);
        }
        Arm();
    }

    /// <summary>What is due now, and when to look again.</summary>
    public void Look()
    {
        foreach (var job in new List<Job>(_jobs.Values))
            job.Look();
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
            foreach (var job in _jobs.Values)
            {
                if (job.Times?.Next is { } at && !(at >= next)) next = at;
                if (job.Times?.NextInterval is { } due && !(due >= interval)) interval = due;
            }
            _timer.Set(_supervisor.IsEnding ? null : next);
            _interval?.Cancel();
            _interval = interval is { } time && !_supervisor.IsEnding ? _supervisor.Loop.At(time, "jobs", Look) : null;
        });
    }

    /// <summary>Null, with the cause, if the zone of a schedule is not known. Read once: a zone does not change while jobs wait for it.</summary>
    public TimeZoneRules? ZoneOf(ScheduleSettings schedule, out string problem)
    {
        problem = "";
        string name = schedule.Times.Count == 0 ? "UTC" : schedule.Zone ?? "";
        if (_zones.TryGetValue(name, out var zone)) return zone;
        if (name.Length > 0) zone = ZoneDirectory.Find(name, out problem);
        else
        {
            zone = ZoneDirectory.Local(out string why);
            if (why.Length > 0) Log.Warn($"manager: {why}: times of jobs are UTC");
        }
        if (zone is not null) _zones[name] = zone;
        return zone;
    }

    /// <summary>Why a job cannot be run now; null if it can.</summary>
    public string? WhyNot(Service service) => _supervisor.WhyNotByItself(service);

    public void Start(Service service) => _supervisor.StartAgain(service);

    public void Restart(Service service) => _supervisor.Restart(service);

    public void Post(Service service, Action action) => _supervisor.Loop.Post(service.Name, action);

    /// <summary>A record has changed: it is saved with the state, and what a later boot is to know is written down.</summary>
    public void Changed(bool isHistory)
    {
        _supervisor.StateChanged?.Invoke();
        if (isHistory) History?.Changed();
    }

    /// <summary>All records, and those of jobs that are not there at the moment: a mask is no reason to forget.</summary>
    public string AllText()
    {
        var text = new StringBuilder();
        foreach (var job in _jobs.Values) text.Append(job.Text);
        foreach (var (name, record) in _kept) text.Append(record.Text(name));
        return text.ToString();
    }

    public void Dispose()
    {
        _timer.Dispose();
        _interval?.Cancel();
        History?.Dispose();
    }
}
