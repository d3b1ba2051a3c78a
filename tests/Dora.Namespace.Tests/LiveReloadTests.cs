using System.Text.Json;
using Dora.Namespace.Tests.Harness;

namespace Dora.Namespace.Tests;

/// <summary><c>dora service reload</c>: files that change under running services, and a manager that may be killed meanwhile.</summary>
public class LiveReloadTests
{
    const string Sleeper = "command: [/bin/sleep, '1000']\n";
    const string Reload = "/pandora/dora service reload";

    static void Write(InitInNamespace init, string name, string text) => File.WriteAllText(init.Inside($"/etc/dora/services/{name}.yaml"), text);

    // The kernel shows a program's environment a moment after the exec.
    static void AssertVariable(InitInNamespace init, string variable) => init.WaitFor(variable, () =>
        init.ProcessesIn("dora/services/web") is [var pid] && File.ReadAllText($"/proc/{pid}/environ").Split('\0').Contains(variable));

    [Fact]
    public void The_difference_is_shown_and_taken_up_and_nobody_else_notices()
    {
        using var init = new InitInNamespace(new Dictionary<string, string>
        {
            ["db"] = Sleeper,
            ["web"] = Sleeper + "environment: {PORT: 80}\n",
            ["app"] = Sleeper + "needs: [web]\n",
            ["old"] = Sleeper,
            ["typo"] = Sleeper,
        });
        foreach (string name in new[] { "db", "web", "app", "old", "typo" }) init.WaitForState(name, "running");
        var before = init.Services();
        Assert.Equal("service files: nothing has changed\n", init.Run(Reload).Expect());

        Write(init, "web", Sleeper + "# the new port\nenvironment: {PORT: 8080}\n");
        Write(init, "new", Sleeper);
        Write(init, "typo", "comand: /bin/true\n");
        Write(init, "db", Sleeper + "description: data\n");
        File.Delete(init.Inside("/etc/dora/services/old.yaml"));
        const string Difference = """
            db: changed: takes effect without a restart
              description: (not set) -> data
            new: new: is started
            old: gone: is stopped
            typo: stays as it is
              /etc/dora/services/typo.yaml:1:1: unknown key 'comand'; did you mean 'command'?
              /etc/dora/services/typo.yaml:1:1: command: is missing; name the program, such as command: [/usr/bin/web, --port, '80']
            web: changed: is restarted; with it, since they need it: app
              environment.PORT: 80 -> 8080

            """;
        var shown = init.Run(Reload + " --dry-run");
        Assert.Equal((1, Difference + "nothing is done (--dry-run)\n"), (shown.ExitCode, shown.Output));
        Assert.Equal(before, init.Services());

        var done = init.Run(Reload);
        Assert.StartsWith(Difference, done.Output);
        Assert.Contains("new: started\n", done.Output);
        Assert.Contains("old: stopped, it was running and is stopped\n", done.Output);
        Assert.Contains("web: restarted, it was running and is running", done.Output);
        Assert.Equal(1, done.ExitCode); // one file was not taken up
        init.WaitForState("app", "running");
        var after = init.Services();
        Assert.Equal((before["db"].Pid, before["typo"].Pid), (after["db"].Pid, after["typo"].Pid));
        Assert.NotEqual(before["web"].Pid, after["web"].Pid);
        Assert.NotEqual(before["app"].Pid, after["app"].Pid);
        Assert.Equal("running", after["new"].State);
        Assert.False(after.ContainsKey("old"));
        Assert.DoesNotContain("dora/services/old", init.Cgroups());
        Assert.StartsWith("its file is not used: /etc/dora/services/typo.yaml:1:1: ", after["typo"].Reason);
        AssertVariable(init, "PORT=8080");
        Assert.DoesNotContain("8080", init.KernelLog);

        // What was refused is known to the next manager too, and so is what is in use.
        init.KillManager();
        Assert.StartsWith("its file is not used: ", init.WaitForState("typo", "running").Reason);
        Assert.Equal(after, init.Services());
        File.WriteAllText(init.Inside("/etc/dora/services/typo.yaml"), Sleeper);
        Assert.Equal("typo: is fine again\n", init.Run(Reload).Expect());
        Assert.Equal("", init.Service("typo").Reason);
        Assert.Equal("service files: nothing has changed\n", init.Run(Reload).Expect());

        // What never could be used, and what an empty file had masked, is gone with its file.
        Write(init, "bad", "comand: /bin/true\n");
        Write(init, "off", "");
        Assert.Equal(1, init.Run(Reload).ExitCode);
        Assert.Equal(("invalid", "masked"), (init.Service("bad").State, init.Service("off").State));
        foreach (string name in new[] { "bad", "off" }) File.Delete(init.Inside($"/etc/dora/services/{name}.yaml"));
        Assert.Equal("bad: gone\noff: gone\n", init.Run(Reload).Expect());
        Assert.Equal(after.Keys.Order(), init.Services().Keys.Order());
    }

