using Dora.Namespace.Tests.Harness;

namespace Dora.Namespace.Tests;

/// <summary>
/// The manager is killed in the middle of all that a service can be in the middle of: starting with each protocol,
/// helpers at work, descriptors stored, another main process, a watchdog, a health check.
/// </summary>
public class ReadinessAcrossManagersTests
{
    const string Systemd = "notify: systemd\n", Rest = "exec sleep 1000", Never = "restart: never\n";
    const string Await = "while ! [ -e /run/go ]; do sleep 0.02; done; ";

    [Fact]
    public void Everything_goes_on_where_it_was()
    {
        using var init = new InitInNamespace(new Dictionary<string, string>
        {
            ["systemd"] = Scripts.Service($"{Await}/pandora/notify 'READY=1\\nSTATUS=told to nobody' @barrier; {Rest}", Systemd + Never),
            ["fd"] = Scripts.Service($"{Await}echo >&$NOTIFY_FD; {Rest}", "notify: fd\n" + Never),
            ["file"] = Scripts.Service($"{Await}touch /run/file.pid; {Rest}", "ready: {file: /run/file.pid}\n" + Never),
            ["command"] = Scripts.Service(Rest, "ready: {command: [/usr/bin/test, -e, /run/go], interval: 50ms}\n" + Never),
            ["pre"] = Scripts.Service($"{Rest}", $"pre-start: {Scripts.Words($"echo once >>/run/pre; {Await}")}\n" + Never),
            ["pre-bad"] = Scripts.Service($"{Rest}", $"pre-start: {Scripts.Words($"{Await} exit 4")}\n" + Never),
            ["reload"] = Scripts.Service(Rest, $"reload-command: {Scripts.Words(Await)}\n"),
            ["stop"] = Scripts.Service("trap '' TERM; while :; do sleep 0.05; done", $"stop-command: {Scripts.Words($"echo once >>/run/stop; {Await}kill -9 $MAINPID")}\nstop-timeout: 9s\n"),
            ["keeper"] = Scripts.Service($"[ -z \"$LISTEN_FDS\" ] || cat <&3 >/run/kept; /pandora/notify @store 'FDSTORE=1\\nFDNAME=mem\\nhello' STATUS=kept READY=1 @barrier; {Rest}", Systemd + "fd-store: 1\n"),
            ["main"] = Scripts.Service("sleep 1000 & /pandora/notify \"MAINPID=$!\\nREADY=1\" @barrier; wait; sleep 1000", Systemd + Never),
            ["watched"] = Scripts.Service("/pandora/notify READY=1 @barrier; while ! [ -e /run/go ]; do sleep 0.1; /pandora/notify WATCHDOG=1 @barrier; done; exec sleep 1000", Systemd + Never + "watchdog: 1500ms\n"),
            ["checked"] = Scripts.Service(Rest, "health: {command: [/usr/bin/test, '!', -e, /run/go], interval: 100ms, threshold: 2}\n" + Never),
            ["reloading"] = Scripts.Service($"/pandora/notify READY=1 RELOADING=1 @barrier; {Await}/pandora/notify READY=1 @barrier; {Rest}", Systemd + Never),
        }, files => Scripts.Compile(files, "notify"));

        foreach (string name in new[] { "systemd", "fd", "file", "command", "pre", "pre-bad" }) init.WaitForState(name, "starting");
        foreach (string name in new[] { "reload", "stop", "keeper", "main", "watched", "checked" }) init.WaitForState(name, "running");
        init.WaitForState("reloading", "reloading");
        foreach (string change in new[] { "reload/reload", "stop/stop" }) Assert.Equal(202, init.Request(HttpMethod.Post, $"/v1/services/{change}").Status);
        init.WaitForState("reload", "reloading");
        init.WaitForState("stop", "stopping");
        init.WaitFor("helpers at work", () => init.ProcessesIn("dora/services/pre/.pre-start").Count > 0 && init.ProcessesIn("dora/services/stop/.stop-command").Count > 0);
        var before = init.Services();

        // Stopped first: what is said from now on nobody hears, and then a manager dies that had not heard it.
        int manager = init.ManagerPid();
        Signal(manager, "STOP");
        File.WriteAllText(init.Inside("/run/go"), "");
        Thread.Sleep(300);
        Signal(manager, "KILL");
        init.WaitFor("another manager", () => init.ManagerPid() is var next && next != manager ? next : 0);

        foreach (string name in new[] { "systemd", "fd", "file", "command" })
        {
            var now = init.WaitForState(name, "running");
            Assert.Equal((before[name].Pid, 0), (now.Pid, now.Restarts));
        }
        Assert.Equal("told to nobody", init.Get("/v1/services/systemd").GetProperty("statusText").GetString());
        init.WaitForState("pre", "running");
        Assert.Equal("once\n", File.ReadAllText(init.Inside("/run/pre")));
        Assert.Equal("pre-start: exit code 4", init.WaitForState("pre-bad", "failed").Reason);
        Assert.Equal(before["reload"].Pid, init.WaitForState("reload", "running").Pid);
        init.WaitForState("stop", "stopped");
        Assert.Equal("once\n", File.ReadAllText(init.Inside("/run/stop")));
        Assert.Equal(before["main"], init.WaitForState("main", "running"));
        Assert.Equal(before["reloading"].Pid, init.WaitForState("reloading", "running").Pid);
        Assert.Equal("watchdog: no sign of life within 1.5 s", init.WaitForState("watched", "failed").Reason);
        Assert.Contains("unhealthy: /usr/bin/test: exit code 1", init.WaitForState("checked", "failed").Reason);

        Assert.Equal("kept", init.Get("/v1/services/keeper").GetProperty("statusText").GetString());
        init.Change("restart", "keeper");
        Assert.Equal("hello", File.ReadAllText(init.Inside("/run/kept")));

        // The main process that it had named is watched by the new manager too, though another process reaps it.
        int main = Sleeper(init);
        Signal(main, "KILL");
        init.WaitForState("main", "failed");
    }

