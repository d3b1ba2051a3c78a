using Dora.Core.Configuration;
using Dora.Core.Linux;
using Dora.Init.Manager.Supervision;
using Xunit;
using static Dora.Init.Manager.Supervision.ServicePhase;

namespace Dora.Init.Tests.Manager.Supervision;

/// <summary>What follows an end: the policy in full, with a clock that the test turns.</summary>
public sealed class RestartPolicyTests : IDisposable
{
    private readonly GraphWorld _world = new();

    public void Dispose() => _world.Dispose();

    [Fact]
    public void The_curve_of_waits_is_exact_and_ends_at_the_cap()
    {
        _world.Add("web", "restart: {when: always, delay: 100ms, factor: 2, cap: 1s}").Start("web");
        var waits = new List<double>();
        for (int i = 0; i < 6; i++)
        {
            _world.Exit("web", 1);
            waits.Add((_world["web"].State.Deadline!.Value - _world.Now).TotalMilliseconds);
            _world.Pass(waits[^1] / 1000);
            Assert.Equal(Running, _world.Phase("web"));
        }
        Assert.Equal([100, 200, 400, 800, 1000, 1000], waits);
    }

    [Fact]
    public void It_is_not_started_a_moment_before_its_time()
    {
        _world.Add("web", "restart: {when: always, delay: 5s}").Start("web").Exit("web", 1).Pass(4.999);
        Assert.Equal(Backoff, _world.Phase("web"));
        _world.Pass(0.001);
        Assert.Equal(Running, _world.Phase("web"));
    }

    [Fact]
    public void A_stable_run_begins_the_curve_anew()
    {
        _world.Add("web", "restart: {when: always, delay: 1s, reset-after: 10s}").Start("web").Exit("web", 1).Pass(1).Exit("web", 1).Pass(2).Pass(10).Exit("web", 1);
        Assert.Equal(TimeSpan.FromSeconds(1), _world["web"].State.Deadline - _world.Now);
    }

    [Fact]
    public void Jitter_adds_to_a_wait_at_most_its_part_and_not_the_same_for_all()
    {
        var waits = new HashSet<double>();
        for (int i = 0; i < 20; i++)
        {
            string name = $"s{i}";
            _world.Add(name, "restart: {when: always, delay: 10s, jitter: 0.5}").Start(name).Exit(name, 1);
            double wait = (_world[name].State.Deadline!.Value - _world.Now).TotalSeconds;
            Assert.InRange(wait, 10, 15);
            waits.Add(wait);
        }
        Assert.True(waits.Count > 15, "all wait the same time");
        Assert.True(waits.Max() - waits.Min() > 2, "hardly spread at all");
    }

    [Fact]
    public void The_same_call_has_the_same_answer_with_jitter_too()
    {
        var settings = MachineWalk.Daemon with { Restart = new RestartPolicy { When = RestartCondition.Always, Jitter = 1 } };
        var waits = Enumerable.Range(0, 5).Select(_ => new MachineWalk(settings).Launched().End(1).State.Deadline).Distinct();
        Assert.Single(waits);
    }

    [Fact]
    public void Restarts_within_a_period_are_counted_even_if_each_run_was_stable()
    {
        _world.Add("web", "restart: {when: always, delay: 1s, reset-after: 2s, limit: 3, within: 1m}").Start("web");
        for (int i = 0; i < 3; i++) _world.Pass(5).Exit("web", 1).Pass(1);
        Assert.Equal(Running, _world.Phase("web"));
        _world.Pass(5).Exit("web", 1);
        Assert.Equal((Failed, "exit code 1; given up after 3 restarts within 60 s"), (_world.Phase("web"), _world["web"].State.Reason));
    }

    [Fact]
    public void A_new_period_forgives_the_old_one()
    {
        _world.Add("web", "restart: {when: always, delay: 1s, reset-after: 2s, limit: 3, within: 1m}").Start("web");
        for (int i = 0; i < 20; i++) _world.Pass(25).Exit("web", 1).Pass(1);
        Assert.Equal((Running, 20), (_world.Phase("web"), _world["web"].State.Restarts));
    }

