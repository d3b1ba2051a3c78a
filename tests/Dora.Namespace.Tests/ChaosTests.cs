using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json;
using Dora.Namespace.Tests.Harness;

namespace Dora.Namespace.Tests;

/// <summary>
/// Many services with random dependencies, of which some and the manager are killed, stopped and continued at random,
/// while an operator stops, starts and restarts others, and edits, adds and removes service files. Afterwards every service must be where its policy wants it, and
/// nothing may have leaked. The seed is printed and can be given, so that a story can be told again.
/// </summary>
public partial class ChaosTests(Xunit.Abstractions.ITestOutputHelper output)
{
    static readonly int s_seconds = Settings.Count("PANDORA_CHAOS_SECONDS", 8);
    static readonly int s_services = Settings.Count("PANDORA_CHAOS_SERVICES", 60);
    static readonly int s_seed = Settings.Count("PANDORA_CHAOS_SEED", Environment.TickCount & 0xFFFFFF | 1);
    static readonly TimeSpan s_settled = TimeSpan.FromSeconds(60);

    enum Kind
    {
        /// <summary>Comes back whatever happens; others may need it.</summary>
        Always,

        /// <summary>Comes back when it was killed.</summary>
        OnFailure,

        /// <summary>Stays down once it was killed.</summary>
        Never,

        /// <summary>Has done its work.</summary>
        Oneshot,
    }

    sealed class Member(string name, Kind kind)
    {
        public string Name { get; } = name;
        public Kind Kind { get; } = kind;
        public bool IsNeeded { get; set; }

        /// <summary>A signal that ends it was sent to its process.</summary>
        public bool WasKilled { get; set; }

        /// <summary>What the operator asked for last.</summary>
        public bool IsWanted { get; set; } = true;

        /// <summary>Its file, without what was edited.</summary>
        public string Text { get; set; } = "";

        /// <summary>The last edit of its file that is fine; 0 for none.</summary>
        public int Round { get; set; }
    }

    [Fact]
    public void Every_service_is_where_its_policy_wants_it_and_nothing_leaks()
    {
        output.WriteLine($"PANDORA_CHAOS_SEED={s_seed}");
        var random = new Random(s_seed);
        var (members, files) = Services(random);
        using var init = new InitInNamespace(files);
        WaitUntilSettled(init, members);
        var before = Census.Of(init);
        int running = members.Count(Runs);
        var extras = new HashSet<string>();

        var counts = new Dictionary<string, int>();
        long start = Stopwatch.GetTimestamp();
        var continueAt = new List<(long At, int Pid)>();
        long managerSpared = 0, managerStopped = 0;
        while (Stopwatch.GetElapsedTime(start).TotalSeconds < s_seconds)
        {
            Thread.Sleep(random.Next(15));
            long now = Stopwatch.GetTimestamp();
            foreach (var (_, pid) in continueAt.FindAll(entry => entry.At <= now)) _ = kill(pid, SigCont);
            continueAt.RemoveAll(entry => entry.At <= now);
            var member = members[random.Next(members.Count)];
            string done = random.Next(100) switch
            {
                < 55 => KillOne(init, member, random),
                < 75 => StopOne(init, member, random, continueAt),
                < 80 when now > managerSpared => Manager(init, random, continueAt, out managerSpared, ref managerStopped),
                < 92 when now > managerStopped => Operate(init, member, random),
                < 97 when now > managerStopped => Edit(init, member, extras, random),
                _ => "nothing",
            };
            counts[done] = counts.GetValueOrDefault(done) + 1;
        }
        foreach (var (_, pid) in continueAt) _ = kill(pid, SigCont);
        output.WriteLine(string.Join(", ", counts.OrderByDescending(pair => pair.Value).Select(pair => $"{pair.Key} {pair.Value}")));

        WaitUntilSettled(init, members);
        WaitUntilReloaded(init, members, extras);
        // Pipes of the dead are given back when syslog has read their last words.
        Census after = before;
        int more = DescriptorsOfOne * extras.Count;
        init.WaitFor("no descriptor too many", () => (after = Census.Of(init)) is var now
            && now.GuardDescriptors <= before.GuardDescriptors + more && now.ManagerDescriptors <= before.ManagerDescriptors + more, TimeSpan.FromSeconds(20));
        output.WriteLine($"before {before}\nafter  {after}");
        int ended = running - members.Count(Runs);
        if (before.Cgroups - ended + extras.Count != after.Cgroups) output.WriteLine(Strays(init, extras));
        Assert.Equal(before.Cgroups - ended + extras.Count, after.Cgroups);
        Assert.Equal(before.Children - ended + extras.Count, after.Children);
        Assert.Equal(0, after.Zombies);
        Assert.InRange(after.GuardAnonymousKb - before.GuardAnonymousKb, -1000, 300);
    }

