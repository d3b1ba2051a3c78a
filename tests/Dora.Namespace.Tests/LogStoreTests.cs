using Dora.Namespace.Tests.Harness;

namespace Dora.Namespace.Tests;

/// <summary>A machine with a storage (a folder of this host, mounted at /data) keeps its log there; each with a syslog and its writer of their own.</summary>
public sealed class LogStoreTests : IDisposable
{
    const string Syslog = "command: [/pandora/syslog]\nuser: plain\nlogger: true\nrestart:\n  when: always\n  delay: 50ms\n  limit: 0\n";
    const string Writer = "command: [/bin/sh, -c, 'i=0; while [ $i -lt 3000 ]; do echo line $i; i=$((i+1)); [ $((i % 30)) = 0 ] && sleep 0.02; done; exec sleep 1000']\nneeds: [syslog]\n";

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
        int kills = int.TryParse(Environment.GetEnvironmentVariable("PANDORA_LOG_KILLS"), out int count) ? count : 12;
        using var init = Start(new Dictionary<string, string> { ["syslog"] = Syslog, ["writer"] = Writer });
        for (int i = 0; i < kills; i++)
        {
            // Syslog, or its writer alone.
            var processes = init.WaitFor("syslog and its writer", () => init.ProcessesIn("dora/services/syslog") is { Count: 2 } both ? both : null);
            Processes.Signal(processes[i % 2], 9);
            Thread.Sleep(i * 37 % 150);
        }
        init.WaitFor("the last line in the file", () => Stored().Contains("line 2999"));
        var lines = Stored().Split('\n').Where(line => line.Contains(" output writer: line ")).Select(line => line[(line.LastIndexOf(' ') + 1)..]).ToList();
        Assert.Equal(lines.Distinct(), lines);
        // Every number that the ring has given is there once, in order. A syslog that dies between two stores into memory leaves out one.
        var numbers = Stored().Split('\n').Where(line => line.Length > 0 && line[0] != '#').Select(line => long.Parse(line.Split(' ')[2])).ToList();
        Assert.Equal(numbers.Distinct().Order(), numbers);
        Assert.InRange(numbers[^1] - numbers.Count, 0, kills / 2);
    }

    [Fact]
    public void Large_files_are_compressed_and_the_last_words_of_a_machine_are_in_the_file()
    {
        using (var init = Start(new Dictionary<string, string>
               {
                   ["syslog"] = Syslog,
                   ["loud"] = "command: [/bin/sh, -c, 'while [ ! -e /data/log/current.log ]; do sleep 0.1; done; i=0; while [ $i -lt 4000 ]; do echo $i xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; i=$((i+1)); done; exec sleep 1000']\nneeds: [syslog]\n",
               }, "size: 1M\nfile-size: 64K\n"))
        {
            init.WaitFor("compressed files", () => Directory.Exists(Logs) && Directory.GetFiles(Logs, "*.gz").Length > 3);
            init.Run("/pandora/dora poweroff").Expect();
            init.WaitForEnd(TimeSpan.FromSeconds(30));
        }
        string all = Programs.Run(TimeSpan.FromSeconds(20), "sh", "-c", $"cd {Logs} && zcat -f $(ls | sort)").Expect();
        for (int i = 0; i < 4000; i += 399) Assert.Contains($": {i} xxx", all);
    }

    string Logs => Path.Combine(_storage, "log");

    string Stored()
    {
        string path = Path.Combine(Logs, "current.log");
        return File.Exists(path) ? File.ReadAllText(path) : "";
    }

    InitInNamespace Start(Dictionary<string, string> services, string? limits = null) => new(services, files =>
    {
        Directory.CreateDirectory(Path.Combine(files, "data"));
        File.WriteAllText(Path.Combine(files, "etc/test-storage"), _storage);
        if (limits is not null) File.WriteAllText(Path.Combine(files, "etc/dora/log.yaml"), limits);
    });
}
