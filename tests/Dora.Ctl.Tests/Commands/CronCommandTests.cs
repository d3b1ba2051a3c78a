using Dora.Core.Client;
using Dora.Core.Linux;
using Dora.Ctl.Commands;
using Dora.Ctl.Output;
using Xunit;

namespace Dora.Ctl.Tests.Commands;

public class CronCommandTests
{
    const string Jobs = """
        [{"name":"backup","description":"","schedule":["30 2 * * *","@reboot"],"state":"done","next":{"bootMs":7200000,"wall":"2026-11-22T02:30:00.000Z"},"last":{"started":"2026-11-21T02:30:00.000Z","durationMs":61500,"cause":"schedule","result":"success"}},
        {"name":"mail","schedule":["every 15m"],"state":"failed","next":{"bootMs":7200000,"wall":"2026-11-22T00:15:00.000Z"},"last":{"started":"2026-11-21T23:59:59.000Z","durationMs":1234,"cause":"request","result":"exit-code","code":3}},
        {"name":"mars","schedule":["@daily"],"zone":"Mars","state":"stopped","problem":"zone Mars: there is no such zone"},
        {"name":"long","schedule":["@daily"],"state":"starting","last":{"started":"2026-11-21T00:00:00.000Z","cause":"schedule"}}]
        """;

    [Theory]
    [InlineData("cron")]
    [InlineData("cron list")]
    public void The_list_tells_next_and_last(string command)
    {
        using var server = new CannedServer();
        server.Add("GET /v1/jobs", 200, Jobs);
        var (code, output, error) = server.Dora(command.Split(' '));
        Assert.Equal((0, ""), (code, error));
        Assert.Equal("""
            JOB     SCHEDULE             NEXT UTC             LAST UTC                TOOK  RESULT
            backup  30 2 * * *, @reboot  2026-11-22 02:30:00  2026-11-21 02:30:00    1 min  success
            long    @daily               -                    2026-11-21 00:00:00           running
            mail    every 15m            2026-11-22 00:15:00  2026-11-21 23:59:59  1.234 s  exit-code 3
            mars    @daily               -                    -
            mars: zone Mars: there is no such zone

            """, output);
        Assert.Equal(Jobs + "\n", server.Dora("cron", "list", "--json").Out);
    }

    [Fact]
    public void Without_jobs_it_says_what_makes_one()
    {
        using var server = new CannedServer();
        server.Add("GET /v1/jobs", 200, "[]");
        Assert.Equal("there are no jobs: no service file has a 'schedule' (dora-service(5))\n", server.Dora("cron").Out);
    }

    [Fact]
    public void Run_waits_for_the_end_and_tells_a_failure()
    {
        using var server = new CannedServer();
        server.Add("POST /v1/jobs/backup/run", 202, """{"id":"1","verb":"run","service":"backup","status":"done"}""");
        Assert.Equal((0, "backup: done\n", ""), server.Dora("cron", "run", "backup"));
        server.Add("POST /v1/jobs/mail/run", 202, """{"id":"2","verb":"run","service":"mail","status":"failed","error":{"error":"service.failed","message":"mail: exit code 3"}}""");
        Assert.Equal((1, "", "dora: mail: mail: exit code 3\nhint: 'dora cron log mail' shows what it wrote\n"), server.Dora("cron", "run", "mail"));
        server.Add("POST /v1/jobs/web/run", 409, """{"error":"service.no-schedule","message":"web: its file has no schedule"}""");
        Assert.Equal((1, "", "dora: web: its file has no schedule\nhint: 'dora cron list' has the jobs; 'dora service start web' starts any service\n"), server.Dora("cron", "run", "web"));
        server.Add("GET /v1/jobs", 200, Jobs);
        server.Add("POST /v1/jobs/backpu/run", 404, """{"error":"service.not-found","message":"backpu: there is no such service"}""");
        Assert.Contains("did you mean 'backup'?", server.Dora("cron", "run", "backpu").Error);
    }

