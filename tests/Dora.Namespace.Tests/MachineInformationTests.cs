using System.Text.Json;
using Dora.Namespace.Tests.Harness;

namespace Dora.Namespace.Tests;

/// <summary>What the machine is made of and what runs on it, asked by curl and dora; one init for all.</summary>
public sealed class MachineInformationTests(MachineInformationTests.Running running) : IClassFixture<MachineInformationTests.Running>
{
    public sealed class Running : IDisposable
    {
        public InitInNamespace Init { get; } = new(new Dictionary<string, string>
        {
            ["web"] = "command: [/usr/bin/perl, -MIO::Socket::INET, -e, '$s = IO::Socket::INET->new(LocalAddr => q(127.0.0.1:8081), Listen => 5) or die; sleep']\n",
            ["given"] = "command: [/bin/sleep, '100001']\nsockets: [tcp: '127.0.0.1:8083']\n",
            ["lazy"] = "command: [/bin/sleep, '1000']\nstart: demand\nsockets:\n  - tcp: '8082'\n  - unix: /run/lazy.sock\n",
            ["sleeper"] = "command: [/bin/sleep, '100000']\nrestart: always\n",
        });

        public void Dispose() => Init.Dispose();
    }

    private readonly InitInNamespace _init = running.Init;

    private string Curl(string arguments) => _init.Run($"curl -sS --max-time 20 --unix-socket /run/dora/dora.sock {arguments}", TimeSpan.FromSeconds(30)).Expect();

    private Outcome Dora(string arguments) => _init.Run($"cd /tmp && /pandora/dora {arguments}", TimeSpan.FromSeconds(20));

    private JsonElement Ask(string path) => JsonDocument.Parse(Curl($"'http://x{path}'")).RootElement;

    private const string As = "setpriv --reuid 1234 --regid 1235 --clear-groups";

    [Fact]
    public void A_port_tells_the_service_that_listens()
    {
        JsonElement Port(int port) => _init.WaitFor($"port {port}", () => Ask("/v1/machine/ports").EnumerateArray()
            .FirstOrDefault(one => one.TryGetProperty("port", out var number) && number.GetInt32() == port));
        var web = Port(8081);
        Assert.Equal(("tcp", "127.0.0.1", "web"), (web.GetProperty("protocol").GetString(), web.GetProperty("address").GetString(), web.GetProperty("service").GetString()));
        Assert.Equal(_init.Service("web").Pid, web.GetProperty("pid").GetInt32());
        Assert.Equal("perl", web.GetProperty("program").GetString());
        // Init holds this one too, and the next ones alone.
        Assert.Equal(("given", _init.Service("given").Pid), (Port(8083).GetProperty("service").GetString(), Port(8083).GetProperty("pid").GetInt32()));
        Assert.Equal("lazy", Port(8082).GetProperty("service").GetString());
        var unix = Ask("/v1/machine/ports").EnumerateArray().Single(one => one.TryGetProperty("path", out var path) && path.GetString() == "/run/lazy.sock");
        Assert.Equal(("unix", "stream", "lazy"), (unix.GetProperty("protocol").GetString(), unix.GetProperty("kind").GetString(), unix.GetProperty("service").GetString()));
    }

    [Fact]
    public void All_subjects_are_answered_and_the_connection_goes_on()
    {
        string[] subjects = ["cpu", "memory", "disks", "nics", "os", "ports", "dmi", "processes"];
        string output = Curl("-v " + string.Join(' ', subjects.Select(subject => $"http://x/v1/machine/{subject}")) + " http://x/v1/version -w '%{http_code}\\n' 2>&1");
        Assert.Equal(subjects.Length + 1, output.Split("200 OK").Length - 1);
        Assert.Equal(subjects.Length, output.Split("Re-using existing connection").Length - 1);
        Assert.Contains("\"product\":\"pandora\"", output);
    }

    [Fact]
    public void Head_has_the_length_and_no_body()
    {
        string head = Curl("-I http://x/v1/machine/os");
        Assert.StartsWith("HTTP/1.1 200", head);
        Assert.Contains("Content-Length: ", head);
        Assert.DoesNotContain("hostname", head);
    }

