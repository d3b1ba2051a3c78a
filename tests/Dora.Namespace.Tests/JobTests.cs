using System.Text.Json;
using Dora.Core.Linux;
using Dora.Namespace.Tests.Harness;

namespace Dora.Namespace.Tests;

/// <summary><c>schedule</c>: jobs of the published init, by the kernel's timers, over the death of a manager, and their history.</summary>
public class JobTests
{
    const string History = "/var/lib/dora/jobs/history";

    [Fact]
    public void A_job_runs_every_second_over_the_death_of_a_manager_and_its_history_is_kept()
    {
        while (DateTime.UtcNow.Second > 45) Thread.Sleep(100); // no minute begins while the first things are looked at
        using var init = new InitInNamespace(new Dictionary<string, string>
        {
            ["tick"] = "type: oneshot\ncommand: [/bin/sh, -c, 'echo x >>/run/tick.runs']\nschedule: every 1s\n",
            ["fails"] = "type: oneshot\ncommand: [/bin/sh, -c, 'echo I cannot; exit 3']\nschedule: \"@reboot\"\n",
            ["minute"] = "type: oneshot\ncommand: [/bin/sh, -c, 'date +%s >>/run/minute.runs']\nschedule: {at: \"* * * * *\", zone: UTC}\n",
            ["mars"] = "type: oneshot\ncommand: [/bin/true]\nschedule: {at: \"@daily\", zone: Mars/Olympus}\n",
            ["web"] = "command: [/bin/sleep, '1000']\n",
        });
        init.WaitForState("fails", "failed");
        Assert.Equal("armed", init.Service("minute").State);
        init.WaitFor("three runs", () => Runs(init, "tick") >= 3);

        // The list, one job, and what is none.
        var jobs = init.Get("/v1/jobs").EnumerateArray().ToDictionary(job => job.GetProperty("name").GetString()!);
        Assert.Equal(["fails", "mars", "minute", "tick"], jobs.Keys.Order());
        Assert.StartsWith("zone Mars/Olympus: there", jobs["mars"].GetProperty("problem").GetString());
        Assert.Equal(("boot", "exit-code", 3), Last(jobs["fails"]));
        Assert.False(jobs["fails"].TryGetProperty("next", out _));
        var next = DateTime.Parse(jobs["minute"].GetProperty("next").GetProperty("wall").GetString()!).ToUniversalTime();
        Assert.Equal(0, next.Second);
        Assert.InRange(next - DateTime.UtcNow, TimeSpan.FromSeconds(-2), TimeSpan.FromSeconds(61));
        Assert.Equal(409, init.Request(HttpMethod.Post, "/v1/jobs/web/run").Status);
        Assert.Equal(404, init.Request(HttpMethod.Get, "/v1/jobs/none").Status);
        Assert.Equal(next, DateTime.Parse(init.Get("/v1/services/minute").GetProperty("nextRun").GetProperty("wall").GetString()!).ToUniversalTime());

        // Whoever is asked to run one now waits for its end.
        var change = init.Request(HttpMethod.Post, "/v1/jobs/fails/run").Body;
        change = init.Get($"/v1/changes/{change.GetProperty("id").GetString()}?wait=10s");
        Assert.Equal("failed", change.GetProperty("status").GetString());
        Assert.Equal("request", init.Get("/v1/jobs/fails").GetProperty("runs")[1].GetProperty("cause").GetString());

        for (int kill = 0; kill < 3; kill++)
        {
            int before = Runs(init, "tick");
            init.KillManager();
            init.WaitFor("two more runs", () => Runs(init, "tick") >= before + 2);
        }
        // Each start is in the history, and each line in the file is a start: nothing is lost, nothing doubled.
        var job = init.WaitFor("a moment between two runs", () => init.Get("/v1/jobs/tick") is var now && now.GetProperty("state").GetString() == "done" && RunsOf(now).Count == Math.Min(Runs(init, "tick"), 20) ? (JsonElement?)now : null)!.Value;
        var starts = RunsOf(job);
        Assert.All(starts.Skip(1), (start, index) => Assert.InRange(start - starts[index], TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(15)));
        Assert.Equal(2, init.Get("/v1/jobs/fails").GetProperty("runs").GetArrayLength());

        init.WaitFor("the history", () => File.Exists(init.Inside(History)) && File.ReadAllText(init.Inside(History)).Contains("job fails "));
        Assert.Matches("^(job|run|open) ", File.ReadAllText(init.Inside(History)));

        // The timer of the wall clock: not before the minute, and soon behind it.
        init.WaitFor("the minute", () => Runs(init, "minute") > 0, TimeSpan.FromSeconds(70));
        Assert.InRange(long.Parse(File.ReadLines(init.Inside("/run/minute.runs")).First()) % 60, 0, 5);
    }