    static (List<Member>, Dictionary<string, string>) Services(Random random)
    {
        var syslog = new Member("syslog", Kind.Always) { IsNeeded = true };
        var members = new List<Member> { syslog };
        var files = new Dictionary<string, string>
        {
            [syslog.Name] = "command: [/pandora/syslog]\nuser: plain\nlogger: true\nrestart:\n  when: always\n  delay: 100ms\n  cap: 400ms\n  limit: 0\n",
        };
        for (int i = 0; i < s_services; i++)
        {
            var kind = random.Next(20) switch { < 13 => Kind.Always, < 16 => Kind.OnFailure, < 18 => Kind.Never, _ => Kind.Oneshot };
            var member = new Member($"c{i:000}", kind);
            var earlier = members.Where(other => other != syslog && other.Kind is (Kind.Always or Kind.Oneshot)).ToList();
            var text = new List<string>
            {
                kind == Kind.Oneshot ? "type: oneshot" : "",
                kind == Kind.Oneshot ? "command: [/bin/true]" : "command: [/bin/sleep, '100000']",
                kind switch
                {
                    Kind.Always => $"restart:\n  when: always\n  delay: {random.Next(20, 200)}ms\n  factor: 2\n  cap: 400ms\n  limit: 0",
                    Kind.OnFailure => "restart:\n  when: on-failure\n  delay: 50ms\n  cap: 400ms\n  limit: 0",
                    _ => "restart:\n  when: never",
                },
            };
            foreach (string key in new[] { "needs", "wants", "after" })
            {
                var names = Enumerable.Range(0, random.Next(3)).Where(_ => earlier.Count > 0).Select(_ => earlier[random.Next(earlier.Count)]).Distinct().ToList();
                if (names.Count == 0) continue;
                text.Add($"{key}: [{string.Join(", ", names.Select(other => other.Name))}]");
                if (key != "after") foreach (var other in names) other.IsNeeded = true;
            }
            members.Add(member);
            files[member.Name] = member.Text = string.Join('\n', text.Where(line => line.Length > 0)) + "\n";
        }
        return (members, files);
    }

    static string KillOne(InitInNamespace init, Member member, Random random)
    {
        int signal = new[] { SigKill, SigKill, SigSegv, SigAbrt, SigHup }[random.Next(5)];
        foreach (int pid in init.ProcessesIn($"dora/services/{member.Name}"))
        {
            // Before the kill: whoever looks afterwards must not think that it was spared.
            member.WasKilled = true;
            _ = kill(pid, signal);
            _ = kill(pid, SigCont);
            return "killed";
        }
        return "nothing";
    }

    static string StopOne(InitInNamespace init, Member member, Random random, List<(long, int)> continueAt)
    {
        foreach (int pid in init.ProcessesIn($"dora/services/{member.Name}"))
        {
            // Not before its exec: the manager waits for that (CLONE_VFORK), and we might wait for the manager.
            if (InitInNamespace.CommandLine(pid).EndsWith(" manager", StringComparison.Ordinal)) continue;
            _ = kill(pid, SigStop);
            continueAt.Add((Later(random.Next(1000)), pid));
            return "stopped";
        }
        return "nothing";
    }

    /// <summary>Kills or stops the manager; one that has just come is spared, since many early deaths are a fault of their own (the guard's rescue).</summary>
    static string Manager(InitInNamespace init, Random random, List<(long, int)> continueAt, out long spared, ref long stopped)
    {
        int manager = init.ManagerPid();
        spared = Later(1500 + random.Next(1500));
        if (random.Next(3) > 0)
        {
            _ = kill(manager, random.Next(2) == 0 ? SigKill : SigSegv);
            return "manager killed";
        }
        _ = kill(manager, SigStop);
        stopped = Later(random.Next(1500));
        continueAt.Add((stopped, manager));
        return "manager stopped";
    }

    /// <summary>An operator at work on services that nobody needs: what he asked for last is what must be in the end.</summary>
    static string Operate(InitInNamespace init, Member member, Random random)
    {
        if (member.IsNeeded || member.Kind is Kind.Oneshot or Kind.Never) return "nothing";
        string verb = new[] { "start", "stop", "restart" }[random.Next(3)];
        member.IsWanted = verb != "stop";
        Post(init, $"/v1/services/{member.Name}/{verb}");
        return verb;
    }