    [Fact]
    public void Cpu_memory_and_system_are_those_of_this_machine()
    {
        var cpu = Ask("/v1/machine/cpu");
        Assert.Equal(Environment.ProcessorCount, cpu.GetProperty("count").GetInt32());
        Assert.Equal(cpu.GetProperty("count").GetInt32(), cpu.GetProperty("cpus").GetArrayLength());
        Assert.InRange(cpu.GetProperty("load1").GetDouble(), 0, 1000);
        var memory = Ask("/v1/machine/memory");
        long total = memory.GetProperty("totalBytes").GetInt64();
        Assert.Equal(long.Parse(File.ReadLines("/proc/meminfo").First().Split(' ', StringSplitOptions.RemoveEmptyEntries)[1]) * 1024, total);
        Assert.InRange(memory.GetProperty("inUseBytes").GetInt64(), 1, total);
        var os = Ask("/v1/machine/os");
        Assert.Equal(File.ReadAllText("/proc/sys/kernel/osrelease").Trim(), os.GetProperty("kernel").GetString());
        Assert.InRange(os.GetProperty("uptimeMs").GetInt64(), 1, long.MaxValue);
    }

    [Fact]
    public void Loopback_has_its_addresses()
    {
        var loopback = Ask("/v1/machine/nics").EnumerateArray().Single(nic => nic.GetProperty("name").GetString() == "lo");
        Assert.Equal("loopback", loopback.GetProperty("type").GetString());
        Assert.Contains(loopback.GetProperty("addresses").EnumerateArray(), address =>
            (address.GetProperty("address").GetString(), address.GetProperty("prefixLength").GetInt32(), address.GetProperty("family").GetString()) == ("127.0.0.1", 8, "v4"));
    }

    [Fact]
    public void Processes_know_their_service_and_one_tells_more()
    {
        int pid = _init.WaitForState("sleeper", "running").Pid!.Value;
        var sleeper = Ask("/v1/machine/processes").EnumerateArray().Single(process => process.GetProperty("pid").GetInt32() == pid);
        Assert.Equal("sleeper", sleeper.GetProperty("service").GetString());
        Assert.Equal(["/bin/sleep", "100000"], sleeper.GetProperty("command").EnumerateArray().Select(word => word.GetString()));
        Assert.Equal("sleeping", sleeper.GetProperty("state").GetString());
        var one = Ask($"/v1/machine/processes/{pid}");
        Assert.Equal(sleeper.GetProperty("startedAt").GetProperty("bootMs").GetInt64(), one.GetProperty("startedAt").GetProperty("bootMs").GetInt64());
        Assert.EndsWith("/sleep", one.GetProperty("executable").GetString());
        Assert.Contains(one.GetProperty("limits").EnumerateArray(), limit => limit.GetProperty("name").GetString() == "Max open files");
        Assert.Contains("404", Curl("-o /dev/null -w '%{http_code}' http://x/v1/machine/processes/999999"));
        Assert.Contains("400", Curl("-o /dev/null -w '%{http_code}' http://x/v1/machine/processes/self"));
    }

    [Fact]
    public void Secrets_are_for_those_who_may_change_things()
    {
        int pid = _init.WaitForState("sleeper", "running").Pid!.Value;
        string own = _init.Run($"{As} curl -sS --unix-socket /run/dora/dora.sock http://x/v1/machine/processes/{pid} http://x/v1/machine/dmi").Expect();
        Assert.DoesNotContain("\"executable\"", own);
        Assert.DoesNotContain("Serial\"", own);
        Assert.Contains("\"command\":[\"/bin/sleep\"", own);
    }

    [Fact]
    public void A_killed_process_is_gone_and_its_service_is_restarted()
    {
        int pid = _init.WaitForState("sleeper", "running").Pid!.Value;
        long started = Ask($"/v1/machine/processes/{pid}").GetProperty("startedAt").GetProperty("bootMs").GetInt64();
        Assert.Contains("process.other", Curl($"-X POST 'http://x/v1/machine/processes/{pid}/kill?started={started - 10}'"));
        Assert.Equal(pid, _init.Service("sleeper").Pid);
        var sent = JsonDocument.Parse(Curl($"-X POST 'http://x/v1/machine/processes/{pid}/kill?signal=SIGKILL&started={started}'")).RootElement;
        Assert.Equal(("KILL", "sleeper", "sleep"), (sent.GetProperty("signal").GetString(), sent.GetProperty("service").GetString(), sent.GetProperty("name").GetString()));
        _init.WaitForService("sleeper", service => service.State == "running" && service.Pid != pid);
    }

