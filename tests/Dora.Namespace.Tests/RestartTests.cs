using System.Diagnostics;
using Dora.Namespace.Tests.Harness;

namespace Dora.Namespace.Tests;

/// <summary>
/// Restart after restart, start after stop, and nothing grows: neither memory nor descriptors, cgroups, processes, threads
/// nor the saved state. Measured where everything is down that comes and goes, after a warm-up and again and again
/// until the end. tests/soak has a hundred thousand of it.
/// </summary>
public class RestartTests(Xunit.Abstractions.ITestOutputHelper output)
{
    static readonly int s_restarts = Settings.Count("PANDORA_RESTARTS", 1000);
    static readonly int s_startStops = Settings.Count("PANDORA_START_STOPS", 150);

    /// <summary>
    /// How much more memory than after the warm-up. What is measured breathes with the collector: in a long run, of which the
    /// middle one of three looks counts at the beginning and at the end, by less than 100 kB, so that a leak of 3 bytes a
    /// restart shows. In a short one the first collection of a process's life may come between two looks (0.5 MB, most of it
    /// pages of code), and the manager is anywhere between two of them.
    /// </summary>
    static int MemoryBoundKb(int count) => IsLong(count) ? 256 : 2048;

    static bool IsLong(int count) => count >= 10_000;

    /// <summary>Counts and times in it get longer.</summary>
    const int StateBound = 512;

    const string Syslog = "command: [/pandora/syslog, --ring=32768]\nuser: plain\nlogger: true\nrestart: always\n";
    const string AtOnce = "start: demand\nrestart:\n  when: always\n  delay: 1ms\n  factor: 1\n";

    /// <summary>Each ends by itself and is started again a millisecond later.</summary>
    static readonly Dictionary<string, string> s_loops = new()
    {
        ["ends"] = "command: [/bin/true]\n" + AtOnce,
        ["fails"] = Scripts.Service("echo I cannot go on; exit 1", AtOnce),
        ["dies"] = Scripts.Service("kill -KILL $$", AtOnce),
        ["ready"] = Scripts.Service("echo >&$NOTIFY_FD; exit 3", AtOnce + "notify: fd\npre-start: [/bin/true]\n"),
    };

    /// <summary>These run until an operator comes.</summary>
    static readonly Dictionary<string, string> s_daemons = new()
    {
        ["alone"] = "command: [/bin/sleep, '100000']\n",
        ["deaf"] = Scripts.Service("trap '' TERM; echo here; sleep 100000 & wait; wait", "stop-timeout: 20ms\n"),
        ["base"] = "command: [/bin/sleep, '100000']\n",
        ["user"] = "command: [/bin/sleep, '100000']\nneeds: [base]\n",
    };

    [Fact]
    public void Nothing_grows_from_restart_to_restart()
    {
        var files = new Dictionary<string, string>([.. s_loops, .. s_daemons, new("syslog", Syslog)]);
        using var init = new InitInNamespace(files);
        string[] restarted = ["alone", "base", "alone", "deaf"];
        Flat(init, "restarts", s_restarts, count =>
        {
            foreach (string name in s_loops.Keys) Expect(init, "start", name);
            int done = 0, byPolicy = 0;
            for (int i = 0; done + byPolicy < count; i++)
            {
                Expect(init, "restart", restarted[i % restarted.Length]);
                done += restarted[i % restarted.Length] == "base" ? 2 : 1;
                if (i % 8 == 7) byPolicy = ByPolicy(init);
            }
            foreach (string name in s_loops.Keys) Expect(init, "stop", name);
            return (done + byPolicy, $" ({byPolicy} of the last {done + byPolicy} by policy)");
        });
    }

    [Fact]
    public void Nothing_grows_from_start_to_stop()
    {
        var files = new Dictionary<string, string>(s_daemons.Select(pair => KeyValuePair.Create(pair.Key, pair.Value + "start: demand\n")))
        {
            ["syslog"] = Syslog,
        };
        using var init = new InitInNamespace(files);
        string[] names = ["alone", "user", "alone", "deaf"];
        Flat(init, "pairs", s_startStops, count =>
        {
            for (int i = 0; i < count; i++)
            {
                // A start of the user brings its need along, and a stop of the need takes the user along.
                string name = names[i % names.Length];
                Expect(init, "start", name);
                Expect(init, "stop", name == "user" ? "base" : name);
            }
            return (count, "");
        });
    }

