using Dora.Init.Manager.State;
using Dora.Init.Manager.Supervision;
using Dora.Init.Manager.Supervision.Scheduling;
using Xunit;

namespace Dora.Init.Tests.Manager.Supervision.Scheduling;

/// <summary>Case L of LESSONS.md: monotonic and wall time, jumps, missed runs, overlap, jitter, a clock that is ahead at boot.</summary>
public sealed partial class JobsTests : IDisposable
{
    const int Hour = 3600, Day = 24 * Hour;

    readonly GraphWorld _world = new();

    public void Dispose() => _world.Dispose();

    /// <summary>Midnight UTC on the first of January 2026; the machine is up for an hour.</summary>
    GraphWorld World(string schedule, string more = "")
    {
        _world.Add("job", $"type: oneshot\nschedule: {schedule}\n{more}").Boot();
        _world.Story.Clear();
        return _world;
    }

    int Launches => _world.Story.Count(line => line == "launch job");

    Job Job => _world["job"].Job!;

    string Runs => string.Join(", ", Job.Record.Runs.Select(run => $"{run.Cause} {run.Result}{(run.Code >= 0 ? $" {run.Code}" : "")}"));

    [Fact]
    public void A_job_is_not_started_at_boot_but_at_its_time_and_at_each_of_them()
    {
        World("{at: \"30 2 * * *\", zone: UTC}").Pass(2 * Hour + 29 * 60);
        Assert.Empty(_world.Story);
        Assert.True(_world.Supervisor.IsArmed(_world["job"]));
        _world.Pass(60);
        Assert.Equal(1, Launches);
        _world.Pass(90).Exit("job").Pass(Day - 91);
        Assert.Equal(1, Launches);
        _world.Pass(1);
        Assert.Equal(2, Launches);
        var run = Assert.Single(Job.Record.Runs);
        Assert.Equal((1_767_225_600 + 9000, 90_000, "schedule", "success", 0), (run.Start, run.DurationMs, run.Cause, run.Result, run.Code));
    }

    [Fact]
    public void An_interval_goes_from_start_to_start_whatever_the_clock_says()
    {
        World("every 10m").Pass(599);
        Assert.Equal(0, Launches);
        _world.Pass(1);
        Assert.Equal(1, Launches);
        _world.Pass(60).Exit("job").SetClock(5 * Day).Pass(539);
        Assert.Equal(1, Launches);
        _world.Pass(1);
        Assert.Equal(2, Launches);
        _world.SetClock(-9 * Day).Exit("job").Pass(600);
        Assert.Equal(3, Launches);
        // Somebody starts it: the interval begins anew.
        _world.Exit("job").Pass(300);
        _world.Supervisor.StartAgain(_world["job"]);
        _world.Settle().Exit("job").Pass(599);
        Assert.Equal(4, Launches);
        _world.Pass(1);
        Assert.Equal(5, Launches);
        Assert.Equal("schedule success 0, schedule success 0, schedule success 0, request success 0", Runs);
    }

    [Fact]
    public void At_reboot_is_once_after_the_boot()
    {
        _world.Add("job", "type: oneshot\nschedule: \"@reboot\"").Boot();
        Assert.Equal(1, Launches);
        _world.Exit("job").Pass(400 * Day);
        Assert.Equal(1, Launches);
        Assert.Equal("boot success 0", Runs);
        Assert.Null(Job.Next);
        Assert.Null(_world.Supervisor.Jobs.ArmedFor);
    }

    [Theory]
    [InlineData("skip", 1, 1)]
    [InlineData("queue", 1, 2)]
    [InlineData("replace", 4, 4)]
    public void A_job_that_still_runs_is_not_run_twice(string overlap, int whileItRuns, int inTheEnd)
    {
        World($"{{at: \"0 * * * *\", zone: UTC, overlap: {overlap}}}").Pass(4 * Hour + 60);
        Assert.Equal(whileItRuns, Launches);
        _world.Exit("job").Pass(60);
        Assert.Equal(inTheEnd, Launches);
        if (overlap == "skip") Assert.Single(_world.Messages, line => line.Contains("passed over"));
        if (overlap == "queue") Assert.Equal(ServicePhase.Starting, _world.Phase("job"));
        if (overlap == "replace") Assert.Equal("schedule replaced, schedule replaced, schedule replaced, schedule success 0", Runs);
    }

