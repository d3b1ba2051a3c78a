using Dora.Core;
using Dora.Core.Configuration.Schedules;

namespace Dora.Init.Manager.Supervision.Scheduling;

/// <summary>
/// When one job is due: a function of its schedule, of what its record says has passed, and of the two clocks. It starts
/// nothing.
///
/// The wall clock is set by people and by the network. So a job remembers up to which time of that clock everything is
/// dealt with (Passed), and a time that has come is dealt with once:
/// - Set forward, or late for any other reason: all times that were jumped over are one. It is run if the first of them is
///   less than three hours ago (as cron has it), else by `missed`.
/// - Set back: a time of day that has come within the last day does not come again. What recurs (`*/10`) goes on by the new
///   clock, unless that went back by less than five minutes. Further back than that the clock was wrong before, and what it
///   had shown does not count. A clock that was ahead before anything had come does not count either.
/// - Far behind at boot, and then set right (there is no clock that runs while the machine is off): what the record says has
///   passed, has passed. Only what lies behind that was jumped over.
/// - While the machine was off: by `missed` alone, however short ago.
/// An interval goes by the time since boot, which is never set.
///
/// Jitter: the whole reckoning happens in a clock that is behind by the job's part of the jitter.
/// </summary>
internal sealed class JobTimes
{
    private const long LateButRun = 3 * 3600, LongestBack = 24 * 3600, LongestBackRecurring = 300;

    private readonly ScheduleSettings _schedule;
    private readonly TimeZoneRules _zone;
    private readonly JobRecord _record;
    private readonly long _jitter;
    private readonly long[] _next; // of each expression, in the clock that is behind
    private long _seen; // and by the clock that nobody sets:
    private TimeSpan _seenAt;
    private TimeSpan? _nextInterval;

    public JobTimes(ScheduleSettings schedule, TimeZoneRules zone, JobRecord record, double chance)
    {
        _schedule = schedule;
        _zone = zone;
        _record = record;
        _jitter = (long)(schedule.Jitter.TotalSeconds * chance);
        _next = new long[schedule.Times.Length];
    }

    /// <summary>The next time of the wall clock; null if there is none.</summary>
    public long? Next
    {
        get
        {
            long next = CronExpression.Never;
            foreach (long time in _next) next = Math.Min(next, time);
            return next == CronExpression.Never ? null : next + _jitter;
        }
    }

    /// <summary>The next time since boot, for an interval.</summary>
    public TimeSpan? NextInterval => _nextInterval;

    /// <summary>From 0 to nearly 1, the same whenever this machine is asked about this job.</summary>
    public static double Chance(string machine, string job)
    {
        ulong hash = Fingerprint.Of($"{machine}\n{job}");
        hash = (hash ^ (hash >> 33)) * 0xFF51AFD7ED558CCD;
        hash = (hash ^ (hash >> 33)) * 0xC4CEB9FE1A85EC53;
        return ((hash ^ (hash >> 33)) >> 11) / (double)(1UL << 53);
    }

    /// <summary>
    /// Takes the record as it is: of this boot, of another, or empty. True if it is due at once, for what was missed while
    /// the machine was off.
    /// </summary>
    public bool Begin(long wall, TimeSpan sinceBoot, bool isBoot)
    {
        long now = _seen = wall - _jitter;
        _seenAt = sinceBoot;
        bool isOwed = false;
        if (_record.Passed is not { } passed) Pass(now, false);
        else if (isBoot)
        {
            // One that has come already in a clock that went back since is not done again.
            foreach (var time in _schedule.Times) isOwed |= CronTimes.Next(time, _zone, passed) <= now;
            // Where nothing has come it stays: an interval that has never begun is counted from there.
            if (isOwed) Pass(now, false);
            isOwed &= _schedule.RunsMissed;
        }
        for (int i = 0; i < _next.Length; i++) _next[i] = CronTimes.Next(_schedule.Times[i], _zone, Since(_schedule.Times[i], now));
        if (_schedule.Every <= TimeSpan.Zero) return isOwed;
        if (_record.LastStartSinceBoot is { } start) StartedAt(start);
        else
        {
            long left = (long)_schedule.Every.TotalSeconds;
            long last = _record.LastStart ?? _record.Passed!.Value + _jitter;
            if (isBoot && _schedule.RunsMissed && last <= wall)
            {
                isOwed |= last + left <= wall;
                if (last + left > wall) left = last + left - wall;
            }
            _nextInterval = sinceBoot + TimeSpan.FromSeconds(left + _jitter);
        }
        return isOwed;
    }

    private long Since(CronExpression time, long now)
    {
        long passed = _record.Passed!.Value;
        if (passed <= now) return passed;
        return _record.HasCome && passed - now <= (time.IsRecurring ? LongestBackRecurring : LongestBack) ? passed : now;
    }

    private void Pass(long now, bool hasCome)
    {
        _record.Passed = now;
        _record.HasCome = hasCome;
    }

    /// <summary>Looks at both clocks. True if it is due; <paramref name="isMissed"/> if that is only to make up for what was missed.</summary>
    public bool Look(long wall, TimeSpan sinceBoot, out bool isMissed)
    {
        long now = wall - _jitter;
        long before = _seen, unset = before + (long)(sinceBoot - _seenAt).TotalSeconds;
        (_seen, _seenAt) = (now, sinceBoot);
        long passed = _record.Passed!.Value;
        if (now < before && passed > now)
        {
            // Only where the counting began, by a clock that was ahead.
            if (!_record.HasCome && before >= passed) Pass(now, false);
            for (int i = 0; i < _next.Length; i++)
                if (Since(_schedule.Times[i], now) == now) _next[i] = CronTimes.Next(_schedule.Times[i], _zone, now);
        }
        else if (unset < passed - LongestBackRecurring && passed <= now)
            for (int i = 0; i < _next.Length; i++)
                if (_next[i] <= passed) _next[i] = CronTimes.Next(_schedule.Times[i], _zone, passed);

        bool isDue = false;
        isMissed = true;
        bool hasCome = false;
        for (int i = 0; i < _next.Length; i++)
        {
            if (_next[i] > now) continue;
            hasCome = true;
            bool isLate = now - _next[i] > LateButRun;
            isDue |= !isLate || _schedule.RunsMissed;
            isMissed &= isLate;
            _next[i] = CronTimes.Next(_schedule.Times[i], _zone, now);
        }
        if (hasCome) Pass(now, true);
        if (_nextInterval > sinceBoot) return isDue;
        if (_nextInterval is not { } due) return isDue;
        // It would come again with its start; that may be put off.
        long behind = (sinceBoot - due).Ticks / _schedule.Every.Ticks + 1;
        _nextInterval = due + behind * _schedule.Every;
        isMissed = false;
        return true;
    }

    /// <summary>It has been started, by whomever: an interval begins.</summary>
    public void StartedAt(TimeSpan sinceBoot)
    {
        if (_schedule.Every > TimeSpan.Zero) _nextInterval = sinceBoot + _schedule.Every;
    }
}
