using Dora.Namespace.Tests.Harness;

namespace Dora.Namespace.Tests;

/// <summary>
/// With nothing to do nobody wakes up: no thread of guard, manager and syslog is given a processor, for as long as
/// nothing happens, whatever was there before. tests/soak looks for a whole minute.
/// </summary>
public class IdleTests(Xunit.Abstractions.ITestOutputHelper output)
{
    static readonly TimeSpan s_window = TimeSpan.FromSeconds(Settings.Count("PANDORA_IDLE_SECONDS", 10));

    /// <summary>What other tests do to this host (a loop device is a uevent for everybody) may fall into one window, but not into each.</summary>
    const int Windows = 8;

    static readonly Dictionary<string, string> s_services = new(Enumerable.Range(1, 12).Select(i =>
        KeyValuePair.Create($"s{i:00}", "command: [/bin/sleep, '100000']\nrestart: always\n" + (i > 1 ? $"needs: [s{i - 1:00}]\n" : ""))))
    {
        ["syslog"] = "command: [/pandora/syslog]\nuser: plain\nlogger: true\nrestart: always\n",
        ["done"] = "type: oneshot\ncommand: [/bin/echo, done]\n",
        ["failed"] = "command: [/bin/false]\nrestart: {when: always, delay: 10ms, limit: 3}\n",
        ["speaks"] = Scripts.Service("echo one; echo two >&2; echo >&$NOTIFY_FD; exec sleep 100000", "notify: fd\n"),
        ["listens"] = "command: [/bin/sleep, '100000']\nstart: demand\nsockets:\n  - unix: /run/listens.sock\n",
        ["connects"] = "command: [/bin/cat]\nper-connection: true\nsockets:\n  - unix: /run/connects.sock\n",
        ["armed"] = "command: [/bin/sleep, '100000']\nstart: demand\non: {path: /run/armed}\n",
        ["online"] = "command: [/bin/sleep, '100000']\nstart: demand\non: {network: up}\n",
    };

    [Fact]
    public void Guard_manager_and_syslog_sleep_while_nothing_happens()
    {
        using var init = new InitInNamespace(s_services);
        foreach (var (name, state) in new[] { ("s12", "running"), ("speaks", "running"), ("done", "done"), ("failed", "failed"),
                     ("listens", "listening"), ("connects", "listening"), ("armed", "armed"), ("online", "armed") }) init.WaitForState(name, state);
        // What a machine has seen before it is idle: changes, waits that were not waited for to their end, output, a manager killed.
        for (int i = 0; i < 20; i++) Assert.Equal("done", init.Change("restart", "speaks").GetProperty("status").GetString());
        Processes.Signal(init.ManagerPid(), 9);
        init.WaitForService("s12", service => service.State == "running");
        var processes = new (string Name, int Pid)[]
        {
            ("guard", init.Pid), ("manager", init.ManagerPid()), ("syslog", init.ProcessesIn("dora/services/syslog").Single()),
        };
        WaitUntilQuiet(init, processes);

        string said = "";
        for (int window = 1; window <= Windows; window++)
        {
            var before = processes.Select(process => Switches(process.Pid)).ToList();
            Thread.Sleep(s_window);
            var woken = processes.Zip(before, (process, count) => (process.Name, Count: Switches(process.Pid) - count)).ToList();
            said += $"{s_window.TotalSeconds} s: {string.Join(", ", woken.Select(one => $"{one.Name} {one.Count}"))} context switches\n";
            if (woken.All(one => one.Count == 0)) break;
            Assert.True(window < Windows, $"in none of {Windows} windows was it idle:\n{said}\n{init.Story()}");
        }
        output.WriteLine(said);
    }

    // The control server looks once a second while there are clients, and a manager gives memory back after two.
    static void WaitUntilQuiet(InitInNamespace init, (string Name, int Pid)[] processes)
    {
        var last = -1L;
        init.WaitFor("nobody to wake up for three seconds", () =>
        {
            long before = last;
            last = processes.Sum(process => Switches(process.Pid));
            if (before == last) return true;
            Thread.Sleep(3000);
            return false;
        }, TimeSpan.FromSeconds(60));
    }

    /// <summary>How often the threads of a process have given up a processor: each wake-up ends in one of them.</summary>
    static long Switches(int pid)
    {
        long sum = 0;
        foreach (string task in Directory.EnumerateDirectories($"/proc/{pid}/task"))
            foreach (string line in File.ReadLines($"{task}/status"))
                if (line.Contains("voluntary_ctxt_switches:")) sum += long.Parse(line.Split('\t')[1]);
        return sum;
    }
}