    static JsonElement Post(InitInNamespace init, string path)
    {
        while (true)
        {
            try
            {
                var (status, body) = init.Request(HttpMethod.Post, path);
                Assert.True(status == 202, $"{path}: {status} {body}");
                return body;
            }
            catch (Exception exception) when (exception is HttpRequestException or IOException or TimeoutException)
            {
                // Killed under the request, or stopped: asked again, as an operator would.
                foreach (int pid in init.Children().Where(child => InitInNamespace.CommandLine(child).EndsWith(" manager", StringComparison.Ordinal))) _ = kill(pid, SigCont);
            }
        }
    }

    static bool Runs(Member member) => member.Kind switch
    {
        Kind.Oneshot => false,
        Kind.Never => !member.WasKilled,
        _ => member.IsWanted,
    };

    static string Expected(Member member) => member switch
    {
        { Kind: Kind.Oneshot } => "done",
        { Kind: Kind.Never, WasKilled: true } => "failed",
        { IsWanted: false } => "stopped",
        _ => "running",
    };

    /// <summary>Every service in the state that its policy demands, its process alive and alone in its cgroup.</summary>
    static void WaitUntilSettled(InitInNamespace init, List<Member> members)
    {
        string wrong = "";
        try
        {
            init.WaitFor("all services as their policies want them", () => (wrong = Wrong(init, members)).Length == 0, s_settled);
        }
        catch (TimeoutException exception)
        {
            throw new TimeoutException($"{wrong}\n{exception.Message}");
        }
    }

    static string Wrong(InitInNamespace init, List<Member> members)
    {
        var services = init.Services();
        foreach (var member in members)
        {
            var service = services[member.Name];
            if (service.State != Expected(member)) return $"{member.Name} ({member.Kind}) is {service}, and should be {Expected(member)}";
            var processes = init.ProcessesIn($"dora/services/{member.Name}");
            if (processes.Count != (Runs(member) ? 1 : 0)) return $"{member.Name} is {service}, and has processes {string.Join(' ', processes)}";
            if (Runs(member) && InnerPid(processes[0]) != service.Pid) return $"{member.Name} is {service}, and its process is {InnerPid(processes[0])}";
        }
        return "";
    }

    sealed record Census(int Cgroups, int Children, int Zombies, int GuardDescriptors, int ManagerDescriptors, int GuardAnonymousKb)
    {
        public static Census Of(InitInNamespace init)
        {
            int manager = init.ManagerPid();
            var children = init.Children();
            return new(init.Cgroups().Count, children.Count, children.Count(IsZombie),
                Directory.GetFiles($"/proc/{init.Pid}/fd").Length, Directory.GetFiles($"/proc/{manager}/fd").Length, Number(init.Pid, "RssAnon:"));
        }
    }

    /// <summary>For the message: cgroups that nobody should have, and children that are in none of a service.</summary>
    static string Strays(InitInNamespace init, HashSet<string> extras)
    {
        var places = init.Children().Select(pid => $"{pid} {InitInNamespace.CommandLine(pid)}: {File.ReadAllLines($"/proc/{pid}/cgroup")[^1]}");
        return $"extras {string.Join(' ', extras)}\ncgroups {string.Join(' ', init.Cgroups())}\n{string.Join('\n', places)}\n{init.KernelLog.Split('\n').Where(line => line.Contains("cgroup")).TakeLast(50).Aggregate("", (a, b) => a + b + "\n")}";
    }

    static bool IsZombie(int pid) => File.Exists($"/proc/{pid}/status") && File.ReadAllText($"/proc/{pid}/status").Contains("State:\tZ");

    static int InnerPid(int pid) => Number(pid, "NSpid:");

    /// <summary>The last number of a line of /proc/PID/status; 0 if it is gone.</summary>
    static int Number(int pid, string name)
    {
        try
        {
            string line = File.ReadLines($"/proc/{pid}/status").First(l => l.StartsWith(name, StringComparison.Ordinal));
            return int.Parse(line.Replace(" kB", "").Split('\t', ' ')[^1]);
        }
        catch (IOException)
        {
            return 0;
        }
    }

    static long Later(int milliseconds) => Stopwatch.GetTimestamp() + milliseconds * Stopwatch.Frequency / 1000;

    const int SigHup = 1, SigAbrt = 6, SigKill = 9, SigSegv = 11, SigCont = 18, SigStop = 19;

    [DllImport("libc", SetLastError = true)]
    static extern int kill(int pid, int signal);
}
