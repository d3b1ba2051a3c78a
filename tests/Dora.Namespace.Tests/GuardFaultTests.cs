using Dora.Namespace.Tests.Harness;

namespace Dora.Namespace.Tests;

/// <summary>PID 1 does not fail, and what it needs may.</summary>
public class GuardFaultTests
{
    static InitInNamespace Start(string? commandLine = null) => new(new Dictionary<string, string> { ["web"] = "command: [/bin/sleep, '1000']\n" }, files =>
    {
        if (commandLine is not null) File.WriteAllText(Path.Combine(files, "etc/test-cmdline"), commandLine + "\n");
    });

    [Fact]
    public void Without_proc_the_manager_is_started_again_and_takes_up_what_runs()
    {
        using var init = Start();
        var before = init.WaitForState("web", "running");
        int manager = init.ManagerPid();
        init.Run("umount -l /proc && ! [ -e /proc/self ]").Expect();
        Programs.Run(TimeSpan.FromSeconds(5), "sh", "-c", $"kill -9 {manager}").Expect();
        init.WaitFor("another manager", () => init.ManagerPid() is var pid && pid != manager);
        Assert.Equal(before, init.WaitForState("web", "running"));
    }

    [Fact]
    public void A_manager_that_cannot_be_created_is_tried_again_until_it_can()
    {
        using var init = Start();
        var before = init.WaitForState("web", "running");
        int manager = init.ManagerPid();
        // No descriptor is left for the channel: EMFILE.
        init.Run("prlimit --pid 1 --nofile=3:").Expect();
        Programs.Run(TimeSpan.FromSeconds(5), "sh", "-c", $"kill -9 {manager}").Expect();
        init.WaitFor("the message", () => init.KernelLog.Contains("manager: socketpair: too many open files (EMFILE)"));
        Thread.Sleep(3000); // ten attempts and more: no reason for rescue
        init.Run("prlimit --pid 1 --nofile=1024:").Expect();
        init.WaitFor("another manager", () => init.ManagerPid() is var pid && pid != manager && pid != 0, TimeSpan.FromSeconds(10));
        Assert.Equal(before, init.WaitForState("web", "running"));
        Assert.DoesNotContain("rescue shell", init.KernelLog);
    }

    [Fact]
    public void A_fault_signal_ends_the_manager_and_is_no_null_reference_in_the_middle_of_an_event()
    {
        using var init = Start();
        var before = init.WaitForState("web", "running");
        foreach (string signal in new[] { "SEGV", "BUS", "FPE", "ILL", "ABRT" })
        {
            int manager = init.ManagerPid();
            init.Get("/v1/machine"); // it is up
            init.Run($"kill -{signal} {ShutdownRequestTests.InsidePid(manager)}").Expect();
            init.WaitFor($"another manager after {signal}", () => init.ManagerPid() is var pid && pid != manager, TimeSpan.FromSeconds(8));
        }
        Assert.Equal(before, init.WaitForState("web", "running"));
        Assert.DoesNotContain("NullReference", init.KernelLog);
        init.WaitForLog("has ended with signal 11");
    }

    [Fact]
    public void Ten_kills_in_a_row_from_outside_do_not_lead_to_rescue()
    {
        using var init = Start();
        var before = init.WaitForState("web", "running");
        for (int i = 0; i < 12; i++)
        {
            int manager = init.ManagerPid();
            init.Get("/v1/machine"); // it is up
            Programs.Run(TimeSpan.FromSeconds(5), "sh", "-c", $"kill -9 {manager}").Expect();
            init.WaitFor("another manager", () => init.ManagerPid() is var pid && pid != manager);
        }
        Assert.Equal(before, init.WaitForState("web", "running"));
        Assert.DoesNotContain("rescue shell", init.KernelLog);
    }

    [Fact]
    public void A_guard_that_fails_again_and_again_says_so_and_restarts_the_machine_as_panic_says()
    {
        // No descriptor is left for its signals (the log has the last one): it throws, as often as it executes itself.
        using var init = new InitInNamespace(new Dictionary<string, string>(), files =>
        {
            File.WriteAllText(Path.Combine(files, "etc/test-cmdline"), "panic=2\n");
            File.WriteAllText(Path.Combine(files, "etc/test-nofile"), "4\n");
        }, served: false);
        using var log = new FileStream(init.Inside("/dev/kmsg"), FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        Assert.Equal(1, init.WaitForEnd(TimeSpan.FromSeconds(30)));
        using var reader = new StreamReader(log);
        string text = reader.ReadToEnd();
        Assert.Contains("too many open files (EMFILE)", text);
        Assert.Contains("guard: it fails again and again and cannot go on", text);
        Assert.Contains("guard: restarting in 2 s (panic=2)", text);
    }
}