    [Theory]
    [InlineData(1, false, 1)] // jumped over, an hour late: run at once
    [InlineData(1, true, 1)]
    [InlineData(400, false, 0)] // days late
    [InlineData(400, true, 1)] // once, not once for each day
    public void A_clock_that_is_set_forward_runs_each_job_once_at_most(int hours, bool runsMissed, int expected)
    {
        World($"{{at: [\"0 0-23 * * *\", \"*/5 * * * *\"], zone: UTC, missed: {(runsMissed ? "run" : "skip")}}}").SetClock(hours * Hour);
        Assert.Equal(expected, Launches);
        if (expected > 0) _world.Exit("job");
        Assert.Equal(expected, Launches);
        Assert.True(_world.Supervisor.Jobs.ArmedFor > _world.Wall);
        _world.Pass(300);
        Assert.Equal(expected + 1, Launches);
    }

    [Fact]
    public void A_clock_that_is_set_back_runs_no_time_of_day_again()
    {
        World("{at: \"0 1 * * *\", zone: UTC}").Pass(Hour + 60).Exit("job");
        Assert.Equal(1, Launches);
        _world.SetClock(-Hour).Pass(2 * Hour);
        Assert.Equal(1, Launches);
        _world.Pass(Day - Hour - 60 - 1);
        Assert.Equal(1, Launches);
        _world.Pass(1);
        Assert.Equal(2, Launches);
    }

    [Fact]
    public void What_recurs_goes_on_by_a_clock_that_is_set_back_and_does_not_repeat_itself_for_a_small_step()
    {
        World("{at: \"*/10 * * * *\", zone: UTC}").Pass(600).Exit("job");
        Assert.Equal(1, Launches);
        _world.SetClock(-120).Pass(130);
        Assert.Equal(1, Launches);
        _world.SetClock(-Hour).Pass(600);
        Assert.Equal(2, Launches);
    }

    [Fact]
    public void A_clock_that_was_far_ahead_does_not_silence_a_job()
    {
        World("{at: \"0 1 * * *\", zone: UTC}").SetClock(3650 * Day).Pass(2 * Hour);
        _world.Exit("job").Story.Clear();
        _world.SetClock(-3650 * Day).Pass(Day);
        Assert.Equal(1, Launches);
        // Ahead at boot, and set right before anything had come.
        using var other = new GraphWorld();
        other.Add("job", "type: oneshot\nschedule: {at: \"30 0 * * *\", zone: UTC}").SetClock(600).Pass(1).SetClock(12 * Hour);
        other.Boot().SetClock(-12 * Hour - 600).Pass(1800);
        Assert.Contains("launch job", other.Story);
    }

    [Theory]
    [InlineData("{at: \"0 1 * * *\", zone: UTC, missed: run}", 1)]
    [InlineData("{at: \"0 1 * * *\", zone: UTC, missed: skip}", 0)]
    [InlineData("{every: 12h, missed: run}", 1)]
    [InlineData("{every: 12h, missed: skip}", 0)]
    [InlineData("{every: 9d, missed: run}", 0)]
    public void What_was_missed_while_the_machine_was_off_is_made_up_for_once(string schedule, int expected)
    {
        World(schedule).Pass(Hour);
        if (_world.Phase("job") is ServicePhase.Stopped) _world.Start("job");
        string history = _world.Exit("job").Supervisor.Jobs.AllText();

        using var next = new GraphWorld();
        next.SetClock(3 * Day + 7 * Hour);
        next.Add("job", $"type: oneshot\nschedule: {schedule}").Supervisor.Jobs.History = FakeWriter.On(next, () => history);
        next.Boot();
        Assert.Equal(expected, next.Story.Count(line => line == "launch job"));
        var record = next["job"].Job!.Record;
        Assert.Single(record.Runs);
        if (expected > 0) Assert.Equal("missed", record.Open!.Cause);
        // It is over: once more the same boot, as it was written down meanwhile.
        history = next.Supervisor.Jobs.AllText();
        using var third = new GraphWorld();
        third.SetClock(3 * Day + 8 * Hour);
        third.Add("job", $"type: oneshot\nschedule: {schedule}").Supervisor.Jobs.History = FakeWriter.On(third, () => history);
        third.Boot();
        Assert.DoesNotContain("launch job", third.Story);
        if (expected > 0) Assert.Equal("interrupted", third["job"].Job!.Record.Runs[^1].Result);
    }

