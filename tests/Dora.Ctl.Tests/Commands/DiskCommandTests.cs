using Xunit;

namespace Dora.Ctl.Tests.Commands;

public class DiskCommandTests
{
    private const string Empty = """{"name":"vda","path":"/dev/vda","id":"DATA1","model":"QEMU\u001b[2J","serial":"DATA1","transport":"virtio","sizeBytes":10737418240,"state":"empty","reason":"empty: nothing but zero in 12.0 MiB at 68 places","advice":"dora disk claim vda"}""";
    private const string Foreign = """{"name":"vdb","path":"/dev/vdb","id":"OLD7","model":"Disk 3000","serial":"OLD7","sizeBytes":21474836480,"state":"foreign","reason":"ext4 file system 'backup'","token":"12ab-34cd-56ef","advice":"dora disk claim vdb --token 12ab-34cd-56ef"}""";
    private const string Ours = """{"name":"vdc","path":"/dev/vdc","sizeBytes":1073741824,"state":"ours","reason":"Pandora's storage","storage":"0c0f5d3e","number":0,"token":"aaaa-bbbb-cccc"}""";
    private const string Devices = """[{"name":"vda","path":"/dev/vda","sizeBytes":10737418240,"rotational":true,"partitions":[{"name":"vda1","path":"/dev/vda1","number":1,"startBytes":1048576,"sizeBytes":10735321088,"label":"pandora","holders":[],"mounts":[{"path":"/data","fileSystem":"btrfs","options":"rw"}]}]},{"name":"vdb","path":"/dev/vdb","transport":"virtio"},{"name":"loop0","path":"/dev/loop0","transport":"loop"}]""";

    private static string Lines(params string[] lines) => "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + string.Join('\n', lines) + "\n";

    private static CannedServer Server()
    {
        var server = new CannedServer();
        server.Add("GET /v1/disks", 200, $"[{Empty},{Foreign},{Ours}]");
        server.Add("GET /v1/disks/vda", 200, Empty);
        server.Add("GET /v1/disks/vdb", 200, Foreign);
        server.Add("GET /v1/disks/vdc", 200, Ours);
        server.Add("GET /v1/disks/vdx", 404, """{"error":"disk.not-found","message":"vdx: there is no such disk","data":{}}""");
        server.Add("GET /v1/machine/disks", 200, Devices);
        server.Add("GET /v1/disks/vda/health", 200, """{"name":"vda","reason":"smartctl is not installed (package smartmontools): the disk cannot be asked"}""");
        server.Add("GET /v1/disks/vdb/health", 200, """{"name":"vdb","passed":false,"celsius":34,"powerOnHours":12000,"reallocatedSectors":8,"pendingSectors":0,"mediaErrors":1}""");
        return server;
    }

    private static string Flat(string text) => string.Join(' ', text.Split((char[])[' ', '\n'], StringSplitOptions.RemoveEmptyEntries));

    [Fact]
    public void Each_disk_has_its_reason_and_the_command_to_go_on_with()
    {
        using var server = Server();
        var (code, output, error) = server.Dora("disk", "list");
        Assert.Equal((0, ""), (code, error));
        string flat = Flat(output);
        Assert.Contains("vdb 20.0 GiB Disk 3000 OLD7 foreign ext4 file system 'backup'", flat);
        Assert.Contains("vdc 1.0 GiB - - ours Pandora's storage", flat);
        Assert.EndsWith("vda: dora disk claim vda vdb: dora disk claim vdb --token 12ab-34cd-56ef", flat);
        Assert.StartsWith($"[{Empty}", server.Dora("disk", "list", "--json").Out);
        server.Answers.Clear();
        server.Add("GET /v1/disks", 200, "[]");
        Assert.Equal("no disks\n", server.Dora("disk", "list").Out);
    }

    [Theory]
    [InlineData("vda")]
    [InlineData("/dev/vda")]
    public void All_of_one_disk(string name)
    {
        using var server = Server();
        string flat = Flat(server.Dora("disk", "show", name).Out);
        foreach (string expected in new[]
        {
            "size 10.0 GiB (10737418240 bytes)", "serial DATA1", "state empty", "content empty: nothing but zero", "path /dev/vda", "id DATA1", "bus virtio", "traits rotational",
            "health unknown", "vda1 1.0 MiB 10.0 GiB pandora /data (btrfs)",
        }) Assert.Contains(expected, flat);
        Assert.EndsWith("dora disk claim vda", flat);
        Assert.Equal(Empty + "\n", server.Dora("disk", "show", name, "--json").Out);
    }

    [Fact]
    public void Without_health_and_device_the_rest_is_shown()
    {
        using var server = Server();
        server.Answers.Remove("GET /v1/machine/disks");
        Assert.Contains("token 12ab-34cd-56ef", Flat(server.Dora("disk", "show", "vdb").Out));
        Assert.Contains("id none", Flat(server.Dora("disk", "show", "vdc").Out));
    }

