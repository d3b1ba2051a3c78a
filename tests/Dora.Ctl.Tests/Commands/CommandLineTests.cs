using Xunit;

namespace Dora.Ctl.Tests.Commands;

public class CommandLineTests
{
    private const string Services =
        """[{"name":"sshd","description":"login","type":"daemon","state":"listening","restarts":0,"sockets":["tcp 22"]},{"name":"web","description":"","type":"daemon","state":"failed","reason":"exited with code 1","restarts":3,"sockets":[]}]""";

    [Theory]
    [InlineData("servce", "did you mean 'service'?")]
    [InlineData("service lst", "did you mean 'list'?")]
    [InlineData("version --jsn", "did you mean '--json'?")]
    [InlineData("service start", "SERVICE")]
    [InlineData("service", "equired command")]
    [InlineData("", "equired command")]
    [InlineData("log -n x", "-n x: a number from 0")]
    [InlineData("log -n -1", "a number from 0")]
    [InlineData("log a b", "'b' is not known")]
    [InlineData("log -f -b", "dora log: --follow goes with this boot: others have no new lines\ntry 'dora log --help'")]
    [InlineData("log --folow", "dora log: '--folow' is not known, did you mean '--follow'?\ntry 'dora log --help'")]
    [InlineData("log -q", "dora log: '-q' is not known")]
    [InlineData("log -q --json -x", "dora log: '-q' is not known")]
    [InlineData("events -x", "'-x' is not known")]
    [InlineData("service stop --force tick", "dora service stop: '--force' is not known")]
    [InlineData("service start tick --jsn", "did you mean '--json'?")]
    [InlineData("disk show --foo", "'--foo' is not known")]
    [InlineData("exec --ser web -- ls", "'--ser' is not known")]
    [InlineData("run -q -- ls", "'-q' is not known; the command goes behind --")]
    [InlineData("exec web -q", "'-q' is not known; the command goes behind --")]
    public void Wrong_usage_is_2_with_a_hint(string arguments, string expected)
    {
        var (code, output, error) = CannedServer.Run(arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal(2, code);
        Assert.Contains(expected, error);
        if (!arguments.Contains("--json")) Assert.Equal("", output);
    }

    [Fact]
    public void What_follows_two_dashes_is_a_name()
    {
        using var server = new CannedServer();
        server.Add("POST /v1/services/--force/stop", 202, """{"id":"1","verb":"stop","service":"--force","status":"done"}""");
        Assert.Equal("--force: stopped\n", CannedServer.Run("service", "stop", "--socket", server.SocketPath, "--", "--force").Out);
    }

    [Theory]
    [InlineData(2, "dora.usage", "'nope' is not known", "service", "nope")]
    [InlineData(2, "dora.usage", "'--folow' is not known", "log", "--folow")]
    [InlineData(5, "dora.not-reachable", "", "version", "--socket", "/run/none.sock")]
    [InlineData(127, "dora.failed", "run: none-such-program: no such program in PATH", "run", "none-such-program")]
    public void With_json_an_error_is_an_object_too(int expected, string name, string message, params string[] arguments)
    {
        var (code, output, error) = CannedServer.Run(["--json", .. arguments]);
        Assert.Equal(expected, code);
        var body = System.Text.Json.JsonDocument.Parse(output).RootElement;
        Assert.Equal(name, body.GetProperty("error").GetString());
        Assert.Contains(message, body.GetProperty("message").GetString());
        Assert.EndsWith("}\n", output);
        Assert.NotEqual("", error);
    }

    [Theory]
    [InlineData("GET /v1/logs/boots", """{"index":0,"boot":"b","files":0,"bytes":0}""", "log", "--list-boots")]
    [InlineData("GET /v1/logs/status", """{"lines":1}""", "log", "--status")]
    [InlineData("GET /v1/disks", "[]", "disk", "list")]
    [InlineData("GET /v1/machine/disks", "[]", "disk", "health")]
    [InlineData("GET /v1/machine/processes", "[]", "machine", "processes")]
    [InlineData("GET /v1/machine/processes", "[]", "machine", "processes", "web")]
    [InlineData("", "", "cron", "next", "@daily")]
    [InlineData("", "", "service", "check", "/tmp")]
    public void Json_ends_its_line_once(string request, string answer, params string[] arguments)
    {
        foreach (string end in new[] { "", "\n" })
        {
            using var server = new CannedServer();
            if (request.Length > 0) server.Add(request, 200, answer + end);
            string output = server.Dora([.. arguments, "--json"]).Out;
            Assert.Equal(output.TrimEnd('\n') + "\n", output);
            Assert.NotEqual("\n", output);
        }
    }

    [Fact]
    public void A_mistyped_name_in_an_empty_log_is_told()
    {
        using var server = new CannedServer();
        const string nothing = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n";
        foreach (string name in new[] { "ssdh", "web", "nobody-knows" }) server.AddRaw($"GET /v1/logs?lines=200&service={name}", nothing);
        server.Add("GET /v1/services", 200, Services);
        Assert.Equal((0, "", "dora: no lines of ssdh, did you mean 'sshd'?\n"), server.Dora("log", "ssdh"));
        Assert.Equal((0, "", "dora: no lines of nobody-knows, and there is no such service\n"), server.Dora("log", "nobody-knows"));
        Assert.Equal((0, "", ""), server.Dora("log", "web"));
    }

    [Fact]
    public void Help_is_no_error()
    {
        var (code, output, _) = CannedServer.Run("service", "--help");
        Assert.Equal(0, code);
        Assert.Contains("restart", output);
    }

    [Fact]
    public void List_shows_what_is_wrong()
    {
        using var server = new CannedServer();
        server.Add("GET /v1/services", 200, Services);
        var (code, output, _) = server.Dora("service", "list");
        Assert.Equal(0, code);
        Assert.Contains("SERVICE  STATE      SINCE  PID  RESTARTS  NOTE\n", output);
        Assert.Contains("web      failed     -        -         3  exited with code 1\n", output);
        Assert.Contains("2 services: 1 failed, 1 fine\n  web: failed: exited with code 1\ntry 'dora service status web'\n", output);
        Assert.DoesNotContain("\e", output);
        Assert.Equal(Services + "\n", server.Dora("service", "list", "--json").Out);
    }

    [Fact]
    public void A_log_that_was_stopped_is_not_fine()
    {
        using var server = new CannedServer();
        server.Add("GET /v1/services", 200, """[{"name":"syslog","type":"daemon","state":"stopped","restarts":0},{"name":"web","type":"daemon","state":"stopped","restarts":0}]""");
        server.Add("GET /v1/services/syslog", 200, """{"name":"syslog","type":"daemon","state":"stopped","restarts":0,"log":[]}""");
        Assert.EndsWith("2 services: 1 in trouble, 1 fine\n  syslog: stopped: nothing is logged\ntry 'dora service status syslog'\n", server.Dora("service", "list").Out);
        Assert.Contains("what to do  'dora service start syslog': nothing is logged until then\n", server.Dora("service", "status", "syslog").Out);
    }

    [Fact]
    public void A_file_that_was_not_read_yet_is_told()
    {
        using var server = new CannedServer();
        foreach (string name in new[] { "fresh", "bad", "shsd" })
            server.Add($"POST /v1/services/{name}/start", 404, $$$"""{"error":"service.not-found","message":"{{{name}}}: there is no such service","data":{}}""");
        server.Add("GET /v1/services", 200, Services);
        server.Add("GET /v1/reload", 200, """{"fingerprint":"1","problems":[],"services":[{"service":"fresh","action":"start"},{"service":"bad","action":"refuse","problems":["x"]}]}""");
        Assert.Equal((3, "", "dora: fresh: there is no such service\nhint: its file is there and has not been read: 'dora service reload'\n"), server.Dora("service", "start", "fresh"));
        Assert.Equal((3, "", "dora: bad: there is no such service\nhint: its file is there and cannot be used: 'dora service check' shows why\n"), server.Dora("service", "start", "bad"));
        Assert.Equal("dora: shsd: there is no such service, did you mean 'sshd'?\n", server.Dora("service", "start", "shsd").Error);
    }

    [Theory]
    [InlineData("request.parameter", 400, 2)]
    [InlineData("request.body", 400, 2)]
    [InlineData("machine.ending", 409, 1)]
    public void What_the_API_cannot_read_is_wrong_usage(string name, int status, int expected)
    {
        using var server = new CannedServer();
        server.Add("POST /v1/machine/reboot", status, $$$"""{"error":"{{{name}}}","message":"in: '5': a unit is missing","data":{}}""");
        Assert.Equal(expected, server.Dora("reboot", "--in", "5").Code);
    }

    [Fact]
    public void A_problem_is_told_once()
    {
        using var server = new CannedServer();
        server.Add("GET /v1/services/web", 200, """
            {"name":"web","type":"daemon","state":"invalid","reason":"/etc/web.yaml:3:1: unknown key 'comand'","restarts":0,"log":[],
            "problems":[{"file":"/etc/web.yaml","line":3,"column":1,"message":"unknown key 'comand'"},{"file":"/etc/web.yaml","line":1,"column":1,"message":"command: is missing"}]}
            """);
        string output = server.Dora("service", "status", "web").Out;
        Assert.Equal(2, output.Split("unknown key").Length);
        Assert.Contains("command: is missing", output);
    }

    [Fact]
    public void Status_shows_cause_with_position_and_last_lines()
    {
        using var server = new CannedServer();
        server.Add("GET /v1/services/web", 200, """
            {"name":"web","type":"daemon","state":"failed","reason":"its file has a mistake","restarts":0,"sockets":[],"file":"/etc/dora/services/web.yaml",
            "problems":[{"file":"/etc/dora/services/web.yaml","line":3,"column":1,"message":"unknown key 'comand', did you mean 'command'?"}],
            "lastExit":{"kind":"signaled","signal":9},"command":["/bin/web","-v"]}
            """);
        server.AddRaw("GET /v1/logs?lines=10&service=web",
            "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{\"time\":\"2026-11-21T03:55:29.120Z\",\"bootMs\":1,\"service\":\"web\",\"pid\":7,\"stream\":\"output\",\"priority\":6,\"message\":\"bye\"}\n");
        var (code, output, error) = server.Dora("service", "status", "web");
        Assert.Equal((0, ""), (code, error));
        Assert.Contains("/etc/dora/services/web.yaml:3:1: unknown key", output);
        Assert.Contains("killed by signal 9 (KILL)", output);
        Assert.EndsWith("2026-11-21 03:55:29 web[7]: bye\n", output);
    }

    [Fact]
    public void Unknown_service_is_3_with_a_suggestion()
    {
        using var server = new CannedServer();
        server.Add("GET /v1/services", 200, Services);
        server.Add("POST /v1/services/shsd/start", 404, """{"error":"service.not-found","message":"shsd: there is no such service","data":{}}""");
        var (code, output, error) = server.Dora("service", "start", "shsd");
        Assert.Equal((3, ""), (code, output));
        Assert.Equal("dora: shsd: there is no such service, did you mean 'sshd'?\n", error);
        Assert.Contains("service.not-found", server.Dora("service", "start", "shsd", "--json").Out);
    }

    [Fact]
    public void Start_waits_for_the_change()
    {
        using var server = new CannedServer();
        server.Add("POST /v1/services/web/start", 202, """{"id":"5","verb":"start","service":"web","status":"doing","before":"stopped"}""");
        server.Add("GET /v1/changes/5?wait=30s", 200, """{"id":"5","verb":"start","service":"web","status":"doing","before":"stopped"}""");
        server.Add("GET /v1/changes/5?wait=30s", 200, """{"id":"5","verb":"start","service":"web","status":"done","before":"stopped","after":"running"}""");
        Assert.Equal((0, "web: started, it was stopped and is running\n", ""), server.Dora("service", "start", "web"));
        Assert.Equal(3, server.Requests.Count);
    }

    [Fact]
    public void Failed_change_is_1_and_says_why()
    {
        using var server = new CannedServer();
        server.Add("POST /v1/services/web/restart", 202,
            """{"id":"5","verb":"restart","service":"web","status":"failed","error":{"error":"service.failed","message":"exec /bin/web: no such file or directory (ENOENT)","data":{}}}""");
        var (code, _, error) = server.Dora("service", "restart", "web");
        Assert.Equal(1, code);
        Assert.Contains("web: restart failed: exec /bin/web: no such file or directory (ENOENT)\n", error);
    }

    [Fact]
    public void Not_permitted_is_4()
    {
        using var server = new CannedServer();
        server.Add("POST /v1/machine/poweroff", 403, """{"error":"access.denied","message":"only root","data":{}}""");
        Assert.Equal((4, "", "dora: only root\nhint: run it as root; what is open to group dora can be done by its members too\n"), server.Dora("poweroff"));
    }

    [Fact]
    public void Reboot_says_what_happens()
    {
        using var server = new CannedServer();
        server.Add("POST /v1/machine/reboot", 202, """{"id":"5","verb":"reboot","status":"doing"}""");
        Assert.Equal((0, "reboot: under way, without waiting for services\n", ""), server.Dora("reboot", "--force"));
    }

    [Theory]
    [InlineData("SSH-2.0-OpenSSH_9\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]")]
    [InlineData("HTTP/1.1 200 OK\r\n\r\n{\"product\":5,\"version\":\"\",\"api\":1,\"kernel\":\"\",\"machine\":\"\",\"hostname\":\"\"}")]
    [InlineData("")]
    public void Unintelligible_system_is_5(string answer)
    {
        using var server = new CannedServer();
        server.AddRaw("GET /v1/version", answer);
        Assert.Equal(5, server.Dora("version").Code);
    }

    [Fact]
    public void Read_request_survives_a_manager_that_is_replaced()
    {
        using var server = new CannedServer();
        server.AddRaw("GET /v1/version", "");
        server.Add("GET /v1/version", 200, """{"product":"pandora","version":"1","api":1,"kernel":"6","machine":"m","hostname":"h"}""");
        Assert.Equal((0, "pandora 1 on h, kernel 6, m, api 1\n", ""), server.Dora("version"));
    }

    [Fact]
    public void Absent_system_is_5()
    {
        var (code, _, error) = CannedServer.Run("version", "--socket", "/nowhere/s");
        Assert.Equal(5, code);
        Assert.Contains("/nowhere/s: no such file", error);
    }

    [Fact]
    public void Log_prints_lines_and_passes_its_options_on()
    {
        using var server = new CannedServer();
        server.AddRaw("GET /v1/logs?lines=5&service=a%2Fb",
            "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{\"time\":\"t\",\"bootMs\":1,\"service\":\"a\",\"stream\":\"kernel\",\"priority\":6,\"message\":\"x\"}\nnonsense\n");
        Assert.Equal((0, "t a: x\nnonsense\n", ""), server.Dora("log", "-n", "5", "a/b"));
        server.Add("GET /v1/logs?lines=200", 503, """{"error":"log.unavailable","message":"no syslog","data":{}}""");
        Assert.Equal((1, "", "dora: no syslog\nhint: 'dora service status syslog' tells whether and why syslog does not run\n"), server.Dora("log"));
    }

    [Fact]
    public void A_follower_of_the_log_goes_on_behind_the_last_line_whatever_ends_its_connection()
    {
        const string Head = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n";
        const string Restarted = """{"error":"log.not-running","message":"try again","data":{}}""";
        using var server = new CannedServer();
        server.Add("GET /v1/logs?lines=1", 503, Restarted);
        server.AddRaw("GET /v1/logs?lines=1", Head + "{\"sequence\":40,\"message\":\"somebody\"}\n");
        server.Add("GET /v1/logs?lines=5&follow=true&service=a%2Fb", 503, Restarted);
        server.AddRaw("GET /v1/logs?lines=5&follow=true&service=a%2Fb", Head + "\n"); // none of it; a sign of life
        server.AddRaw("GET /v1/logs?after=40&lines=5&follow=true&service=a%2Fb",
            Head + "nonsense\n{\"time\":\"t\",\"bootMs\":1,\"service\":\"a\",\"stream\":\"kernel\",\"priority\":6,\"sequence\":42,\"message\":\"x\"}\n{\"sequ");
        server.Add("GET /v1/logs?after=42&lines=5&follow=true&service=a%2Fb", 503, Restarted);
        server.Add("GET /v1/logs?after=42&lines=5&follow=true&service=a%2Fb", 503, """{"error":"log.unavailable","message":"it was stopped","data":{}}""");
        var (code, output, error) = server.Dora("log", "-f", "-n", "5", "a/b");
        Assert.Equal((1, "nonsense\nt a: x\n"), (code, output));
        Assert.StartsWith("dora: it was stopped\n", error);
    }

    [Fact]
    public void Members_that_are_missing_do_not_break_the_client()
    {
        using var server = new CannedServer();
        server.AddRaw("GET /v1/logs?lines=200", "HTTP/1.1 200 OK\r\n\r\n{\"message\":\"hello\"}\n{\"message\":null}\nnull\n{}\n");
        Assert.Equal((0, " : hello\n : \nnull\n : \n", ""), server.Dora("log"));
        foreach (var (path, verb) in new[] { ("/v1/version", "version"), ("/v1/boot", "boot") })
        {
            server.Add($"GET {path}", 200, """{"stages":[{}],"services":[{}]}""");
            Assert.Equal(0, server.Dora(verb).Code);
        }
        server.Add("GET /v1/services/x", 200, """{"name":"x","type":"y","state":"z","startedAt":{},"lastExit":{"kind":"exited"},"problems":[{}],"log":[{}]}""");
        Assert.Equal(0, server.Dora("service", "status", "x").Code);
        server.Add("GET /v1/services/e", 500, "{}");
        Assert.Equal(1, server.Dora("service", "status", "e").Code);
        server.Add("GET /v1/services", 200, "[{}]");
        Assert.Equal(5, server.Dora("service", "list").Code);
    }

    [Fact]
    public void Boot_shows_stages_services_and_the_sum()
    {
        using var server = new CannedServer();
        server.Add("GET /v1/boot", 200,
            """{"stages":[{"name":"kernel","phase":"kernel","startMs":0,"endMs":900}],"services":[{"name":"sshd","startedMs":1000,"readyMs":1100,"state":"running"}],"handoverMs":900,"readyMs":1200}""");
        var (code, output, _) = server.Dora("boot");
        Assert.Equal(0, code);
        Assert.Contains("kernel  kernel    0.000   0.900\n", output);
        Assert.Contains("sshd       1.000   0.100  running\n", output);
        Assert.EndsWith("ready 1.200 s after the kernel started, 0.300 s after it started init\ndecided by sshd\n", output);
    }
}
