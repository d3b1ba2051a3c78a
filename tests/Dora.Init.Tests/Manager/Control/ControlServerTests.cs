using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using Dora.Core.Linux;
using Dora.Init.Manager.Control;
using Xunit;

namespace Dora.Init.Tests.Manager.Control;

public partial class ControlServerTests
{
    private static string Ask(string request, Action<ControlFixture>? check = null, ControlLimits? limits = null)
    {
        using var fixture = new ControlFixture(limits);
        string answer = "";
        fixture.Run(() => answer = fixture.Talk(request));
        Assert.Equal(0, fixture.Server.ConnectionCount);
        check?.Invoke(fixture);
        return answer;
    }

    private static int Status(string answer) => int.Parse(answer.AsSpan(9, 3));

    [Theory]
    [InlineData(200, "GET", "/v1/version", "\"hostname\":\"box\"")]
    [InlineData(200, "GET", "/v1/services", "[{\"name\":\"web\"")]
    [InlineData(200, "GET", "/v1/services/web", "\"pid\":7")]
    [InlineData(200, "GET", "/v1/services/w%65b", "\"pid\":7")]
    [InlineData(404, "GET", "/v1/services/nix", "service.not-found")]
    [InlineData(404, "GET", "/v1/services/", "path.not-found")]
    [InlineData(404, "GET", "/v1/services/a%2Fb", "service.not-found")]
    [InlineData(404, "GET", "/v1/services/../services", "path.not-found")]
    [InlineData(405, "POST", "/v1/services", "Allow: GET, HEAD\r\n")]
    [InlineData(405, "DELETE", "/v1/services/web/start", "Allow: POST\r\n")]
    [InlineData(501, "BREW", "/v1/services", "http.not-implemented")]
    [InlineData(200, "GET", "/v1/boot", "\"handoverMs\":900")]
    [InlineData(202, "POST", "/v1/services/web/start", "Location: /v1/changes/1\r\n")]
    [InlineData(404, "POST", "/v1/services/nix/stop", "service.not-found")]
    [InlineData(409, "POST", "/v1/services/masked/restart", "service.problems")]
    [InlineData(200, "GET", "/v1/reload", "\"fingerprint\":\"1-f\"")]
    [InlineData(202, "POST", "/v1/reload", "\"begun\":[\"long\"]")]
    [InlineData(202, "POST", "/v1/reload?fingerprint=1-f", "\"action\":\"restart\"")]
    [InlineData(409, "POST", "/v1/reload?fingerprint=0-a", "reload.outdated")]
    [InlineData(400, "POST", "/v1/reload?dry=1", "parameter 'dry' is not known")]
    [InlineData(405, "DELETE", "/v1/reload", "Allow: GET, HEAD, POST\r\n")]
    [InlineData(200, "GET", "/v1/changes/long", "\"status\":\"doing\"")]
    [InlineData(404, "GET", "/v1/changes/99", "change.not-found")]
    [InlineData(400, "GET", "/v1/changes/long?wait=soon", "request.parameter")]
    [InlineData(400, "GET", "/v1/changes/long?wait=301s", "request.parameter")]
    [InlineData(400, "GET", "/v1/changes/long?wait=-1", "request.parameter")]
    [InlineData(400, "GET", "/v1/services?x=1", "parameter 'x' is not known")]
    [InlineData(400, "GET", "/v1/logs?follw=true", "service, lines, follow")]
    [InlineData(400, "GET", "/v1/logs?lines=-1", "request.parameter")]
    [InlineData(400, "GET", "/v1/logs?follow=1", "request.parameter")]
    [InlineData(500, "GET", "/v1/services/broken", "\"error\":\"internal\"")]
    public void Route_answers(int status, string method, string path, string expected)
    {
        string answer = Ask(ControlFixture.Once(method, path));
        Assert.Equal(status, Status(answer));
        Assert.Contains(expected, answer);
    }

