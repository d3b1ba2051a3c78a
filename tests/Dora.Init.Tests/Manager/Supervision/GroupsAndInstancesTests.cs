using Dora.Init.Manager.Supervision;
using Xunit;
using static Dora.Init.Manager.Supervision.ServicePhase;

namespace Dora.Init.Tests.Manager.Supervision;

/// <summary>Groups, and templates whose instances are made by name.</summary>
public sealed class GroupsAndInstancesTests : IDisposable
{
    private readonly GraphWorld _world = new();

    public void Dispose() => _world.Dispose();

    [Fact]
    public void A_group_is_up_when_what_it_needs_is_up_and_has_no_process()
    {
        _world.Add("a", "notify: fd").Add("b").Add("site", "type: group\nneeds: [a, b]").Start("site");
        Assert.Equal("a Starting, b Running, site Waiting", _world.Phases("a", "b", "site"));
        _world.Ready("a");
        Assert.Equal((Running, 0), (_world.Phase("site"), _world["site"].State.Pid));
        Assert.Equal(["launch a", "launch b"], _world.Story);
    }

    [Fact]
    public void A_group_goes_down_with_what_it_needs_and_says_why()
    {
        _world.Add("a", "restart: never").Add("site", "type: group\nneeds: [a]").Add("user", "needs: [site]").Start("user").Crash("a");
        Assert.Equal("a Failed, site Stopped, user Stopped", _world.Phases("a", "site", "user"));
        Assert.Equal("it needs a, which has failed: signal 11", _world["site"].State.Reason);
    }

    [Fact]
    public void A_group_is_stopped_and_started_at_once()
    {
        _world.Add("a").Add("site", "type: group\nneeds: [a]").Start("site").Stop("site");
        Assert.Equal("a Running, site Stopped", _world.Phases("a", "site"));
        _world.Start("site").Restart("site");
        Assert.Equal("a Running, site Running", _world.Phases("a", "site"));
    }

    [Fact]
    public void A_group_of_wants_starts_all_and_survives_any()
    {
        _world.Broken.Add("b");
        _world.Add("a", "start: demand").Add("b", "start: demand\nrestart: never").Add("boot", "type: group\nwants: [a, b]").Boot();
        Assert.Equal("a Running, b Failed, boot Running", _world.Phases("a", "b", "boot"));
    }

    [Fact]
    public void Svc_arg_an_instance_is_made_by_the_name_that_somebody_asks_for()
    {
        _world.Add("web", "for-each: argument\ncommand: [/bin/web, --port, \"%i\"]\nneeds: [\"db@%i\"]").Add("db", "for-each: argument").Start("web@8080");
        Assert.Equal(["launch db@8080", "launch web@8080"], _world.Story);
        Assert.Equal(["/bin/web", "--port", "8080"], _world["web@8080"].Settings.Command);
        Assert.Equal("db", _world["db@8080"].InstanceOf);
    }

    [Fact]
    public void An_instance_is_made_by_a_need_and_by_a_want()
    {
        _world.Add("db", "for-each: argument").Add("web", "needs: [db@main]\nwants: [db@spare]").Boot();
        Assert.True(_world.IsUp("db@main", "db@spare", "web"));
    }

    [Fact]
    public void An_order_makes_none()
    {
        _world.Add("db", "for-each: argument").Add("web", "after: [db@main]").Boot();
        Assert.Null(_world.Supervisor.Find("db@main"));
    }

    [Fact]
    public void One_that_was_stopped_and_that_nothing_names_is_forgotten_and_others_are_kept()
    {
        _world.Add("db", "for-each: argument\nrestart: never").Add("web", "needs: [db@main]").Start("web", "db@a", "db@b");
        _world.Stop("db@a").Crash("db@b").Stop("db@main");
        Assert.Null(_world.Supervisor.Find("db@a"));
        Assert.Equal("db@b Failed, db@main Stopped", _world.Phases("db@b", "db@main"));
        Assert.Equal(Running, _world.Start("db@a").Phase("db@a"));
    }

    [Theory]
    [InlineData("db@")]
    [InlineData("db@a/b")]
    [InlineData("db@..")]
    [InlineData("web@x")]
    [InlineData("nix@x")]
    [InlineData("db")]
    public void Names_that_cannot_be_instances_make_none(string name)
    {
        _world.Add("db", "for-each: argument").Add("web");
        Assert.Null(_world.Supervisor.FindOrMake(name));
    }

    [Fact]
    public void There_are_only_so_many_of_one_template()
    {
        _world.Add("db", "for-each: argument");
        for (int i = 0; i < 300; i++)
            if (_world.Supervisor.FindOrMake($"db@{i}") is { } made) _world.Supervisor.Start(made);
        _world.Settle();
        Assert.Equal(256, _world.Supervisor.Services.Count);
    }

    [Fact]
    public void Five_hundred_services_in_a_chain_start_and_stop_in_order()
    {
        for (int i = 0; i < 500; i++) _world.Add($"s{i}", i == 0 ? "" : $"needs: [s{i - 1}]");
        _world.Start("s499");
        Assert.Equal(Enumerable.Range(0, 500).Select(i => $"launch s{i}"), _world.Story);
        _world.Story.Clear();
        _world.Stop("s0");
        Assert.Equal(Enumerable.Range(0, 500).Select(i => $"TERM s{499 - i}"), _world.Story);
    }

    [Fact]
    public void Circles_of_before_and_after_are_opened_and_all_are_started()
    {
        _world.Add("a", "before: [b]").Add("b", "before: [a]").Boot();
        Assert.True(_world.IsUp("a", "b"));
    }
}
