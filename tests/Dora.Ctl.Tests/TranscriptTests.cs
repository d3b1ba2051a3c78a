using System.Text;
using System.Text.RegularExpressions;
using Dora.Core.Linux;
using Dora.Core.Protocol;
using Dora.Core.Protocol.Json;
using Dora.Ctl.Output;
using Dora.Ctl.Tests.Commands;
using Xunit;

namespace Dora.Ctl.Tests;

/// <summary>docs/dora.md shows what dora prints on a terminal. It is made here, from answers as a machine would give them, and compared.</summary>
public sealed partial class TranscriptTests : IDisposable
{
    private readonly CannedServer _server = new();
    private readonly StringBuilder _page = new("""
        # What dora looks like

        Each block is what `dora` prints on a terminal of 80 columns, without colour unless told. A test makes this page from answers as
        a machine gives them and compares (`tests/Dora.Ctl.Tests/TranscriptTests.cs`), so it cannot rot.


        """);

    public void Dispose() => _server.Dispose();

    [Fact]
    public void The_page_shows_what_dora_prints()
    {
        Answer();
        Prose("## Is everything fine?");
        Scene("service list");
        Prose("When something is wrong it says so below, where the eye is, with the cause and what to do next. In colour:");
        Trouble();
        Snapshot.Check("docs/transcripts/list.svg", TerminalPicture.Draw("$ dora service list\n" + Dora(80, true, "service", "list").Output, 80));
        Prose("![the same list with colours](transcripts/list.svg)");
        Prose("On 44 columns those columns are left out that matter least:");
        Scene("service list", width: 44);

        Prose("## Why, and what to do?");
        Scene("service status mailer");
        Scene("service status dhcp@eth0");
        Prose("What needs what:");
        Scene("service tree");

        Prose("## Changing things");
        Scene("service restart db", "service start wbe", "service start web", "service stop web");
        Scene("service reload --dry-run");
        Scene("service pin web up", "reboot --in 10m --message kernel");

        Prose("## What persists, and which disks there are");
        Scene("storage");
        Scene("disk list");
        Scene("disk claim sdb --dry-run");
        Scene("disk claim sda --yes");

        Prose("## Log, and who uses what");
        Scene("log -n 4");
        Prose("`dora top` goes on with this every two seconds, `dora top --once` prints it:");
        Top();

        Prose("## Jobs");
        Prose("Services with a schedule, and lines of crontabs:");
        Scene("cron list");
        Scene("cron log mirror -n 2");

        Prose("## Where the time of the boot went");
        Scene("boot");
        Prose("The same as a picture, by `dora boot --plot boot.svg`:");
        Prose("![the boot as a picture](transcripts/boot.svg)");

        Prose("## Scripts");
        Scene("api GET /v1/version -i", "version --json");

        Prose("## When it cannot");
        Scene("service lst", "service restart syslog");
        string nowhere = Dora(80, false, "version", "--socket", "/run/none.sock").Output;
        Block($"$ dora version --socket /run/none.sock\n{nowhere}");
        Snapshot.Check("docs/dora.md", _page.ToString());
    }

    private void Prose(string text) => _page.Append(text).Append("\n\n");

    private void Block(string text) => _page.Append("```\n").Append(text.TrimEnd('\n')).Append("\n```\n\n");

    private void Scene(params string[] lines) => Scene(80, lines);

    private void Scene(string line, int width) => Scene(width, line);

    private void Scene(int width, params string[] lines)
    {
        var block = new StringBuilder();
        foreach (string line in lines)
        {
            var (code, output) = Dora(width, false, line.Split(' '));
            Assert.DoesNotContain('\e', output);
            Assert.DoesNotContain("has no answer", output);
            block.Append(block.Length > 0 ? "\n" : "").Append("$ dora ").Append(line).Append('\n').Append(output);
            if (output.Length > 0 && !output.EndsWith('\n')) block.Append('\n');
            if (code != 0) block.Append("$ echo $?\n").Append(code).Append('\n');
        }
        Block(block.ToString());
    }

