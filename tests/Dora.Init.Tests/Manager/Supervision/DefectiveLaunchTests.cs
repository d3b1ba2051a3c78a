using Dora.Core.Linux;
using Dora.Init.Manager.Supervision;
using Xunit;

namespace Dora.Init.Tests.Manager.Supervision;

/// <summary>A launch at which something throws that nobody has thought of: a failed launch like any other.</summary>
public sealed class DefectiveLaunchTests : IDisposable
{
    private readonly GraphWorld _world = new();

    public void Dispose() => _world.Dispose();

    [Theory]
    [InlineData("")]
    [InlineData("type: oneshot")]
    [InlineData("notify: systemd")]
    public void A_launch_that_throws_is_a_failed_launch_that_names_the_exception(string text)
    {
        _world.Defective["web"] = new KeyNotFoundException("no such step");
        _world.Add("web", $"restart: never\n{text}").Add("shop", "needs: [web]").Start("shop");
        Assert.Equal("web Failed, shop Failed", _world.Phases("web", "shop"));
        Assert.Equal("launch: no such step (KeyNotFoundException, a defect of init)", _world["web"].State.Reason);
        Assert.Contains(_world.Messages, line => line.StartsWith("web: launch: a defect of init: System.Collections.Generic.KeyNotFoundException: no such step"));
    }

    [Fact]
    public void The_restart_policy_goes_on_and_the_service_comes_up_once_nothing_throws()
    {
        _world.Defective["web"] = new InvalidOperationException("boom");
        _world.Add("web", "restart: {when: always, delay: 1s}").Start("web");
        Assert.Equal(ServicePhase.Backoff, _world.Phase("web"));
        _world.Defective.Clear();
        _world.Pass(1.1);
        Assert.Equal("web Running", _world.Phases("web"));
    }

    [Fact]
    public void A_process_that_was_there_when_it_threw_is_killed_before_the_next_one()
    {
        _world.Defective["web"] = new InvalidOperationException("boom");
        _world.DefectiveTooLate.Add("web");
        _world.Add("web", "restart: {when: always, delay: 1s, limit: 1}").Start("web").Pass(1.1);
        Assert.Equal(["launch web", "kill web", "launch web", "kill web"], _world.Story);
        Assert.Equal(ServicePhase.Failed, _world.Phase("web"));
    }

    [Fact]
    public void What_a_system_call_says_is_no_defect()
    {
        _world.Defective["web"] = new LinuxException(Errno.EMFILE, "epoll_ctl", "web");
        _world.Add("web", "restart: never").Start("web");
        Assert.StartsWith("launch: epoll_ctl web: ", _world["web"].State.Reason);
        Assert.DoesNotContain("defect", _world["web"].State.Reason);
    }

    [Fact]
    public void A_pre_start_whose_launch_throws_fails_at_once_and_not_at_its_deadline()
    {
        _world.Defective["PreStart web"] = new InvalidOperationException("boom");
        _world.Add("web", "restart: never\npre-start: [/bin/prepare]").Start("web");
        Assert.Equal(ServicePhase.Failed, _world.Phase("web"));
        Assert.Equal("pre-start: launch pre-start: boom (InvalidOperationException, a defect of init)", _world["web"].State.Reason);
    }

    [Fact]
    public void A_stop_command_whose_launch_throws_gives_way_to_the_stop_signal()
    {
        _world.Defective["Stop web"] = new InvalidOperationException("boom");
        _world.Add("web", "stop-command: [/bin/stop]").Start("web").Stop("web");
        Assert.Equal(["launch web", "Stop web", "TERM web"], _world.Story);
        Assert.Equal(ServicePhase.Stopped, _world.Phase("web"));
    }

    [Fact]
    public void A_check_of_health_whose_launch_throws_is_a_check_that_failed()
    {
        _world.Defective["Health web"] = new InvalidOperationException("boom");
        _world.Add("web", "restart: never\nhealth: {command: [/bin/check], interval: 1s, threshold: 2}").Start("web").Pass(5);
        Assert.Equal(ServicePhase.Failed, _world.Phase("web"));
        Assert.Equal("unhealthy: launch health: boom (InvalidOperationException, a defect of init) (2 times)", _world["web"].State.Reason);
    }
}