    [Fact]
    public void A_start_by_somebody_begins_a_new_period()
    {
        _world.Add("web", "restart: {when: always, delay: 1s, limit: 1, within: 1m}").Start("web").Exit("web", 1).Pass(1).Exit("web", 1);
        Assert.Equal(Failed, _world.Phase("web"));
        _world.Start("web").Exit("web", 1);
        Assert.Equal(Backoff, _world.Phase("web"));
    }

    [Theory]
    [InlineData(3, nameof(Stopped))]
    [InlineData(75, nameof(Stopped))]
    [InlineData(0, nameof(Stopped))]
    [InlineData(4, nameof(Backoff))]
    [InlineData(125, nameof(Failed))]
    public void Exit_codes_of_the_list_are_successes(int code, string then)
    {
        _world.Add("web", "success: [3, 75, TERM]").Start("web").Exit("web", code);
        Assert.Equal(then, _world.Phase("web").ToString());
    }

    [Theory]
    [InlineData(Libc.SIGTERM, nameof(Stopped))]
    [InlineData(Libc.SIGKILL, nameof(Backoff))]
    public void Signals_of_the_list_are_successes(int signal, string then)
    {
        _world.Add("web", "success: [9, SIGTERM]").Start("web").Crash("web", signal);
        Assert.Equal(then, _world.Phase("web").ToString());
    }

    [Fact]
    public void A_core_dump_is_the_same_signal()
    {
        _world.Add("web", "success: [ABRT]").Start("web").End("web", new ProcessExit(Libc.CLD_DUMPED, Libc.SIGABRT));
        Assert.Equal(Stopped, _world.Phase("web"));
    }

    [Fact]
    public void A_oneshot_is_done_with_a_code_of_the_list()
    {
        _world.Add("mount", "type: oneshot\nsuccess: [32]").Add("web", "needs: [mount]").Start("web").Exit("mount", 32);
        Assert.Equal("mount Done, web Running", _world.Phases("mount", "web"));
    }

    // The cases of other suites that are about the ends of a process.

    [Fact]
    public void Dinit_term_restart_1_the_limit_is_reached_and_then_a_normal_start_works()
    {
        _world.Add("web", "restart: {when: always, delay: 1s, limit: 2}").Start("web").Exit("web").Pass(1).Exit("web").Pass(2).Exit("web");
        Assert.Equal(Failed, _world.Phase("web"));
        Assert.Equal(Running, _world.Start("web").Phase("web"));
    }

    [Fact]
    public void Dinit_term_restart_2_a_dependent_stays_while_its_need_is_restarted()
    {
        _world.Add("db", "restart: always").Add("web", "needs: [db]").Start("web").Crash("db").Pass(1);
        Assert.Equal((true, 1), (_world.IsUp("db", "web"), _world.Story.Count(line => line == "launch web")));
    }

    [Fact]
    public void Dinit_term_restart_3_a_restart_whose_start_times_out_counts_on()
    {
        _world.Add("web", "restart: {when: always, delay: 1s, limit: 2}\nnotify: fd\nstart-timeout: 10s").Start("web").Pass(10);
        Assert.Equal((Backoff, "not ready within 10 s (start-timeout)"), (_world.Phase("web"), _world["web"].State.Reason));
        _world.Pass(1).Pass(10).Pass(2).Pass(10);
        Assert.Equal(Failed, _world.Phase("web"));
        Assert.Equal(3, _world.Story.Count(line => line == "launch web"));
    }

    [Fact]
    public void Dinit_restart_fail_reaches_what_needs_it()
    {
        _world.Add("db", "restart: {when: always, delay: 1s, limit: 1}").Add("web", "needs: [db]").Start("web").Crash("db").Pass(1).Crash("db");
        Assert.Equal("db Failed, web Stopped", _world.Phases("db", "web"));
        Assert.Equal("it needs db, which has failed: signal 11; given up after 1 restarts in a row", _world["web"].State.Reason);
    }

