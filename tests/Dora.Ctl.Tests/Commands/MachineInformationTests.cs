using Xunit;

namespace Dora.Ctl.Tests.Commands;

public class MachineInformationTests
{
    private const string Os = """{"hostname":"box","kernel":"6.1.0","kernelVersion":"#1","machine":"x86_64","distributionName":"Debian 12","initVersion":"0.1.0","bootedAt":"2026-11-21T13:00:00.000Z","uptimeMs":7260000}""";
    private const string Cpu = """{"model":"Xeon\u001b","count":2,"cores":1,"sockets":1,"flags":[],"load1":0.05,"load5":1.5,"load15":12,"total":{"userMs":500,"niceMs":0,"systemMs":250,"idleMs":250,"ioWaitMs":0,"irqMs":0,"softIrqMs":0,"stealMs":0,"guestMs":0},"cpus":[]}""";
    private const string Memory = """{"totalBytes":1073741824,"freeBytes":536870912,"availableBytes":805306368,"inUseBytes":268435456,"swapTotalBytes":0}""";
    private const string Disks = """[{"name":"sda","path":"/dev/sda","sizeBytes":10737418240,"model":"QEMU","transport":"ata","rotational":true,"removable":false,"readOnly":false,"partitions":[{"name":"sda1","path":"/dev/sda1","number":1,"sizeBytes":5368709120,"holders":[],"mounts":[{"path":"/data","fileSystem":"ext4","options":"ro","sizeBytes":1000,"freeBytes":250}]}],"holders":[],"mounts":[]}]""";
    private const string Nics = """[{"name":"lo","index":1,"type":"loopback","mtuBytes":65536,"operState":"unknown","addresses":[]},{"name":"eth0","index":2,"type":"ethernet","mac":"52:54:00:00:00:01","mtuBytes":1500,"operState":"up","speedMbit":1000,"receivedBytes":2048,"sentBytes":10,"receiveErrors":3,"addresses":[{"address":"10.0.0.2","prefixLength":24,"family":"v4","scope":"global"}]}]""";

    private static readonly string s_processes = "[" + string.Join(",",
        """{"pid":1,"parentPid":0,"uid":0,"name":"init","command":["/sbin/init"],"state":"sleeping","cpuMs":1500,"rssBytes":3276800,"threads":2}""",
        """{"pid":2,"parentPid":0,"uid":0,"name":"kthreadd","command":[],"state":"idle","kernel":true,"cpuMs":0,"rssBytes":0,"threads":1}""",
        """{"pid":40,"parentPid":1,"uid":33,"name":"web","command":["/bin/web","a\nb\u001b[2J"],"state":"blocked","service":"web","cpuMs":0,"rssBytes":1048576,"threads":1}""",
        """{"pid":41,"parentPid":40,"uid":33,"name":"web","command":["/bin/worker"],"state":"running","service":"web","cpuMs":0,"rssBytes":1048576,"threads":1}""",
        """{"pid":42,"parentPid":40,"uid":33,"name":"gone","command":[],"state":"zombie","service":"web","cpuMs":0,"rssBytes":0,"threads":1}""",
        """{"pid":50,"parentPid":51,"uid":33,"name":"one","command":["one"],"state":"running","service":"circle","cpuMs":0,"rssBytes":0,"threads":1}""",
        """{"pid":51,"parentPid":50,"uid":33,"name":"two","command":["two"],"state":"running","service":"circle","cpuMs":0,"rssBytes":0,"threads":1}""") + "]";

    private static CannedServer Server()
    {
        var server = new CannedServer();
        foreach (var (path, json) in new[] { ("os", Os), ("cpu", Cpu), ("memory", Memory), ("disks", Disks), ("nics", Nics), ("dmi", "{\"systemVendor\":\"QEMU\",\"productName\":\"Standard PC\"}"), ("processes", s_processes) })
            server.Add($"GET /v1/machine/{path}", 200, json);
        return server;
    }

    private static string Run(params string[] arguments)
    {
        using var server = Server();
        var (code, output, error) = server.Dora(arguments);
        Assert.Equal((0, ""), (code, error));
        return output;
    }

