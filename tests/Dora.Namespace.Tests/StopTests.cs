using System.Diagnostics;
using Dora.Namespace.Tests.Harness;

namespace Dora.Namespace.Tests;

/// <summary>A stopped service leaves nothing: no process, no cgroup.</summary>
public class StopTests
{
    [Theory]
    [InlineData("a daemon", "exec sleep 1000")]
    [InlineData("children of its own", "sleep 1000 & sleep 1001 & wait")]
    [InlineData("grandchildren in sessions of their own", "(setsid sh -c 'setsid sleep 1000 & sleep 1001' &) ; sleep 1002")]
    [InlineData("a cgroup of its own inside", "mkdir -p /sys/fs/cgroup/dora/services/web/inner && sh -c 'echo $$ >/sys/fs/cgroup/dora/services/web/inner/cgroup.procs; exec sleep 1000' & wait")]
    [InlineData("everything ignoring TERM", "trap '' TERM; setsid sleep 1000 & while :; do sleep 1000; done")]
    public void Stop_ends_all_of_it(string what, string script)
    {
        using var init = new InitInNamespace(new Dictionary<string, string>
        {
            ["web"] = $"command: [/bin/sh, -c, \"{script}\"]\nstop-timeout: 1s\nrestart: always\n",
        });
        init.WaitForState("web", "running");
        Thread.Sleep(500); // it has made what it makes
        Assert.NotEmpty(init.ProcessesIn("dora/services/web"));
        var change = init.Change("stop", "web");
        Assert.Equal("done", change.GetProperty("status").GetString());
        Assert.True("stopped" == init.Service("web").State, what);
        Assert.DoesNotContain("sleep 100", init.Run("for p in /proc/[0-9]*; do tr '\\0' ' ' <$p/cmdline; echo; done").Output);
        init.WaitFor("its cgroup to be gone", () => !init.Cgroups().Any(path => path.StartsWith("dora/services/web", StringComparison.Ordinal)));
        init.WaitFor("no child but the manager", () => init.Children().Count == 1);
    }

    [Fact]
    public void A_thousand_starts_and_stops_leave_memory_and_descriptors_flat()
    {
        using var init = new InitInNamespace(new Dictionary<string, string>
        {
            ["tick"] = "command: [/bin/true]\nrestart:\n  when: always\n  delay: 1ms\n  factor: 1\n",
        });
        init.WaitForService("tick", service => service.Restarts > 100);
        int manager = init.ManagerPid();
        int descriptors = Descriptors(manager), guard = Descriptors(init.Pid);
        init.WaitForService("tick", service => service.Restarts > 1100, TimeSpan.FromSeconds(60));
        Assert.Equal(manager, init.ManagerPid());
        Assert.InRange(Descriptors(manager) - descriptors, -8, 8);
        Assert.InRange(Descriptors(init.Pid) - guard, -2, 2);
        Assert.InRange(init.Cgroups().Count, 0, 8);
    }

    [Fact]
    public void Restart_works_from_every_state()
    {
        using var init = new InitInNamespace(new Dictionary<string, string>
        {
            ["web"] = "command: [/bin/sleep, '1000']\n",
            ["crashing"] = "command: [/bin/false]\nrestart:\n  when: always\n  delay: 30s\n",
            ["starting"] = "command: [/bin/sleep, '1000']\nnotify: fd\nstart-timeout: 300s\n",
        });
        int first = init.WaitForState("web", "running").Pid!.Value;
        init.Change("restart", "web");
        Assert.NotEqual(first, init.WaitForState("web", "running").Pid);
        init.Change("stop", "web");
        init.Change("restart", "web");
        init.WaitForState("web", "running");
        init.WaitForState("crashing", "backoff");
        Assert.Equal(202, init.Request(HttpMethod.Post, "/v1/services/crashing/restart").Status);
        int starting = init.WaitForState("starting", "starting").Pid!.Value;
        Assert.Equal(202, init.Request(HttpMethod.Post, "/v1/services/starting/restart").Status);
        init.WaitForService("starting", service => service.State == "starting" && service.Pid != starting);
        long start = Stopwatch.GetTimestamp();
        init.Change("stop", "starting");
        Assert.True(Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(4), "a stop waited for readiness");
    }

    // The least of many looks: in the midst of a launch it has a dozen more for a moment.
    static int Descriptors(int pid) => Enumerable.Range(0, 50).Min(_ =>
    {
        Thread.Sleep(2);
        return Directory.GetFileSystemEntries($"/proc/{pid}/fd").Length;
    });
}
