using System.Diagnostics;
using Dora.Namespace.Tests.Harness;

namespace Dora.Namespace.Tests;

/// <summary>Descriptors, space: when they are used up, what asks for more is told so, and all that runs goes on.</summary>
public class ScarcityTests
{
    [Fact]
    public void Without_descriptors_a_start_fails_with_its_cause_and_with_them_it_works_again()
    {
        using var init = Two();
        int web = init.WaitForState("web", "running").Pid!.Value;
        int manager = init.ManagerPid();
        Limit(manager, "202:1024"); // what is passed on is numbered from 200 on
        init.Change("start", "other");
        Assert.Equal("dup: too many open files (EMFILE)", init.WaitForState("other", "failed").Reason);
        Assert.Equal(web, init.Service("web").Pid);

        int open = Directory.GetFileSystemEntries($"/proc/{manager}/fd").Length;
        Limit(manager, $"{open}:1024"); // not even the API can be asked now
        Thread.Sleep(300);
        Limit(manager, "1024:1024");
        init.Change("start", "other");
        init.WaitForState("other", "running");
        Assert.Equal((manager, web), (init.ManagerPid(), init.Service("web").Pid!.Value));
    }

    [Fact]
    public void A_full_run_keeps_nobody_from_starting_stopping_or_replacing_the_manager()
    {
        using var init = Two();
        int web = init.WaitForState("web", "running").Pid!.Value;
        init.Run("mount -o remount,size=64k /run && dd if=/dev/zero of=/run/full bs=4k 2>/dev/null; df /run | tail -n 1 | grep -q 100%").Expect();
        init.Change("start", "other");
        init.WaitForState("other", "running");
        int manager = init.ManagerPid();
        Process.GetProcessById(manager).Kill();
        init.WaitFor("another manager", () => init.ManagerPid() is var next && next != manager ? next : 0);
        Assert.Equal(web, init.WaitForState("web", "running").Pid);
        Assert.Equal("done", init.Change("restart", "other").GetProperty("status").GetString());
        Assert.Equal("done", init.Change("stop", "other").GetProperty("status").GetString());
    }

    static InitInNamespace Two() => new(new Dictionary<string, string>
    {
        ["web"] = "command: [/bin/sleep, '1000']\n",
        ["other"] = "command: [/bin/sleep, '1000']\nstart: demand\nrestart: never\nruntime-directory: other\n",
    });

    static void Limit(int pid, string descriptors) =>
        Programs.Run(TimeSpan.FromSeconds(5), "prlimit", "--pid", pid.ToString(), $"--nofile={descriptors}").Expect();
}