    /// <summary>A warm-up, then rounds, with a look at all that init takes after each.</summary>
    void Flat(InitInNamespace init, string what, int count, Func<int, (int Done, string Note)> run)
    {
        int rounds = IsLong(count) ? 10 : 1, looks = IsLong(count) ? 3 : 1;
        // In a long run the first collection of each process is behind it: it touches half a megabyte of code.
        run(IsLong(count) ? Math.Max(count / 20, 2500) : Math.Min(count, 400));
        var seen = new List<Footprint> { Settled(init) };
        output.WriteLine($"after the warm-up:\n{seen[0]}");
        int total = 0;
        long start = Stopwatch.GetTimestamp();
        for (int round = 0; round < rounds; round++)
        {
            var (done, note) = run(count / rounds);
            total += done;
            seen.Add(Settled(init));
            output.WriteLine($"{total} {what}{note}, {Stopwatch.GetElapsedTime(start).TotalMilliseconds / total:0.0} ms each, load {File.ReadAllText("/proc/loadavg").Split(' ')[0]}:\n{seen[^1]}");
        }

        Footprint before = seen[0], after = seen[^1];
        var first = seen.Take(looks).Select(look => look.Processes.ToList()).ToList();
        var last = seen.TakeLast(looks).Select(look => look.Processes.ToList()).ToList();
        for (int i = 0; i < first[0].Count; i++)
        {
            string name = first[0][i].Name;
            foreach (var (kind, read) in new (string, Func<ProcessFootprint, int>)[] { ("Rss", p => p.RssKb), ("Pss", p => p.PssKb), ("anonymous memory", p => p.AnonymousKb) })
            {
                int from = Middle(first.Select(look => read(look[i].Process))), to = Middle(last.Select(look => read(look[i].Process)));
                Assert.True(to - from <= MemoryBoundKb(count), $"{name}: {kind} has grown from {from} to {to} kB");
            }
            var (old, now) = (first[0][i].Process, last[^1][i].Process);
            Assert.True(old.Pid == now.Pid, $"{name} is another process than before");
            // The runtime's own, the finalizer and once the heap has grown the background collector.
            Assert.InRange(now.Threads, 2, 3);
            Assert.True(old.Descriptors == now.Descriptors, $"{name}: {old.Descriptors} descriptors before, {now.Descriptors} after");
        }
        Assert.Equal(before.Cgroups, after.Cgroups);
        Assert.Equal(before.Children, after.Children);
        Assert.Equal(0, after.Zombies);
        Assert.True(after.StateBytes - before.StateBytes <= StateBound, $"the saved state has grown from {before.StateBytes} to {after.StateBytes} bytes");
    }

    static int Middle(IEnumerable<int> values)
    {
        var sorted = values.Order().ToList();
        return sorted[sorted.Count / 2];
    }

    /// <summary>The last words of the dead are read, connections are closed: two looks that see the same.</summary>
    static Footprint Settled(InitInNamespace init)
    {
        Footprint? last = null;
        var footprint = init.WaitFor("init to settle", () =>
        {
            Thread.Sleep(100);
            var (before, now) = (last, Footprint.Of(init));
            last = now;
            return before == now ? now : null;
        });
        // What it would say of a failure is the end of the story; the whole of it would fill the root by and by.
        using var log = new FileStream(init.Inside("/dev/kmsg"), FileMode.Truncate);
        return footprint!;
    }

    static int ByPolicy(InitInNamespace init)
    {
        var services = init.Services();
        return s_loops.Keys.Sum(name => services[name].Restarts);
    }

    static void Expect(InitInNamespace init, string verb, string name)
    {
        var change = init.Change(verb, name);
        string status = change.GetProperty("status").GetString()!;
        // A start has failed if the process is gone again by the time that somebody looks.
        Assert.True(status == "done" || (verb == "start" && s_loops.ContainsKey(name)), $"{verb} {name}: {change}\n{init.Story()}");
    }
}