    private (int Code, string Output) Dora(int width, bool colour, params string[] arguments)
    {
        Sys.MakeMemoryFile("both", out var fd).ThrowIfError("memfd_create");
        using (fd)
        {
            var screen = new Screen(fd, isTerminal: true, colour, width);
            string[] all = arguments.Contains("--socket") ? arguments : [.. arguments, "--socket", _server.SocketPath];
            int code = Ctl.Commands.CommandLine.Run(all, screen, screen);
            byte[] buffer = new byte[1 << 20];
            Sys.ReadAt(fd, buffer, 0, out int count).ThrowIfError("pread");
            return (code, Encoding.UTF8.GetString(buffer, 0, count));
        }
    }

    private void Top()
    {
        var before = JsonMapReader.ReadList<ServiceUsage>("""[{"name":"web","state":"running","cpuMs":41000,"ioReadBytes":0,"ioWriteBytes":0},{"name":"db","state":"running","cpuMs":93000,"ioReadBytes":0,"ioWriteBytes":0},{"name":"sshd","state":"listening","cpuMs":12,"ioReadBytes":0,"ioWriteBytes":0},{"name":"syslog","state":"running","cpuMs":310,"ioReadBytes":0,"ioWriteBytes":0}]"""u8);
        var after = JsonMapReader.ReadList<ServiceUsage>("""[{"name":"web","state":"running","cpuMs":41310,"memoryBytes":48234496,"memoryPeakBytes":73400320,"tasks":9,"ioReadBytes":0,"ioWriteBytes":40960},{"name":"db","state":"running","cpuMs":93061,"memoryBytes":301989888,"memoryPeakBytes":314572800,"tasks":14,"ioReadBytes":1048576,"ioWriteBytes":262144},{"name":"sshd","state":"listening","cpuMs":12,"memoryBytes":421888,"memoryPeakBytes":2097152,"tasks":0,"ioReadBytes":0,"ioWriteBytes":0},{"name":"syslog","state":"running","cpuMs":311,"memoryBytes":5242880,"memoryPeakBytes":5767168,"tasks":2,"ioReadBytes":0,"ioWriteBytes":0},{"name":"mailer","state":"failed","restarts":5}]"""u8);
        var table = new UsageTable();
        table.Take(before, TimeSpan.FromSeconds(1));
        table.Take(after, TimeSpan.FromSeconds(1.5));
        Sys.MakeMemoryFile("top", out var fd).ThrowIfError("memfd_create");
        using (fd)
        {
            var screen = new Screen(fd, isTerminal: true, colour: false, width: 80);
            table.Write(screen);
            Block("$ dora top --once\n" + screen.Take() + "\n" + table.Sum());
        }
    }

    // A moment some seconds ago: AGO(seconds), far from where the words change.
    private static string Json(string text) => Ago().Replace(text, match =>
    {
        long at = (long)Sys.TimeSinceBoot().TotalMilliseconds - (long.Parse(match.Groups[1].Value) * 1000);
        return $$"""{"bootMs":{{at}},"wall":"2026-11-21T09:12:04.120Z"}""";
    });

    [GeneratedRegex(@"AGO\((\d+)\)")]
    private static partial Regex Ago();

    private void Set(string request, int status, string json)
    {
        lock (_server.Answers) _server.Answers.Remove(request);
        _server.Add(request, status, Json(json));
    }

