using Dora.Boot.Tests.Fixtures;
using Dora.Boot.Tests.Harness;

namespace Dora.Boot.Tests;

/// <summary>
/// Issue 3: "Fork bomb under pids.max, a service at memory.max (result `oom`) ...: the machine stays reachable and says
/// what happened." And every word of the sandbox together, on the machine's own root and kernel.
/// </summary>
[Collection(nameof(WrongServicesMachine))]
public class LimitsTests(WrongServicesMachine wrong)
{
    static readonly TimeSpan s_limit = TimeSpan.FromSeconds(60);
    readonly Machine _machine = wrong.Machine;

    [Theory]
    [InlineData("hungry", "signal 9")]
    [InlineData("hungry-child", "exit code 3")]
    public void A_service_at_its_memory_limit_is_oom_in_status_and_log(string name, string end)
    {
        _machine.Ssh($"dora service start {name}", s_limit);
        var line = _machine.WaitForService(name, "failed", service => service.State == "failed", s_limit);
        Assert.Equal($"oom: the kernel killed it for want of memory ({end})", line.Reason);
        var status = _machine.Ssh($"dora service status {name}");
        Assert.Contains("killed for want of memory (oom", status.Output);
        Assert.Contains("\"kind\":\"oom\"", _machine.Ssh($"dora service status {name} --json").Output.Replace(": ", ":"));
        Assert.Contains($"{name}: failed: oom", _machine.SshOutput("dora log -n 10000"));
    }

    [Fact]
    public void A_command_that_is_run_with_too_little_memory_is_oom_and_137()
    {
        var outcome = _machine.Ssh("dora run --name greedy --limit memory.max=16M --limit memory.swap.max=0 -- /bin/sh -c 'echo begins; x=x; while :; do x=$x$x; done'", s_limit);
        Assert.Equal((137, "begins\n"), (outcome.ExitCode, outcome.Output));
        Assert.Contains("oom: the kernel killed it for want of memory", outcome.Errors);
        Assert.Contains("\"kind\":\"oom\"", _machine.Ssh("dora service status greedy --json").Output.Replace(": ", ":"));
        Assert.Equal("16777216", _machine.SshOutput("dora run --limit memory.max=16M -- /bin/sh -c 'cat /sys/fs/cgroup$(sed -n s/^0:://p /proc/self/cgroup)/memory.max'"));
        Assert.Equal("7", _machine.SshOutput("dora run -- /bin/sh -c 'exit 7'; echo $?"));
    }

    [Fact]
    public void Those_in_a_slice_share_its_memory_and_only_they()
    {
        Assert.Equal("16777216 50", _machine.SshOutput("dora run --slice small -- /bin/sh -c 'cd /sys/fs/cgroup/dora/slices/small && echo $(cat memory.max pids.max)'"));
        string other = _machine.SshOutput("dora run -d --slice small -- /bin/sleep 1000");
        var outcome = _machine.Ssh("dora run --name shared --slice small -- /bin/sh -c 'x=x; while :; do x=$x$x; done'", s_limit);
        Assert.Equal(137, outcome.ExitCode);
        Assert.Contains("oom: the kernel killed it for want of memory", outcome.Errors);
        Assert.Equal("running", _machine.Services()["syslog"].State);
        _machine.Ssh($"dora service stop {other}");
        Assert.Equal("gone", _machine.SshOutput("[ -e /sys/fs/cgroup/dora/slices/small ] || echo gone"));
    }

    [Fact]
    public void A_fork_bomb_meets_its_limit_and_nobody_else_does()
    {
        _machine.SshOutput("dora service start bomb", s_limit);
        const string Folder = "/sys/fs/cgroup/dora/services/bomb";
        _machine.SshOutput($"n=0; until grep -q 'max [1-9]' {Folder}/pids.events; do sleep 0.1; n=$((n + 1)); [ $n -lt 300 ] || exit 1; done", s_limit);
        Assert.Equal("listening", _machine.Services()["sshd"].State);
        Assert.Equal("running", _machine.Services()["syslog"].State);
        _machine.SshOutput("dora service stop bomb", s_limit);
        Assert.Equal("stopped", _machine.Services()["bomb"].State);
        Assert.Equal("gone", _machine.SshOutput($"[ -e {Folder} ] || echo gone"));
    }

    [Theory]
    [InlineData("no-room", "create process: resource temporarily unavailable (EAGAIN)")]
    [InlineData("starved", "execute /bin/sleep: |oom: the kernel killed it for want of memory|create process: cannot allocate memory")]
    public void What_has_no_room_to_start_in_says_so(string name, string causes)
    {
        int manager = _machine.ManagerPid();
        _machine.Ssh($"dora service start {name}", s_limit);
        var line = _machine.WaitForService(name, "failed", service => service.State == "failed", s_limit);
        Assert.Equal(manager, _machine.ManagerPid()); // it shares no memory with what is killed
        Assert.Contains(causes.Split('|'), cause => line.Reason!.Contains(cause));
    }

    [Fact]
    public void Limits_are_in_force_and_one_that_the_kernel_lacks_is_told()
    {
        _machine.SshOutput("dora service start limited", s_limit);
        int pid = _machine.WaitForService("limited", "running", service => service.State == "running", s_limit).Pid!.Value;
        Assert.Equal("33554432 1 20 20000 100000 0 -500 -5",
            _machine.SshOutput($"cd /sys/fs/cgroup/dora/services/limited; echo $(cat memory.max memory.oom.group pids.max cpu.max cpuset.cpus) $(cat /proc/{pid}/oom_score_adj; cut -d' ' -f 19 /proc/{pid}/stat)"));
        string limits = _machine.SshOutput($"cat /proc/{pid}/limits");
        Assert.Matches(@"Max nice priority\s+30\s+30", limits);
        Assert.Matches(@"Max realtime priority\s+10\s+10", limits);
        Assert.Contains("limited: cgroup: dmem.max: ", _machine.SshOutput("dora log -n 10000"));
        _machine.SshOutput("dora service stop limited", s_limit);
    }

    [Fact]
    public void Every_word_of_the_sandbox_holds_at_once()
    {
        _machine.SshOutput("dora service start caged", s_limit);
        _machine.WaitForService("caged", "done", service => service.State == "done", s_limit);
        string[] lines = _machine.SshOutput("cat /run/caged.out").Split('\n');
        Assert.Equal(["/run/caged writable", "/tmp writable"], lines.Where(line => line.EndsWith(" writable", StringComparison.Ordinal)));
        Assert.Contains("probe", lines);
        Assert.Contains("    lo", lines);
        Assert.DoesNotContain(lines, line => line.Trim().StartsWith("eth", StringComparison.Ordinal) || line.StartsWith("vd", StringComparison.Ordinal) || line.StartsWith("sd", StringComparison.Ordinal));
        Assert.DoesNotContain(lines, line => line.Contains("root:") || line.StartsWith("ssh-", StringComparison.Ordinal));
        Assert.Contains("CapBnd:\t0000000000000000", lines);
        Assert.Contains("NoNewPrivs:\t1", lines);
        Assert.Contains("Seccomp:\t2", lines);
        Assert.Equal(2, lines.Count(line => line.TrimEnd().EndsWith(" 1", StringComparison.Ordinal) && line.StartsWith("  ", StringComparison.Ordinal)));
        Assert.Equal("none", _machine.SshOutput("ls /etc/probe /data/probe /tmp/probe 2>/dev/null || echo none"));
    }
}
