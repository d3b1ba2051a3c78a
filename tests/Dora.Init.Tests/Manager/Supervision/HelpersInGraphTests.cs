using Dora.Init.Manager.Supervision;
using Xunit;

namespace Dora.Init.Tests.Manager.Supervision;

/// <summary>Helper commands and reloads as other services see them.</summary>
public sealed class HelpersInGraphTests : IDisposable
{
    private readonly GraphWorld _world = new();

    public void Dispose() => _world.Dispose();

    [Fact]
    public void What_needs_a_service_waits_for_its_pre_start_too()
    {
        _world.Add("db", "pre-start: [/bin/prepare]").Add("web", "needs: [db]").Start("web");
        Assert.Equal(["PreStart db"], _world.Story);
        Assert.Equal("db Starting, web Waiting", _world.Phases("db", "web"));
        _world.EndHelper("db");
        Assert.Equal(["PreStart db", "launch db", "launch web"], _world.Story);
    }

    [Fact]
    public void A_service_whose_pre_start_fails_for_good_is_given_up_as_after_a_fault_of_its_own()
    {
        _world.Add("alarm", "type: oneshot\nstart: demand").Add("web", "pre-start: [/bin/prepare]\nrestart: never\non-failure: {start: alarm}");
        _world.Start("web").EndHelper("web", 3);
        Assert.Equal("web Failed, alarm Starting", _world.Phases("web", "alarm"));
        Assert.Equal("pre-start: exit code 3", _world["alarm"].State.Cause!.Reason);
    }

    [Fact]
    public void An_exit_code_of_125_is_a_word_of_the_main_process_alone()
    {
        _world.Add("web", "pre-start: [/bin/prepare]\nrestart: {when: always, delay: 1s}").Start("web").EndHelper("web", 125);
        Assert.Equal(ServicePhase.Backoff, _world.Phase("web"));
    }

    [Fact]
    public void A_milestone_is_behind_a_service_that_reloads_and_a_need_waits_until_it_is_ready_again()
    {
        _world.Add("db", "reload-command: [/bin/reload]").Add("after", "milestone: [db]").Add("web", "needs: [db]").Start("db");
        _world.Supervisor.Reload(_world["db"]);
        _world.Settle().Start("after", "web");
        Assert.Equal("db Reloading, after Running, web Waiting", _world.Phases("db", "after", "web"));
        _world.EndHelper("db");
        Assert.True(_world.IsUp("db", "web"));
    }

    [Fact]
    public void What_runs_because_of_a_service_runs_on_while_that_reloads()
    {
        _world.Add("db", "reload-command: [/bin/reload]").Add("web", "needs: [db]").Start("web");
        _world.Supervisor.Reload(_world["db"]);
        Assert.Equal("db Reloading, web Running", _world.Settle().Phases("db", "web"));
    }

    [Fact]
    public void A_service_that_reloads_is_stopped_when_its_need_fails_unless_it_is_pinned_up()
    {
        _world.Add("db", "restart: never")
            .Add("web", "needs: [db]\nreload-command: [/bin/reload]")
            .Add("held", "needs: [db]\nreload-command: [/bin/reload]").Start("web").Pin("held", ServicePin.Up);
        _world.Supervisor.Reload(_world["web"]);
        _world.Supervisor.Reload(_world["held"]);
        _world.Settle().Crash("db");
        Assert.Equal("web Stopped, held Reloading", _world.Phases("web", "held"));
    }

    [Fact]
    public void The_cause_of_a_stop_is_kept_over_its_stop_command()
    {
        _world.Add("db", "restart: never").Add("web", "needs: [db]\nstop-command: [/bin/stop]").Start("web").Crash("db");
        Assert.Equal(ServicePhase.Stopping, _world.Phase("web"));
        _world.EndHelper("web").Exit("web");
        Assert.Equal("it needs db, which has failed: signal 11", _world["web"].State.Reason);
    }
}
