using System.Diagnostics;
using System.Text.Json;
using Dora.Namespace.Tests.Harness;

namespace Dora.Namespace.Tests;

/// <summary>Who may end the machine when, and what the others are told: first wins, force pre-empts, later and cancelled.</summary>
public class ShutdownRequestTests
{
    const int PoweredOff = 2, Rebooted = 1; // SIGINT, SIGHUP

    static readonly Dictionary<string, string> s_stubborn = new()
    {
        ["stubborn"] = "command: [/bin/sh, -c, \"trap '' TERM; while :; do sleep 1000; done\"]\nstop-timeout: 60s\n",
    };

    static InitInNamespace StartStubborn()
    {
        var init = new InitInNamespace(s_stubborn);
        init.WaitForState("stubborn", "running");
        init.WaitForTrap("stubborn");
        return init;
    }

    [Fact]
    public void Another_kind_is_refused_with_what_is_under_way_the_same_kind_is_not_and_force_preempts()
    {
        using var init = StartStubborn();
        Assert.Equal(202, Post(init, "reboot").Status);
        var (status, refusal) = Post(init, "poweroff");
        Assert.Equal(409, status);
        Assert.Equal("machine.ending", refusal.GetProperty("error").GetString());
        string why = refusal.GetProperty("message").GetString()!;
        Assert.Contains("power off refused: reboot is under way (asked for by root (uid 0)", why);
        Assert.Equal(202, Post(init, "reboot").Status);

        var state = init.WaitFor("phase services", () => init.Get("/v1/machine") is var now && now.GetProperty("phase").GetString() == "services" ? (JsonElement?)now : null)!.Value;
        Assert.Equal(("ending", "reboot"), (state.GetProperty("state").GetString(), state.GetProperty("verb").GetString()));
        Assert.Equal("stubborn (stopping)", state.GetProperty("waitsFor")[0].GetString());
        Assert.Equal(80_000, state.GetProperty("limitMs").GetInt32()); // 60 s + 10 s for the kill + 10 s

        // A signal is a request like any other.
        init.Run("kill -PWR 1").Expect();
        long start = Stopwatch.GetTimestamp();
        init.RunEnd("/pandora/dora poweroff --force");
        Assert.Equal(PoweredOff, init.WaitForEnd(TimeSpan.FromSeconds(25)));
        // TERM gets its 3 s, and then it is KILL.
        Assert.InRange(Stopwatch.GetElapsedTime(start).TotalSeconds, 0, 20);
    }

    [Fact]
    public void What_it_waits_for_is_said_every_five_seconds()
    {
        using var init = StartStubborn();
        Post(init, "poweroff");
        init.WaitFor("the second report", () => init.KernelLog.Split("waiting for stubborn (stopping)").Length > 2, TimeSpan.FromSeconds(13));
        init.WaitForLog("5 s of at most 80 s, waiting for stubborn (stopping)");
        init.WaitForLog("10 s of at most 80 s");
    }

    [Fact]
    public void Seven_ctrl_alt_del_force_and_six_do_not()
    {
        using var init = StartStubborn();
        // Signals that are pending at the same time are one: a little apart.
        init.Run("for i in 1 2 3 4 5 6; do kill -INT 1; sleep 0.05; done; sleep 2.2").Expect();
        Assert.Equal("reboot", init.Get("/v1/machine").GetProperty("verb").GetString());
        long start = Stopwatch.GetTimestamp();
        init.Run("for i in 1 2 3 4 5 6 7 8 9; do kill -INT 1; sleep 0.05; done");
        Assert.Equal(Rebooted, init.WaitForEnd(TimeSpan.FromSeconds(25)));
        Assert.InRange(Stopwatch.GetElapsedTime(start).TotalSeconds, 0, 20);
    }

    [Fact]
    public void A_service_that_is_still_starting_is_interrupted()
    {
        using var init = new InitInNamespace(new Dictionary<string, string>
        {
            ["never"] = "command: [/bin/sleep, '1000']\nnotify: fd\nstart-timeout: 60s\n",
            ["behind"] = "command: [/bin/sleep, '1000']\nneeds: [never]\n",
            ["stopped"] = "command: [/bin/sleep, '1000']\nstop-timeout: 60s\n",
        });
        init.WaitForState("never", "starting");
        init.WaitForState("behind", "waiting");
        // A stopped process cannot act on TERM before it goes on.
        int stopped = init.WaitForState("stopped", "running").Pid!.Value;
        init.Run($"kill -STOP {stopped}").Expect();
        long start = Stopwatch.GetTimestamp();
        Assert.Equal(202, Post(init, "poweroff").Status);
        Assert.Equal(PoweredOff, init.WaitForEnd(TimeSpan.FromSeconds(25)));
        Assert.InRange(Stopwatch.GetElapsedTime(start).TotalSeconds, 0, 20);
    }

