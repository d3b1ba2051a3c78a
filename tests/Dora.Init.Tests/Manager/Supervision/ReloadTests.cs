using Dora.Init.Manager.Supervision;
using Xunit;

namespace Dora.Init.Tests.Manager.Supervision;

/// <summary>Service files that change while their services run.</summary>
public sealed class ReloadTests : IDisposable
{
    private readonly GraphWorld _world = new();

    public void Dispose() => _world.Dispose();

    [Fact]
    public void Without_a_change_nothing_happens()
    {
        _world.Add("db").Add("web", "needs: [db]\nenvironment: {PORT: 80}\n").Booted();
        Assert.Equal("", _world.Reload());
        // Written otherwise is no change either.
        _world.Write("web", "# by hand\nenvironment:\n  PORT: '80'\nneeds:\n  - db\n");
        Assert.Equal("", _world.Reload());
        Assert.Empty(_world.Story);
        Assert.True(_world.IsUp("db", "web"));
    }

    [Fact]
    public void A_changed_environment_restarts_only_its_service()
    {
        _world.Add("db").Add("web", "environment: {PORT: 80}\n").Add("other").Booted();
        Assert.Equal("web restart: environment.PORT", _world.Write("web", "environment: {PORT: 8080}\n").Reload());
        Assert.Equal(["TERM web", "launch web"], _world.Story);
        Assert.Equal("8080", _world["web"].Settings.Environment["PORT"]);
        Assert.True(_world.IsUp("db", "web", "other"));
    }

    [Fact]
    public void What_init_alone_looks_up_takes_effect_without_a_restart()
    {
        _world.Add("web").Booted();
        Assert.Equal("web update: description, restart, stop-timeout",
            _world.Write("web", "description: pages\nrestart: never\nstop-timeout: 1s\n").Reload());
        Assert.Empty(_world.Story);
        _world.Crash("web");
        Assert.Equal(ServicePhase.Failed, _world.Phase("web"));
        Assert.DoesNotContain("launch web", _world.Story);
    }

    [Fact]
    public void One_typing_error_is_refused_alone_and_its_service_runs_on_as_it_was()
    {
        _world.Add("db").Add("web").Booted();
        _world.Write("web", "comand: /bin/web\n").Write("db", "umask: '077'\n");
        Assert.Equal("db restart: umask\nweb keep: /etc/dora/services/web.yaml:2:1: unknown key 'comand'; did you mean 'command'?", _world.Reload());
        Assert.Equal(["TERM db", "launch db"], _world.Story);
        Assert.True(_world.IsFileUnused("web"));

        // What is in use is that of before, also at the next start and the next reload.
        Assert.Contains("web keep", _world.Reload());
        _world.Story.Clear();
        Assert.True(_world.Restart("web").IsUp("web"));
        Assert.Equal("web update: description", _world.Write("web", "description: mended\n").Reload());
        Assert.False(_world.IsFileUnused("web"));
    }

    [Fact]
    public void A_service_without_a_usable_file_is_no_service_before_and_after()
    {
        _world.Add("db").Booted();
        Assert.StartsWith("web refuse: /etc/dora/services/web.yaml:2:1: unknown key", _world.Write("web", "comand: /bin/web\n").Reload());
        Assert.Null(_world.Supervisor.Find("web"));
        Assert.Equal("web start", _world.Write("web", "").Reload());
        Assert.True(_world.IsUp("web"));
    }

    [Fact]
    public void A_mended_file_touches_nobody_and_is_told()
    {
        _world.Add("web").Booted();
        Assert.StartsWith("other refuse: ", _world.Write("other", "comand: /bin/other\n").Reload());
        Assert.Equal("other remove", _world.Delete("other").Reload());
        Assert.StartsWith("web keep: ", _world.Write("web", "comand: /bin/web\n").Reload());
        Assert.Equal("web clear", _world.Write("web", "").Reload());
        Assert.Equal("", _world.Reload());
        Assert.Empty(_world.Story);
        Assert.True(_world.IsUp("web"));
        Assert.False(_world.IsFileUnused("web"));
    }

