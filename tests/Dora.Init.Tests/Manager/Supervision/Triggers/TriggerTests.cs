using Dora.Init.Manager.State;
using Dora.Init.Manager.Supervision;
using Xunit;
using static Dora.Init.Manager.Supervision.ServicePhase;

namespace Dora.Init.Tests.Manager.Supervision.Triggers;

/// <summary>Starts by the world (<c>on</c>), with a world that the test moves.</summary>
public sealed class TriggerTests : IDisposable
{
    private const string OnPath = "start: demand\non: {path: /data/x}\nrestart: never\n";

    private readonly GraphWorld _world = new();

    public void Dispose() => _world.Dispose();

    private FakeSource Source => _world.Sources["web"];

    [Fact]
    public void It_is_armed_from_boot_on_and_started_when_the_condition_comes_true()
    {
        _world.Add("web", OnPath).Boot();
        Assert.True(_world["web"].IsArmed);
        Assert.Equal(Stopped, _world.Phase("web"));
        Source.Become("1:5");
        Assert.Equal(Running, _world.Settle().Phase("web"));
        Assert.False(Source.IsListening);
    }

    [Fact]
    public void A_condition_that_holds_at_boot_starts_it_at_once()
    {
        _world.Initial["web"] = "1:5";
        _world.Add("web", OnPath).Boot();
        Assert.Equal(Running, _world.Phase("web"));
    }

    [Fact]
    public void A_change_counts_from_boot_on()
    {
        _world.Initial["web"] = "1:5:100";
        _world.Add("web", "type: oneshot\nstart: demand\non: {changed: /data/x}").Boot();
        Assert.Equal(Stopped, _world.Phase("web"));
        Source.Become("1:5:101");
        Assert.Equal(Starting, _world.Settle().Phase("web"));
    }

    [Fact]
    public void A_oneshot_does_its_work_for_every_change_and_takes_nobody_along()
    {
        _world.Initial["web"] = "1:5:100";
        _world.Add("web", "type: oneshot\nstart: demand\non: {changed: /data/x}\nrestart: {delay: 1s, cap: 10s}").Add("user", "needs: [web]").Boot();
        _world.Exit("web").Pass(20);
        Assert.Equal("web Done, user Running", _world.Phases("web", "user"));
        Assert.True(Source.IsListening);
        for (int change = 101; change < 104; change++)
        {
            _world.Story.Clear();
            Source.Become($"1:5:{change}");
            _world.Settle().Pass(20);
            Assert.Equal(["launch web"], _world.Story);
            Assert.False(Source.IsListening);
            // What changes while it works is seen when it is done.
            Source.Value = $"1:5:{change}0";
            _world.Exit("web").Pass(20);
            Assert.Equal(["launch web", "launch web"], _world.Story);
            _world.Exit("web").Pass(20);
        }
        Assert.Equal("web Done, user Running", _world.Phases("web", "user"));
        _world.Stop("web");
        Source.Become("1:5:999");
        Assert.Equal(Stopped, _world.Settle().Phase("web"));
    }

    [Fact]
    public void One_that_has_ended_is_started_by_a_new_condition_and_not_by_the_old_one()
    {
        _world.Add("web", OnPath).Boot();
        Source.Become("1:5");
        _world.Settle().Pass(60).Exit("web").Pass(60);
        Assert.Equal(Stopped, _world.Phase("web"));
        Assert.True(Source.IsListening);
        Source.Become(null);
        Source.Become("1:5");
        Assert.Equal(Running, _world.Settle().Phase("web"));
    }

    [Fact]
    public void What_has_changed_while_it_ran_starts_it_again_when_it_has_ended()
    {
        _world.Initial["web"] = "a";
        _world.Add("web", "start: demand\non: {changed: /data/x}\nrestart: never").Boot();
        Source.Become("b");
        _world.Settle().Pass(60);
        Source.Value = "c";
        _world.Exit("web").Settle();
        Assert.Equal((Running, 2), (_world.Phase("web"), _world.Story.Count(line => line == "launch web")));
    }

    [Fact]
    public void One_that_undoes_its_own_condition_is_started_slower_and_slower()
    {
        _world.Add("web", OnPath).Boot();
        for (int i = 0; i < 500; i++)
        {
            Source.Become($"1:{i}");
            _world.Settle();
            if (_world.Phase("web") == Running) _world.Exit("web");
            _world.Pass(0.1);
        }
        Assert.InRange(_world.Story.Count(line => line == "launch web"), 3, 12);
    }

    [Fact]
    public void One_that_somebody_has_stopped_is_not_started_until_somebody_starts_it()
    {
        _world.Add("web", OnPath).Boot().Stop("web");
        Assert.False(_world["web"].IsArmed);
        Assert.False(Source.IsListening);
        _world.Start("web").Pass(60).Exit("web");
        Assert.True(_world["web"].IsArmed);
        Source.Become("1:5");
        Assert.Equal(Running, _world.Settle().Phase("web"));
    }

    [Fact]
    public void Pins_masks_and_the_end_free_the_watch()
    {
        _world.Add("web", OnPath).Add("db", OnPath).Add("mail", OnPath).Boot().Pin("web", ServicePin.Down);
        _world.Supervisor.Mask("db");
        _world.Settle();
        Assert.False(_world.Sources["web"].IsListening || _world.Sources["db"].IsListening);
        _world.Supervisor.EndAll();
        _world.Sources["mail"].Become("1:5");
        _world.Settle();
        Assert.True(_world.Supervisor.IsAllDown);
    }

    [Fact]
    public void The_saved_state_knows_what_was_seen()
    {
        _world.Add("web", OnPath).Add("db").Boot();
        Source.Become("1:5");
        var state = new SavedState();
        _world.Settle().Supervisor.Save(state);
        Assert.Equal(new SavedTrigger("1:5"), state.Services.Single(entry => entry.Name == "web").Trigger);
        Assert.Null(state.Services.Single(entry => entry.Name == "db").Trigger);
    }

    [Theory]
    [InlineData("1:5", "1:5", false)]
    [InlineData("1:5", "1:6", true)]
    [InlineData(null, "1:5", true)]
    [InlineData("1:5", null, false)]
    public void A_new_manager_starts_it_for_what_has_happened_in_between(string? seen, string? found, bool starts)
    {
        _world.Initial["web"] = found;
        _world.Add("web", OnPath);
        var state = new SavedState { Services = [new SavedService { Name = "web", State = new ServiceState { WantedUp = true }, Trigger = new SavedTrigger(seen) }] };
        _world.Supervisor.Adopt(state);
        Assert.Equal(starts ? Running : Stopped, _world.Settle().Phase("web"));
        Assert.Equal(!starts, Source.IsListening);
    }

    [Fact]
    public void Pins_and_orders_in_progress_are_taken_up_too()
    {
        _world.Add("db").Add("web", "needs: [db]");
        var state = new SavedState
        {
            Services =
            [
                new SavedService { Name = "db", State = new ServiceState { Phase = Stopped }, Pin = ServicePin.Down },
                new SavedService { Name = "web", State = new ServiceState { Phase = Waiting, WantedUp = true }, IsStopAsked = true },
            ],
        };
        _world.Supervisor.Adopt(state);
        _world.Settle();
        Assert.Equal((ServicePin.Down, Stopped), (_world["db"].Pin, _world.Phase("web")));
        var saved = new SavedState();
        _world.Supervisor.Save(saved);
        Assert.Equal(ServicePin.Down, saved.Services[0].Pin);
    }
}
