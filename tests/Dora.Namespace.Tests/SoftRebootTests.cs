using Dora.Namespace.Tests.Harness;

namespace Dora.Namespace.Tests;

/// <summary>Userspace only: PID 1 and what asks for it live on, everything else goes down and comes up again.</summary>
public class SoftRebootTests
{
    static readonly Dictionary<string, string> s_files = new()
    {
        ["web"] = "command: [/bin/sleep, '1000']\nneeds: [base]\n",
        ["base"] = "command: [/bin/sleep, '1000']\n",
        ["store"] = "command: [/bin/sleep, '1000']\nneeds: [disk]\nsurvives-soft-reboot: true\n",
        ["disk"] = "command: [/bin/sleep, '1000']\n",
        ["once"] = "type: oneshot\ncommand: [/bin/sh, -c, 'echo ran >>/run/once']\n",
    };

    [Fact]
    public void All_services_but_the_chosen_and_what_they_need_start_anew()
    {
        using var init = new InitInNamespace(s_files);
        init.WaitForState("web", "running");
        init.WaitForState("store", "running");
        init.WaitForState("once", "done");
        var before = init.Services();
        init.RunEnd("echo changed >/etc/hostname; /pandora/dora soft-reboot");
        init.WaitForService("web", service => service.State == "running" && service.Pid != before["web"].Pid);
        init.WaitForService("base", service => service.State == "running" && service.Pid != before["base"].Pid);
        Assert.Equal(before["store"], init.Service("store"));
        Assert.Equal(before["disk"], init.Service("disk"));
        init.WaitFor("the oneshot", () => init.Run("cat /run/once").Output == "ran\nran\n");
        // Start-up ran again too, and the machine is not being ended.
        Assert.Equal("changed\n", init.Run("hostname").Expect());
        Assert.Equal("running", init.Get("/v1/machine").GetProperty("state").GetString());
        Assert.Equal("running", init.Service("web").State);
        Assert.Equal(2, init.KernelLog.Split("all services are down, starting anew").Length);
        init.Change("restart", "store");
    }

    [Fact]
    public void The_manager_may_be_killed_in_the_middle_of_it()
    {
        using var init = new InitInNamespace(new Dictionary<string, string>(s_files)
        {
            ["slow"] = "command: [/bin/sh, -c, \"trap 'sleep 1; exit 0' TERM; while :; do sleep 0.1; done\"]\n",
        });
        var slow = init.WaitForState("slow", "running");
        init.WaitForState("web", "running");
        var store = init.WaitForState("store", "running");
        init.WaitForTrap("slow");
        Assert.Equal(202, init.Request(HttpMethod.Post, "/v1/machine/soft-reboot").Status);
        init.Run("kill -9 " + ShutdownRequestTests.InsidePid(init.ManagerPid())).Expect();
        init.WaitForService("slow", service => service.State == "running" && service.Pid != slow.Pid);
        init.WaitForState("web", "running");
        Assert.Equal(store, init.Service("store"));
    }

    [Fact]
    public void By_force_it_does_not_wait()
    {
        using var init = new InitInNamespace(new Dictionary<string, string>
        {
            ["stubborn"] = "command: [/bin/sh, -c, \"trap '' TERM; while :; do sleep 1000; done\"]\nstop-timeout: 60s\n",
        });
        var before = init.WaitForState("stubborn", "running");
        init.WaitForTrap("stubborn");
        Assert.Equal(202, init.Request(HttpMethod.Post, "/v1/machine/soft-reboot").Status);
        init.WaitForState("stubborn", "stopping");
        init.RunEnd("/pandora/dora soft-reboot --force");
        init.WaitForService("stubborn", service => service.State == "running" && service.Pid != before.Pid, TimeSpan.FromSeconds(5));
    }
}
