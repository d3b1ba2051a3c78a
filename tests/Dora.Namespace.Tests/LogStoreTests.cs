using System.IO.Compression;
using Dora.Namespace.Tests.Harness;

namespace Dora.Namespace.Tests;

/// <summary>A machine with a storage (a folder of this host, mounted at /data) keeps its log there; each with a syslog and its writer of their own.</summary>
public sealed class LogStoreTests(Xunit.Abstractions.ITestOutputHelper output) : IDisposable
{
    const string Syslog = "command: [/pandora/syslog]\nuser: plain\nlogger: true\nrestart:\n  when: always\n  delay: 50ms\n  factor: 1\n  limit: 0\n";
    const string Writer = "command: [/bin/sh, -c, 'i=0; while [ ! -e /data/enough ]; do echo line $i; i=$((i+1)); [ $((i % 15)) = 0 ] && sleep 0.02; done; echo lines: $i; exec sleep 1000']\nneeds: [syslog]\n";

    readonly string _storage = Directory.CreateTempSubdirectory("pandora-storage-").FullName;

    public void Dispose() => Directory.Delete(_storage, true);

    [Fact]
    public void Lines_of_services_and_what_came_before_are_in_the_file_for_syslogs_user_alone()
    {
        using var init = Start(new Dictionary<string, string> { ["syslog"] = Syslog, ["web"] = "command: [/bin/sh, -c, 'echo hello store; exec sleep 1000']\nneeds: [syslog]\n" });
        init.WaitFor("the line in the file", () => Stored().Contains("hello store"));
        Assert.Equal("2750", init.Run("stat -c %a /data/log").Expect().Trim());
        Assert.Equal("640 plain", init.Run("stat -c '%a %U' /data/log/current.log").Expect().Trim());
        Assert.Matches(@"(?m)^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z \d+\.\d{6} \d+ daemon\.info output web: hello store$", Stored());
    }

    [Fact]
    public void Killed_again_and_again_while_a_service_writes_no_stored_line_is_missing_or_twice()
    {
        int kills = int.TryParse(Environment.GetEnvironmentVariable("PANDORA_STORE_KILLS"), out int count) ? count : 12;
        // What is killed waits for the disk first, and that may be busy with other people's data for longer than the usual ring holds.
        using var init = Start(new Dictionary<string, string> { ["syslog"] = Syslog.Replace("/pandora/syslog]", "/pandora/syslog, --ring=16777216]"), ["writer"] = Writer });
        for (int i = 0; i < kills; i++)
        {
            // Syslog, or its writer alone.
            var processes = init.WaitFor("syslog and its writer", () => init.ProcessesIn("dora/services/syslog") is { Count: 2 } both ? both : null);
            Processes.Signal(processes[i % 2], 9);
            init.WaitFor("its end", () => !init.ProcessesIn("dora/services/syslog").Contains(processes[i % 2]));
            Thread.Sleep(i * 37 % 150);
        }
        File.WriteAllText(Path.Combine(_storage, "enough"), "");
        var stored = init.WaitFor("the last line in the files", () => AllStored() is { } all && all.Exists(line => line.Contains(" output writer: lines: ")) ? all : null);
        int written = int.Parse(stored.Single(line => line.Contains(" output writer: lines: ")).Split(' ')[^1]);
        output.WriteLine($"{kills} kills, {written} lines of the writer, {stored.Count} in {Directory.GetFiles(Logs).Length} files");
        foreach (string line in stored)
            if (line.Contains(" self syslog: store: ") || line.Contains("overwritten")) output.WriteLine(line);
        var lines = stored.Where(line => line.Contains(" output writer: line ")).Select(line => int.Parse(line[(line.LastIndexOf(' ') + 1)..]));
        Assert.Equal(Enumerable.Range(0, written), lines);
        // Every number that the ring has given is there once, in order. A syslog that dies between two stores into memory leaves out one.
        var numbers = stored.ConvertAll(line => long.Parse(line.Split(' ')[2]));
        Assert.Equal(numbers.Distinct().Order(), numbers);
        Assert.InRange(numbers[^1] - numbers.Count, 0, kills / 2);
    }

    [Fact]
    public void Large_files_are_compressed_and_the_last_words_of_a_machine_are_in_the_file()
    {
        using (var init = Start(new Dictionary<string, string>
               {
                   ["syslog"] = Syslog.Replace("/pandora/syslog]", "/pandora/syslog, --ring=16777216]"), // or a disk that is busy costs lines
                   ["loud"] = "command: [/bin/sh, -c, 'while [ ! -e /data/log/current.log ]; do sleep 0.1; done; i=0; while [ $i -lt 4000 ]; do echo $i xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; i=$((i+1)); done; exec sleep 1000']\nneeds: [syslog]\n",
               }, "size: 1M\nfile-size: 64K\n"))
        {
            init.WaitFor("compressed files", () => Directory.Exists(Logs) && Directory.GetFiles(Logs, "*.gz").Length > 3);
            init.RunEnd("/pandora/dora poweroff");
            init.WaitForEnd(TimeSpan.FromSeconds(30));
        }
        string all = Programs.Run(TimeSpan.FromSeconds(20), "sh", "-c", $"cd {Logs} && zcat -f $(ls | sort)").Expect();
        for (int i = 0; i < 4000; i += 399) Assert.Contains($": {i} xxx", all);
    }

