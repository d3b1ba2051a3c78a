using Dora.Namespace.Tests.Harness;

namespace Dora.Namespace.Tests;

/// <summary>PID 1: reaps everything, minds no signal that is not a request.</summary>
public class GuardTests
{
    [Fact]
    public void Signals_from_inside_that_are_no_requests_do_nothing()
    {
        using var init = new InitInNamespace(new Dictionary<string, string> { ["web"] = "command: [/bin/sleep, '100000']\n" });
        var before = init.WaitForState("web", "running");
        int manager = init.ManagerPid();
        // Requests: INT, USR2, TERM, PWR, RTMIN+3, +4, +5.
        init.Run("for i in 1 2 3; do for s in $(seq 1 64); do case $s in 2|12|15|30|37|38|39) ;; *) kill -$s 1 ;; esac; done; done; kill -9 1; sleep 1").Expect();
        Assert.Equal(manager, init.ManagerPid());
        Assert.Equal(before, init.Service("web"));
        Assert.Equal(2, Directory.GetDirectories($"/proc/{init.Pid}/task").Length);
    }

    [Fact]
    public void Ten_thousand_orphans_are_reaped()
    {
        int count = Settings.Count("PANDORA_ORPHANS", 10_000);
        using var init = new InitInNamespace(new Dictionary<string, string>(), files => Compile("orphans", Path.Combine(files, "pandora/orphans")));
        int manager = init.ManagerPid();
        int rss = Rss(init.Pid);
        init.Run($"/pandora/orphans {count}", TimeSpan.FromSeconds(60 + count / 200)).Expect();
        init.WaitFor("no child but the manager", () => init.Children() is [var only] && only == manager);
        Assert.InRange(Rss(init.Pid) - rss, -10_000, 1024);
    }

    [Fact]
    public void Orphans_are_reaped_in_order_while_services_restart_all_the_time()
    {
        var files = Enumerable.Range(1, 5).ToDictionary(i => $"tick{i}",
            i => "command: [/bin/true]\nrestart:\n  when: always\n  delay: 10ms\n  factor: 1\n");
        using var init = new InitInNamespace(files, folder => Compile("orphans", Path.Combine(folder, "pandora/orphans")));
        init.WaitForService("tick1", service => service.Restarts > 5);
        init.Run("/pandora/orphans 3000", TimeSpan.FromSeconds(60)).Expect();
        int before = init.Service("tick1").Restarts;
        init.WaitForService("tick1", service => service.Restarts > before + 5);
        // What is left are the manager and at most the five of the moment.
        init.WaitFor("the orphans to be gone", () => init.Children().Count <= 6);
    }

    static int Rss(int pid) => int.Parse(File.ReadLines($"/proc/{pid}/smaps_rollup").Single(line => line.StartsWith("Rss:", StringComparison.Ordinal))
        .Split(' ', StringSplitOptions.RemoveEmptyEntries)[1]);

    static void Compile(string name, string program)
    {
        string source = Path.Combine(InitInNamespace.Repository(), "tests/Dora.Boot.Tests/HelperPrograms", name + ".c");
        Programs.Run(TimeSpan.FromSeconds(60), "clang", "-static", "-O1", "-std=gnu11", "-o", program, source).Expect();
    }
}