    [Fact]
    public void Init_is_protected_and_nonsense_is_refused()
    {
        Assert.Contains("process.protected", Curl("-X POST http://x/v1/machine/processes/1/kill"));
        string manager = _init.Run("pgrep -f '[i]nit manager' | head -n 1").Expect().Trim();
        Assert.Contains("process.protected", Curl($"-X POST 'http://x/v1/machine/processes/{manager}/kill?signal=KILL'"));
        Assert.Contains("process.not-found", Curl("-X POST http://x/v1/machine/processes/999999/kill"));
        Assert.Contains("request.parameter", Curl("-X POST 'http://x/v1/machine/processes/1/kill?signal=NIX'"));
        Assert.Contains("request.parameter", Curl("-X POST 'http://x/v1/machine/processes/0/kill'"));
        Assert.Contains("access.denied", _init.Run($"{As} curl -sS -X POST --unix-socket /run/dora/dora.sock http://x/v1/machine/processes/2/kill").Expect());
    }

    [Fact]
    public void A_name_that_looks_like_the_end_of_one_is_only_a_name()
    {
        _init.Run("cp /bin/sleep '/tmp/a) R 1 (b' && ('/tmp/a) R 1 (b' 60 >/dev/null 2>&1 & echo $! >/tmp/odd.pid)").Expect();
        int pid = int.Parse(_init.Run("cat /tmp/odd.pid").Expect());
        var odd = Ask($"/v1/machine/processes/{pid}");
        Assert.Equal(("a) R 1 (b", "sleeping"), (odd.GetProperty("name").GetString(), odd.GetProperty("state").GetString()));
        Curl($"-X POST http://x/v1/machine/processes/{pid}/kill");
    }

    [Fact]
    public void Dora_shows_it_all()
    {
        _init.WaitForState("web", "running");
        Assert.Contains("memory", Dora("machine").Expect());
        Assert.Contains("\"os\":{", Dora("machine --json").Expect());
        JsonDocument.Parse(Dora("machine info --json").Expect());
        foreach (string subject in new[] { "cpu", "memory", "disks", "nics", "os", "dmi" }) Assert.NotEmpty(Dora($"machine {subject}").Expect());
        _init.WaitFor("the port", () => Dora("machine ports").Expect().Contains("127.0.0.1:8081") ? "yes" : null);
        Assert.Matches(@"tcp +127\.0\.0\.1:8081 +web +\d+ +perl", Dora("machine ports").Expect());
        Assert.Contains("/bin/sleep 100000", Dora("machine processes").Expect());
        string tree = Dora("machine processes --tree").Expect();
        Assert.Matches(@"sleeper  1 process, .*\n└─ \d+ /bin/sleep 100000\n", tree);
        string pid = _init.Service("sleeper").Pid.ToString()!;
        Assert.Contains("Max open files", Dora($"machine process {pid}").Expect());
        Assert.Contains("TERM sent", Dora($"machine kill {pid}").Expect());
        Assert.Contains("guard", Dora("machine kill 1") is { ExitCode: 1 } refused ? refused.Errors : "");
        Dora("machine kill x").Expect(2);
    }

    [Fact]
    public void The_manager_does_not_grow_with_what_it_is_asked()
    {
        string again = "for i in $(seq 25); do curl -sS --max-time 20 -o /dev/null --unix-socket /run/dora/dora.sock $(seq -f 'http://x/v1/machine/processes#%.0f' 20); done";
        _init.Run(again, TimeSpan.FromSeconds(60)).Expect();
        var before = ProcessFootprint.Of(_init.ManagerPid());
        _init.Run(again, TimeSpan.FromSeconds(60)).Expect();
        // The last helper may not have been taken leave of yet.
        _init.WaitFor("descriptors to be closed", () => ProcessFootprint.Of(_init.ManagerPid()).Descriptors <= before.Descriptors ? "closed" : null);
        var after = ProcessFootprint.Of(_init.ManagerPid());
        Assert.True(after.AnonymousKb < before.AnonymousKb + 1024, $"before {before}, after {after}");
    }

    [Fact]
    public void Many_at_once_are_answered_and_a_user_without_rights_waits_in_line()
    {
        string count = _init.Run($"for i in $(seq 40); do {As} curl -sS --max-time 20 -o /dev/null -w '%{{http_code}}\\n' --unix-socket /run/dora/dora.sock http://x/v1/machine/processes & done; wait", TimeSpan.FromSeconds(40)).Expect();
        Assert.Equal(40, count.Split('\n').Count(line => line == "200"));
        _init.WaitFor("the helpers to end", () => _init.Run("pgrep -f '[i]nit helper'").ExitCode == 1 ? "gone" : null);
    }
}