    [Fact]
    public void A_removed_service_is_stopped_with_what_needs_it_and_forgotten()
    {
        _world.Add("db").Add("web", "needs: [db]\n").Add("other", "wants: [db]\n").Booted();
        Assert.Equal("db stop", _world.Delete("db").Reload());
        Assert.Equal(["TERM web", "TERM db"], _world.Story);
        Assert.Null(_world.Supervisor.Find("db"));
        Assert.Equal(ServicePhase.Stopped, _world.Phase("web"));
        Assert.True(_world.IsUp("other"));
        Assert.Equal("", _world.Reload());
    }

    [Fact]
    public void Who_no_longer_needs_what_is_removed_runs_on()
    {
        _world.Add("db").Add("web", "needs: [db]\n").Booted();
        _world.Write("web", "").Delete("db");
        Assert.Equal("db stop\nweb update: needs", _world.Reload());
        Assert.Equal(["TERM db"], _world.Story);
    }

    [Fact]
    public void Who_is_restarted_and_no_longer_needs_what_is_removed_does_not_bring_it_back()
    {
        _world.Add("db").Add("web", "needs: [db]\n").Booted();
        _world.Write("web", "umask: '077'\n").Delete("db");
        Assert.Equal("db stop\nweb restart: needs, umask", _world.Reload());
        Assert.Null(_world.Supervisor.Find("db"));
        Assert.True(_world.IsUp("web"));
        Assert.DoesNotContain("launch db", _world.Story);
    }

    [Fact]
    public void A_removed_service_that_takes_its_time_can_come_back()
    {
        _world.Add("db", "stop-timeout: 10s\n").Booted();
        _world.Stubborn.Add("db");
        _world.Delete("db").Reload();
        Assert.Equal(ServicePhase.Stopping, _world.Phase("db"));
        Assert.True(_world.Supervisor.IsLeaving(_world["db"]));
        // Nobody starts what is going.
        _world.Supervisor.Start(_world["db"]);
        _world.Settle();
        _world.Stubborn.Clear();
        Assert.Equal("db start", _world.Write("db", "umask: '077'\n").Reload());
        _world.Pass(11);
        Assert.True(_world.IsUp("db"));
        Assert.Equal(63u, _world["db"].Settings.Umask);
    }

    [Fact]
    public void A_chain_is_restarted_in_order_from_the_changed_one_on()
    {
        _world.Add("a").Add("b", "needs: [a]\n").Add("c", "needs: [b]\n").Add("d", "needs: [c]\n").Booted();
        Assert.Equal("b restart: umask", _world.Write("b", "needs: [a]\numask: '077'\n").Reload());
        Assert.Equal(["TERM d", "TERM c", "TERM b", "launch b", "launch c", "launch d"], _world.Story);
    }

    [Fact]
    public void What_runs_is_stopped_by_what_it_was_started_with()
    {
        _world.Add("web", "stop-signal: INT\n").Booted();
        _world.Write("web", "stop-signal: QUIT\ncommand: /bin/other\n").Reload();
        Assert.Equal(["INT web", "launch web"], _world.Story);
        _world.Story.Clear();
        _world.Restart("web");
        Assert.Equal(["QUIT web", "launch web"], _world.Story);
    }

    [Theory]
    [InlineData("notify: fd\n")]
    [InlineData("type: oneshot\n")]
    public void One_that_is_starting_is_started_again_with_the_new_settings(string text)
    {
        _world.Add("web", text).Booted();
        Assert.Equal(ServicePhase.Starting, _world.Phase("web"));
        Assert.Equal("web restart: umask", _world.Write("web", text + "umask: '077'\n").Reload());
        Assert.Equal(["TERM web", "launch web"], _world.Story);
        Assert.Equal((ServicePhase.Starting, 63u), (_world.Phase("web"), _world["web"].Settings.Umask));
    }

    [Fact]
    public void A_oneshot_of_the_boot_is_done_again_and_one_on_demand_is_not()
    {
        _world.Add("setup", "type: oneshot\n").Add("job", "type: oneshot\nstart: demand\n").Booted();
        _world.Start("job").Exit("job").Exit("setup");
        _world.Story.Clear();
        _world.Write("setup", "type: oneshot\numask: '077'\n").Write("job", "type: oneshot\nstart: demand\numask: '077'\n");
        Assert.Equal("job update: umask\nsetup restart: umask", _world.Reload());
        Assert.Equal(["launch setup"], _world.Story);
        Assert.Equal((ServicePhase.Done, 63u), (_world.Phase("job"), _world["job"].Settings.Umask));
    }