    [Fact]
    public void A_name_that_is_not_there_is_answered_with_one_that_is()
    {
        using var server = Server();
        var (code, _, error) = server.Dora("disk", "show", "vdx");
        Assert.Equal((1, "dora: vdx: there is no such disk, did you mean 'vda'?\n"), (code, error));
        Assert.Equal(1, server.Dora("disk", "claim", "vdx", "--yes").Code);
        Assert.DoesNotContain(server.Requests, request => request.StartsWith("POST", StringComparison.Ordinal));
    }

    private const string Claimed = """{"step":"result","status":"done","detail":"x","result":{"status":"done","message":"vda is this machine's storage from the next boot on"}}""";

    [Fact]
    public void A_claim_shows_the_disk_first_and_then_each_step()
    {
        using var server = Server();
        server.AddRaw("POST /v1/disks/vda/claim?dry-run=false", Lines("""{"step":"probe","detail":"empty","status":"done"}""", "", """{"step":"write","detail":"superblock: a claim begins","offset":524288,"length":512,"status":"done"}""",
            """{"step":"write","detail":"file system","offset":1048576,"length":65536,"status":"done"}""", """{"step":"write","detail":"file system","offset":1114112,"length":65536,"status":"done"}""",
            """{"step":"copy","status":"doing","percent":40}""", Claimed));
        var (code, output, error) = server.Dora("disk", "claim", "vda", "--yes");
        Assert.Equal((0, ""), (code, error));
        Assert.StartsWith("vda - QEMU", output);
        Assert.EndsWith("  probe    empty\n  write    at 524288, 512 bytes: superblock: a claim begins\n  write    at 1048576, 65536 bytes: file system\nvda is this machine's storage from the next boot on\n", output);
        Assert.True(output.IndexOf("serial   DATA1", StringComparison.Ordinal) is > 0 and var at && at < output.IndexOf("probe", StringComparison.Ordinal), output);
    }

    [Fact]
    public void Options_go_along()
    {
        using var server = Server();
        server.AddRaw("POST /v1/disks/vdb/claim?dry-run=false&token=12ab-34cd-56ef&file-system=ext4", Lines(Claimed));
        Assert.Equal(0, server.Dora("disk", "claim", "vdb", "--token", "12ab-34cd-56ef", "--file-system", "ext4", "-y").Code);
        server.AddRaw("POST /v1/disks/vda/add", Lines(Claimed));
        server.AddRaw("POST /v1/disks/vdc/remove", Lines(Claimed));
        server.AddRaw("POST /v1/disks/vdc/release?token=aaaa-bbbb-cccc", Lines(Claimed));
        Assert.Equal(0, server.Dora("disk", "add", "vda", "--yes").Code);
        Assert.Equal(0, server.Dora("disk", "remove", "vdc", "--yes").Code);
        Assert.Equal(0, server.Dora("disk", "release", "vdc", "--yes", "--token", "aaaa-bbbb-cccc").Code);
        Assert.Equal(2, server.Dora("disk", "claim", "vda", "--file-system", "xfs").Code);
        Assert.Equal(2, server.Dora("disk", "claim").Code);
    }

    [Fact]
    public void A_dry_run_asks_nobody_and_says_that_nothing_was_written()
    {
        using var server = Server();
        server.AddRaw("POST /v1/disks/vda/claim?dry-run=true", Lines("""{"step":"write","detail":"plan","offset":528384,"length":4096,"status":"planned"}""", """{"step":"result","status":"planned","result":{"status":"planned","message":"vda: nothing was written"}}"""));
        var (code, output, _) = server.Dora("disk", "claim", "vda", "--dry-run");
        Assert.Equal(0, code);
        Assert.EndsWith("  write    at 528384, 4096 bytes: plan\nvda: nothing was written\n", output);
    }

    [Theory]
    [InlineData(1, "is not empty: ext4 file system 'backup'; nothing was written", "dora disk claim vdb --token 12ab-34cd-56ef", "claim", "vdb", "--yes")]
    [InlineData(1, "what lies on it would be lost; nothing was written", "dora disk release vdc --token aaaa-bbbb-cccc", "release", "vdc", "--yes")]
    [InlineData(2, "nobody can be asked, and nothing was written", "--yes", "claim", "vda")]
    [InlineData(2, "nobody can be asked, and nothing was written", "--yes", "add", "vda")]
    [InlineData(2, "nobody can be asked, and nothing was written", "--yes", "remove", "vdc")]
    public void Nothing_is_sent_without_token_and_consent(int code, string message, string hint, params string[] command)
    {
        using var server = Server();
        var (actual, output, error) = server.Dora(["disk", .. command]);
        Assert.Equal(code, actual);
        Assert.Contains(message, error);
        Assert.Contains("hint: ", error);
        Assert.Contains(hint, error);
        Assert.StartsWith(command[1], output); // which disk it was about
        Assert.DoesNotContain(server.Requests, request => request.StartsWith("POST", StringComparison.Ordinal));
    }

