using Dora.Core.Configuration;
using Dora.Core.Events;
using Dora.Core.Linux;
using Dora.Init.Manager.Supervision;
using Xunit;

namespace Dora.Init.Tests.Manager.Supervision;

/// <summary>A process that the kernel killed for want of memory: how it is noticed, and what is said of it.</summary>
public sealed class OutOfMemoryTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("dora-oom-").FullName;

    [Theory]
    [InlineData("low 0\nhigh 12\nmax 3\noom 1\noom_kill 1\noom_group_kill 0\n", true)]
    [InlineData("low 0\nhigh 12\nmax 3\noom 1\noom_kill 0\noom_group_kill 0\n", false)]
    [InlineData("oom_kill 120\n", true)]
    [InlineData("", false)]
    public void The_count_of_its_cgroup_tells(string events, bool expected)
    {
        File.WriteAllText(Path.Combine(_folder, "memory.events"), events);
        using var loop = new EventLoop();
        using var cgroup = new Cgroup(loop, _folder, "web", () => { });
        Assert.Equal(expected, cgroup.HasRunOutOfMemory);
    }

    [Fact]
    public void A_kernel_without_the_controller_tells_nothing()
    {
        using var loop = new EventLoop();
        using var cgroup = new Cgroup(loop, _folder, "web", () => { });
        Assert.False(cgroup.HasRunOutOfMemory);
    }

    [Fact]
    public void It_is_the_cause_that_a_failed_service_gives()
    {
        var settings = new ServiceSettings { Name = "web", File = "web.yaml", Command = ["/bin/web"], Restart = new RestartPolicy { When = RestartCondition.Never } };
        var state = new ServiceState { Phase = ServicePhase.Running, Pid = 5, WantedUp = true, ReadyAt = TimeSpan.Zero };
        var exit = new ProcessExit(Libc.CLD_KILLED, Libc.SIGKILL) { IsOutOfMemory = true };
        (state, _) = ServiceMachine.Apply(state, settings, new(ServiceEventKind.MainExited, 5, exit), TimeSpan.FromSeconds(1));
        (state, _) = ServiceMachine.Apply(state, settings, new(ServiceEventKind.Emptied), TimeSpan.FromSeconds(1));
        Assert.Equal((ServicePhase.Failed, "oom: the kernel killed it for want of memory (signal 9)"), (state.Phase, state.Reason));
        Assert.False(exit.IsSuccess);
    }

    [Fact]
    public void An_exit_code_is_told_along() =>
        Assert.Equal("oom: the kernel killed it for want of memory (exit code 137)", new ProcessExit(Libc.CLD_EXITED, 137) { IsOutOfMemory = true }.Describe());

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