    [Fact]
    public void Exception_of_a_handler_is_logged_and_the_connection_lives_on()
    {
        string answer = Ask("GET /v1/services/broken HTTP/1.1\r\nHost: x\r\n\r\n" + ControlFixture.Once("GET", "/v1/version"),
            fixture => Assert.Contains("breaks the manager", Assert.Single(fixture.Log)));
        Assert.Contains("internal", answer);
        Assert.Contains("hostname", answer);
    }

    [Fact]
    public void Machine_verbs_take_an_optional_body_and_refuse_unknown_members()
    {
        Assert.Equal(202, Status(Ask(ControlFixture.Once("POST", "/v1/machine/reboot"), f => Assert.Equal(["Reboot False by root (uid 0)"], f.Machine.Calls))));
        Assert.Equal(202, Status(Ask(ControlFixture.Once("POST", "/v1/machine/poweroff", "{\"force\":true}"), f => Assert.Equal(["PowerOff True by root (uid 0)"], f.Machine.Calls))));
        foreach (string body in new[] { "{\"forse\":true}", "{", "[]", "{\"force\":1}", "\xff", new string('[', 1000) })
            Assert.Equal(400, Status(Ask(ControlFixture.Once("POST", "/v1/machine/halt", body), f => Assert.Empty(f.Machine.Calls))));
        Assert.Equal(202, Status(Ask(ControlFixture.Once("POST", "/v1/services/web/start", " {} "))));
        Assert.Equal(400, Status(Ask(ControlFixture.Once("POST", "/v1/services/web/start", "{\"a\":1}"))));
    }

    [Fact]
    public void Web_pages_may_not_change_things() =>
        Assert.Equal(403, Status(Ask("POST /v1/machine/reboot HTTP/1.1\r\nHost: x\r\nOrigin: http://evil\r\nConnection: close\r\n\r\n",
            f => Assert.Empty(f.Machine.Calls))));

    [Fact]
    public void Head_tells_the_length_and_sends_no_body()
    {
        string get = Ask(ControlFixture.Once("GET", "/v1/version")), head = Ask(ControlFixture.Once("HEAD", "/v1/version"));
        Assert.Equal(get[..(get.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)], head);
        Assert.Equal(200, Status(Ask(ControlFixture.Once("HEAD", "/v1/logs"), f => Assert.Null(f.Machine.Query))));
    }

    [Fact]
    public void HTTP_1_0_is_answered_and_closed() =>
        Assert.Contains("Connection: close\r\n", Ask("GET /v1/version HTTP/1.0\r\n\r\n"));

    [Fact]
    public void Logs_are_answered_by_whoever_got_the_connection()
    {
        string answer = Ask("GET /v1/logs?service=web&lines=5&follow=true HTTP/1.1\r\nHost: x\r\n\r\nGET /dropped HTTP/1.1\r\n",
            f => Assert.Equal(new Dora.Core.Protocol.LogQuery("web", 5, true), f.Machine.Query));
        Assert.Contains("Content-Type: application/x-ndjson\r\n", answer);
        Assert.EndsWith("\r\n\r\n{\"message\":\"hello\"}\n", answer);
    }

    [Fact]
    public void Logs_may_be_asked_for_until_the_end_and_behind_a_line()
    {
        Ask("GET /v1/logs?service=web&lines=5&follow=true&until=end&after=77 HTTP/1.1\r\nHost: x\r\n\r\n",
            f => Assert.Equal(new Dora.Core.Protocol.LogQuery("web", 5, true, true, 77), f.Machine.Query));
        foreach (string wrong in new[] { "until=end", "until=end&follow=true", "service=web&until=end", "service=web&follow=true&until=now", "after=-1", "after=x" })
            Assert.StartsWith("HTTP/1.1 400", Ask($"GET /v1/logs?{wrong} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", _ => { }));
    }

