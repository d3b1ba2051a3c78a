using Dora.Core.Configuration;
using Dora.Core.Linux;
using Dora.Core.Protocol;
using Dora.Init.Manager;
using Dora.Init.Manager.State;
using Dora.Init.Manager.Supervision;
using Xunit;

namespace Dora.Init.Tests.Manager;

public sealed class MachineReportsTests : IDisposable
{
    private readonly ServiceTable _table = new();

    public void Dispose() => _table.Dispose();

    private static TimeSpan At(int seconds) => TimeSpan.FromSeconds(seconds);

    [Theory]
    [InlineData(nameof(ServicePhase.Stopped), "stopped")]
    [InlineData(nameof(ServicePhase.Waiting), "waiting")]
    [InlineData(nameof(ServicePhase.Starting), "starting")]
    [InlineData(nameof(ServicePhase.Running), "running")]
    [InlineData(nameof(ServicePhase.Done), "done")]
    [InlineData(nameof(ServicePhase.Stopping), "stopping")]
    [InlineData(nameof(ServicePhase.Killing), "stopping")]
    [InlineData(nameof(ServicePhase.Backoff), "backoff")]
    [InlineData(nameof(ServicePhase.Failed), "failed")]
    public void Each_phase_has_its_name(string phase, string state) =>
        Assert.Equal(state, MachineReports.StateName(_table.Add(new ServiceState { Phase = Enum.Parse<ServicePhase>(phase), Pid = 7 })));

    [Fact]
    public void A_listener_that_is_up_listens() =>
        Assert.Equal("listening", MachineReports.StateName(_table.Add(new ServiceState { Phase = ServicePhase.Running }, ServiceTable.Settings("ssh") with { PerConnection = true })));

    [Fact]
    public void The_status_says_all_that_the_summary_says_and_what_explains_it()
    {
        var settings = ServiceTable.Settings("web") with
        {
            Description = "the web",
            Type = ServiceType.Oneshot,
            Needs = ["db"],
            Wants = ["cache"],
            Slice = "batch",
            Unless = "/run/made",
            Sockets = [new(SocketKind.Tcp, "80"), new(SocketKind.Unix, "/run/web"), new(SocketKind.UnixDatagram, "/run/web.log")],
        };
        var service = _table.Add(new ServiceState
        {
            Phase = ServicePhase.Starting, Pid = 42, StartedAt = At(3), Restarts = 2, Reason = "why not", LastExit = new ProcessExit(Libc.CLD_KILLED, 9),
        }, settings);
        var summary = MachineReports.Summary(service, null);
        var status = MachineReports.Status(service, null, [new Problem("/web.yaml", new Position(2, 3), "unknown key")]);

        Assert.Equal(("web", "the web", "oneshot", "starting", "why not", 42, 2), (summary.Name, summary.Description, summary.Type, summary.State, summary.Reason, summary.Pid, summary.Restarts));
        Assert.Equal(3000, summary.StartedAt!.BootMs);
        Assert.Equal(["tcp 80", "unix /run/web", "unix-datagram /run/web.log"], summary.Sockets);
        foreach (var property in typeof(ServiceSummary).GetProperties().Where(property => property.Name is not ("EqualityContract" or nameof(ServiceSummary.StartedAt) or nameof(ServiceSummary.Since))))
            Assert.Equal(property.GetValue(summary), property.GetValue(status));
        Assert.Equal(summary.StartedAt.BootMs, status.StartedAt!.BootMs);
        Assert.Equal(settings.File, status.File);
        Assert.Equal(["db"], status.Needs);
        Assert.Equal(["cache"], status.Wants);
        Assert.Equal(("batch", "/run/made"), (status.Slice, status.Unless));
        Assert.Equal(["/bin/web", "-x"], status.Command);
        Assert.Equal(new ServiceProblem("/web.yaml", 2, 3, "unknown key"), Assert.Single(status.Problems));
        Assert.Equal((LastExit.Signaled, 9, null), (status.LastExit!.Kind, status.LastExit.Signal, status.LastExit.Code));
    }

