using System.Diagnostics;
using Dora.Namespace.Tests.Harness;

namespace Dora.Namespace.Tests;

/// <summary>
/// A service's cgroup: limits, delegation, what is left behind. Files of controllers are written where the kernel has
/// them in version 2, which a test host need not: memory and pids are tested in the booted machine.
/// </summary>
public class CgroupTests(CgroupTests.Machine machine) : IClassFixture<CgroupTests.Machine>
{
    const string Own = "/sys/fs/cgroup$(sed -n 's/^0:://p' /proc/self/cgroup)";

    public sealed class Machine : Probes
    {
        public Machine()
        {
            Add("limited", "cgroup: {cgroup.max.descendants: 2, cgroup.max.depth: [9, 3]}\n",
                $"cd {Own}; cat cgroup.max.descendants cgroup.max.depth; mkdir a b c; ls -d a b c");
            Add("no-controller", "cgroup: {misc.max: res_a 1, cgroup.max.depth: 5}\n", $"cat {Own}/cgroup.max.depth");
            // Launched on a copy of the manager's memory, whether the host has the controller or not.
            Add("own-memory", "cgroup: {memory.max: 1G}\nsockets: [tcp: 4713]\n", "echo $LISTEN_FDS; [ $LISTEN_PID = $$ ] && echo mine");
            AddService("own-memory-fails", "restart: never\ncommand: /bin/nowhere\ncgroup: {memory.max: 1G}\n");
            Add("refused", "cgroup: {cgroup.max.depth: many}\n", "true");
            Add("not-delegated", "user: plain\n", $"mkdir {Own}/inner");
            AddService("delegated", """
                user: plain
                delegate: true
                stop-timeout: 200ms
                command:
                  - /bin/sh
                  - -c
                  - |
                    cd /sys/fs/cgroup/dora/services/delegated || exit 1
                    mkdir -p one/two worker && echo $$ >worker/cgroup.procs || exit 1
                    setsid sleep 1000 & echo $! >one/two/cgroup.procs
                    exec sleep 1001
                """);
            AddService("bomb", """
                user: plain
                rlimits: {nproc: 150}
                stdout: none
                stderr: none
                stop-timeout: 200ms
                restart: never
                command: [/bin/sh, -c, "trap '' TERM; bomb() { setsid sleep 1000 & bomb & bomb & wait; }; (bomb &); exec sleep 1001"]
                start: demand
                """);
            AddService("web", "command: [/bin/sleep, '1000']\n");
            Start();
        }
    }

    InitInNamespace Init => machine.Init;

    [Fact]
    public void Values_are_written_one_by_one_before_it_starts() =>
        Assert.Equal(["2", "3", "a", "b"], machine.ToldLines("limited").Where(line => !line.Contains(": ")));

    [Fact]
    public void A_controller_that_the_kernel_lacks_is_a_warning_and_the_rest_is_written()
    {
        Assert.Equal("5\n", machine.Told("no-controller"));
        Init.WaitForLog("no-controller: cgroup: misc.max: this kernel does not have it here; it starts without this limit");
    }

    [Fact]
    public void On_memory_of_its_own_the_child_knows_its_pid_and_its_failure_is_told()
    {
        Assert.Equal(["1", "mine"], machine.ToldLines("own-memory"));
        Assert.Equal("execute /bin/nowhere: no such file or directory (ENOENT)", machine.Failure("own-memory-fails"));
    }

    [Fact]
    public void A_value_that_the_kernel_refuses_fails_the_start_with_file_and_value() =>
        Assert.Equal("cgroup: cgroup.max.depth: write 'many': invalid argument (EINVAL)", machine.Failure("refused"));

    [Fact]
    public void A_cgroup_that_is_not_delegated_is_not_its_to_change() =>
        Assert.Contains("Permission denied", machine.Told("not-delegated"));

    [Fact]
    public void One_that_has_gone_down_into_its_own_survives_the_manager_and_leaves_nothing()
    {
        int pid = Init.WaitForState("delegated", "running").Pid!.Value;
        Init.WaitFor("its processes in their places", () => Init.ProcessesIn("dora/services/delegated/worker").Count == 1 && Init.ProcessesIn("dora/services/delegated/one/two").Count == 1);
        int manager = Init.ManagerPid();
        Process.GetProcessById(manager).Kill();
        Init.WaitFor("another manager", () => Init.ManagerPid() is var next && next != manager ? next : 0);
        var after = Init.WaitForState("delegated", "running");
        Assert.Equal((pid, 0), (after.Pid!.Value, after.Restarts));

        Init.Change("stop", "delegated");
        Assert.Equal("stopped", Init.Service("delegated").State);
        Init.WaitFor("its cgroups to be gone", () => !Init.Cgroups().Any(path => path.Contains("delegated")));
        Assert.DoesNotContain("sleep 1000", Init.Run("for p in /proc/[0-9]*; do [ $p = /proc/1 ] || tr '\\0' ' ' <$p/cmdline; echo; done").Output.Split('\n').Where(line => line.Contains("delegated")));
    }

    [Fact]
    public void A_fork_bomb_is_ended_by_a_stop_and_nobody_else_minds()
    {
        Init.Change("start", "bomb");
        Init.WaitFor("the bomb to grow", () => Init.ProcessesIn("dora/services/bomb").Count > 60);
        int web = Init.WaitForState("web", "running").Pid!.Value;
        Assert.Equal("done", Init.Change("stop", "bomb").GetProperty("status").GetString());
        Init.WaitFor("its cgroup to be gone", () => !Init.Cgroups().Contains("dora/services/bomb"));
        Assert.Equal(web, Init.Service("web").Pid);
    }
}