    [Fact]
    public void A_manager_that_is_killed_while_files_are_edited_goes_on_by_those_in_use()
    {
        using var init = new InitInNamespace(new Dictionary<string, string> { ["web"] = Sleeper + "environment: {PORT: 80}\n", ["gone"] = Sleeper });
        init.WaitForState("web", "running");
        init.WaitForState("gone", "running");
        var before = init.Services();
        Write(init, "web", "half a li");
        Write(init, "early", Sleeper);
        File.Delete(init.Inside("/etc/dora/services/gone.yaml"));
        init.KillManager();
        Assert.Equal(before, init.Services());
        init.Change("restart", "web");
        AssertVariable(init, "PORT=80");
        init.Change("restart", "gone");
        Assert.Equal("running", init.Service("gone").State);
    }

    [Fact]
    public void A_manager_that_is_killed_behind_the_answer_carries_the_reload_out()
    {
        using var init = new InitInNamespace(new Dictionary<string, string>
        {
            ["db"] = Sleeper + "umask: '000'\n",
            ["web"] = "command: [/bin/sh, -c, 'trap \"sleep 0.2; exit 0\" TERM; while :; do sleep 0.05; done']\nneeds: [db]\n",
            ["gone0"] = Sleeper,
        });
        init.WaitForState("web", "running");
        init.WaitForTrap("web");
        for (int round = 1; round <= 6; round++)
        {
            int? db = init.Service("db").Pid;
            Write(init, "db", Sleeper + $"umask: '00{round}'\n");
            Write(init, $"gone{round}", Sleeper);
            File.Delete(init.Inside($"/etc/dora/services/gone{round - 1}.yaml"));
            Assert.Equal(202, init.Request(HttpMethod.Post, "/v1/reload").Status);
            Thread.Sleep(Random.Shared.Next(0, 40)); // somewhere in what follows
            init.KillManager();
            init.WaitForService("db", service => service.State == "running" && service.Pid != db);
            init.WaitForState("web", "running");
            init.WaitForState($"gone{round}", "running");
            init.WaitFor("the removal", () => !init.Services().ContainsKey($"gone{round - 1}"));
            string status = File.ReadAllText($"/proc/{init.ProcessesIn("dora/services/db")[0]}/status");
            Assert.Contains($"Umask:\t000{round}\n", status);
            Assert.Equal("service files: nothing has changed\n", init.Run(Reload).Expect());
        }
        Assert.Equal(["dora/services/db", "dora/services/gone6", "dora/services/syslog", "dora/services/web"],
            init.Cgroups().Where(path => path.StartsWith("dora/services/", StringComparison.Ordinal)).Append("dora/services/syslog").Distinct().Order());
    }

    [Fact]
    public void A_file_of_variables_that_has_changed_restarts_its_service_and_is_not_shown()
    {
        using var init = new InitInNamespace(new Dictionary<string, string>
        {
            ["web"] = Sleeper + "environment-files: [/etc/web.env, -/etc/missing.env]\n",
            ["other"] = Sleeper,
        }, files => File.WriteAllText(Path.Combine(files, "etc/web.env"), "TOKEN=secret-one\n"));
        init.WaitForState("web", "running");
        var before = init.WaitForState("other", "running");
        Assert.Equal("service files: nothing has changed\n", init.Run(Reload).Expect());
        File.WriteAllText(init.Inside("/etc/web.env"), "TOKEN=secret-two\n");
        string said = init.Run(Reload).Expect();
        Assert.StartsWith("web: changed: is restarted\n  environment-files./etc/web.env: before -> changed since\n", said);
        Assert.DoesNotContain("secret", said + init.KernelLog);
        AssertVariable(init, "TOKEN=secret-two");
        Assert.Equal(before, init.Service("other"));
    }