    [Fact]
    public void A_scheduled_end_is_told_on_terminals_survives_the_manager_and_is_cancelled()
    {
        using var init = new InitInNamespace(new Dictionary<string, string> { ["web"] = "command: [/bin/sleep, '1000']\n" });
        init.WaitForState("web", "running");
        using var terminal = Process.Start(new ProcessStartInfo("nsenter",
            ["--target", init.Pid.ToString(), "--mount", "--pid", "--ipc", "--root", "--wd", "script", "-qfc", "echo here; sleep 60", "/tmp/seen"])
            { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        init.WaitFor("the terminal", () => init.Run("cat /tmp/seen").Output.Contains("here"));

        string said = init.Run("/pandora/shutdown -r +5 new disk").Expect();
        Assert.Matches(@"^reboot: scheduled for \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC by root \(uid 0\): new disk\n$", said);
        init.WaitFor("the message", () => init.Run("cat /tmp/seen").Output.Contains("Pandora: reboot in 5 minutes, at ") ? "yes" : null);
        Assert.Contains(": new disk; `dora shutdown cancel` cancels it", init.Run("cat /tmp/seen").Output);

        int manager = init.ManagerPid();
        init.Run("kill -9 " + InsidePid(manager)).Expect();
        init.WaitFor("another manager", () => init.ManagerPid() is var pid && pid != manager);
        var state = init.Get("/v1/machine");
        Assert.Equal(("scheduled", "reboot", "new disk"), (state.GetProperty("state").GetString(), state.GetProperty("verb").GetString(), state.GetProperty("message").GetString()));

        init.Run("/pandora/dora poweroff --cancel").Expect();
        init.WaitFor("the cancellation", () => init.Run("cat /tmp/seen").Output.Contains("is cancelled by"));
        Assert.Equal("running", init.Get("/v1/machine").GetProperty("state").GetString());
        var nothing = init.Run("/pandora/shutdown -c");
        Assert.Equal((1, true), (nothing.ExitCode, nothing.Errors.Contains("no end of the machine is scheduled")));
        terminal.Kill();
    }

    [Fact]
    public void Without_a_console_node_services_run_and_the_machine_ends()
    {
        using var init = new InitInNamespace(s_stubborn, files => File.WriteAllText(Path.Combine(files, "etc/test-no-console"), ""));
        Assert.False(File.Exists(init.Inside("/dev/console")));
        init.WaitForState("stubborn", "running");
        init.WaitForTrap("stubborn");
        Assert.Equal(202, Post(init, "reboot").Status);
        init.WaitForLog("waiting for stubborn (stopping)"); // which the console is told too
        init.RunEnd("/pandora/dora reboot --force");
        Assert.Equal(Rebooted, init.WaitForEnd(TimeSpan.FromSeconds(15)));
    }

    [Fact]
    public void A_scheduled_end_comes_at_its_time_also_after_the_manager_was_killed()
    {
        using var init = new InitInNamespace(new Dictionary<string, string> { ["web"] = "command: [/bin/sleep, '1000']\n" });
        init.WaitForState("web", "running");
        long start = Stopwatch.GetTimestamp();
        init.Run("/pandora/dora poweroff --in 3s").Expect();
        init.Run("kill -9 " + InsidePid(init.ManagerPid())).Expect();
        Assert.Equal(PoweredOff, init.WaitForEnd(TimeSpan.FromSeconds(25)));
        Assert.InRange(Stopwatch.GetElapsedTime(start).TotalSeconds, 2.9, 20);
    }

    [Theory]
    [InlineData("{\"in\":\"10\"}", "write a unit: 10s")]
    [InlineData("{\"at\":\"25:00\"}", "a time of day (23:00)")]
    [InlineData("{\"in\":\"1m\",\"at\":\"23:00\"}", "one of them")]
    [InlineData("{\"in\":\"1m\",\"force\":true}", "force is for now")]
    [InlineData("{\"kernel\":\"/x\"}", "are for kexec")]
    public void A_request_that_makes_no_sense_is_refused(string body, string why)
    {
        var init = Shared.Value;
        var answer = init.Run($"curl -s --unix-socket /run/dora/dora.sock -d '{body}' http://dora/v1/machine/poweroff").Expect();
        Assert.Contains("request.body", answer);
        Assert.Contains(why, answer);
        Assert.Equal("running", init.Get("/v1/machine").GetProperty("state").GetString());
    }

    [Fact]
    public void Kexec_that_the_kernel_does_not_allow_says_why_and_ends_nothing()
    {
        var init = Shared.Value;
        var missing = init.Run("/pandora/dora kexec --kernel /nonexistent");
        Assert.Equal(1, missing.ExitCode);
        Assert.StartsWith("dora: kexec: open /nonexistent: no such file or directory (ENOENT)\nhint: ", missing.Errors);
        var medium = init.Run("/pandora/dora reboot --kexec");
        Assert.Contains("open /run/dora/medium/boot/vmlinuz: no such file", medium.Errors);
        // Not this host's kernel: the pid namespace's root may do it there. A file that is no kernel is refused before.
        var noKernel = init.Run("/pandora/dora kexec --kernel /etc/passwd");
        Assert.Equal(1, noKernel.ExitCode);
        Assert.Matches("kexec: (/etc/passwd is no kernel image|the kernel does not allow it|this kernel has no kexec|load /etc/passwd: )", noKernel.Errors);
        Assert.Equal("running", init.Get("/v1/machine").GetProperty("state").GetString());
    }

    [Fact]
    public void Kexec_or_reboot_reboots()
    {
        using var init = new InitInNamespace(new Dictionary<string, string>());
        init.Get("/v1/machine");
        init.RunEnd("/pandora/dora kexec --kernel /nonexistent --or-reboot");
        Assert.Equal(Rebooted, init.WaitForEnd(TimeSpan.FromSeconds(15)));
    }

    [Fact]
    public void A_runlevel_that_is_not_there_is_refused()
    {
        var answer = Shared.Value.Run("/pandora/telinit 3");
        Assert.Equal((2, true), (answer.ExitCode, answer.Errors.Contains("there are no runlevels here")));
    }

    [Theory]
    [InlineData("/pandora/shutdown -h now", PoweredOff)]
    [InlineData("/pandora/shutdown -r now", Rebooted)]
    [InlineData("/pandora/init 0", PoweredOff)]
    [InlineData("/pandora/telinit 6", Rebooted)]
    [InlineData("/pandora/halt", PoweredOff)]
    [InlineData("/pandora/dora halt", PoweredOff)]
    public void Names_that_hypervisors_and_people_know_act(string command, int signal)
    {
        using var init = new InitInNamespace(new Dictionary<string, string>());
        init.Get("/v1/machine");
        init.Run(command); // it may be among those who are ended before it can say that all went well
        Assert.Equal(signal, init.WaitForEnd(TimeSpan.FromSeconds(15)));
    }

    [Fact]
    public void A_stop_that_was_asked_for_and_waits_for_others_survives_the_manager()
    {
        using var init = new InitInNamespace(new Dictionary<string, string>
        {
            ["base"] = "command: [/bin/sleep, '1000']\n",
            ["top"] = "command: [/bin/sh, -c, \"trap 'sleep 2; exit 0' TERM; while :; do sleep 0.1; done\"]\nneeds: [base]\nstop-timeout: 20s\n",
        });
        init.WaitForState("top", "running");
        init.WaitForTrap("top");
        Assert.Equal(202, init.Request(HttpMethod.Post, "/v1/services/base/stop").Status);
        init.WaitForState("top", "stopping");
        init.Run("kill -9 " + InsidePid(init.ManagerPid())).Expect();
        init.WaitForState("base", "stopped", TimeSpan.FromSeconds(6));
        Assert.Equal("stopped", init.Service("top").State);
    }

    static readonly Lazy<InitInNamespace> Shared = new(() =>
    {
        var init = new InitInNamespace(new Dictionary<string, string>());
        AppDomain.CurrentDomain.ProcessExit += (_, _) => init.Dispose();
        return init;
    });

    static (int Status, JsonElement Body) Post(InitInNamespace init, string verb) => init.Request(HttpMethod.Post, $"/v1/machine/{verb}");

    /// <summary>The pid that a process of this host has inside its namespace.</summary>
    internal static int InsidePid(int pid) =>
        int.Parse(File.ReadLines($"/proc/{pid}/status").Single(line => line.StartsWith("NSpid:", StringComparison.Ordinal)).Split('\t')[^1]);
}