    [Fact]
    public void What_it_waits_for_is_the_reason_only_while_it_waits()
    {
        var waiting = _table.Add(new ServiceState { Phase = ServicePhase.Waiting, Reason = "exit code 1" });
        var backoff = _table.Add(new ServiceState { Phase = ServicePhase.Backoff, Reason = "exit code 1" }, ServiceTable.Settings("back"));
        var killing = _table.Add(new ServiceState { Phase = ServicePhase.Killing, Pid = 7, Fault = "not ready within 1 s" }, ServiceTable.Settings("kill"));
        Assert.Equal("waits for db", MachineReports.Summary(waiting, "db").Reason);
        Assert.Equal("exit code 1", MachineReports.Summary(waiting, null).Reason);
        Assert.Equal("exit code 1", MachineReports.Summary(backoff, "db").Reason);
        Assert.Equal("not ready within 1 s", MachineReports.Summary(killing, null).Reason);
    }

    [Theory]
    [InlineData(nameof(ServicePhase.Running), 42, 10_000L)]
    [InlineData(nameof(ServicePhase.Done), 0, 20_000L)] // a oneshot that is done tells when that was
    [InlineData(nameof(ServicePhase.Stopped), 0, null)]
    [InlineData(nameof(ServicePhase.Failed), 0, null)]
    [InlineData(nameof(ServicePhase.Backoff), 0, null)]
    public void The_start_is_told_of_what_runs_or_is_up(string phase, int pid, long? expected)
    {
        var state = new ServiceState { Phase = Enum.Parse<ServicePhase>(phase), Pid = pid, StartedAt = At(10), Since = At(20) };
        var summary = MachineReports.Summary(_table.Add(state), null);
        Assert.Equal(expected, summary.StartedAt?.BootMs);
        Assert.Equal(pid == 0 ? null : pid, summary.Pid);
    }

    [Fact]
    public void Both_clocks_of_a_moment_mean_the_same_time()
    {
        var moment = MachineReports.MomentAt(Sys.TimeSinceBoot() - At(60));
        var wall = DateTime.Parse(moment.Wall, null, System.Globalization.DateTimeStyles.AdjustToUniversal);
        Assert.InRange((DateTime.UtcNow - wall).TotalSeconds, 59, 90);
    }

    [Fact]
    public void An_exit_that_nobody_saw_is_no_last_exit()
    {
        Assert.Null(MachineReports.Status(_table.Add(new ServiceState { LastExit = ProcessExit.Unseen }), null, []).LastExit);
        var exited = _table.Add(new ServiceState { LastExit = new ProcessExit(Libc.CLD_EXITED, 3) }, ServiceTable.Settings("other"));
        Assert.Equal((LastExit.Exited, 3), (MachineReports.Status(exited, null, []).LastExit!.Kind, MachineReports.Status(exited, null, []).LastExit!.Code));
    }

    [Fact]
    public void A_service_without_a_usable_file_is_invalid_with_the_first_cause()
    {
        var status = MachineReports.Unusable("web", [new Problem("/web.yaml", new Position(2, 3), "unknown key"), new Problem("/web.yaml", new Position(4, 1), "another")]);
        Assert.Equal(("web", "invalid", "/web.yaml"), (status.Name, status.State, status.File));
        Assert.Contains("/web.yaml:2:3: unknown key", status.Reason);
        Assert.Equal(2, status.Problems.Count);
    }

    [Fact]
    public void The_boot_is_complete_when_all_that_it_started_has_come_to_rest()
    {
        SavedStage[] stages = [new("kernel", "kernel", At(0), At(1), ""), new("root", "initramfs", At(1), At(2), "ISO")];
        ServiceSettings Named(string name) => ServiceTable.Settings(name);
        _table.Add(new ServiceState { Phase = ServicePhase.Running, StartedAt = At(4), ReadyAt = At(5) }, Named("late"));
        _table.Add(new ServiceState { Phase = ServicePhase.Done, StartedAt = At(3), ReadyAt = At(4) }, Named("early"));
        _table.Add(new ServiceState { Phase = ServicePhase.Failed, StartedAt = At(9) }, Named("broken"));
        _table.Add(new ServiceState { Phase = ServicePhase.Running, StartedAt = At(8), ReadyAt = At(8) }, Named("later") with { Start = StartCondition.Demand });
        var report = Boot(stages);
        Assert.Equal(["early", "late", "broken"], report.Services.Select(service => service.Name));
        Assert.Equal((1000, 5000), (report.HandoverMs, report.ReadyMs));
        Assert.Equal([null, "ISO"], report.Stages.Select(stage => stage.Detail));

        // One that has been up and is being restarted is not part of the boot any more; one that still comes is.
        _table.Add(new ServiceState { Phase = ServicePhase.Starting, Restarts = 1, StartedAt = At(6), Pid = 7 }, Named("again"));
        Assert.Equal(5000, Boot(stages).ReadyMs);
        _table.Add(new ServiceState { Phase = ServicePhase.Waiting }, Named("coming"));
        report = Boot(stages);
        Assert.Null(report.ReadyMs);
        Assert.Equal("coming", report.Services[^1].Name);
    }

