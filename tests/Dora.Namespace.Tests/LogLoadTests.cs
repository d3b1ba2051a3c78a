using System.Diagnostics;
using System.Text.Json;
using Dora.Namespace.Tests.Harness;

namespace Dora.Namespace.Tests;

/// <summary>Writers at full speed cost nobody else anything: memory stays bounded, other services answer, and every line is stored or counted.</summary>
public class LogLoadTests(Xunit.Abstractions.ITestOutputHelper output)
{
    static readonly int s_seconds = Settings.Count("PANDORA_LOG_LOAD_SECONDS", 3);

    const string Writer = """
        import os, signal, sys, time
        name, rate, number = sys.argv[1], int(sys.argv[2]), 0
        running = True
        def end(*_):
            global running
            running = False
        signal.signal(signal.SIGTERM, end)
        begun = time.monotonic()
        pad = b'x' * 85 + b'\n'
        block = b'line %08d %s' % (0, pad) * 650
        while running:
            if rate == 0:
                # As fast as it is read.
                data = block
                while data:
                    data = data[os.write(1, data):]
                number += 650
            else:
                number += 1
                os.write(1, b'line %08d %s' % (number, pad))
                ahead = begun + number / rate - time.monotonic()
                if ahead > 0.001: time.sleep(ahead)
        with open('/run/' + name + '.wrote', 'w') as file: file.write(str(number))
        """;

    [Theory]
    [InlineData(1, 0)]
    [InlineData(10, 10_000)]
    public void Writers_at_full_speed_stall_nobody_and_every_line_is_stored_or_counted(int count, int rate)
    {
        var files = new Dictionary<string, string>
        {
            ["syslog"] = "command: [/pandora/syslog]\nuser: plain\nlogger: true\nrestart: always\n",
            ["echo"] = "command: [/usr/bin/python3, /pandora/load.py, echo, '10']\nafter: [syslog]\nrestart: never\nstop-timeout: 30s\n",
        };
        for (int i = 0; i < count; i++) files[$"w{i}"] = $"command: [/usr/bin/python3, /pandora/load.py, w{i}, '{rate}']\nafter: [echo]\nrestart: never\nstop-timeout: 30s\n";
        using var init = new InitInNamespace(files, folder => File.WriteAllText(Path.Combine(folder, "pandora/load.py"), Writer));
        foreach (string name in files.Keys) init.WaitForState(name, "running");
        int syslog = init.ProcessesIn("dora/services/syslog").Single();

        long begun = Stopwatch.GetTimestamp();
        double slowest = 0;
        int largest = 0;
        while (Stopwatch.GetElapsedTime(begun).TotalSeconds < s_seconds)
        {
            long asked = Stopwatch.GetTimestamp();
            Assert.Equal(200, init.Request(HttpMethod.Get, "/v1/services").Status);
            slowest = Math.Max(slowest, Stopwatch.GetElapsedTime(asked).TotalMilliseconds);
            largest = Math.Max(largest, Rss(syslog));
            Thread.Sleep(50);
        }
        double seconds = Stopwatch.GetElapsedTime(begun).TotalSeconds, used = Cpu(syslog);
        string[] writers = [.. files.Keys.Where(name => name != "syslog")];
        foreach (string name in writers) Assert.Equal(202, init.Request(HttpMethod.Post, $"/v1/services/{name}/stop").Status);
        foreach (string name in writers) init.WaitForState(name, "stopped", TimeSpan.FromSeconds(40));
        // The writers themselves say how many they were: with ten full pipes behind it, a last line is soon out of the ring.
        long written = writers.Sum(name => long.Parse(File.ReadAllText(init.Inside($"/run/{name}.wrote"))));
        // Every number that syslog has given away is a line that came: those that were overwritten are counted by it.
        // It may have some of the pipes still to read.
        long others = init.WaitFor("the number of the last line", () => LastNumber(init) - written is var more and > 0 ? more : 0, TimeSpan.FromSeconds(30));
        output.WriteLine($"{count} x {(rate == 0 ? "full speed" : $"{rate}/s")}: {written} lines in {seconds:0.0} s, {written * 100 / 1e6 / seconds:0} MB/s, syslog {used / written * 1e6:0.00} us a line, Rss at most {largest} kB; the API answered within {slowest:0} ms; {others} lines of others");
        Assert.InRange(others, 0, 20);
        Assert.InRange(largest, 1, 12_000);
        Assert.InRange(slowest, 0, 3000);
    }

    static long LastNumber(InitInNamespace init) =>
        init.LogOf("").Split('\n', StringSplitOptions.RemoveEmptyEntries) is [.., var last] ? JsonDocument.Parse(last).RootElement.GetProperty("sequence").GetInt64() : 0;

    static int Rss(int pid) => int.Parse(File.ReadLines($"/proc/{pid}/status").First(line => line.StartsWith("VmRSS:", StringComparison.Ordinal))[6..^2].Trim());

    static double Cpu(int pid)
    {
        string[] fields = File.ReadAllText($"/proc/{pid}/stat").Split(") ")[1].Split(' ');
        return (long.Parse(fields[11]) + long.Parse(fields[12])) / 100.0;
    }
}