    [Fact]
    public void A_failure_in_the_middle_is_a_failure()
    {
        using var server = Server();
        server.AddRaw("POST /v1/disks/vda/claim?dry-run=false", Lines("""{"step":"probe","status":"done"}""", """{"step":"result","status":"failed","result":{"status":"failed","error":{"error":"disk.failed","message":"vda: write at 512: input/output error (EIO)","data":{}}}}"""));
        var (code, output, error) = server.Dora("disk", "claim", "vda", "--yes");
        Assert.Equal(1, code);
        Assert.Contains("dora: vda: write at 512: input/output error (EIO)\nhint: the disk did not do what it was asked for: 'dora disk health vda'", error);
        Assert.Contains("  probe", output);
    }

    [Theory]
    [InlineData("""{"step":"probe","status":"done"}""")]
    [InlineData("""{"step":"probe","status":"done"}""", """{"step":"result","res""")]
    public void An_answer_without_a_result_was_broken_off(params string[] lines)
    {
        using var server = Server();
        server.AddRaw("POST /v1/disks/vda/add", Lines(lines));
        var (code, _, error) = server.Dora("disk", "add", "vda", "--yes");
        Assert.Equal(5, code);
        Assert.Contains("ended before the result", error);
    }

    [Fact]
    public void A_refusal_is_an_error_with_a_hint()
    {
        using var server = Server();
        server.Add("POST /v1/disks/vda/add", 409, """{"error":"storage.busy","message":"storage: something else is being done with its disks at the moment","data":{}}""");
        var (code, _, error) = server.Dora("disk", "add", "vda", "--yes");
        Assert.Equal(1, code);
        Assert.Contains("hint: wait for what is being done", error);
    }

    [Fact]
    public void Json_is_a_line_for_each_step_and_nothing_else()
    {
        using var server = Server();
        server.AddRaw("POST /v1/disks/vda/claim?dry-run=false", Lines("""{"step":"probe","status":"done"}""", Claimed));
        var (code, output, error) = server.Dora("disk", "claim", "vda", "--yes", "--json");
        Assert.Equal((0, "{\"step\":\"probe\",\"status\":\"done\"}\n" + Claimed + "\n"), (code, output));
        Assert.StartsWith("vda - QEMU", error);
    }

    [Fact]
    public void Health_of_one_and_of_all()
    {
        using var server = Server();
        var (code, output, _) = server.Dora("disk", "health");
        Assert.Equal(1, code); // one says that it is failing
        Assert.Contains("vda unknown - - - - - - smartctl is not installed", Flat(output));
        Assert.Contains("vdb failing 34 °C 12000 8 0 1 -", Flat(output));
        Assert.DoesNotContain("loop0", output);
        Assert.Equal(0, server.Dora("disk", "health", "vda").Code);
        Assert.StartsWith("{\"name\":\"vdb\"", server.Dora("disk", "health", "vdb", "--json").Out);
        Assert.StartsWith("[{\"name\":\"vda\"", server.Dora("disk", "health", "--json").Out);
    }

    [Fact]
    public void A_scrub_and_how_it_ended()
    {
        using var server = Server();
        server.AddRaw("POST /v1/storage/scrub", Lines("""{"step":"scrub","detail":"everything on /data is read","status":"doing","percent":0}""", """{"step":"scrub","status":"doing","percent":50}""",
            """{"step":"result","status":"done","result":{"status":"done","message":"/data: 3 errors, 1 mended, 2 that cannot be","scrub":{"state":"finished","checkedBytes":5,"errors":3,"corrected":1,"uncorrectable":2}}}"""));
        var (code, output, _) = server.Dora("disk", "scrub");
        Assert.Equal((1, "  scrub    everything on /data is read\n/data: 3 errors, 1 mended, 2 that cannot be\n"), (code, output));
        server.Add("GET /v1/storage/scrub", 200, """{"state":"running","startedAt":"Sat Nov 21 16:28:44 2026","checkedBytes":500,"totalBytes":1000}""");
        Assert.Equal((0, "scrub: running, 50.0 %, 500 B compared, begun Sat Nov 21 16:28:44 2026\n  no errors\n"), server.Dora("disk", "scrub", "--status") is var (c, o, _) ? (c, o) : default);
        server.AddRaw("POST /v1/disks/vda/scrub", Lines("""{"step":"result","result":{"status":"done","message":"/dev/vda1: no errors"}}"""));
        Assert.Equal("/dev/vda1: no errors\n", server.Dora("disk", "scrub", "vda").Out);
    }
}
