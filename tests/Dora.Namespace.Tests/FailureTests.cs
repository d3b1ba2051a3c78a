using Dora.Namespace.Tests.Harness;

namespace Dora.Namespace.Tests;

/// <summary>Services that are wrong or go wrong: each is told, and nothing else minds.</summary>
public class FailureTests
{
    [Fact]
    public void A_missing_program_is_told_with_path_and_errno()
    {
        using var init = Start(("bad", "command: [/usr/bin/no-such-program]\nrestart: never\n"));
        Assert.Contains("/usr/bin/no-such-program", init.WaitForState("bad", "failed").Reason);
        Assert.Contains("ENOENT", init.Service("bad").Reason);
    }

    [Fact]
    public void A_program_that_may_not_be_executed_is_told()
    {
        using var init = Start(("bad", "command: [/etc/passwd]\nrestart: never\n"));
        Assert.Contains("EACCES", init.WaitForState("bad", "failed").Reason);
    }

    [Fact]
    public void An_unknown_user_is_told()
    {
        using var init = Start(("bad", "command: [/bin/true]\nuser: nobody-knows\nrestart: never\n"));
        Assert.Contains("nobody-knows", init.WaitForState("bad", "failed").Reason);
    }

    [Fact]
    public void A_typo_is_told_with_file_and_line()
    {
        using var init = Start(("bad", "description: x\ncommand: [/bin/true]\nrestrat: always\n"));
        var problem = init.Get("/v1/services/bad").GetProperty("problems")[0];
        Assert.Equal("/etc/dora/services/bad.yaml", problem.GetProperty("file").GetString());
        Assert.Equal(3, problem.GetProperty("line").GetInt32());
        Assert.Contains("restart", problem.GetProperty("message").GetString());
    }

    [Fact]
    public void One_that_never_becomes_ready_fails_at_its_limit_and_is_killed()
    {
        using var init = Start(("bad", "command: [/bin/sleep, '1000']\nnotify: fd\nstart-timeout: 1s\nrestart: never\n"));
        init.WaitForState("bad", "failed");
        init.WaitFor("its process to be gone", () => init.ProcessesIn("dora/services/bad").Count == 0);
    }

    [Fact]
    public void One_that_says_ready_is_running_only_then()
    {
        using var init = Start(("slow", "command: [/bin/sh, -c, 'until [ -e /run/go ]; do sleep 0.02; done; sleep 1; echo >&$NOTIFY_FD; exec sleep 1000']\nnotify: fd\n"),
            ("next", "command: [/bin/sleep, '1000']\nneeds: [slow]\nafter: [slow]\n"));
        init.WaitForState("slow", "starting");
        Assert.Equal("waiting", init.Service("next").State);
        File.WriteAllText(init.Inside("/run/go"), "");
        var slow = init.WaitForState("slow", "running");
        var next = init.WaitForState("next", "running");
        Assert.True(next.StartedAtMs >= slow.StartedAtMs + 900, $"next started {next.StartedAtMs - slow.StartedAtMs} ms behind slow");
    }

    [Fact]
    public void One_that_crashes_is_restarted_with_growing_delay_and_given_up_at_its_limit()
    {
        using var init = Start(("bad", "command: [/bin/false]\nrestart:\n  when: always\n  delay: 50ms\n  limit: 4\n"));
        var failed = init.WaitForState("bad", "failed");
        Assert.Equal(4, failed.Restarts);
        Assert.Contains("1", failed.Reason); // the exit code
    }

    [Fact]
    public void Exit_code_125_is_not_restarted()
    {
        using var init = Start(("bad", "command: [/bin/sh, -c, 'exit 125']\nrestart: always\n"));
        var failed = init.WaitForService("bad", service => service.State is "failed" or "stopped" or "done");
        Assert.Equal(0, failed.Restarts);
    }

    [Fact]
    public void A_oneshot_is_done_and_a_failing_one_has_failed()
    {
        using var init = Start(("good", "type: oneshot\ncommand: [/bin/true]\n"), ("bad", "type: oneshot\ncommand: [/bin/false]\nrestart: never\n"));
        init.WaitForState("good", "done");
        init.WaitForState("bad", "failed");
    }

    [Fact]
    public void Files_that_cannot_be_read_are_told_and_others_run()
    {
        using var init = new InitInNamespace(new Dictionary<string, string> { ["web"] = "command: [/bin/sleep, '1000']\n" }, files =>
        {
            string folder = Path.Combine(files, "etc/dora/services");
            Directory.CreateDirectory(Path.Combine(folder, "folder.yaml"));
            File.CreateSymbolicLink(Path.Combine(folder, "dangling.yaml"), "/nowhere.yaml");
            File.CreateSymbolicLink(Path.Combine(folder, "loop.yaml"), "loop.yaml");
            File.WriteAllBytes(Path.Combine(folder, "binary.yaml"), [0xff, 0xfe, 0, 1]);
            File.WriteAllText(Path.Combine(folder, "huge.yaml"), new string('#', 3_000_000));
            Programs.Run(TimeSpan.FromSeconds(5), "mkfifo", Path.Combine(folder, "fifo.yaml")).Expect();
        });
        init.WaitForState("web", "running");
        foreach (string name in new[] { "folder", "dangling", "loop", "binary", "huge", "fifo" })
        {
            Assert.Equal("invalid", init.Service(name).State);
            var problems = init.Get($"/v1/services/{name}").GetProperty("problems");
            Assert.True(problems.GetArrayLength() == 1, $"{name}: one clear message expected: {problems}");
            Assert.Equal($"/etc/dora/services/{name}.yaml", problems[0].GetProperty("file").GetString());
        }
    }

    static InitInNamespace Start(params (string Name, string Text)[] services) =>
        new(services.Append(("web", "command: [/bin/sleep, '1000']\n")).ToDictionary(service => service.Item1, service => service.Item2));
}
