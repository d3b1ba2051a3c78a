using Dora.Init.Manager.Supervision;
using Dora.Init.Manager.Supervision.Scheduling;
using Xunit;

namespace Dora.Init.Tests.Manager.Supervision.Scheduling;

// Machines that are off when their jobs are due, and clocks that are wrong at boot.
public sealed partial class JobsTests
{
    [Theory]
    [InlineData("{at: \"0 3 * * *\", zone: UTC, missed: run}", "0111111111")]
    [InlineData("{at: \"0 3 * * *\", zone: UTC, missed: skip}", "0000000000")]
    [InlineData("{at: \"0 3 * * SUN\", zone: UTC, jitter: 6h, missed: run}", "0001000000")] // as fstrim: the fourth of January
    [InlineData("{every: 3d, missed: run}", "0001001001")]
    [InlineData("{every: 3d, missed: skip}", "0000000000")]
    [InlineData("{at: \"0 3 1 2 *\", every: 4d, zone: UTC, missed: run}", "0000100010")]
    public void A_job_that_is_only_due_while_the_machine_is_off_is_made_up_for_from_the_first_boot_on(string schedule, string expected)
    {
        // It is on from 10:00 to 18:00, and nothing else ever brings the history to the disk.
        string disk = "", launches = "";
        for (int day = 0; day < expected.Length; day++)
        {
            using var world = new GraphWorld();
            world.SetClock(day * Day + 10 * Hour).Add("job", $"type: oneshot\nschedule: {schedule}");
            world.Supervisor.Jobs.History = FakeWriter.On(world, () => disk, text => disk = text);
            world.Boot().Exit("job").Pass(8 * Hour);
            launches += world.Story.Count(line => line == "launch job");
        }
        Assert.Equal(expected, launches);
    }

    [Fact]
    public void What_comes_while_the_machine_ends_is_made_up_for_by_the_next_boot()
    {
        _world.Stubborn.Add("web");
        _world.Add("web", "stop-timeout: 10m").Add("job", "type: oneshot\nschedule: {at: \"1 0 * * *\", zone: UTC, missed: run}").Boot().Story.Clear();
        _world.Supervisor.EndAll();
        _world.Pass(300);
        Assert.DoesNotContain("launch job", _world.Story);
        string history = _world.Supervisor.Jobs.AllText();
        using var next = new GraphWorld();
        next.SetClock(600).Add("job", "type: oneshot\nschedule: {at: \"1 0 * * *\", zone: UTC, missed: run}").Supervisor.Jobs.History = FakeWriter.On(next, () => history);
        next.Boot();
        Assert.Single(next.Story, line => line == "launch job");
    }

    [Theory]
    [InlineData("{at: \"0 3 * * *\", zone: UTC, missed: run}", 0, "")]
    [InlineData("{at: \"0 3 * * *\", zone: UTC, missed: skip}", 0, "")]
    [InlineData("{at: \"0 3 1 * *\", zone: UTC, missed: run}", 0, "")]
    [InlineData("{at: \"3 * * * *\", zone: UTC, missed: skip}", 1, "launch job")] // 03:03 came while it was off, as far as anybody knows
    [InlineData("{at: \"0 3 * * *\", zone: UTC, missed: run}", 2, "launch job")] // two days later it was missed
    [InlineData("{at: \"0 3 * * *\", zone: UTC, missed: skip}", 2, "job: its time was missed, more than three hours ago: passed over (missed: skip)")]
    public void A_clock_that_was_behind_at_boot_repeats_nothing_when_it_is_set_right(string schedule, int daysOff, string expected)
    {
        // It has run on the first of March at three.
        World(schedule).SetClock(59 * Day + 2 * Hour + 1800).Pass(Hour / 2 + 60);
        if (_world.Phase("job") is ServicePhase.Starting) _world.Exit("job");
        string history = _world.Supervisor.Jobs.AllText();
        using var next = new GraphWorld(); // its clock begins on the first of January
        next.Add("job", $"type: oneshot\nschedule: {schedule}").Supervisor.Jobs.History = FakeWriter.On(next, () => history);
        next.Boot().Pass(30).Messages.Clear();
        next.SetClock(59 * Day + 3 * Hour + 300 + (daysOff > 1 ? daysOff * Day + 4 * Hour : 0)).Pass(1);
        Assert.Equal(expected, string.Join("", next.Story.Concat(next.Messages)));
    }

    [Fact]
    public void A_clock_that_was_set_back_for_days_runs_again_what_it_comes_to_by_itself()
    {
        // Weekly; two days after it has come the clock turns out to be a week ahead: it comes at its right time.
        World("{at: \"0 3 * * SUN\", zone: UTC}").SetClock(9 * Day).Pass(Day + 3 * Hour);
        Assert.Equal(1, Launches);
        _world.Exit("job").SetClock(-2 * Day).Pass(2 * Day - 1);
        Assert.Equal(1, Launches);
        _world.Pass(1);
        Assert.Equal(2, Launches);
    }

    [Fact]
    public void A_clock_that_was_ahead_at_the_first_boot_of_all_does_not_keep_a_job_from_being_made_up_for()
    {
        const string Schedule = "type: oneshot\nschedule: {at: \"0 3 * * *\", zone: UTC, missed: run}";
        _world.SetClock(5000 * Day).Add("job", Schedule).Boot().SetClock(-5000 * Day);
        Assert.Empty(_world.Story);
        string history = _world.Supervisor.Jobs.AllText();
        using var next = new GraphWorld();
        next.SetClock(Day).Add("job", Schedule).Supervisor.Jobs.History = FakeWriter.On(next, () => history);
        next.Boot();
        Assert.Single(next.Story, line => line == "launch job");
    }
}
