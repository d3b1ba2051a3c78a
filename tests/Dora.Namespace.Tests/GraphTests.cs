using Dora.Namespace.Tests.Harness;

namespace Dora.Namespace.Tests;

/// <summary>What services mean to each other, with real processes.</summary>
public class GraphTests
{
    const string Sleeper = "command: [/bin/sleep, '1000']\n";

    [Fact]
    public void Circles_hang_neither_the_boot_nor_the_end()
    {
        using var init = new InitInNamespace(new Dictionary<string, string>
        {
            ["a"] = Sleeper + "needs: b\n", ["b"] = Sleeper + "needs: a\n",
            ["c"] = Sleeper + "after: d\n", ["d"] = Sleeper + "after: c\n",
            ["e"] = Sleeper + "wants: f\n", ["f"] = Sleeper + "after: e\n",
        });
        foreach (string name in new[] { "c", "d", "e", "f" }) init.WaitForState(name, "running");
        Assert.Contains("its needs lead back to it", init.WaitForState("a", "failed").Reason);
        init.WaitForState("b", "failed");
        init.RunEnd("kill -s RTMIN+4 1");
        init.WaitForEnd(TimeSpan.FromSeconds(20));
    }

    [Fact]
    public void A_need_that_ends_with_success_takes_what_needs_it_along()
    {
        using var init = new InitInNamespace(new Dictionary<string, string>
        {
            ["short"] = Scripts.Service("until [ -e /run/go ]; do sleep 0.05; done"), ["long"] = Sleeper + "needs: short\n",
        });
        init.WaitForState("long", "running");
        File.WriteAllText(init.Inside("/run/go"), "");
        init.WaitForState("short", "stopped");
        init.WaitForState("long", "stopped");
    }

    [Fact]
    public void A_need_that_is_only_restarted_takes_nothing_along()
    {
        using var init = new InitInNamespace(new Dictionary<string, string> { ["need"] = Sleeper + "restart: always\n", ["user"] = Sleeper + "needs: need\n" });
        int? pid = init.WaitForState("user", "running").Pid;
        int? first = init.Service("need").Pid;
        init.Run($"kill -9 {first}").Expect();
        init.WaitForService("need", service => service.State == "running" && service.Pid != first);
        Assert.Equal(("running", pid), (init.Service("user").State, init.Service("user").Pid));
    }

    [Fact]
    public void A_stop_is_taken_back_by_a_start_of_what_needs_it()
    {
        using var init = new InitInNamespace(new Dictionary<string, string>
        {
            ["need"] = Sleeper,
            ["slow"] = "command: [/bin/sh, -c, \"trap '' TERM; while :; do sleep 1; done\"]\nneeds: need\nstop-timeout: 4s\n",
        });
        init.WaitForState("slow", "running");
        init.WaitForTrap("slow");
        int? pid = init.Service("need").Pid;
        init.Request(HttpMethod.Post, "/v1/services/need/stop");
        init.WaitForState("slow", "stopping");
        init.Change("start", "slow");
        init.WaitForState("slow", "running");
        Thread.Sleep(300);
        Assert.Equal(("running", pid), (init.Service("need").State, init.Service("need").Pid));
    }

    [Fact]
    public void After_a_kill_the_same_name_can_be_started_again_at_once()
    {
        using var init = new InitInNamespace(new Dictionary<string, string>
        {
            ["stubborn"] = "command: [/bin/sh, -c, \"trap '' TERM; setsid sleep 1000 & while :; do sleep 1; done\"]\nstop-timeout: 100ms\n",
        });
        for (int i = 0; i < 5; i++)
        {
            init.WaitForState("stubborn", "running");
            init.WaitForTrap("stubborn");
            Assert.Equal("done", init.Change("restart", "stubborn").GetProperty("status").GetString());
        }
        Thread.Sleep(300);
        Assert.Equal(("running", 0), (init.Service("stubborn").State, init.Service("stubborn").Restarts));
    }
}
