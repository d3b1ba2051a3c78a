using System.Diagnostics;
using System.Text.Json;
using Dora.Namespace.Tests.Harness;

namespace Dora.Namespace.Tests;

/// <summary>
/// `kill -9` of syslog, and of the manager, while services write: every line whose write() was accepted is in the log once and
/// in its order. Writers number their lines, and write how many there were when they are told to end.
/// </summary>
public class LogKillTests(Xunit.Abstractions.ITestOutputHelper output)
{
    static readonly int s_kills = Settings.Count("PANDORA_LOG_KILLS", 20);
    static readonly int s_managerKills = Settings.Count("PANDORA_LOG_MANAGER_KILLS", 2);

    const string Writer = """
        import fcntl, struct, os, random, signal, socket, sys, time
        kind, rate = sys.argv[1], int(sys.argv[2])
        running = True
        def end(*_):
            global running
            running = False
        signal.signal(signal.SIGTERM, end)
        random.seed(kind)
        sock = None
        if kind == 'log':
            sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            sock.connect('/dev/log')
        def put(data):
            while data:
                data = data[os.write(1, data):]
        i, begun = 0, time.monotonic()
        while running:
            i += 1
            if kind == 'log':
                sock.send(b'<30>liar[1]: line %d' % i)
            elif kind == 'torn':
                text = b'line %d %s\n' % (i, b'x' * random.randrange(300))
                cut = random.randrange(len(text))
                put(text[:cut])
                if random.randrange(20) == 0: time.sleep(0.002)
                put(text[cut:])
            elif kind == 'long':
                put(b'line %d %s\n' % (i, b'y' * (random.randrange(40000) if i % 50 == 0 else 10)))
            else:
                put(b'line %d\n' % i)
            ahead = begun + i / rate - time.monotonic()
            if ahead > 0.001: time.sleep(ahead)
        if sock:
            sock.send(b'<30>liar[1]: end %d' % i)
            # Of a sender that is gone nobody could say which service it was: not before it was taken (SIOCOUTQ).
            while struct.unpack('i', fcntl.ioctl(sock, 0x5411, bytes(4)))[0]: time.sleep(0.01)
        else: put(b'end %d\n' % i)
        """;

    [Fact]
    public void No_line_is_lost_or_doubled_however_often_syslog_is_killed()
    {
        // Long campaigns write slower: everything has to fit into the ring (and that into memory).
        int rate = s_kills > 50 ? 3000 : 6000;
        (string Name, string Kind, int Rate)[] writers = [("plain", "plain", rate), ("torn", "torn", rate / 4), ("long", "long", rate / 4), ("second", "plain", rate), ("log1", "log", rate / 2), ("log2", "log", rate / 2)];
        var files = new Dictionary<string, string>
        {
            ["syslog"] = $"command: [/pandora/syslog, --ring={1 << 30}]\nuser: plain\nlogger: true\nrestart:\n  when: always\n  delay: 10ms\n  factor: 1\n  limit: 0\n",
        };
        foreach (var (name, kind, pace) in writers)
            files[name] = $"command: [/usr/bin/python3, -u, /pandora/writer.py, {kind}, '{pace}']\nafter: [syslog]\nrestart: never\nstop-timeout: 60s\n";
        using var init = new InitInNamespace(files, folder => File.WriteAllText(Path.Combine(folder, "pandora/writer.py"), Writer));
        foreach (var (name, _, _) in writers) init.WaitForState(name, "running");

        var random = new Random(1);
        long begun = Stopwatch.GetTimestamp();
        int managers = 0;
        for (int kill = 1; kill <= s_kills; kill++)
        {
            int syslog = init.WaitFor("a syslog", () => init.ProcessesIn("dora/services/syslog").FirstOrDefault(IsExecuted));
            Thread.Sleep(random.Next(100));
            if (managers < s_managerKills && kill % Math.Max(1, s_kills / (s_managerKills + 1)) == 0)
            {
                managers++;
                init.KillManager();
            }
            Processes.Signal(syslog, 9);
            init.WaitFor("its end", () => !init.ProcessesIn("dora/services/syslog").Contains(syslog));
        }
        double seconds = Stopwatch.GetElapsedTime(begun).TotalSeconds;
        foreach (var (name, _, _) in writers) Assert.Equal(202, init.Request(HttpMethod.Post, $"/v1/services/{name}/stop").Status);
        long lines = 0;
        foreach (var (name, _, _) in writers)
        {
            init.WaitForState(name, "stopped", TimeSpan.FromSeconds(60));
            var seen = init.WaitFor($"the end of {name}", () => Lines(init, name) is var found && found.Count > 0 && found[^1].StartsWith("end ", StringComparison.Ordinal) ? found : null);
            lines += CheckNumbers(name, seen);
        }
        output.WriteLine($"syslog killed {s_kills} times, the manager {managers} times within {seconds:0.0} s, {lines} numbered lines of {writers.Length} writers: none lost, none doubled, none out of order");
    }

    /// <summary>line 1, line 2 ... end N; what follows the number is of the writer's making.</summary>
    static int CheckNumbers(string name, List<string> lines)
    {
        int next = 1;
        foreach (string line in lines.SkipLast(1))
        {
            Assert.True($"{line} ".StartsWith($"line {next} ", StringComparison.Ordinal), $"{name}: after line {next - 1} comes {line[..Math.Min(line.Length, 60)]}");
            next++;
        }
        Assert.Equal($"end {next - 1}", lines[^1]);
        return next;
    }

    /// <summary>The messages of a service, without what a sender calls itself, those that go on joined to what they go on.</summary>
    static List<string> Lines(InitInNamespace init, string service)
    {
        var lines = new List<string>();
        foreach (string json in init.LogOf(service).Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            using var document = JsonDocument.Parse(json);
            string message = document.RootElement.GetProperty("message").GetString()!;
            if (document.RootElement.TryGetProperty("continued", out var continued) && continued.GetBoolean()) lines[^1] += message;
            else lines.Add(message.StartsWith("liar: ", StringComparison.Ordinal) ? message[6..] : message);
        }
        return lines;
    }

    static bool IsExecuted(int pid) => InitInNamespace.CommandLine(pid).StartsWith("/pandora/syslog", StringComparison.Ordinal);
}
