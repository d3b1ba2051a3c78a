using Dora.Core.Configuration;
using Dora.Core.Linux;
using Dora.Init.Launching;
using Dora.Init.Manager.Supervision;
using Xunit;
using static Dora.Init.Manager.Supervision.ServicePhase;

namespace Dora.Init.Tests.Manager.Supervision;

/// <summary><c>on-failure</c>: what follows when a service is given up.</summary>
public sealed class FailureReactionTests : IDisposable
{
    private readonly GraphWorld _world = new();

    public void Dispose() => _world.Dispose();

    [Fact]
    public void A_service_is_started_and_told_what_has_failed_and_how()
    {
        _world.Add("alarm", "type: oneshot\nstart: demand").Add("web", "restart: never\non-failure: {start: alarm}").Start("web").Exit("web", 3);
        Assert.Equal("web Failed, alarm Starting", _world.Phases("web", "alarm"));
        var builder = new LaunchPlanBuilder("alarm", ["/bin/alarm"]);
        _world["alarm"].State.Cause!.Introduce(builder);
        string[] environment = builder.Build(asSibling: true).Environment.Where(line => line.StartsWith("FAILED_")).Order().ToArray();
        Assert.Equal(["FAILED_EXIT_CODE=3", "FAILED_REASON=exit code 3", "FAILED_SERVICE=web"], environment);
    }

    [Fact]
    public void A_signal_is_told_by_its_name()
    {
        var builder = new LaunchPlanBuilder("alarm", ["/bin/alarm"]);
        new StartCause("web", "signal 11", new ProcessExit(Libc.CLD_KILLED, 11)).Introduce(builder);
        Assert.Contains("FAILED_EXIT_SIGNAL=SEGV", builder.Build(asSibling: true).Environment);
    }

    [Fact]
    public void Nothing_follows_while_it_is_still_restarted_or_was_stopped_or_its_need_has_failed()
    {
        _world.Add("alarm", "type: oneshot\nstart: demand")
            .Add("web", "restart: {when: always, delay: 1s}\non-failure: {start: alarm}")
            .Add("user", "needs: [bad]\non-failure: {start: alarm}")
            .Add("bad", "restart: never");
        _world.Broken.Add("bad");
        _world.Start("web").Crash("web").Pass(1).Stop("web").Start("user");
        Assert.Equal("web Stopped, user Failed, alarm Stopped", _world.Phases("web", "user", "alarm"));
    }

    [Fact]
    public void A_oneshot_that_has_handled_one_failure_handles_the_next()
    {
        _world.Add("alarm", "type: oneshot\nstart: demand").Add("a", "restart: never\non-failure: {start: alarm}").Add("b", "restart: never\non-failure: {start: alarm}");
        _world.Start("a", "b").Crash("a").Exit("alarm");
        Assert.Equal((Done, "a"), (_world.Phase("alarm"), _world["alarm"].State.Cause!.Service));
        _world.Crash("b");
        Assert.Equal((Starting, "b"), (_world.Phase("alarm"), _world["alarm"].State.Cause!.Service));
        _world.Exit("alarm").Restart("alarm");
        Assert.Null(_world["alarm"].State.Cause);
    }

    [Fact]
    public void Each_failure_can_have_a_handler_of_its_own()
    {
        _world.Add("alarm", "type: oneshot\nfor-each: argument\ncommand: [/bin/mail, \"%i\"]").Add("web", "restart: never\non-failure: {start: alarm@web}").Start("web").Crash("web");
        Assert.Equal(["/bin/mail", "web"], _world["alarm@web"].Settings.Command);
        Assert.Equal(Starting, _world.Phase("alarm@web"));
    }

    [Fact]
    public void Handlers_that_fail_and_name_each_other_do_not_spin()
    {
        _world.Add("a", "restart: never\non-failure: {start: b}").Add("b", "restart: never\nstart: demand\non-failure: {start: a}");
        _world.Broken.Add("b");
        _world.Start("a").Crash("a").Pass(1000);
        Assert.Equal("a Failed, b Failed", _world.Phases("a", "b"));
        Assert.Equal(["launch a", "launch b"], _world.Story);
        Assert.Contains("b: failed as it was started for the failure of a: a is not started for that", _world.Messages);
    }

    [Fact]
    public void A_reboot_follows_at_once_when_the_machine_has_been_up_for_long()
    {
        _world.Add("web", "restart: {when: always, delay: 1s, limit: 1}\non-failure: reboot").Start("web").Crash("web");
        Assert.DoesNotContain("reboot for the failure of web", _world.Story);
        _world.Pass(1).Crash("web");
        Assert.Equal("reboot for the failure of web", _world.Story[^1]);
    }

    [Fact]
    public void Just_after_boot_the_reboot_waits_so_that_a_loop_of_them_leaves_time_to_log_in()
    {
        _world.At(TimeSpan.FromSeconds(20)).Add("web", "restart: never\non-failure: reboot").Boot().Crash("web").Pass(579);
        Assert.DoesNotContain("reboot for the failure of web", _world.Story);
        _world.Pass(1);
        Assert.Equal("reboot for the failure of web", _world.Story[^1]);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_start_or_a_stop_calls_it_off(bool start)
    {
        _world.At(TimeSpan.FromSeconds(20)).Add("web", "restart: never\non-failure: reboot").Boot().Crash("web");
        (start ? _world.Start("web") : _world.Stop("web")).Pass(2000);
        Assert.DoesNotContain("reboot for the failure of web", _world.Story);
    }

    [Fact]
    public void A_machine_that_is_ending_reacts_to_nothing()
    {
        _world.Add("web", "restart: never\non-failure: reboot").Start("web");
        _world.Stubborn.Add("web");
        _world.Supervisor.EndAll();
        _world.Settle().Crash("web");
        Assert.DoesNotContain("reboot for the failure of web", _world.Story);
    }
}