    [Fact]
    public void Log_has_the_runs_and_the_lines()
    {
        using var server = new CannedServer();
        server.Add("GET /v1/jobs/backup", 200, """{"name":"backup","schedule":["30 2 * * *"],"zone":"UTC","state":"done","runs":[{"started":"2026-11-20T02:30:00.000Z","cause":"schedule","result":"interrupted"},{"started":"2026-11-21T02:30:00.000Z","durationMs":1500,"cause":"missed","result":"success","code":0},{"started":"2026-11-21T05:30:00.000Z","cause":"request"}]}""");
        server.Add("GET /v1/logs?lines=7&service=backup", 200, """{"sequence":1,"time":"2026-11-21T02:30:01.000Z","service":"backup","priority":6,"message":"copied"}""" + "\n");
        var (code, output, error) = server.Dora("cron", "log", "backup", "-n", "7");
        Assert.Equal((0, ""), (code, error));
        Assert.Equal("""
            backup: 30 2 * * * (UTC)
            STARTED UTC             TOOK  CAUSE     RESULT
            2026-11-20 02:30:00           schedule  interrupted
            2026-11-21 02:30:00  1.500 s  missed    success
            2026-11-21 05:30:00           request   running

            2026-11-21 02:30:01 backup: copied

            """, output);
    }

    [Fact]
    public void Next_asks_nobody_and_shows_what_changes_of_the_clock_do()
    {
        Assert.Equal("""
            LOCAL                OFFSET  UTC                  DAY
            2026-03-28 02:30:00  +01:00  2026-03-28 01:30:00  Saturday
            2026-03-29 03:00:00  +02:00  2026-03-29 01:00:00  Sunday
            2026-03-30 02:30:00  +02:00  2026-03-30 00:30:00  Monday

            """, Next("30 2 * * *", "CET-1CEST,M3.5.0,M10.5.0/3", 3, json: false));
        Assert.Equal("""[{"utc":"2026-03-28T00:00:00.000Z","local":"2026-03-28 05:30:00","offset":"+05:30","day":"Saturday"}]""",
            Next("30 5 * * *", "IST-5:30", 1, json: true).Trim());
    }

    [Theory]
    [InlineData("61 * * * *", "UTC", 2, "column 1: minute: '61' is not between 0 and 59")]
    [InlineData("0 0 30 2 *", "UTC", 2, "column 1: never comes: there is no such day in these months")]
    [InlineData("@reboot", "UTC", 1, "@reboot: is once after each boot: it has no times")]
    [InlineData("@daily", "Mars/Olympus", 1, "zone Mars/Olympus: there")]
    public void What_is_wrong_is_told(string expression, string zone, int code, string message)
    {
        var failure = Assert.Throws<CommandFailure>(() => Next(expression, zone, 3, json: false));
        Assert.Equal(code, failure.ExitCode);
        Assert.StartsWith(message, failure.Message);
    }

    [Fact]
    public void Next_goes_by_the_present()
    {
        using var server = new CannedServer();
        var (code, output, error) = server.Dora("cron", "next", "* * * * *", "--zone", "UTC", "-n", "2");
        Assert.Equal((0, ""), (code, error));
        string[] lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(3, lines.Length);
        Assert.InRange(DateTime.Parse(lines[1][..19]) - DateTime.UtcNow, TimeSpan.FromSeconds(-1), TimeSpan.FromMinutes(1));
        Assert.Equal((2, ""), (server.Dora("cron", "next", "@daily", "-n", "x").Code, server.Dora("cron", "next", "@daily", "-n", "5000").Out));
    }

    static string Next(string expression, string zone, int count, bool json)
    {
        Sys.MakeMemoryFile("out", out var fd).ThrowIfError("memfd_create");
        using (fd)
        {
            var screen = new Screen(fd, isTerminal: false, colour: false);
            // Friday, 27 March 2026, noon
            Assert.Equal(0, CronCommand.Next(new Context(new DoraClient(), screen, Screen.Of(new FileDescriptor(2)), json), expression, zone, count, 1_774_612_800));
            screen.Flush();
            byte[] buffer = new byte[1 << 16];
            Sys.ReadAt(fd, buffer, 0, out int length).ThrowIfError("pread");
            return System.Text.Encoding.UTF8.GetString(buffer, 0, length);
        }
    }
}