    [Fact]
    public void A_manager_that_is_killed_before_it_has_the_history_leaves_all_of_it_to_the_next()
    {
        _world.Add("job", "type: oneshot\nschedule: {every: 10m, missed: run}").Add("start", "type: oneshot\nschedule: \"@reboot\"");
        int asked = 0;
        _world.Supervisor.Jobs.History = new JobHistory(_world.Supervisor.Loop, _world.Supervisor.Jobs.AllText)
        {
            Reader = (_, _) =>
            {
                asked++;
                return _world;
            },
        };
        _world.Boot().Pass(Hour);
        Assert.Equal((1, 0), (asked, _world.Story.Count));
        var saved = Save(_world);

        using var next = new GraphWorld();
        next.Add("job", "type: oneshot\nschedule: {every: 10m, missed: run}").Add("start", "type: oneshot\nschedule: \"@reboot\"");
        next.Supervisor.Jobs.History = FakeWriter.On(next, () => "job job 1 1 1 - 0\nrun 1 5 schedule success 0\n");
        next.Supervisor.Adopt(saved);
        next.Settle();
        Assert.Equal(["launch job", "launch start"], next.Story.Order());
        Assert.Equal(["missed", "boot"], new[] { "job", "start" }.Select(name => next[name].Job!.Record.Open!.Cause));
    }

    [Fact]
    public void A_new_manager_goes_on_and_repeats_nothing()
    {
        World("{at: \"0 * * * *\", zone: UTC}").Pass(Hour + 60).Exit("job").Pass(Hour);
        var saved = Save(_world);
        Assert.Equal(ServicePhase.Starting, _world.Phase("job"));

        using var next = new GraphWorld();
        next.SetClock(2 * Hour + 120).Add("job", "type: oneshot\nschedule: {at: \"0 * * * *\", zone: UTC}").Supervisor.Adopt(saved);
        next.Settle();
        var job = next["job"].Job!;
        Assert.DoesNotContain("launch job", next.Story);
        Assert.Equal(1_767_225_600 + 3 * Hour, next.Supervisor.Jobs.ArmedFor);
        // The process of the second was none of this host's, so nobody has seen its end.
        Assert.Equal("schedule success 0, schedule unseen -1", string.Join(", ", job.Record.Runs.Select(run => $"{run.Cause} {run.Result} {run.Code}")));
    }

    [Fact]
    public void What_came_due_while_there_was_no_manager_is_run_once()
    {
        World("{at: \"0 * * * *\", zone: UTC}").Pass(Hour + 60).Exit("job");
        var saved = Save(_world);
        using var next = new GraphWorld();
        next.SetClock(3 * Hour + 120).Add("job", "type: oneshot\nschedule: {at: \"0 * * * *\", zone: UTC}").Supervisor.Adopt(saved);
        next.Settle();
        Assert.Single(next.Story, line => line == "launch job");
        next.Exit("job").Pass(10);
        Assert.Single(next.Story, line => line == "launch job");
    }

    [Fact]
    public void Jitter_is_within_its_bound_the_same_each_time_and_not_the_same_for_all()
    {
        for (int i = 0; i < 40; i++) _world.Add($"job{i}", "type: oneshot\nschedule: {at: \"0 1 * * *\", zone: UTC, jitter: 30m}");
        _world.Boot();
        var first = _world.Supervisor.Services.ToDictionary(service => service.Name, service => service.Job!.Next!.Value);
        Assert.All(first.Values, time => Assert.InRange(time, 1_767_225_600 + Hour, 1_767_225_600 + Hour + 1799));
        Assert.True(first.Values.Distinct().Count() > 20);
        _world.Pass(Hour + 1800);
        foreach (var (name, time) in first)
        {
            Assert.Equal(time, _world[name].Job!.Record.LastStart);
            Assert.Equal(time + Day, _world[name].Job!.Next);
        }
    }