    [Fact]
    public void Dora_log_shows_older_lines_than_the_ring_holds_and_those_of_the_boot_before()
    {
        var services = new Dictionary<string, string>
        {
            ["syslog"] = "command: [/pandora/syslog, --ring=32768]\nuser: plain\nlogger: true\nrestart: always\n",
            ["early"] = "command: [/bin/sh, -c, 'while [ ! -e /data/log/current.log ]; do sleep 0.1; done; echo first of all; exec sleep 1000']\nneeds: [syslog]\n",
            ["loud"] = "command: [/bin/sh, -c, 'while [ ! -e /data/log/current.log ]; do sleep 0.1; done; sleep 0.3; i=0; while [ $i -lt 2000 ]; do echo \"<$((i % 8))>number $i\"; i=$((i+1)); [ $((i % 50)) != 0 ] || sleep 0.05; done; exec sleep 1000']\nneeds: [early]\n",
        };
        using var init = Start(services, "size: 1M\nfile-size: 64K\n");
        init.WaitFor("the last line in the file", () => Stored().Contains("number 1999"));
        // The ids of boots are the kernel's, and this kernel has had one boot: a file of another one.
        File.WriteAllText(Path.Combine(Logs, "00000000-20200101T000000Z-20200101T000001Z-0badcafe.log"),
            "# pandora log 1 boot=0badcafe000000000000000000000000 opened=1 after=0\n2020-01-01T00:00:00.500000Z 1.000000 1 kern.info kernel kernel: hello from another boot\n2020-01-01T00:00:01.000000Z 1.500000 2 daemon.err output web: last words\n");
        string Log(string options) => init.Run($"/pandora/dora log {options}").Expect();

        Assert.Equal("first of all\n", Log("-o cat early"));
        Assert.Equal(Enumerable.Range(0, 2000).Select(i => $"number {i}"), Log("-o cat -n 5000 loud").Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal(Enumerable.Range(500, 1500).Select(i => $"number {i}"), Log("-o cat -n 1500 --service loud").Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal(250, Log("-o cat -n 5000 -p emerg loud").Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        Assert.Equal("number 1234\n", Log("-o cat -n 5000 -i --grep 'NUMBER 1234'"));
        Assert.Equal("hello from another boot\nlast words\n", Log("-o cat --boot -1"));
        Assert.Equal("last words\n", Log("-o cat -b 0badcafe -p err"));
        Assert.Equal("hello from another boot\n", Log("-o cat --since 2020-01-01 --until '2020-01-01 00:00:00'"));
        Assert.Equal("", Log("-o cat --since '2020-01-01 00:00:02' --until 2020-01-02"));
        Assert.StartsWith("2020-01-01T00:00:00.500Z kernel: hello", Log("-o iso -k --boot=-1"));
        string boots = Log("--list-boots");
        Assert.StartsWith("  -1  0badcafe  2020-01-01 00:00:00 to 2020-01-01 00:00:01\n   0  ", boots);
        Assert.Equal(2, boots.Count(c => c == '\n'));
        var unknown = init.Run("/pandora/dora log --boot -7");
        Assert.NotEqual(0, unknown.ExitCode);
        Assert.Contains("there are no lines of boot -7", unknown.Errors);
    }

    string Logs => Path.Combine(_storage, "log");

    string Stored()
    {
        string path = Path.Combine(Logs, "current.log");
        return File.Exists(path) ? File.ReadAllText(path) : "";
    }

    /// <summary>Lines of all files in the order in which they were written; null while one is being compressed.</summary>
    List<string>? AllStored()
    {
        var lines = new List<string>();
        try
        {
            foreach (string path in Directory.GetFiles(Logs).Order(StringComparer.Ordinal))
            {
                if (path.EndsWith(".part", StringComparison.Ordinal)) return null;
                using var file = File.OpenRead(path);
                using var reader = new StreamReader(path.EndsWith(".gz", StringComparison.Ordinal) ? new GZipStream(file, CompressionMode.Decompress) : file);
                while (reader.ReadLine() is { } line)
                    if (!line.StartsWith('#')) lines.Add(line);
            }
            return lines;
        }
        catch (FileNotFoundException)
        {
            return null; // compressed meanwhile
        }
    }

    InitInNamespace Start(Dictionary<string, string> services, string? limits = null) => new(services, files =>
    {
        Directory.CreateDirectory(Path.Combine(files, "data"));
        File.WriteAllText(Path.Combine(files, "etc/test-storage"), _storage);
        if (limits is not null) File.WriteAllText(Path.Combine(files, "etc/dora/log.yaml"), limits);
    });
}