    [Fact]
    public void Sockets_that_stay_are_kept_and_others_are_opened_and_closed()
    {
        string Sockets(string second) => $"sockets: [{{tcp: '127.0.0.1:4811'}}, {{tcp: '127.0.0.1:{second}'}}]\n";
        using var init = new InitInNamespace(new Dictionary<string, string>
        {
            ["echo"] = "command: [/bin/cat]\nper-connection: true\n" + Sockets("4812"),
        });
        init.WaitForState("echo", "listening");
        string Inode(int port) => init.Run($"grep ':{port:X4} ' /proc/net/tcp | grep ' 0A ' | tr -s ' ' | cut -d' ' -f11").Output.Trim();
        string kept = init.WaitFor("the socket", () => Inode(4811) is { Length: > 0 } inode ? inode : null)!;
        Assert.NotEqual("", Inode(4812));
        Write(init, "echo", "command: [/bin/cat]\nper-connection: true\n" + Sockets("4813"));
        Assert.Contains("echo: changed: is restarted\n  sockets: ", init.Run(Reload).Expect());
        Assert.Equal((kept, ""), (Inode(4811), Inode(4812)));
        Assert.NotEqual("", Inode(4813));
        // What a connection is served by changes with the next one.
        Write(init, "echo", "command: [/bin/tac]\nper-connection: true\n" + Sockets("4813"));
        Assert.Contains("echo: changed: takes effect without a restart\n", init.Run(Reload).Expect());
        Assert.Equal(kept, Inode(4811));
    }

    [Fact]
    public void What_was_compared_is_what_is_taken_up_or_nothing()
    {
        using var init = new InitInNamespace(new Dictionary<string, string> { ["web"] = Sleeper });
        init.WaitForState("web", "running");
        Write(init, "web", Sleeper + "description: one\n");
        string fingerprint = init.Get("/v1/reload").GetProperty("fingerprint").GetString()!;
        Write(init, "web", Sleeper + "description: two\n");
        var (status, body) = init.Request(HttpMethod.Post, $"/v1/reload?fingerprint={fingerprint}");
        Assert.Equal((409, "reload.outdated"), (status, body.GetProperty("error").GetString()));
        Assert.Equal(202, init.Request(HttpMethod.Post, $"/v1/reload?fingerprint={init.Get("/v1/reload").GetProperty("fingerprint").GetString()}").Status);
        Assert.Equal("two", init.Get("/v1/services/web").GetProperty("description").GetString());
        var json = JsonDocument.Parse(init.Run(Reload + " --json").Expect()).RootElement;
        Assert.Empty(json.GetProperty("services").EnumerateArray());
        Assert.Equal(2, init.Run(Reload + " web --dry-run").ExitCode);
    }

    [Fact]
    public void Whatever_lies_there_the_reload_ends_and_names_it()
    {
        using var init = new InitInNamespace(new Dictionary<string, string> { ["web"] = Sleeper });
        init.WaitForState("web", "running");
        init.Run("cd /etc/dora/services && mkfifo fifo.yaml && mkdir folder.yaml && ln -s nowhere dangling.yaml && ln -s loop.yaml loop.yaml && touch masked.yaml && echo x >short.yml").Expect();
        var result = init.Run(Reload);
        Assert.Equal(1, result.ExitCode);
        Assert.Contains("fifo: cannot be used\n  /etc/dora/services/fifo.yaml: is a FIFO, not a file\n", result.Output);
        Assert.Contains("folder: cannot be used\n  /etc/dora/services/folder.yaml: is a directory, not a file\n", result.Output);
        Assert.Contains("loop: cannot be used\n", result.Output);
        Assert.Contains("dangling: cannot be used\n", result.Output);
        Assert.Contains("short.yml: warning: is not read", result.Output);
        Assert.Equal("invalid", init.Service("fifo").State);
        Assert.Equal("masked", init.Service("masked").State);
        // A file of no length masks: what runs under its name is stopped.
        Write(init, "web", "");
        Assert.Contains("web: gone: is stopped\n", init.Run(Reload).Output);
        Assert.Equal("masked", init.Service("web").State);
        Assert.Empty(init.ProcessesIn("dora/services/web"));
    }
}