    BootReport Boot(params SavedStage[] stages) => MachineReports.Boot(stages, _table.Supervisor.Services, MachineReports.IsBootOver(_table.Supervisor.Services) ? At(1000) : null);

    [Fact]
    public void What_is_started_when_the_boot_is_over_is_no_part_of_it()
    {
        _table.Add(new ServiceState { Phase = ServicePhase.Running, StartedAt = At(3), ReadyAt = At(4), HasBeenUp = true, FirstStartedAt = At(3), FirstReadyAt = At(4) });
        _table.Add(new ServiceState { Phase = ServicePhase.Stopped }, ServiceTable.Settings("job"));
        Assert.True(MachineReports.IsBootOver(_table.Supervisor.Services));
        _table.Add(new ServiceState { Phase = ServicePhase.Running, StartedAt = At(500), ReadyAt = At(501) }, ServiceTable.Settings("added"));
        _table.Add(new ServiceState { Phase = ServicePhase.Starting, StartedAt = At(600), Pid = 9 }, ServiceTable.Settings("begun"));
        var report = MachineReports.Boot([], _table.Supervisor.Services, over: At(400));
        Assert.Equal(["web", "job"], report.Services.Select(service => service.Name));
        Assert.Equal(4000, report.ReadyMs);
    }

    [Fact]
    public void A_restart_is_no_part_of_the_boot()
    {
        _table.Add(new ServiceState { Phase = ServicePhase.Running, StartedAt = At(500), ReadyAt = At(501), HasBeenUp = true, FirstStartedAt = At(3), FirstReadyAt = At(4) });
        _table.Add(new ServiceState { Phase = ServicePhase.Starting, Pid = 7, StartedAt = At(600), HasBeenUp = true, FirstStartedAt = At(2), FirstReadyAt = At(3) }, ServiceTable.Settings("again"));
        var report = Boot();
        Assert.Equal(4000, report.ReadyMs);
        Assert.Equal([(2000L, 3000L), (3000L, 4000L)], report.Services.Select(service => (service.StartedMs!.Value, service.ReadyMs!.Value)));
    }

    [Fact]
    public void The_boot_tells_what_each_service_waited_for()
    {
        _table.Add(new ServiceState(), ServiceTable.Settings("web") with { Needs = ["db"], Wants = ["cache", "db"], Milestone = ["disks"], After = ["cache"] });
        Assert.Equal(["db", "cache", "disks"], Assert.Single(Boot().Services).Behind);
    }

    [Fact]
    public void Usage_names_what_runs_and_what_does_not()
    {
        var service = _table.Add(new ServiceState { Phase = ServicePhase.Running, Pid = 7, Restarts = 2 });
        var usage = MachineReports.Usage(service, new CgroupUsage(5, 6, 7, 8, 9, 10));
        Assert.Equal((service.Name, "running", 2), (usage.Name, usage.State, usage.Restarts));
        Assert.Equal((5L, 6L, 7L, 8L, 9L, 10L), (usage.CpuMs, usage.MemoryBytes, usage.MemoryPeakBytes, usage.Tasks, usage.IoReadBytes, usage.IoWriteBytes));
    }

    [Fact]
    public void Without_a_kernel_stage_there_is_no_hand_over() => Assert.Equal(0, MachineReports.Boot([new("root", "initramfs", At(1), At(2), "")], [], null).HandoverMs);
}