    [Fact]
    public void Logs_may_be_asked_for_by_time_priority_text_and_boot()
    {
        Ask("GET /v1/logs?priority=3&since=2026-11-21T23:20:01Z&until=1795303202&grep=a%20b&ignorecase=true&kernel=true&boot=-1 HTTP/1.1\r\nHost: x\r\n\r\n",
            f => Assert.Equal(new Dora.Core.Protocol.LogQuery(null, 200, false)
            {
                Priority = 3, SinceUs = 1_795_303_201_000_000, UntilUs = 1_795_303_202_999_999, Grep = "a b", IgnoreCase = true, Kernel = true, Boot = "-1",
            }, f.Machine.Query));
        Ask("GET /v1/logs/boots HTTP/1.1\r\nHost: x\r\n\r\n", f => Assert.Equal(new Dora.Core.Protocol.LogQuery(null, 0, false) { Boots = true }, f.Machine.Query));
        foreach (string wrong in new[] { "priority=8", "priority=err", "since=yesterday", "until=10:00", "grep=", $"grep={new string('x', 129)}", "kernel=yes", "boot=", "boot=1", "boot=-0", "boot=-1x", "boot=ABCD", "boot=abc" })
            Assert.StartsWith("HTTP/1.1 400", Ask($"GET /v1/logs?{wrong} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", _ => { }));
    }

    [Fact]
    public void A_command_is_run_with_the_body_as_its_service_file()
    {
        const string body = "{\"command\":[\"/bin/true\"]}";
        string answer = Ask($"POST /v1/run?name=a HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {body.Length}\r\n\r\n{body}",
            f => Assert.Equal($"run a {body}", f.Machine.Calls[0]));
        Assert.StartsWith("HTTP/1.1 202", answer);
        Assert.Contains("Location: /v1/changes/1\r\n", answer);
        answer = Ask("POST /v1/run HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", _ => { });
        Assert.StartsWith("HTTP/1.1 400", answer);
        Assert.Contains("\"error\":\"service.invalid\"", answer);
        Assert.Equal(Access.Admin, Routes.All.Single(route => route.Template == "/v1/run").Access);
    }

    [Theory]
    [InlineData(null, "unavailable\",\"message\":\"logs: there is no service syslog")]
    [InlineData("starting", "not-running\",\"message\":\"logs: syslog is not running at the moment, try again")]
    [InlineData("stopped", "unavailable\",\"message\":\"logs: syslog was stopped: 'dora service start syslog'")]
    [InlineData("failed", "syslog has failed: 'dora service status syslog' tells why")]
    [InlineData("invalid", "unavailable\",\"message\":\"logs: syslog has failed")]
    [InlineData("masked", "syslog is masked: 'dora service unmask syslog'")]
    public void Logs_without_syslog_are_unavailable_and_the_way_out_is_told(string? state, string expected)
    {
        using var fixture = new ControlFixture();
        fixture.Machine.SyslogRuns = false;
        fixture.Machine.SyslogState = state;
        fixture.Run(() =>
        {
            string answer = fixture.Talk(ControlFixture.Once("GET", "/v1/logs"));
            Assert.StartsWith("HTTP/1.1 503", answer);
            Assert.Contains(expected, answer);
        });
        Assert.Equal(new Dora.Core.Protocol.LogQuery(null, 200, false), fixture.Machine.Query);
    }