    [Fact]
    public void A_stop_ends_a_run_and_the_next_time_comes_all_the_same_but_not_for_what_is_pinned_down()
    {
        World("every 1h").Pass(Hour).Stop("job");
        Assert.Equal("schedule stopped", Runs);
        Assert.True(_world.Supervisor.IsArmed(_world["job"]));
        _world.Pass(Hour);
        Assert.Equal(2, Launches);
        _world.Exit("job", 3).Pin("job", ServicePin.Down).Pass(3 * Hour);
        Assert.Equal(2, Launches);
        Assert.Equal("schedule stopped, schedule exit-code 3", Runs);
        _world.Pin("job", ServicePin.None).Pass(Hour);
        Assert.Equal(3, Launches);
    }

    [Fact]
    public void A_job_that_fails_is_run_at_its_next_time_and_its_retries_are_one_run()
    {
        World("every 1h", "restart: {when: on-failure, delay: 1m, factor: 1, cap: 1m, limit: 2}").Pass(Hour);
        for (int i = 0; i < 3; i++) _world.Pass(60).Exit("job", 1);
        Assert.Equal(ServicePhase.Failed, _world.Phase("job"));
        Assert.Equal("schedule exit-code 1", Runs);
        Assert.Equal(3, Launches);
        _world.Pass(Hour);
        Assert.Equal(4, Launches);
        _world.Exit("job");
        Assert.Equal("schedule exit-code 1, schedule success 0", Runs);
    }

    [Fact]
    public void A_need_that_fails_is_a_run_without_a_start()
    {
        _world.Add("db", "start: demand\nrestart: never").Broken.Add("db");
        World("every 1h", "needs: [db]").Pass(Hour);
        Assert.Equal("schedule dependency", Runs);
    }

    [Fact]
    public void An_unknown_zone_is_told_and_the_job_is_not_run()
    {
        World("{at: \"* * * * *\", zone: Mars/Olympus}").Pass(Day);
        Assert.Equal(0, Launches);
        Assert.StartsWith("zone Mars/Olympus: there", Job.Problem);
        Assert.Contains(_world.Messages, line => line.Contains("job: zone Mars/Olympus: there") && line.EndsWith("it is not run by itself"));
        Assert.False(_world.Supervisor.IsArmed(_world["job"]));
    }

    [Fact]
    public void A_reload_brings_changes_and_takes_schedules()
    {
        World("{at: \"0 1 * * *\", zone: UTC}").Booted().Write("job", "type: oneshot\nschedule: {at: \"0 3 * * *\", zone: UTC}");
        Assert.Equal("job update: schedule.at", _world.Reload());
        Assert.Equal(1_767_225_600 + 3 * Hour, _world.Supervisor.Jobs.ArmedFor);
        // What lies behind in the new one is not made up for.
        _world.Pass(2 * Hour).Write("job", "type: oneshot\nschedule: {at: \"30 1 * * *\", zone: UTC}").Reload();
        Assert.Equal(0, Launches);
        _world.Write("new", "type: oneshot\nschedule: every 10m").Reload();
        _world.Pass(600);
        Assert.Contains("launch new", _world.Story);
        _world.Exit("new").Delete("new").Write("job", "type: oneshot\nstart: demand").Reload();
        _world.Settle();
        Assert.Null(_world.Supervisor.Jobs.ArmedFor);
        Assert.All(_world.Supervisor.Services, service => Assert.Null(service.Job));
    }

    [Fact]
    public void Without_jobs_nothing_waits()
    {
        _world.Add("web").Boot();
        Assert.Null(_world.Supervisor.Jobs.ArmedFor);
    }

    static SavedState Save(GraphWorld world)
    {
        var saved = new SavedState();
        world.Supervisor.Save(saved);
        return saved;
    }
}