    private const string Fine = """
        {"name":"console@tty1","description":"login on tty1","type":"daemon","state":"running","pid":412,"startedAt":AGO(8130),"restarts":0,"instanceOf":"console"},
        {"name":"db","description":"the database","type":"daemon","state":"running","pid":530,"startedAt":AGO(8130),"restarts":0,"needs":["syslog"]},
        {"name":"dhcp@eth0","description":"address of eth0","type":"daemon","state":"running","pid":433,"startedAt":AGO(8130),"restarts":0,"instanceOf":"dhcp"},
        {"name":"sshd","description":"login over the network","type":"daemon","state":"listening","startedAt":AGO(8130),"restarts":0,"sockets":["tcp 22"],"needs":["sshd-keys"]},
        {"name":"sshd-keys","description":"host keys","type":"oneshot","state":"done","startedAt":AGO(8130),"restarts":0},
        {"name":"syslog","description":"the log","type":"daemon","state":"running","pid":401,"startedAt":AGO(8130),"restarts":0}
        """;

    private const string Version = """{"product":"pandora","version":"0.1.0","api":1,"kernel":"6.1.0","machine":"x86_64","hostname":"pandora"}""";

    private void Answer()
    {
        Set("GET /v1/version", 200, Version);
        Set("GET /v1/services", 200, $"[{Fine}]");
        Set("GET /v1/services/dhcp%40eth0", 200, """{"name":"dhcp@eth0","description":"address of eth0","type":"daemon","state":"running","pid":433,"startedAt":AGO(8130),"restarts":0,"instanceOf":"dhcp","needs":[],"slice":"network","command":["/usr/bin/busybox","udhcpc","-f","-i","eth0"],"file":"/usr/lib/dora/services/dhcp.yaml","health":"healthy","statusText":"bound to 10.0.2.15"}""");
        Set("GET /v1/services/mailer", 200, """{"name":"mailer","description":"sends what lies in the queue","type":"daemon","state":"failed","since":AGO(250),"reason":"execute /usr/bin/mailer: no such file or directory (ENOENT); given up after 5 restarts in a row","restarts":5,"needs":["db"],"result":"exec-failed","errno":"ENOENT","command":["/usr/bin/mailer","--queue","/data/queue"],"file":"/etc/dora/services/mailer.yaml"}""");
        _server.AddRaw("GET /v1/logs?lines=10&service=mailer", Log("mailer", "warning", ("execute /usr/bin/mailer: no such file or directory (ENOENT)", 3)));
        _server.AddRaw("GET /v1/logs?lines=10&service=dhcp%40eth0", Log("dhcp@eth0", "", ("udhcpc: lease of 10.0.2.15 obtained, lease time 86400", 6)));
        _server.AddRaw("GET /v1/logs?lines=4", Log("", "", ("kernel|e1000: eth0 NIC Link is Up 1000 Mbps", 6), ("dhcp@eth0|udhcpc: lease of 10.0.2.15 obtained, lease time 86400", 6),
            ("web|cannot open /etc/web/tls.key: permission denied", 4), ("init|mailer: given up after 5 restarts in a row", 3)));
        Set("POST /v1/services/db/restart", 202, """{"id":"7","verb":"restart","service":"db","status":"done","before":"running","after":"running","along":["web","mailer"]}""");
        Set("POST /v1/services/wbe/start", 404, """{"error":"service.not-found","message":"wbe: there is no such service","data":{}}""");
        Set("POST /v1/services/web/start", 202, """{"id":"8","verb":"start","service":"web","status":"failed","error":{"error":"service.failed","message":"web: exited with code 1; cannot open /etc/web/tls.key","data":{}}}""");
        Set("GET /v1/services/web", 200, """{"name":"web","description":"the web server","type":"daemon","state":"failed","restarts":0,"command":["/usr/bin/web"],"file":"/etc/dora/services/web.yaml"}""");
        _server.AddRaw("GET /v1/logs?lines=5&service=web", Log("web", "", ("reading /etc/web/web.conf", 6), ("cannot open /etc/web/tls.key: permission denied", 4)));
        Set("POST /v1/services/web/stop", 409, """{"error":"service.pinned","message":"web: is pinned up: 'dora service unpin web' first","data":{}}""");
        Set("POST /v1/services/web/pin-up", 202, """{"id":"9","verb":"pin-up","service":"web","status":"done","before":"stopped","after":"running"}""");
        Set("GET /v1/reload", 200, """{"fingerprint":"1","problems":[],"services":[{"service":"db","action":"restart","changes":[{"key":"cgroup","before":"memory.max: 256M","after":"memory.max: 512M"}],"along":["mailer","web"],"problems":[],"begun":[]},{"service":"report","action":"start","changes":[],"problems":[],"along":[],"begun":[]},{"service":"web","action":"keep","changes":[],"problems":["/etc/dora/services/web.yaml:3:1: unknown key 'restrat'; did you mean 'restart'?"],"along":[],"begun":[]}]}""");
        Set("POST /v1/machine/reboot", 202, """{"id":"10","verb":"reboot","status":"done"}""");
        Set("GET /v1/machine", 200, """{"state":"scheduled","verb":"reboot","by":"root (uid 0)","message":"kernel","at":AGO(0)}""");
        Set("POST /v1/services/syslog/restart", 403, """{"error":"access.denied","message":"POST /v1/services/syslog/restart: for root and members of group dora","data":{}}""");
        const string mine = """{"name":"vda","path":"/dev/vda","id":"data1","model":"QEMU HARDDISK","serial":"data1","transport":"virtio","sizeBytes":21474836480,"state":"ours","reason":"Pandora's storage, vda1 is mounted on /data","storage":"0c0f5d3e-52b1-4a0e-9a5b-0d6a7f3c1e22","number":0}""";
        const string empty = """{"name":"sdb","path":"/dev/sdb","id":"S6XNNS0T","model":"SSD 870","serial":"S6XNNS0T","transport":"ata","sizeBytes":500107862016,"state":"empty","reason":"empty: nothing but zero in 12.0 MiB at 70 places","advice":"dora disk add sdb"}""";
        const string foreign = """{"name":"sda","path":"/dev/sda","id":"WD-WX11","model":"WDC WD40","serial":"WD-WX11","transport":"ata","sizeBytes":4000787030016,"state":"foreign","reason":"GUID partition table; ext4 file system 'photos'","token":"7f3c-1e22-9a5b","advice":"dora disk claim sda --token 7f3c-1e22-9a5b"}""";
        const string stick = """{"name":"sdc","path":"/dev/sdc","id":"0401","model":"Flash Disk","serial":"0401","transport":"usb","sizeBytes":15728640000,"state":"empty","reason":"empty, but removable: claimed only when asked for","advice":"dora disk add sdc"}""";
        Set("GET /v1/disks", 200, $"[{mine},{foreign},{empty},{stick}]");
        Set("GET /v1/disks/sdb", 200, empty);
        Set("GET /v1/disks/sda", 200, foreign);
        Set("GET /v1/storage", 200, """{"state":"ready","kind":"disk","fileSystem":"btrfs","uuid":"0c0f5d3e-52b1-4a0e-9a5b-0d6a7f3c1e22","disks":[{"name":"vda","model":"QEMU HARDDISK","serial":"data1","number":0}],"sizeBytes":21471690752,"usedBytes":5153205780,"paths":[{"path":"/etc","at":"/data/etc","persistent":true},{"path":"/var","at":"/data/var","persistent":true},{"path":"/root","at":"/data/root","persistent":true},{"path":"/home","at":"/data/home","persistent":true},{"path":"/data","at":"/data","persistent":true}],"tookMs":41}""");
        _server.AddRaw("POST /v1/disks/sdb/claim?dry-run=true", "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + string.Join('\n',
            """{"step":"probe","detail":"sdb (SSD 870, serial S6XNNS0T, 465.8 GiB): empty: nothing but zero in 12.0 MiB at 70 places","status":"done"}""",
            """{"step":"write","detail":"superblock: a claim begins","offset":524288,"length":512,"status":"planned"}""",
            """{"step":"write","detail":"plan of the claim","offset":528384,"length":1240,"status":"planned"}""",
            """{"step":"write","detail":"superblock: the plan is there","offset":524288,"length":512,"status":"planned"}""",
            """{"step":"write","detail":"file system","offset":1114112,"length":4096,"status":"planned"}""",
            """{"step":"result","status":"planned","result":{"status":"planned","message":"sdb: nothing was written"}}""") + "\n");
        const string mirror = """{"name":"mirror","schedule":["every 6h"],"state":"failed","last":{"started":"2026-11-21T21:04:11.000Z","durationMs":2140,"cause":"schedule","result":"exit-code","code":23}""";
        Set("GET /v1/jobs", 200, """[{"name":"backup","schedule":["30 2 * * *"],"zone":"Europe/Berlin","state":"done","next":{"bootMs":1,"wall":"2026-11-22T01:30:00.000Z"},"last":{"started":"2026-11-21T01:30:00.000Z","durationMs":754000,"cause":"schedule","result":"success"}},{"name":"cron@alice:sync-7d21f0","description":"line 3 of /etc/crontabs/alice","schedule":["*/15 * * * *"],"state":"done","next":{"bootMs":1,"wall":"2026-11-21T21:15:00.000Z"},"last":{"started":"2026-11-21T21:00:00.000Z","durationMs":812,"cause":"schedule","result":"success"}},""" + mirror + ""","next":{"bootMs":1,"wall":"2026-11-22T03:04:11.000Z"}}]""");
        Set("GET /v1/jobs/mirror", 200, mirror + ""","runs":[{"started":"2026-11-21T09:04:11.000Z","cause":"schedule","result":"interrupted"},{"started":"2026-11-21T15:04:11.000Z","durationMs":48211,"cause":"missed","result":"success"},{"started":"2026-11-21T21:04:11.000Z","durationMs":2140,"cause":"schedule","result":"exit-code","code":23}]}""");
        _server.AddRaw("GET /v1/logs?lines=2&service=mirror", Log("mirror", "", ("receiving incremental file list", 6), ("rsync error: partial transfer (code 23)", 3)));
        Set("GET /v1/boot", 200, File.ReadAllText(Repository.File("tests/Dora.Ctl.Tests/Fixtures/boot.json")));
    }

    private static string Log(string service, string _, params (string Message, int Priority)[] lines)
    {
        var text = new StringBuilder("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
        int sequence = 100;
        foreach (var (message, priority) in lines)
        {
            string name = service.Length > 0 ? service : message.Split('|')[0];
            text.Append($$"""{"time":"2026-11-21T09:12:{{sequence - 70}}.120Z","bootMs":1,"service":"{{name}}","stream":"output","priority":{{priority}},"sequence":{{sequence++}},"message":"{{message.Split('|')[^1]}}"}""").Append('\n');
        }
        return text.ToString();
    }

    private void Trouble() => Set("GET /v1/services", 200, $$"""
        [{{Fine}},
        {"name":"mailer","description":"sends what lies in the queue","type":"daemon","state":"failed","restarts":5,"reason":"execute /usr/bin/mailer: no such file or directory (ENOENT); given up after 5 restarts in a row","needs":["db"]},
        {"name":"nightly","description":"backup","type":"oneshot","state":"armed","reason":"starts when /run/dora/night is there","restarts":0},
        {"name":"old-web","type":"daemon","state":"masked","reason":"/etc/dora/services/old-web.yaml is empty","restarts":0},
        {"name":"run-4","description":"make all","type":"oneshot","state":"running","pid":902,"startedAt":AGO(210),"restarts":0,"transient":true},
        {"name":"web","description":"the web server of this house","type":"daemon","state":"backoff","restarts":2,"reason":"exited with code 1","pinned":"up","needs":["db"],"wants":["mailer"],"sockets":["tcp 80"]}]
        """);
}