    [Fact]
    public void One_that_waits_or_backs_off_goes_on_with_the_new_settings()
    {
        _world.Add("slow", "notify: fd\n").Add("web", "after: [slow]\n").Add("loop", "restart: {delay: 10s, cap: 10s}\n").Booted();
        _world.Crash("loop");
        _world.Story.Clear();
        _world.Write("web", "after: [slow]\numask: '077'\n").Write("loop", "restart: {delay: 10s, cap: 10s}\numask: '077'\n");
        Assert.Equal("loop start: umask\nweb update: umask", _world.Reload());
        Assert.Equal(["launch loop"], _world.Story);
        Assert.Equal(63u, _world.Ready("slow")["web"].Settings.Umask);
        Assert.True(_world.IsUp("web"));
    }

    [Fact]
    public void One_that_is_being_stopped_stays_down_with_the_new_settings()
    {
        _world.Add("web").Booted();
        _world.Stubborn.Add("web");
        _world.Stop("web");
        _world.Stubborn.Clear();
        Assert.Equal("web update: umask", _world.Write("web", "umask: '077'\n").Reload());
        Assert.Equal(18u, _world["web"].Settings.Umask);
        _world.Pass(6);
        Assert.Equal((ServicePhase.Stopped, 63u), (_world.Phase("web"), _world["web"].Settings.Umask));
    }

    [Fact]
    public void Dependencies_of_a_stopped_service_are_swapped()
    {
        _world.Add("one", "start: demand\n").Add("two", "start: demand\n").Add("web", "start: demand\nneeds: [one]\n").Booted();
        Assert.Equal("web update: needs", _world.Write("web", "start: demand\nneeds: [two]\n").Reload());
        Assert.Empty(_world.Story);
        _world.Start("web");
        Assert.Equal(["launch two", "launch web"], _world.Story);
    }

    [Fact]
    public void A_new_need_of_what_runs_is_started_and_it_is_not_restarted()
    {
        _world.Add("web").Booted();
        Assert.Equal("db add\nweb update: needs", _world.Write("db", "start: demand\n").Write("web", "needs: [db]\n").Reload());
        Assert.Equal(["launch db"], _world.Story);
        Assert.True(_world.IsUp("db", "web"));
        _world.Stop("db");
        Assert.Equal(ServicePhase.Stopped, _world.Phase("web"));
    }

    [Fact]
    public void A_soft_dependency_that_is_taken_out_is_left_alone()
    {
        _world.Add("cache", "start: demand\n").Add("web", "wants: [cache]\n").Booted();
        Assert.True(_world.IsUp("cache"));
        Assert.Equal("web update: wants", _world.Write("web", "").Reload());
        Assert.True(_world.IsUp("cache", "web"));
        Assert.Empty(_world.Story);
    }

    [Fact]
    public void What_is_mended_is_started_again()
    {
        _world.Broken.Add("web");
        _world.Add("web", "restart: never\n").Add("app", "needs: [web]\n").Booted();
        Assert.Equal("web Failed, app Failed", _world.Phases("web", "app"));
        _world.Broken.Clear();
        Assert.Equal("web start: umask", _world.Write("web", "restart: never\numask: '077'\n").Reload());
        Assert.True(_world.IsUp("web", "app"));
    }

    [Fact]
    public void What_an_operator_has_stopped_stays_stopped()
    {
        _world.Add("web").Booted();
        _world.Stop("web");
        Assert.Equal("web update: umask", _world.Write("web", "umask: '077'\n").Reload());
        Assert.Equal(ServicePhase.Stopped, _world.Phase("web"));
    }

    [Fact]
    public void A_need_that_was_missing_brings_up_what_waited_for_it()
    {
        _world.Add("web", "needs: [db]\n").Booted();
        Assert.Equal(ServicePhase.Failed, _world.Phase("web"));
        Assert.Equal("db add", _world.Write("db", "start: demand\n").Reload());
        Assert.Equal(["launch db", "launch web"], _world.Story);
    }

    [Fact]
    public void A_cycle_and_a_need_that_is_not_there_are_refused_and_all_else_is_done()
    {
        _world.Add("a").Add("b", "needs: [a]\n").Add("c").Booted();
        _world.Write("a", "needs: [b]\n").Write("c", "needs: [nobody]\n").Write("d", "");
        Assert.Equal("""
            a keep: /etc/dora/services/a.yaml:2:9: needs: a cycle: a -> b -> a
            c keep: /etc/dora/services/c.yaml:2:9: needs: there is no service 'nobody'
            d start
            """, _world.Reload());
        Assert.Equal(["launch d"], _world.Story);
        Assert.True(_world.IsUp("a", "b", "c"));
    }