    [Fact]
    public void Rights_of_the_caller_decide_and_some_room_is_kept_for_those_who_have_them()
    {
        using var fixture = new ControlFixture(routes: [.. Routes.All, new("GET", "/secret", Access.Admin, "", Payload.Of<Dora.Core.Protocol.VersionInfo>(), x => x.Reply(200, x.Machine.Version()))]);
        var clients = new List<FileDescriptor>();
        FileDescriptor Admit(Access access)
        {
            Sys.SocketPair(Libc.SOCK_STREAM | Libc.SOCK_NONBLOCK, out var ours, out var theirs).ThrowIfError("socketpair");
            fixture.Server.Admit(theirs, new Caller(1000, 1, access));
            clients.Add(ours);
            return ours;
        }
        static string Answer(FileDescriptor fd)
        {
            byte[] buffer = new byte[4096];
            _ = Sys.Read(fd, buffer, out int count);
            return Encoding.ASCII.GetString(buffer, 0, count);
        }

        var pairs = new (Access Access, string Method, string Path, int Status)[]
        {
            (Access.Read, "GET", "/v1/services", 200), (Access.Read, "POST", "/v1/services/web/stop", 403),
            (Access.Read, "POST", "/v1/machine/poweroff", 403), (Access.Change, "POST", "/v1/services/web/stop", 202),
            (Access.Change, "GET", "/secret", 403), (Access.Admin, "GET", "/secret", 200), (Access.Read, "GET", "/secret", 403),
        };
        var asked = new List<FileDescriptor>();
        foreach (var pair in pairs)
        {
            var fd = Admit(pair.Access);
            _ = Sys.Write(fd, Encoding.ASCII.GetBytes(ControlFixture.Once(pair.Method, pair.Path)), out _);
            asked.Add(fd);
        }
        fixture.Run(() =>
        {
            foreach (var fd in asked) Assert.Equal(Errno.None, Sys.WaitReadable(fd, Sys.TimeSinceBoot() + TimeSpan.FromSeconds(20)));
        });
        for (int i = 0; i < pairs.Length; i++) Assert.Equal(pairs[i].Status, Status(Answer(asked[i])));
        Assert.Equal(["stop web"], fixture.Machine.Calls);

        for (int i = 0; i < 48; i++) Admit(Access.Read);
        Assert.StartsWith("HTTP/1.1 503", Answer(Admit(Access.Read)));
        Assert.Equal("", Answer(Admit(Access.Change)));
        foreach (var client in clients) client.Dispose();
    }

    [Fact]
    public void Random_bytes_never_hurt_the_server()
    {
        using var fixture = new ControlFixture(ControlFixture.Fast);
        var random = new Random(5);
        string valid = "POST /v1/services/web/start HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\nGET /v1/logs HTTP/1.1\r\nHost: x\r\n\r\n";
        fixture.Run(() =>
        {
            for (int round = 0; round < 500; round++)
            {
                byte[] bytes = Encoding.ASCII.GetBytes(valid);
                for (int edits = random.Next(6); edits > 0; edits--) bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
                using var socket = fixture.Connect();
                try
                {
                    socket.Send(bytes.AsSpan(0, random.Next(1, bytes.Length)));
                    if (random.Next(2) == 0) socket.Shutdown(SocketShutdown.Send);
                }
                catch (SocketException)
                {
                    // The server may already have hung up on the nonsense.
                }
            }
            Assert.StartsWith("HTTP/1.1 200", fixture.Talk(ControlFixture.Once("GET", "/v1/version")));
        });
        Assert.Equal(0, fixture.Server.ConnectionCount);
        Assert.Empty(fixture.Log);
    }

    [Fact]
    public void Curl_understands_it()
    {
        if (!File.Exists("/usr/bin/curl")) return;
        using var fixture = new ControlFixture();
        string output = "";
        fixture.Run(() =>
        {
            string Curl(params string[] arguments)
            {
                using var curl = Process.Start(new ProcessStartInfo("/usr/bin/curl", ["-sS", "--unix-socket", fixture.SocketPath, .. arguments]) { RedirectStandardOutput = true })!;
                string text = curl.StandardOutput.ReadToEnd();
                curl.WaitForExit();
                return text;
            }
            output = Curl("http://x/v1/version", "http://x/v1/services/web", "http://x/v1/logs")
                + Curl("-d", "{\"force\":true}", "-H", "Expect: 100-continue", "http://x/v1/machine/reboot")
                + Curl("-I", "http://x/v1/version")
                + Curl("-d", new string('x', 2_000_000 / 20), "-H", "Transfer-Encoding: chunked", "http://x/v1/machine/halt");
        });
        Assert.Contains("\"hostname\":\"box\"}\n{\"", output);
        Assert.Contains("\"pid\":7", output);
        Assert.Contains("hello", output);
        Assert.Contains("\"verb\":\"reboot\"", output);
        Assert.Contains("HTTP/1.1 200 OK", output);
        Assert.Contains("request.body", output);
        Assert.Equal(["Reboot True by root (uid 0)"], fixture.Machine.Calls);
    }
}