    [Theory]
    [InlineData("machine")]
    [InlineData("machine info")]
    public void The_machine_is_one_screen(string command)
    {
        string output = Run(command.Split(' '));
        foreach (string expected in new[]
        {
            "box\n", "QEMU Standard PC", "Debian 12, kernel 6.1.0, x86_64, init 0.1.0", "up for       2 h 1 min", "load 0.05 1.50 12.00", "256 MiB of 1.0 GiB in use, 768 MiB available",
            "sda, 10.0 GiB, QEMU, ata", "sda1: /data (ext4, 75.0 % used, read-only)", "eth0, up, 1000 Mbit/s, 52:54:00:00:00:01, 10.0.0.2/24",
        }) Assert.Contains(expected, output);
        Assert.All(output.Split('\n'), line => Assert.InRange(line.Length, 0, 80));
    }

    [Fact]
    public void All_of_it_is_one_object_of_JSON()
    {
        using var document = System.Text.Json.JsonDocument.Parse(Run("machine", "--json"));
        Assert.Equal(["os", "cpu", "memory", "disks", "nics", "dmi"], document.RootElement.EnumerateObject().Select(member => member.Name));
        Assert.Equal(Os, document.RootElement.GetProperty("os").GetRawText());
    }

    [Theory]
    [InlineData("cpu", "all - 50.0 % 25.0 %")]
    [InlineData("memory", "in use 256 MiB 25.0 %")]
    [InlineData("disks", "sda1 5.0 GiB - - /data")]
    [InlineData("nics", "eth0: received with errors 3, dropped 0; sent with errors 0, dropped 0")]
    [InlineData("os", "up for 2 h 1 min (since 2026-11-21 13:00:00)")]
    [InlineData("dmi", "product Standard PC")]
    public void Each_subject_has_its_words(string subject, string expected) => Assert.Contains(expected, string.Join(' ', Run("machine", subject).Split((char[])[' ', '\n'], StringSplitOptions.RemoveEmptyEntries)));

    [Fact]
    public void Processes_without_those_of_the_kernel()
    {
        string output = Run("machine", "processes");
        Assert.Contains("[gone]", output);
        Assert.Contains("/bin/web a b", output);
        Assert.DoesNotContain("kthreadd", output);
        Assert.EndsWith("\n6 processes\n", output);
        Assert.Contains("[kthreadd]", Run("machine", "processes", "--kernel"));
        Assert.EndsWith("\n3 processes\n", Run("machine", "processes", "web"));
        Assert.StartsWith("[{\"pid\":40,", Run("machine", "processes", "web", "--json"));
    }

    [Fact]
    public void The_tree_is_by_service_and_a_circle_is_shown_too() => Assert.Equal(
        """
        (no service)  1 process, 3.1 MiB
        └─ 1 /sbin/init
        circle  2 processes, 0 B
        50 one
        51 two
        web  3 processes, 2.0 MiB
        └─ 40 /bin/web a b
           ├─ 41 /bin/worker
           └─ 42 [gone]

        """, Run("machine", "processes", "--tree").Replace("\e[2J", ""));

    [Fact]
    public void A_signal_is_told_and_a_refusal_has_its_reason()
    {
        using var server = new CannedServer();
        server.Add("POST /v1/machine/processes/7/kill?signal=HUP&started=120", 200, """{"pid":7,"name":"web","signal":"HUP","service":"web"}""");
        server.Add("POST /v1/machine/processes/1/kill?signal=TERM", 409, """{"error":"process.protected","message":"1: is init's guard","data":{}}""");
        Assert.Equal((0, "7 (web): HUP sent; it belongs to service web\n", ""), server.Dora("machine", "kill", "-s", "HUP", "--started", "120", "7"));
        var refused = server.Dora("machine", "kill", "1");
        Assert.Equal(1, refused.Code);
        Assert.Contains("1: is init's guard", refused.Error);
        Assert.Equal(2, CannedServer.Run("machine", "kill", "x").Code);
        Assert.Equal(2, CannedServer.Run("machine", "kill").Code);
        Assert.Equal(2, CannedServer.Run("machine", "prosesses").Code);
    }

    [Theory]
    [InlineData(0, "0 B")]
    [InlineData(1023, "1023 B")]
    [InlineData(1024, "1.0 KiB")]
    [InlineData(102_399, "100 KiB")]
    [InlineData(1_048_575, "1.0 MiB")]
    [InlineData(1_048_576, "1.0 MiB")]
    [InlineData(68_719_476_736, "64.0 GiB")]
    [InlineData(long.MaxValue, "8192 PiB")]
    public void Bytes_have_units(long bytes, string text) => Assert.Equal(text, Dora.Ctl.Output.Words.Bytes(bytes));
}
