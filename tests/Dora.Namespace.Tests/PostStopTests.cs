using System.Diagnostics;
using Dora.Namespace.Tests.Harness;

namespace Dora.Namespace.Tests;

/// <summary><c>post-stop</c> with real processes, and with a manager that is killed around it.</summary>
public class PostStopTests
{
    const string Demand = "start: demand\n", Never = "restart: never\n", Await = "while ! [ -e /run/go ]; do sleep 0.02; done; ";
    const string Tell = "echo $SERVICE_RESULT $EXIT_CODE $EXIT_STATUS >>/tmp/post; ";

    [Theory]
    [InlineData("exec sleep 1000", "", "stop", "success killed TERM")]
    [InlineData("exit 3", "", "", "exit-code exited 3")]
    [InlineData("kill -SEGV $$", "", "", "signal killed SEGV")]
    [InlineData("exit 0", "type: oneshot\n", "", "success exited 0")]
    [InlineData("trap '' TERM; while :; do sleep 0.05; done", "stop-timeout: 200ms\n", "stop", "stop-timeout killed KILL")]
    [InlineData("exec sleep 1000", "type: oneshot\nstart-timeout: 200ms\n", "", "timeout killed TERM")]
    [InlineData("exec sleep 1000", "pre-start: [/bin/false]\n", "", "pre-start")]
    public void It_finds_how_the_run_ended(string script, string settings, string verb, string expected)
    {
        using var init = new InitInNamespace(new Dictionary<string, string>
        {
            ["web"] = Scripts.Service(script, $"post-stop: {Scripts.Words(Tell)}\n" + settings + Never + Demand),
        });
        Assert.Equal(202, init.Request(HttpMethod.Post, "/v1/services/web/start").Status);
        if (verb.Length > 0)
        {
            init.WaitForState("web", "running");
            if (script.StartsWith("trap", StringComparison.Ordinal)) init.WaitForTrap("web");
            init.Change(verb, "web");
        }
        init.WaitForService("web", service => service.State is "stopped" or "failed" or "done");
        Assert.Equal(expected + "\n", File.ReadAllText(init.Inside("/tmp/post")));
        Assert.DoesNotContain(init.Cgroups(), path => path.StartsWith("dora/services/web", StringComparison.Ordinal));
    }

    [Fact]
    public void It_runs_alone_as_the_service_does_and_before_the_next_start()
    {
        string post = "exec >>/tmp/post; id -un; grep -o '/dora.*' /proc/self/cgroup; pwd; [ -e /run/second ] || grep -q 98[7] /proc/$(cat /tmp/left)/cmdline 2>/dev/null && echo left; sleep 988 & exit 9";
        using var init = new InitInNamespace(new Dictionary<string, string>
        {
            ["web"] = Scripts.Service("sleep 987 & echo $! >/tmp/left; echo started >>/tmp/post; exec sleep 1000", $"post-stop: {Scripts.Words(post)}\nuser: plain\ndirectory: /usr\n" + Demand),
        });
        init.Change("start", "web");
        init.WaitFor("its child, and its word", () => init.ProcessesIn("dora/services/web").Count == 2 && File.Exists(init.Inside("/tmp/post")) && File.ReadAllText(init.Inside("/tmp/post")) == "started\n");
        Assert.Equal("running", init.Change("restart", "web").GetProperty("after").GetString());
        init.WaitFor("its next run", () => File.ReadAllText(init.Inside("/tmp/post")).Split("started").Length == 3);
        Assert.Equal("started\nplain\n/dora/services/web/.post-stop\n/usr\nstarted\n", File.ReadAllText(init.Inside("/tmp/post")));
        Assert.DoesNotContain("988", init.Run("cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' '").Output);
        Assert.Contains("web: post-stop: exit code 9", init.KernelLog);
    }

    [Fact]
    public void It_goes_on_when_the_manager_is_replaced_and_its_end_is_heard_by_the_next()
    {
        using var init = new InitInNamespace(new Dictionary<string, string>
        {
            ["web"] = Scripts.Service("exec sleep 1000", $"post-stop: {Scripts.Words(Tell + Await + "echo over >>/tmp/post")}\n"),
        });
        var before = init.WaitForState("web", "running");
        init.Run($"kill -9 {before.Pid}").Expect();
        int helper = init.WaitFor("its post-stop", () => init.ProcessesIn("dora/services/web/.post-stop") is [var pid, ..] ? pid : 0);
        init.WaitForState("web", "stopping");
        int manager = init.ManagerPid();
        init.Run("kill -9 " + ShutdownRequestTests.InsidePid(manager)).Expect();
        init.WaitFor("another manager", () => init.ManagerPid() is var pid && pid != manager);
        Assert.Equal("stopping", init.Service("web").State);
        Assert.Contains(helper, init.ProcessesIn("dora/services/web/.post-stop"));
        File.WriteAllText(init.Inside("/run/go"), "");
        init.WaitForService("web", service => service.State == "running" && service.Pid != before.Pid);
        Assert.Equal("signal killed KILL\nover\n", File.ReadAllText(init.Inside("/tmp/post")));
    }

    [Fact]
    public void A_manager_killed_as_soon_as_it_runs_leaves_none_out_and_no_exit_unseen()
    {
        // It kills the manager, which has not saved by then that it runs: the next one is told of the exit again, and clears up again.
        using var init = new InitInNamespace(new Dictionary<string, string>
        {
            ["web"] = Scripts.Service("exec sleep 1000", $"post-stop: {Scripts.Words("read m </run/manager && : >/run/manager && kill -9 $m; sleep 0.3; " + Tell)}\n" + Never),
        });
        var before = init.WaitForState("web", "running");
        int manager = init.ManagerPid();
        File.WriteAllText(init.Inside("/run/manager"), ShutdownRequestTests.InsidePid(manager) + "\n");
        init.Run($"kill -9 {before.Pid}").Expect();
        init.WaitFor("another manager", () => init.ManagerPid() is var pid && pid != manager);
        Assert.Equal("signal 9", init.WaitForState("web", "failed").Reason);
        Assert.Equal("signal killed KILL", File.ReadAllLines(init.Inside("/tmp/post"))[^1]);
    }

    [Fact]
    public void The_machine_ends_behind_it()
    {
        using var init = new InitInNamespace(new Dictionary<string, string>
        {
            ["web"] = Scripts.Service("exec sleep 1000", "post-stop: [/bin/sleep, '1.5']\n"),
        });
        init.WaitForState("web", "running");
        long start = Stopwatch.GetTimestamp();
        Assert.Equal(202, init.Request(HttpMethod.Post, "/v1/machine/poweroff").Status);
        Assert.Equal(2, init.WaitForEnd(TimeSpan.FromSeconds(15)));
        Assert.InRange(Stopwatch.GetElapsedTime(start).TotalSeconds, 1.5, 14);
    }
}
