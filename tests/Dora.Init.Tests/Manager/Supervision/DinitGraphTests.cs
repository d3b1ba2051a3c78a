using Dora.Init.Manager.Supervision;
using Xunit;
using static Dora.Init.Manager.Supervision.ServicePhase;

namespace Dora.Init.Tests.Manager.Supervision;

/// <summary>
/// The 44 cases of dinit's graph tests by its names for them, with what ours does. Where Pandora has decided otherwise the
/// test says so: what a service has pulled in stays up when that service stops (nothing counts users), a stop that somebody
/// asks for is never undone by a restart policy, and a pin refuses and does not defer.
/// </summary>
public sealed partial class DinitGraphTests : IDisposable
{
    private readonly GraphWorld _world = new();

    public void Dispose() => _world.Dispose();

    private GraphWorld Chain(string more = "", string last = "")
    {
        return _world.Add("s1", more).Add("s2", "needs: [s1]\n" + more).Add("s3", "needs: [s2]\n" + more + last);
    }

    [Fact]
    public void Basic_1_a_start_pulls_in_what_is_needed()
    {
        Chain().Start("s3");
        Assert.Equal(["launch s1", "launch s2", "launch s3"], _world.Story);
        Assert.True(_world.IsUp("s1", "s2", "s3"));
    }

    [Fact]
    public void Basic_2_a_stop_leaves_what_was_pulled_in_as_it_is()
    {
        Chain().Start("s3").Stop("s3");
        Assert.Equal("s1 Running, s2 Running, s3 Stopped", _world.Phases("s1", "s2", "s3"));
    }

    [Fact]
    public void Basic_3_a_stop_takes_all_that_needs_it_along()
    {
        Chain().Start("s3").Stop("s1");
        Assert.Equal("s1 Stopped, s2 Stopped, s3 Stopped", _world.Phases("s1", "s2", "s3"));
        Assert.Equal(["TERM s3", "TERM s2", "TERM s1"], _world.Story[3..]);
    }

    [Fact]
    public void Basic_4_a_need_that_is_restarted_by_its_policy_takes_nothing_along()
    {
        Chain("restart: always\n").Start("s3").Crash("s1");
        Assert.Equal("s1 Backoff, s2 Running, s3 Running", _world.Phases("s1", "s2", "s3"));
        _world.Pass(1);
        Assert.True(_world.IsUp("s1", "s2", "s3"));
        Assert.Equal(["launch s1", "launch s2", "launch s3", "launch s1"], _world.Story);
    }

    [Fact]
    public void Basic_5_a_chain_of_slow_starts_goes_one_by_one()
    {
        Chain("notify: fd\n").Start("s3");
        Assert.Equal("s1 Starting, s2 Waiting, s3 Waiting", _world.Phases("s1", "s2", "s3"));
        _world.Ready("s1");
        Assert.Equal("s1 Running, s2 Starting, s3 Waiting", _world.Phases("s1", "s2", "s3"));
        _world.Ready("s2").Ready("s3");
        Assert.True(_world.IsUp("s1", "s2", "s3"));
    }

    [Fact]
    public void Basic_6_a_stop_waits_for_a_dependent_that_is_slow_to_stop()
    {
        _world.Stubborn.Add("s3");
        Chain().Start("s3").Stop("s1");
        Assert.Equal("s1 Running, s2 Running, s3 Stopping", _world.Phases("s1", "s2", "s3"));
        _world.Exit("s3");
        Assert.Equal("s1 Stopped, s2 Stopped, s3 Stopped", _world.Phases("s1", "s2", "s3"));
    }

    [Fact]
    public void Basic_7_a_stop_that_was_asked_for_inhibits_the_restart()
    {
        Chain("restart: always\n").Start("s3").Stop("s1").Pass(100);
        Assert.Equal("s1 Stopped, s2 Stopped, s3 Stopped", _world.Phases("s1", "s2", "s3"));
    }

    [Fact]
    public void Basic_8_whoever_was_stopped_is_wanted_no_more()
    {
        Chain("restart: always\n").Start("s3").Stop("s2");
        Assert.Equal((true, false, false), (_world["s1"].State.WantedUp, _world["s2"].State.WantedUp, _world["s3"].State.WantedUp));
    }

    [Fact]
    public void Basic_9_a_restart_that_was_asked_for_restarts_what_needs_it_in_order()
    {
        Chain().Start("s3");
        _world.Story.Clear();
        _world.Restart("s1");
        Assert.Equal(["TERM s3", "TERM s2", "TERM s1", "launch s1", "launch s2", "launch s3"], _world.Story);
        Assert.True(_world.IsUp("s1", "s2", "s3"));
    }

    [Fact]
    public void Basic_10_the_end_stops_in_reverse_order()
    {
        Chain().Add("other", "after: [s2]").Boot();
        _world.Story.Clear();
        _world.Supervisor.EndAll();
        _world.Settle();
        Assert.True(_world.Supervisor.IsAllDown);
        Assert.True(_world.Story.IndexOf("TERM other") < _world.Story.IndexOf("TERM s2"));
        Assert.Equal(["TERM s3", "TERM s2", "TERM s1"], _world.Story.Where(line => line != "TERM other"));
    }