    [Fact]
    public void A_main_process_that_ended_meanwhile_is_not_replaced_by_the_one_that_was_launched()
    {
        using var init = new InitInNamespace(new Dictionary<string, string>
        {
            ["main"] = Scripts.Service("sleep 1000 & /pandora/notify \"MAINPID=$!\\nREADY=1\" @barrier; wait; sleep 1001", Systemd + Never),
        }, files => Scripts.Compile(files, "notify"));
        init.WaitForState("main", "running");
        int main = Sleeper(init);
        int manager = init.ManagerPid();
        Signal(manager, "STOP");
        Signal(main, "KILL");
        Thread.Sleep(200);
        Signal(manager, "KILL");
        init.WaitForState("main", "failed");
        init.WaitFor("all of it to be gone", () => init.ProcessesIn("dora/services/main").Count == 0);
    }

    [Fact]
    public void Killed_again_and_again_the_manager_swallows_no_word()
    {
        // Each start says READY=1 once; a manager that took it out of its queue and died before it was saved would leave
        // the service starting until its time is over.
        using var init = new InitInNamespace(new Dictionary<string, string>
        {
            ["said"] = Scripts.Service($"/pandora/notify @sleep 40 READY=1 @barrier; {Rest}", Systemd + "start-timeout: 60s\nstart: demand\n"),
            ["wrote"] = Scripts.Service($"sleep 0.04; echo >&$NOTIFY_FD; {Rest}", "notify: fd\nstart-timeout: 60s\nstart: demand\n"),
        }, files => Scripts.Compile(files, "notify"));
        var random = new Random(80);
        init.Get("/v1/version");
        for (int round = 0; round < Settings.Count("PANDORA_READY_KILLS", 6); round++)
        {
            foreach (string name in new[] { "said", "wrote" }) init.Request(HttpMethod.Post, $"/v1/services/{name}/restart");
            int manager = init.ManagerPid();
            Thread.Sleep(random.Next(20, 100));
            Signal(manager, "KILL");
            init.WaitForState("said", "running", TimeSpan.FromSeconds(20));
            init.WaitForState("wrote", "running", TimeSpan.FromSeconds(20));
            Thread.Sleep(1000); // ones that die within a second are started later and later
        }
    }

    [Fact]
    public void A_manager_killed_right_after_a_launch_has_not_forgotten_which_file_was_there_before()
    {
        // The service kills the manager, which is launching thirty more at that time and saves behind them.
        var others = Enumerable.Range(1, 30).Select(i => $"other{i:00}").ToList();
        var files = others.ToDictionary(name => name, _ => "command: [/bin/sleep, '1000']\nstart: demand\n");
        files["all"] = $"type: group\nstart: demand\nneeds: [killer, {string.Join(", ", others)}]\n";
        files["killer"] = Scripts.Service($"read m </run/manager && : >/run/manager && kill -9 $m; {Await}echo new >/run/killer.pid; {Rest}",
            "start: demand\nready: {file: /run/killer.pid}\n" + Never);
        using var init = new InitInNamespace(files);
        int manager = init.ManagerPid();
        File.WriteAllText(init.Inside("/run/killer.pid"), "old");
        File.WriteAllText(init.Inside("/run/manager"), File.ReadLines($"/proc/{manager}/status").First(line => line.StartsWith("NSpid:")).Split('\t')[^1] + "\n");
        // The answer may not come any more.
        try { init.Request(HttpMethod.Post, "/v1/services/all/start"); }
        catch (HttpRequestException) { }
        init.WaitFor("another manager", () => init.ManagerPid() is var pid && pid != manager);

        var killer = init.WaitForService("killer", service => service.Pid is not null);
        Thread.Sleep(300);
        Assert.Equal("starting", init.Service("killer").State);
        File.WriteAllText(init.Inside("/run/go"), "");
        Assert.Equal((killer.Pid, 0), init.WaitForState("killer", "running") is var now ? (now.Pid, now.Restarts) : default);
        Assert.Equal("", File.ReadAllText(init.Inside("/run/manager")));
    }

    // The shell's child is a shell itself until it has become sleep.
    static int Sleeper(InitInNamespace init) => init.WaitFor("the named process", () =>
        init.ProcessesIn("dora/services/main").FirstOrDefault(pid => InitInNamespace.CommandLine(pid) == "sleep 1000"));

    static void Signal(int pid, string signal) => Programs.Run(TimeSpan.FromSeconds(5), "sh", "-c", $"kill -{signal} {pid}").Expect();
}