    [Fact]
    public void What_is_pinned_up_is_held_as_it_is_until_it_is_let_go()
    {
        _world.Add("db").Add("web", "needs: [db]\n").Add("old").Booted();
        _world.Pin("web", ServicePin.Up).Pin("old", ServicePin.Up);
        _world.Write("db", "umask: '077'\n").Delete("old");
        Assert.Equal("""
            db keep: web needs it and is pinned up: 'dora service unpin web' first
            old keep: it is pinned up: 'dora service unpin old' first
            """, _world.Reload());
        Assert.Empty(_world.Story);
        _world.Pin("web", ServicePin.None).Pin("old", ServicePin.None);
        Assert.Equal("db restart: umask\nold stop", _world.Reload());
        Assert.Null(_world.Supervisor.Find("old"));
    }

    [Fact]
    public void Instances_of_a_template_are_restarted_with_it_and_go_with_it()
    {
        _world.Add("db", "for-each: argument\ncommand: [/bin/db, '%i']\n").Add("web").Booted();
        _world.Start("db@one", "db@two");
        _world.Story.Clear();
        Assert.Equal("db restart: command", _world.Write("db", "for-each: argument\ncommand: [/bin/db, --new, '%i']\n").Reload());
        Assert.Equal(["launch db@one", "launch db@two"], _world.Story.Where(line => line.StartsWith("launch", StringComparison.Ordinal)));
        Assert.Equal(["/bin/db", "--new", "two"], _world["db@two"].Settings.Command);
        Assert.Equal("db stop", _world.Delete("db").Reload());
        Assert.Null(_world.Supervisor.Find("db@one"));
        Assert.Null(_world.Supervisor.FindOrMake("db@two"));
    }

    [Fact]
    public void A_service_becomes_a_template_and_a_template_a_service()
    {
        _world.Add("db").Booted();
        Assert.Equal("db replace: command, for-each", _world.Write("db", "for-each: argument\ncommand: [/bin/db, '%i']\n").Reload());
        Assert.Null(_world.Supervisor.Find("db"));
        Assert.True(_world.Start("db@one").IsUp("db@one"));
        Assert.Equal("db replace: command, for-each", _world.Write("db", "").Reload());
        Assert.True(_world.IsUp("db"));
        Assert.Null(_world.Supervisor.Find("db@one"));
    }

    [Fact]
    public void Started_at_boot_from_now_on_is_started_now()
    {
        _world.Add("web", "start: demand\n").Booted();
        Assert.Equal("web start: start", _world.Write("web", "").Reload());
        Assert.True(_world.IsUp("web"));
    }

    [Fact]
    public void A_group_takes_up_its_members_without_a_restart()
    {
        _world.Add("one", "start: demand\n").Add("two", "start: demand\n").Add("all", "type: group\nneeds: [one]\n").Booted();
        Assert.Equal("all update: needs", _world.Write("all", "type: group\nneeds: [one, two]\n").Reload());
        Assert.Equal(["launch two"], _world.Story);
        Assert.True(_world.IsUp("one", "two", "all"));
    }

    [Fact]
    public void A_changed_trigger_is_the_one_that_counts()
    {
        _world.Initial["job"] = null;
        _world.Add("job", "start: demand\non: {path: /run/one}\n").Booted();
        var old = _world.Sources["job"];
        Assert.True(old.IsListening);
        Assert.Equal("job update: on.path", _world.Write("job", "start: demand\non: {path: /run/two}\n").Reload());
        Assert.False(old.IsListening);
        Assert.True(_world.Sources["job"].IsListening);
        _world.Sources["job"].Become("there");
        _world.Settle();
        Assert.Equal(["launch job"], _world.Story);
    }

    [Fact]
    public void A_masked_service_takes_up_its_file_when_it_is_unmasked()
    {
        _world.Masked.Add("web");
        using var world = new GraphWorld();
        world.Supervisor.Mask("web");
        world.Add("web").Booted();
        Assert.Equal("web update: umask", world.Write("web", "umask: '077'\n").Reload());
        world.Supervisor.Unmask("web");
        Assert.Equal(63u, world["web"].Settings.Umask);
    }
}
