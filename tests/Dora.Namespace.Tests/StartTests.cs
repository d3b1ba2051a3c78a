using Dora.Namespace.Tests.Harness;

namespace Dora.Namespace.Tests;

/// <summary>The published init comes up as guard and manager, and starts what it is told to.</summary>
public class StartTests
{
    [Fact]
    public void Guard_manager_and_api_come_up_without_any_service()
    {
        using var init = new InitInNamespace(new Dictionary<string, string>());
        Assert.Contains("version", init.Get("/v1/version").ToString());
        int manager = init.ManagerPid();
        Assert.Equal([manager], init.Children());
        Assert.Equal(2, Directory.GetDirectories($"/proc/{init.Pid}/task").Length);
    }

    [Fact]
    public void A_service_is_a_child_of_pid_1_in_its_own_cgroup_and_session()
    {
        using var init = new InitInNamespace(new Dictionary<string, string> { ["web"] = "command: [/bin/sleep, '1000']\n" });
        init.WaitForState("web", "running");
        int pid = Assert.Single(init.ProcessesIn("dora/services/web"));
        Assert.Contains(pid, init.Children());
        string[] stat = File.ReadAllText($"/proc/{pid}/stat").Split(") ")[1].Split(' ');
        Assert.Equal(init.Pid.ToString(), stat[1]); // ppid
        Assert.Equal(pid.ToString(), stat[3]); // session leader
    }
}