    [Fact]
    public void Dinit_term_via_stop_a_process_that_ends_while_it_is_stopped_is_stopped()
    {
        _world.Stubborn.Add("web");
        _world.Add("web", "restart: always").Start("web").Stop("web").Crash("web");
        Assert.Equal(Stopped, _world.Phase("web"));
        _world.Stop("web").Pass(100);
        Assert.Equal((Stopped, 1), (_world.Phase("web"), _world.Story.Count(line => line == "launch web")));
    }

    [Fact]
    public void Dinit_stop_timeout_kills()
    {
        _world.Stubborn.Add("web");
        _world.Add("web", "stop-timeout: 3s").Start("web").Stop("web").Pass(2.9);
        Assert.Equal(Stopping, _world.Phase("web"));
        _world.Pass(0.1);
        Assert.Equal(Stopped, _world.Phase("web"));
        Assert.Equal(["launch web", "TERM web", "kill web"], _world.Story);
    }

    [Fact]
    public void Dinit_start_execfail_is_told_with_its_cause()
    {
        _world.Broken.Add("web");
        _world.Add("web", "restart: never").Start("web");
        Assert.Equal("execute /bin/web: no such file or directory (ENOENT)", _world["web"].State.Reason);
    }

    [Fact]
    public void Dinit_notify_fail_one_that_ends_before_it_was_ready_has_failed()
    {
        _world.Add("web", "notify: fd\nrestart: never").Start("web").Exit("web");
        Assert.Equal((Failed, "exit code 0"), (_world.Phase("web"), _world["web"].State.Reason));
    }

    [Fact]
    public void Pebble_StopDuringBackoff()
    {
        _world.Add("web", "restart: {when: always, delay: 10s}").Start("web").Exit("web", 1).Pass(5).Stop("web").Pass(100);
        Assert.Equal((Stopped, 1), (_world.Phase("web"), _world.Story.Count(line => line == "launch web")));
    }

    [Fact]
    public void Pebble_StopWhileStarting()
    {
        _world.Add("web", "notify: fd").Start("web").Stop("web");
        Assert.Equal(Stopped, _world.Phase("web"));
    }

    [Fact]
    public void Pebble_RestartWhenOldStillRunning()
    {
        _world.Stubborn.Add("web");
        _world.Add("web").Start("web").Restart("web").Pass(1);
        Assert.Equal((Stopping, 1), (_world.Phase("web"), _world.Story.Count(line => line == "launch web")));
        _world.Pass(10);
        Assert.Equal(["launch web", "TERM web", "kill web", "launch web"], _world.Story);
    }

    [Fact]
    public void Pebble_RestartWhenGone()
    {
        _world.Add("web", "restart: never").Start("web").Exit("web", 1).Restart("web");
        Assert.Equal(Running, _world.Phase("web"));
    }

    [Fact]
    public void Systemd_3166_a_start_that_fails_ends_in_failed_and_not_in_between()
    {
        _world.Add("web", "type: oneshot\nrestart: never").Start("web").Exit("web", 1);
        Assert.Equal((Failed, 0, (TimeSpan?)null), (_world.Phase("web"), _world["web"].State.Pid, _world["web"].State.Deadline));
    }

    [Fact]
    public void Systemd_27953_it_is_not_up_any_more_once_its_main_process_has_ended()
    {
        _world.Add("web", "restart: never").Add("user", "needs: [web]").Start("user").Exit("web");
        Assert.Equal("web Stopped, user Stopped", _world.Phases("web", "user"));
    }

    [Fact]
    public void Systemd_1981_a_mask_while_it_waits_to_be_restarted_is_final()
    {
        _world.Add("web", "restart: {when: always, delay: 5s}").Start("web").Crash("web");
        _world.Supervisor.Mask("web");
        _world.Settle().Pass(100).Start("web");
        Assert.Equal((Stopped, 1), (_world.Phase("web"), _world.Story.Count(line => line == "launch web")));
    }
}
