using System.Text;
using Dora.Ctl.Commands;
using Xunit;

namespace Dora.Ctl.Tests.Commands;

public class RunCommandTests
{
    private const string Change = """{"id":"7","verb":"run","service":"run-1","status":"""; // and the status

    private static string Log(params string[] lines) => $"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{string.Concat(lines.Select(line => line + "\n"))}";

    private static string Line(int sequence, string stream, string message, bool continued = false, string service = "run-1") =>
        $$"""{"time":"t","bootMs":1,"service":"{{service}}","stream":"{{stream}}","priority":6{{(continued ? ",\"continued\":true" : "")}},"sequence":{{sequence}},"message":"{{message}}"}""";

    private static (int Code, string Out, string Error) Run(string status, string[] lines, params string[] options)
    {
        using var server = new CannedServer();
        server.AddRaw("GET /v1/logs?lines=1", Log(Line(41, "output", "of before")));
        server.Add("POST /v1/run", 202, Change + "\"doing\"}");
        server.AddRaw("GET /v1/logs?after=41&lines=100000&follow=true&until=end&service=run-1", Log(lines));
        server.AddRaw($"GET /v1/logs?after={41 + lines.Length}&lines=100000&follow=true&until=end&service=run-1", Log());
        server.Add("GET /v1/changes/7?wait=200ms", 200, Change + "\"doing\"}");
        server.Add("GET /v1/changes/7?wait=200ms", 200, Change + "\"done\"}");
        server.Add("GET /v1/services/run-1", 200, status);
        return CannedServer.Run(["run", "--socket", server.SocketPath, .. options, "--", "/bin/echo", "-x"]);
    }

    private static string Status(string state, string rest) => $$"""{"name":"run-1","type":"oneshot","state":"{{state}}","restarts":0,"sockets":[]{{rest}}}""";

    private static readonly string s_done = Status("done", ""","lastExit":{"kind":"exited","code":0}""");

    [Fact]
    public void Output_is_written_as_it_was_and_to_the_same_stream()
    {
        string longest = new('x', 8192);
        var (code, output, error) = Run(s_done,
            [Line(42, "output", "one"), Line(43, "error", "two\\u001b"), Line(44, "output", longest), Line(45, "output", "end", continued: true), Line(46, "syslog", "logger")]);
        Assert.Equal(0, code);
        Assert.Equal($"one\n{longest}end\n", output);
        Assert.Equal("two\e\n", error);
    }

    [Fact]
    public void Lines_that_the_log_lost_are_told()
    {
        var (_, output, error) = Run(s_done, [Line(42, "syslog", "5 lines were overwritten before this reader took them", service: "syslog"), Line(43, "output", "last")]);
        Assert.Equal(("last\n", "dora: run: 5 lines were overwritten before this reader took them\n"), (output, error));
    }

    [Theory]
    [InlineData("done", ""","lastExit":{"kind":"exited","code":0}""", 0, "")]
    [InlineData("failed", ""","reason":"exit code 3","lastExit":{"kind":"exited","code":3}""", 3, "")]
    [InlineData("failed", ""","reason":"signal 9","lastExit":{"kind":"signaled","signal":9}""", 137, "dora: run-1: signal 9\n")]
    [InlineData("stopped", ""","lastExit":{"kind":"signaled","signal":15}""", 143, "dora: run-1: killed by signal 15 (TERM)\n")]
    [InlineData("failed", ""","reason":"whatever it says","result":"timeout","lastExit":{"kind":"signaled","signal":15}""", 124, "dora: run-1: whatever it says\n")]
    [InlineData("failed", ""","reason":"whatever it says","result":"exec-failed","errno":"ENOENT" """, 127, "dora: run-1: whatever it says\n")]
    [InlineData("failed", ""","reason":"whatever it says","result":"exec-failed","errno":"EACCES" """, 126, "dora: run-1: whatever it says\n")]
    [InlineData("failed", ""","reason":"execute /x: no such file or directory (ENOENT)","result":"launch-failed","errno":"ENOENT" """, 125, "dora: run-1: execute /x: no such file or directory (ENOENT)\n")]
    [InlineData("stopped", ""","result":"stop-timeout","lastExit":{"kind":"signaled","signal":9}""", 137, "dora: run-1: killed by signal 9 (KILL)\n")]
    [InlineData("failed", ""","reason":"oom: it is so","result":"oom","lastExit":{"kind":"oom","signal":9}""", 137, "dora: run-1: oom: it is so\n")]
    [InlineData("failed", ""","reason":"user x: there is no such user in /etc/passwd","result":"launch-failed" """, 125, "dora: run-1: user x: there is no such user in /etc/passwd\n")]
    [InlineData("failed", ""","reason":"it needs db, which is stopped","result":"dependency" """, 125, "dora: run-1: it needs db, which is stopped\n")]
    public void Exit_code_is_that_of_the_command(string state, string rest, int expected, string said)
    {
        var (code, _, error) = Run(Status(state, rest.TrimEnd()), []);
        Assert.Equal((expected, said), (code, error));
    }

    [Fact]
    public void Detached_it_prints_the_name_at_once()
    {
        using var server = new CannedServer();
        server.Add("POST /v1/run?name=a%20b", 202, Change + "\"doing\"}");
        server.Add("GET /v1/services/run-1", 200, Status("running", ",\"pid\":5"));
        Assert.Equal((0, "run-1\n", ""), CannedServer.Run("run", "--socket", server.SocketPath, "--detach", "--name", "a b", "--", "/bin/true"));
    }

    [Theory]
    [InlineData(400, "service.invalid", 125)]
    [InlineData(403, "access.denied", 125)]
    [InlineData(409, "service.exists", 125)]
    public void What_init_refuses_is_125(int status, string error, int expected)
    {
        using var server = new CannedServer();
        server.AddRaw("GET /v1/logs?lines=1", Log());
        server.Add("POST /v1/run", status, "{\"error\":\"" + error + "\",\"message\":\"so it is\",\"data\":{}}");
        var (code, output, said) = CannedServer.Run("run", "--socket", server.SocketPath, "--", "/bin/true");
        Assert.Equal((expected, ""), (code, output));
        Assert.StartsWith("dora: so it is\nhint: ", said);
    }

    [Theory]
    [InlineData("run")]
    [InlineData("run --")]
    [InlineData("run --env A -- /bin/true")]
    [InlineData("run --limit =5 -- /bin/true")]
    [InlineData("run --nmae x -- /bin/true")]
    public void Wrong_usage_is_2(string arguments) => Assert.Equal(2, CannedServer.Run(arguments.Split(' ')).Code);

    [Fact]
    public void Request_is_a_service_file()
    {
        var request = new RunRequest
        {
            Command = ["/bin/echo", "a\n\"b\""], Limits = ["memory.max=64M", "cpu.max=10000 100000"], Variables = ["A=b=c", "D="],
            User = "web", Folder = "/tmp", Timeout = "5s",
        };
        Assert.Equal(
            """{"command":["/bin/echo","a\n\u0022b\u0022"],"cgroup":{"memory.max":"64M","cpu.max":"10000 100000"},"environment":{"A":"b=c","D":""},"user":"web","directory":"/tmp","start-timeout":"5s"}""",
            Encoding.UTF8.GetString(request.ToJson()));
    }
}