    [Fact]
    public void Softdep_1_what_is_wanted_is_started_with_it()
    {
        _world.Add("s1").Add("s2", "wants: [s1]").Start("s2");
        Assert.Equal(["launch s1", "launch s2"], _world.Story);
    }

    [Fact]
    public void Softdep_2_what_is_wanted_may_fail()
    {
        _world.Broken.Add("s1");
        _world.Add("s1", "restart: never").Add("s2", "wants: [s1]").Start("s2");
        Assert.Equal("s1 Failed, s2 Running", _world.Phases("s1", "s2"));
    }

    [Fact]
    public void Softdep_3_what_is_wanted_may_stop()
    {
        _world.Add("s1").Add("s2", "wants: [s1]").Start("s2").Stop("s1");
        Assert.Equal("s1 Stopped, s2 Running", _world.Phases("s1", "s2"));
    }

    [Fact]
    public void Softdep_4_a_milestone_that_fails_fails_what_waits_for_it()
    {
        _world.Broken.Add("s1");
        _world.Add("s1", "restart: never").Add("s2", "milestone: [s1]").Start("s2");
        Assert.Equal("s1 Failed, s2 Failed", _world.Phases("s1", "s2"));
        Assert.StartsWith("its milestone is s1, which has failed: execute /bin/s1", _world["s2"].State.Reason);
    }

    [Fact]
    public void Softdep_5_a_milestone_that_is_cancelled_fails_what_waits_for_it()
    {
        _world.Add("s1", "notify: fd").Add("s2", "milestone: [s1]").Start("s2");
        Assert.Equal("s1 Starting, s2 Waiting", _world.Phases("s1", "s2"));
        _world.Stop("s1");
        Assert.Equal("s1 Stopped, s2 Failed", _world.Phases("s1", "s2"));
    }

    [Fact]
    public void Softdep_6_a_milestone_behind_one_may_fail_and_need_not_come_again()
    {
        _world.Add("s1", "restart: never").Add("s2", "milestone: [s1]").Start("s2").Crash("s1");
        Assert.Equal("s1 Failed, s2 Running", _world.Phases("s1", "s2"));
        _world.Restart("s2");
        Assert.Equal("s1 Failed, s2 Running", _world.Phases("s1", "s2"));
    }

    [Fact]
    public void Softdep_7_what_is_wanted_comes_back_by_its_own_policy()
    {
        _world.Add("s1", "restart: always").Add("s2", "wants: [s1]").Start("s2").Crash("s1");
        Assert.Equal("s1 Backoff, s2 Running", _world.Phases("s1", "s2"));
        _world.Pass(1);
        Assert.True(_world.IsUp("s1", "s2"));
    }

    [Fact]
    public void Softdep_8_what_is_wanted_is_started_again_with_a_restart()
    {
        _world.Add("s1").Add("s2", "wants: [s1]").Start("s2").Stop("s1").Restart("s2");
        Assert.True(_world.IsUp("s1", "s2"));
    }

    [Fact]
    public void Other_1_a_start_that_waits_can_be_cancelled()
    {
        _world.Add("s1", "notify: fd").Add("s2", "needs: [s1]").Start("s2").Stop("s2");
        Assert.Equal("s1 Starting, s2 Stopped", _world.Phases("s1", "s2"));
        _world.Ready("s1");
        Assert.Equal(["launch s1"], _world.Story);
    }

    [Fact]
    public void Other_2_when_all_are_down_nothing_is_left_to_come()
    {
        Chain("restart: always\n").Start("s3");
        _world.Supervisor.EndAll();
        _world.Settle().Pass(1000);
        Assert.True(_world.Supervisor.IsAllDown);
        Assert.Equal(3, _world.Story.Count(line => line.StartsWith("launch")));
    }

    [Fact]
    public void Other_3_a_restart_happens_once()
    {
        _world.Add("s1").Start("s1");
        _world.Stubborn.Add("s1");
        _world.Restart("s1").Restart("s1").Exit("s1");
        Assert.Equal(2, _world.Story.Count(line => line == "launch s1"));
    }

    [Fact]
    public void Other_4_a_restart_can_be_cancelled_by_a_stop()
    {
        _world.Add("s1").Start("s1");
        _world.Stubborn.Add("s1");
        _world.Restart("s1").Stop("s1").Exit("s1").Pass(100);
        Assert.Equal(Stopped, _world.Phase("s1"));
    }

    [Fact]
    public void Other_5_a_start_that_is_under_way_can_be_interrupted()
    {
        _world.Add("s1", "notify: fd").Start("s1").Stop("s1");
        Assert.Equal(Stopped, _world.Phase("s1"));
        Assert.Equal(["launch s1", "TERM s1"], _world.Story);
    }