    [Fact]
    public void The_next_boot_makes_up_for_what_was_missed_and_knows_how_the_last_one_ended()
    {
        long hour = DateTimeOffset.UtcNow.ToUnixTimeSeconds() - 3600;
        using var init = new InitInNamespace(
            new Dictionary<string, string>
            {
                ["made-up"] = "type: oneshot\ncommand: [/bin/sleep, '1000']\nschedule: {at: \"* * * * *\", missed: run}\n",
                ["passed"] = "type: oneshot\ncommand: [/bin/true]\nschedule: {every: 10m, missed: skip}\n",
                ["overdue"] = "type: oneshot\ncommand: [/bin/true]\nschedule: {every: 10m, missed: run}\n",
            },
            root =>
            {
                Directory.CreateDirectory($"{root}{Path.GetDirectoryName(History)}");
                File.WriteAllText($"{root}{History}", string.Concat(new[] { "made-up", "passed", "overdue" }.Select(name => $"job {name} {hour} 1 {hour} 99 1\nopen {hour} 0 schedule running -1\n")) + "job damaged");
            });
        init.WaitForState("made-up", "starting");
        init.WaitForState("overdue", "done");
        Assert.Equal("armed", init.Service("passed").State);
        var runs = init.Get("/v1/jobs/made-up").GetProperty("runs");
        Assert.Equal(("interrupted", "missed"), (runs[0].GetProperty("result").GetString(), runs[1].GetProperty("cause").GetString()));
        Assert.Equal(1, init.Get("/v1/jobs/passed").GetProperty("runs").GetArrayLength());
    }

    [Fact]
    public void A_history_that_can_never_be_read_is_put_aside_and_a_new_one_begun()
    {
        using var init = new InitInNamespace(
            new Dictionary<string, string> { ["start"] = "type: oneshot\ncommand: [/bin/true]\nschedule: \"@reboot\"\n" },
            root => Directory.CreateDirectory($"{root}{History}/of-somebody"));
        init.WaitForState("start", "done");
        init.WaitFor("the history", () => File.Exists(init.Inside(History)) && File.ReadAllText(init.Inside(History)).Contains("job start "));
        Assert.True(Directory.Exists(init.Inside(History + ".unread/of-somebody")));
        init.WaitForLog($"the history of jobs: {History}: is a directory (EISDIR): it is kept as {History}.unread, and a new one is begun");
    }

    [Theory]
    [InlineData("reboot")]
    [InlineData("soft-reboot")]
    public void An_orderly_end_takes_what_has_happened_last_to_the_disk(string end)
    {
        using var init = new InitInNamespace(new Dictionary<string, string>
        {
            ["short"] = "type: oneshot\ncommand: [/bin/true]\nschedule: every 1000s\n",
            ["long"] = "type: oneshot\ncommand: [/bin/sleep, '1000']\nschedule: every 1000s\n",
        });
        init.WaitForState("short", "armed");
        // The first write is that of a start; within its minute nothing follows but by the end.
        init.Request(HttpMethod.Post, "/v1/jobs/long/run");
        string file = init.Inside(History);
        init.WaitFor("the history", () => File.Exists(file) && File.ReadAllText(file).Contains("open "));
        init.Run("/pandora/dora cron run short").Expect();
        Assert.DoesNotContain("run ", File.ReadAllText(file));
        // Held, it can be read when PID 1 and its mounts are gone.
        Sys.Open(Path.GetDirectoryName(file)!, Libc.O_RDONLY, 0, out var folder).ThrowIfError("open");
        using (folder)
        {
            init.RunEnd($"/pandora/dora {end}");
            if (end == "reboot") init.WaitForEnd(TimeSpan.FromSeconds(30));
            else init.WaitForLog("all services are down, starting anew");
            string[] written = File.ReadAllLines($"/proc/self/fd/{folder.Number}/history");
            Assert.Contains(written, line => line.StartsWith("run ") && line.EndsWith(" request success 0"));
            Assert.Contains(written, line => line.StartsWith("run ") && line.Contains(" request stopped "));
            Assert.DoesNotContain(written, line => line.StartsWith("open "));
        }
        if (end == "reboot") return;
        init.WaitFor("the next manager to know it", () => init.Request(HttpMethod.Get, "/v1/jobs/short").Body is { ValueKind: JsonValueKind.Object } job && job.TryGetProperty("last", out var last) && last.GetProperty("result").GetString() == "success");
    }

    static (string, string, int) Last(JsonElement job) =>
        (job.GetProperty("last").GetProperty("cause").GetString()!, job.GetProperty("last").GetProperty("result").GetString()!, job.GetProperty("last").GetProperty("code").GetInt32());

    static List<DateTime> RunsOf(JsonElement job) => [.. job.GetProperty("runs").EnumerateArray().Select(run => DateTime.Parse(run.GetProperty("started").GetString()!).ToUniversalTime())];

    static int Runs(InitInNamespace init, string name)
    {
        string file = init.Inside($"/run/{name}.runs");
        return File.Exists(file) ? File.ReadLines(file).Count() : 0;
    }
}
