using System.Diagnostics;
using System.Text.RegularExpressions;
using Dora.Namespace.Tests.Harness;

namespace Dora.Namespace.Tests;

/// <summary>The end of the machine, in order and within its limits. In a pid namespace reboot(2) ends PID 1 by a signal.</summary>
public class EndTests
{
    const int PoweredOff = 2, Rebooted = 1; // SIGINT, SIGHUP

    const string Stubborn = "command: [/bin/sh, -c, \"trap '' TERM; while :; do sleep 1000; done\"]\n";
    const string Slow = "command: [/bin/sh, -c, \"trap 'sleep 1; exit 0' TERM; while :; do sleep 0.1; done\"]\n";

    static readonly Dictionary<string, string> s_chain = new()
    {
        ["a"] = Teller("a", ""),
        ["b"] = Teller("b", "needs: [a]\nafter: [a]\n"),
        ["c"] = Teller("c", "needs: [b]\nafter: [b]\n"),
    };

    [Theory]
    [InlineData("POST poweroff", PoweredOff)]
    [InlineData("POST reboot", Rebooted)]
    [InlineData("/pandora/poweroff", PoweredOff)]
    [InlineData("/pandora/reboot", Rebooted)]
    [InlineData("kill -INT 1", Rebooted)]
    [InlineData("kill -PWR 1", PoweredOff)]
    public void Each_way_stops_services_in_reverse_order(string way, int signal)
    {
        using var init = new InitInNamespace(s_chain);
        init.WaitForState("c", "running");
        foreach (string name in s_chain.Keys) init.WaitForTrap(name);
        using var log = Follow(init);
        if (way.StartsWith("POST ", StringComparison.Ordinal)) Ask(init, way[5..]);
        else init.RunEnd(way);
        Assert.Equal(signal, init.WaitForEnd(TimeSpan.FromSeconds(20)));
        Assert.Equal(["c", "b", "a"], Regex.Matches(Read(log), "told: ([abc])").Select(match => match.Groups[1].Value));
    }

    [Fact]
    public void A_service_that_ignores_term_gets_its_time_and_no_more()
    {
        using var init = Running(Stubborn + "stop-timeout: 2s\n");
        long start = Stopwatch.GetTimestamp();
        Ask(init, "poweroff");
        Assert.Equal(PoweredOff, init.WaitForEnd(TimeSpan.FromSeconds(20)));
        Assert.InRange(Stopwatch.GetElapsedTime(start).TotalSeconds, 1.9, 8);
    }

    [Fact]
    public void Force_does_not_wait_for_it()
    {
        using var init = Running(Stubborn + "stop-timeout: 60s\n");
        Ask(init, "poweroff");
        Thread.Sleep(500);
        init.RunEnd("curl -s --unix-socket /run/dora/dora.sock -d '{\"force\":true}' http://dora/v1/machine/poweroff || /pandora/dora poweroff --force");
        Assert.Equal(PoweredOff, init.WaitForEnd(TimeSpan.FromSeconds(15)));
    }

    [Fact]
    public void The_first_request_decides_how_it_ends()
    {
        using var init = Running(Slow);
        Ask(init, "reboot");
        init.RunEnd("kill -PWR 1");
        Assert.Equal(Rebooted, init.WaitForEnd(TimeSpan.FromSeconds(20)));
    }

    [Fact]
    public void Manager_killed_in_the_middle_of_it_the_machine_still_ends_in_order()
    {
        using var init = Running(Slow);
        int manager = init.ManagerPid();
        Ask(init, "reboot");
        Processes.Signal(manager, 9);
        Assert.Equal(Rebooted, init.WaitForEnd(TimeSpan.FromSeconds(25)));
    }

    [Fact]
    public void Manager_stopped_the_guard_ends_the_machine_alone()
    {
        using var init = new InitInNamespace(new Dictionary<string, string> { ["web"] = "command: [/bin/sleep, '1000']\n" });
        init.WaitForState("web", "running");
        Programs.Run(TimeSpan.FromSeconds(5), "sh", "-c", $"kill -STOP {init.ManagerPid()}").Expect();
        init.RunEnd("kill -PWR 1");
        Assert.Equal(PoweredOff, init.WaitForEnd(TimeSpan.FromSeconds(40)));
    }

    static InitInNamespace Running(string service)
    {
        var init = new InitInNamespace(new Dictionary<string, string> { ["one"] = service });
        try
        {
            init.WaitForState("one", "running");
            init.WaitForTrap("one");
            return init;
        }
        catch
        {
            init.Dispose();
            throw;
        }
    }

    // 202 is a promise: from here on it must happen.
    static void Ask(InitInNamespace init, string verb) => Assert.Equal(202, init.Request(HttpMethod.Post, $"/v1/machine/{verb}").Status);

    // The file lives as long as it is open, also when the root that it was in is gone.
    static FileStream Follow(InitInNamespace init) => new(init.Inside("/dev/kmsg"), FileMode.Open, FileAccess.Read, FileShare.ReadWrite);

    static string Read(FileStream log)
    {
        using var reader = new StreamReader(log);
        return reader.ReadToEnd();
    }

    static string Teller(string name, string more) =>
        $"command: [/bin/sh, -c, \"trap 'echo told: {name} >>/dev/kmsg; exit 0' TERM; while :; do sleep 0.1; done\"]\n" + more;
}