    [Fact]
    public void Other_6_a_stop_is_turned_round_by_a_start()
    {
        _world.Add("s1").Start("s1");
        _world.Stubborn.Add("s1");
        _world.Stop("s1").Start("s1").Exit("s1");
        Assert.Equal((Running, 2), (_world.Phase("s1"), _world.Story.Count(line => line == "launch s1")));
    }

    [Theory]
    [InlineData("s2", "after: [s1]", "s1", "")]
    [InlineData("s2", "", "s1", "before: [s2]")]
    public void Order_1_it_holds_even_if_the_slower_one_goes_first(string later, string laterText, string earlier, string earlierText)
    {
        _world.Add(later, laterText).Add(earlier, "notify: fd\n" + earlierText).Boot();
        Assert.Equal("s1 Starting, s2 Waiting", _world.Phases("s1", "s2"));
        _world.Ready("s1");
        Assert.True(_world.IsUp("s1", "s2"));
    }

    [Theory]
    [InlineData("after: [s1]", "")]
    [InlineData("", "before: [s2]")]
    public void Order_2_it_pulls_nothing_in(string second, string first)
    {
        _world.Add("s1", first).Add("s2", second).Start("s2");
        Assert.Equal("s1 Stopped, s2 Running", _world.Phases("s1", "s2"));
    }

    [Fact]
    public void Order_3_it_does_not_matter_who_is_read_first_and_a_failure_does_not_hold_the_other()
    {
        _world.Broken.Add("s1");
        _world.Add("s2", "after: [s1]").Add("s1", "restart: never\nbefore: [s3]").Add("s3").Boot();
        Assert.Equal("s1 Failed, s2 Running, s3 Running", _world.Phases("s1", "s2", "s3"));
    }

    [Fact]
    public void Restart_stop_1_a_stop_between_the_restarts_of_a_chain_wins()
    {
        Chain().Start("s3");
        _world.Stubborn.Add("s3");
        _world.Restart("s1");
        Assert.Equal("s1 Running, s2 Running, s3 Stopping", _world.Phases("s1", "s2", "s3"));
        _world.Stop("s1").Exit("s3").Pass(100);
        Assert.Equal("s1 Stopped, s2 Stopped, s3 Stopped", _world.Phases("s1", "s2", "s3"));
    }

    [Fact]
    public void Restart_stop_2_a_stop_of_a_dependent_does_not_stop_the_restart()
    {
        Chain().Start("s3");
        _world.Stubborn.Add("s3");
        _world.Restart("s1").Stop("s3").Exit("s3");
        Assert.Equal("s1 Running, s2 Running, s3 Stopped", _world.Phases("s1", "s2", "s3"));
        Assert.Equal(2, _world.Story.Count(line => line == "launch s1"));
    }

    [Fact]
    public void Restart_stop_3_a_need_that_does_not_come_back_fails_what_was_to_be_restarted()
    {
        Chain("restart: never\n").Start("s3");
        _world.Broken.Add("s1");
        _world.Restart("s1");
        Assert.Equal("s1 Failed, s2 Failed, s3 Failed", _world.Phases("s1", "s2", "s3"));
    }

    [Fact]
    public void Restart_stop_4_a_start_of_another_user_waits_for_the_restart()
    {
        Chain().Add("late", "needs: [s1]").Start("s3");
        _world.Stubborn.Add("s3");
        _world.Restart("s1").Start("late");
        Assert.Equal(Waiting, _world.Phase("late"));
        _world.Exit("s3");
        Assert.True(_world.IsUp("s1", "s2", "s3", "late"));
        Assert.True(_world.Story.LastIndexOf("launch s1") < _world.Story.IndexOf("launch late"));
        Assert.Equal(2, _world.Story.Count(line => line == "launch s1"));
    }

    [Fact]
    public void Log_1_every_end_is_told_with_its_cause()
    {
        _world.Add("s1", "restart: never").Start("s1").Exit("s1", 3);
        Assert.Equal(["s1: running", "s1: failed: exit code 3"], _world.Messages);
    }

    [Fact]
    public void Log_2_a_restart_is_told_with_its_delay()
    {
        _world.Add("s1", "restart: {when: always, delay: 2s}").Start("s1").Crash("s1");
        Assert.Contains("s1: ended (signal 11); starting again in 2 s", _world.Messages);
    }

    [Fact]
    public void Release_from_failed_what_has_failed_can_be_stopped_and_started()
    {
        _world.Broken.Add("s1");
        Chain("restart: never\n").Start("s3");
        Assert.Equal("s1 Failed, s2 Failed, s3 Failed", _world.Phases("s1", "s2", "s3"));
        _world.Stop("s3");
        Assert.Equal(Stopped, _world.Phase("s3"));
        _world.Broken.Clear();
        _world.Start("s3");
        Assert.True(_world.IsUp("s1", "s2", "s3"));
    }
}
