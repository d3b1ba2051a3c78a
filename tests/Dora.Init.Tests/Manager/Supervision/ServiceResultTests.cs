using Dora.Core.Linux;
using Dora.Core.Protocol;
using Dora.Init.Manager;
using Dora.Init.Manager.Supervision;
using Xunit;

namespace Dora.Init.Tests.Manager.Supervision;

/// <summary>Why the last run ended, as programs are told.</summary>
public sealed class ServiceResultTests : IDisposable
{
    private readonly GraphWorld _world = new();

    public void Dispose() => _world.Dispose();

    private string? Result => MachineReports.Status(_world["web"], null, []).Result;

    private GraphWorld Started(string text) => _world.Add("web", $"restart: never\n{text}").Start("web");

    [Fact]
    public void While_it_runs_there_is_none_and_the_next_run_begins_without()
    {
        Started("");
        Assert.Null(Result);
        _world.Exit("web", 3);
        Assert.Equal(ServiceResults.ExitCode, Result);
        _world.Start("web");
        Assert.Null(Result);
    }

    [Theory]
    [InlineData(ServiceResults.Success, "", 0)]
    [InlineData(ServiceResults.Success, "type: oneshot", 0)]
    [InlineData(ServiceResults.Success, "success: [3]", 3)]
    [InlineData(ServiceResults.ExitCode, "", 3)]
    [InlineData(ServiceResults.ExitCode, "", 125)]
    [InlineData(ServiceResults.Protocol, "notify: systemd", 0)]
    [InlineData(ServiceResults.ExitCode, "notify: systemd", 1)]
    public void An_exit_code_is_judged_as_the_file_says(string expected, string text, int code)
    {
        Started(text).Exit("web", code);
        Assert.Equal(expected, Result);
    }

    [Fact]
    public void A_signal_and_the_want_of_memory_are_told_apart()
    {
        Started("").Crash("web");
        Assert.Equal(ServiceResults.Signal, Result);
        _world.Start("web").End("web", new ProcessExit(Libc.CLD_KILLED, Libc.SIGKILL) { IsOutOfMemory = true });
        Assert.Equal(ServiceResults.Oom, Result);
        _world.Start("web").End("web", ProcessExit.Unseen);
        Assert.Equal(ServiceResults.Unseen, Result);
    }

    [Fact]
    public void A_stop_is_a_success_whatever_the_signal_does_and_one_that_takes_too_long_is_not()
    {
        Started("stop-timeout: 2s").Stop("web");
        Assert.Equal(ServiceResults.Success, Result);
        _world.Stubborn.Add("web");
        _world.Start("web").Stop("web").Pass(3);
        Assert.Equal((ServicePhase.Stopped, ServiceResults.StopTimeout), (_world.Phase("web"), Result));
    }

    [Fact]
    public void A_restart_that_was_asked_for_leaves_no_result_behind()
    {
        Started("").Restart("web");
        Assert.Equal((ServicePhase.Running, null), (_world.Phase("web"), Result));
    }

    [Theory]
    [InlineData(ServiceResults.Timeout, "type: oneshot\nstart-timeout: 2s", false)]
    [InlineData(ServiceResults.Timeout, "notify: systemd\nstart-timeout: 2s", false)]
    // What it does when it is told to stop does not matter any more.
    [InlineData(ServiceResults.Timeout, "type: oneshot\nstart-timeout: 2s\nstop-timeout: 1s", true)]
    public void Whoever_is_not_ready_or_done_in_time_has_a_timeout(string expected, string text, bool isStubborn)
    {
        if (isStubborn) _world.Stubborn.Add("web");
        Started(text).Pass(4);
        Assert.Equal((ServicePhase.Failed, expected), (_world.Phase("web"), Result));
    }

    [Fact]
    public void A_program_that_cannot_be_executed_is_told_from_all_else_and_says_why()
    {
        _world.Broken.Add("web");
        Started("");
        var status = MachineReports.Status(_world["web"], null, []);
        Assert.Equal((ServiceResults.ExecFailed, "ENOENT"), (status.Result, status.Errno));
        _world.Broken.Clear();
        _world.Defective["web"] = new LinuxException(Errno.EMFILE, "pipe2");
        status = MachineReports.Status(_world.Start("web")["web"], null, []);
        Assert.Equal((ServiceResults.LaunchFailed, "EMFILE"), (status.Result, status.Errno));
        _world.Defective.Clear();
        status = MachineReports.Status(_world.Start("web")["web"], null, []);
        Assert.Equal((null, null), (status.Result, status.Errno));
    }

    [Fact]
    public void Helpers_needs_health_and_the_watchdog_have_words_of_their_own()
    {
        Started("pre-start: [/bin/prepare]").EndHelper("web", 3);
        Assert.Equal(ServiceResults.PreStart, Result);
        _world.Add("late", "restart: never\nneeds: [db]").Add("db", "restart: never");
        _world.Broken.Add("db");
        _world.Start("late");
        Assert.Equal(ServiceResult.Dependency, _world["late"].State.Result);
        _world.Add("dog", "restart: never\nnotify: systemd\nwatchdog: 1s").Start("dog").Ready("dog").Pass(2);
        Assert.Equal((ServicePhase.Failed, ServiceResult.Watchdog), (_world.Phase("dog"), _world["dog"].State.Result));
        _world.Add("sick", "restart: never\nhealth: {command: [/bin/check], interval: 1s, threshold: 1}");
        _world.Defective["Health sick"] = new LinuxException(Errno.EMFILE, "pipe2");
        _world.Start("sick").Pass(3);
        Assert.Equal((ServicePhase.Failed, ServiceResult.Unhealthy), (_world.Phase("sick"), _world["sick"].State.Result));
    }

    [Fact]
    public void What_cannot_be_killed_says_so()
    {
        Started("");
        var (state, _) = ServiceMachine.Apply(
            _world["web"].State with { Phase = ServicePhase.Killing, Deadline = _world.Now }, _world["web"].Settings, new(ServiceEventKind.DeadlineReached), _world.Now);
        Assert.Equal(ServiceResult.Unkillable, state.Result);
    }

    [Fact]
    public void Every_result_has_a_word_of_its_own()
    {
        var words = Enum.GetValues<ServiceResult>().Where(result => result is not ServiceResult.None).Select(MachineReports.ResultOf).ToList();
        Assert.DoesNotContain(null, words);
        Assert.Equal(words.Count, words.Distinct().Count());
        var constants = typeof(ServiceResults).GetFields().Select(field => (string)field.GetRawConstantValue()!);
        Assert.Equal(constants.Order(), words.Order());
    }
}
