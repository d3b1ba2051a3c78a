using Dora.Init.Manager.Supervision;
using Xunit;
using static Dora.Init.Manager.Supervision.ServicePhase;

namespace Dora.Init.Tests.Manager.Supervision;

// Services that are held up or down.
public sealed partial class DinitGraphTests
{
    [Fact]
    public void Pin_1_pinned_up_is_started_and_its_need_with_it()
    {
        Chain().Pin("s3", ServicePin.Up);
        Assert.True(_world.IsUp("s1", "s2", "s3"));
    }

    [Fact]
    public void Pin_2_pinned_up_is_found_before_a_stop_of_what_it_needs()
    {
        Chain().Pin("s3", ServicePin.Up);
        foreach (string name in new[] { "s1", "s2", "s3" }) Assert.Equal("s3", _world.Supervisor.PinnedUp(_world[name])!.Name);
    }

    [Fact]
    public void Pin_3_a_need_that_has_failed_does_not_stop_what_is_pinned_up()
    {
        Chain("restart: never\n").Pin("s3", ServicePin.Up);
        _world.Crash("s1");
        // s2 has to go, and cannot before s3, which may stay.
        Assert.Equal("s1 Failed, s2 Running, s3 Running", _world.Phases("s1", "s2", "s3"));
    }

    [Fact]
    public void Pin_4_let_go_it_follows_the_need_that_has_failed_meanwhile()
    {
        _world.Add("s1", "restart: never").Add("s2", "needs: [s1]").Pin("s2", ServicePin.Up).Crash("s1");
        Assert.Equal("s1 Failed, s2 Running", _world.Phases("s1", "s2"));
        _world.Pin("s2", ServicePin.None);
        Assert.Equal("s1 Failed, s2 Stopped", _world.Phases("s1", "s2"));
        Assert.Equal("it needs s1, which has failed: signal 11", _world["s2"].State.Reason);
    }

    [Fact]
    public void Pin_5_pinned_down_is_stopped_and_nobody_starts_it()
    {
        Chain().Start("s3").Pin("s3", ServicePin.Down);
        Assert.Equal(Stopped, _world.Phase("s3"));
        _world.Start("s3").Boot();
        Assert.Equal(Stopped, _world.Phase("s3"));
    }

    [Fact]
    public void Pin_6_pinned_down_fails_what_needs_it_with_the_reason()
    {
        Chain().Pin("s1", ServicePin.Down).Start("s3");
        Assert.Equal("s1 Stopped, s2 Failed, s3 Failed", _world.Phases("s1", "s2", "s3"));
        Assert.Equal("it needs s1, which is pinned down", _world["s2"].State.Reason);
    }

    [Fact]
    public void Pin_7_pinned_down_takes_its_users_along()
    {
        Chain().Start("s3").Pin("s1", ServicePin.Down);
        Assert.Equal("s1 Stopped, s2 Stopped, s3 Stopped", _world.Phases("s1", "s2", "s3"));
    }

    [Fact]
    public void Pin_8_let_go_it_can_be_started_again()
    {
        Chain().Pin("s1", ServicePin.Down).Pin("s1", ServicePin.None).Start("s3");
        Assert.True(_world.IsUp("s1", "s2", "s3"));
    }

    [Fact]
    public void Pin_9_pinned_up_is_still_restarted_by_its_policy()
    {
        _world.Add("s1", "restart: always").Pin("s1", ServicePin.Up).Crash("s1").Pass(1);
        Assert.Equal((Running, 1), (_world.Phase("s1"), _world["s1"].State.Restarts));
    }

    [Fact]
    public void Pin_10_the_end_of_the_machine_heeds_no_pin()
    {
        Chain().Pin("s3", ServicePin.Up);
        _world.Supervisor.EndAll();
        _world.Settle();
        Assert.True(_world.Supervisor.IsAllDown);
    }
}
