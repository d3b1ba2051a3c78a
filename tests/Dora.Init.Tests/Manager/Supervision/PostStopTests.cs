using Dora.Core.Linux;
using Dora.Init.Manager.Supervision;
using Dora.Init.Manager.Supervision.Readiness;
using Xunit;

namespace Dora.Init.Tests.Manager.Supervision;

/// <summary><c>post-stop</c>: after every run, when nothing of it is left, and before anything else happens.</summary>
public sealed class PostStopTests : IDisposable
{
    private const string After = "post-stop: [/bin/clear]\n";
    private readonly GraphWorld _world = new();

    public void Dispose() => _world.Dispose();

    private string Variables(string name) => string.Join(" ", RunOutcome.Variables(_world[name].State).Select(variable => $"{variable.Name}={variable.Value}"));

    [Fact]
    public void A_stop_is_over_when_its_post_stop_is()
    {
        _world.Add("web", After).Start("web").Stop("web");
        Assert.Equal(["launch web", "TERM web", "PostStop web"], _world.Story);
        Assert.Equal(ServicePhase.Stopping, _world.Phase("web"));
        Assert.Equal("SERVICE_RESULT=success EXIT_CODE=killed EXIT_STATUS=TERM", Variables("web"));
        Assert.Equal(ServicePhase.Stopped, _world.EndHelper("web").Phase("web"));
    }

    [Fact]
    public void A_restart_waits_for_it_whoever_asked()
    {
        _world.Add("web", After + "restart: {when: always, delay: 1s}").Start("web").Exit("web", 3);
        Assert.Equal("SERVICE_RESULT=exit-code EXIT_CODE=exited EXIT_STATUS=3", Variables("web"));
        _world.Pass(5);
        Assert.Equal(["launch web", "PostStop web"], _world.Story);
        _world.EndHelper("web").Pass(1.1).Restart("web");
        Assert.Equal(["launch web", "PostStop web", "launch web", "TERM web", "PostStop web"], _world.Story);
        _world.EndHelper("web");
        Assert.Equal("launch web", _world.Story[^1]);
        Assert.Equal(1, _world.Story.Count(line => line == "TERM web"));
    }

    [Fact]
    public void What_it_comes_to_itself_changes_nothing()
    {
        _world.Add("web", After + "restart: never").Start("web").Crash("web").EndHelper("web", 7);
        Assert.Equal((ServicePhase.Failed, "signal 11", ServiceResult.Signal), (_world.Phase("web"), _world["web"].State.Reason, _world["web"].State.Result));
        Assert.Contains("web: post-stop: exit code 7", _world.Messages);
        _world.Start("web").Stop("web").EndHelper("web", 7);
        Assert.Equal((ServicePhase.Stopped, ServiceResult.Success), (_world.Phase("web"), _world["web"].State.Result));
    }

    [Fact]
    public void A_oneshot_is_done_after_it_and_who_needs_it_waits_for_that()
    {
        _world.Add("once", After + "type: oneshot").Add("web", "needs: [once]").Start("web").Exit("once");
        Assert.Equal("once Stopping, web Waiting", _world.Phases("once", "web"));
        Assert.Equal("once Done, web Running", _world.EndHelper("once").Phases("once", "web"));
    }

    [Fact]
    public void A_launch_that_fails_is_a_run_too()
    {
        _world.Broken.Add("web");
        _world.Add("web", After + "pre-start: [/bin/prepare]\nrestart: never").Start("web").EndHelper("web");
        Assert.Equal(["PreStart web", "launch web", "PostStop web"], _world.Story);
        Assert.Equal("SERVICE_RESULT=exec-failed", Variables("web"));
        _world.EndHelper("web");
        Assert.Equal((ServicePhase.Failed, "execute /bin/web: no such file or directory (ENOENT)"), (_world.Phase("web"), _world["web"].State.Reason));
    }

    [Fact]
    public void So_is_one_whose_pre_start_fails_and_the_end_of_an_earlier_run_is_none_of_its_own()
    {
        _world.Add("web", After + "pre-start: [/bin/prepare]\nrestart: never").Start("web").EndHelper("web").Exit("web", 3).EndHelper("web");
        _world.Start("web").EndHelper("web", 1);
        Assert.Equal("SERVICE_RESULT=pre-start", Variables("web"));
        Assert.Equal(ServicePhase.Failed, _world.EndHelper("web").Phase("web"));
    }

    [Fact]
    public void Where_nothing_ran_nothing_is_cleared_away()
    {
        _world.Broken.Add("db");
        _world.Add("db", "restart: never").Add("web", After + "needs: [db]").Start("web");
        Assert.Equal(ServicePhase.Failed, _world.Phase("web"));
        Assert.DoesNotContain("PostStop web", _world.Story);
    }

    [Fact]
    public void One_that_takes_too_long_is_killed_and_the_rest_goes_on()
    {
        _world.Add("web", After + "helper-timeout: 2s\nrestart: never").Start("web").Exit("web", 3).Pass(3);
        Assert.Equal((ServicePhase.Failed, "exit code 3"), (_world.Phase("web"), _world["web"].State.Reason));
        Assert.Contains(_world.Messages, line => line == "web: post-stop: not done within 2 s (helper-timeout): killing it");
    }

    [Fact]
    public void One_that_cannot_be_launched_is_told_and_the_rest_goes_on()
    {
        _world.Defective["PostStop web"] = new LinuxException(Errno.EMFILE, "pipe2");
        _world.Add("web", After + "restart: never").Start("web").Exit("web", 3);
        Assert.Equal((ServicePhase.Failed, "exit code 3"), (_world.Phase("web"), _world["web"].State.Reason));
    }

    [Fact]
    public void A_stop_or_a_start_meanwhile_counts_and_does_not_run_it_twice()
    {
        _world.Add("web", After + "restart: {when: always, delay: 1s}").Start("web").Exit("web", 3).Stop("web").EndHelper("web").Pass(5);
        Assert.Equal(ServicePhase.Stopped, _world.Phase("web"));
        _world.Start("web").Stop("web").Start("web");
        Assert.Equal(ServicePhase.Stopping, _world.Phase("web"));
        Assert.Equal(ServicePhase.Running, _world.EndHelper("web").Phase("web"));
        Assert.Equal(["launch web", "PostStop web", "launch web", "TERM web", "PostStop web", "launch web"], _world.Story);
    }

    [Fact]
    public void What_a_service_needs_stays_until_its_post_stop_is_over()
    {
        _world.Add("db").Add("web", After + "needs: [db]").Start("web").Stop("db");
        Assert.Equal("db Running, web Stopping", _world.Phases("db", "web"));
        Assert.Equal("db Stopped, web Stopped", _world.EndHelper("web").Phases("db", "web"));
    }

    [Fact]
    public void The_end_of_the_machine_allows_for_it_within_bounds()
    {
        _world.Add("web").Start("web");
        var without = _world.Supervisor.StopLimit;
        _world.Add("after", After + "helper-timeout: none").Start("after");
        Assert.InRange(_world.Supervisor.StopLimit - 2 * without, TimeSpan.FromMinutes(2), TimeSpan.FromMinutes(3));
    }
}
