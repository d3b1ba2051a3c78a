using System.Text.Json;
using Dora.Namespace.Tests.Harness;

namespace Dora.Namespace.Tests;

/// <summary>What operators and failures do to services, with real processes and a manager that may be killed.</summary>
public class PolicyTests
{
    const string Sleeper = "command: [/bin/sleep, '1000']\n";

    [Fact]
    public void Groups_instances_milestones_and_order()
    {
        using var init = new InitInNamespace(new Dictionary<string, string>
        {
            ["db"] = "for-each: argument\ncommand: [/bin/sh, -c, 'echo db-%i >>/run/order; exec sleep 1000']\n",
            ["setup"] = "type: oneshot\ncommand: [/bin/sh, -c, 'sleep 0.3; echo setup >>/run/order']\n",
            ["web"] = "command: [/bin/sh, -c, 'echo web >>/run/order; exec sleep 1000']\nneeds: [db@main]\nmilestone: [setup]\n",
            ["early"] = "type: oneshot\ncommand: [/bin/sh, -c, 'sleep 0.1; echo early >>/run/order']\nbefore: [db@main]\n",
            ["site"] = "type: group\nneeds: [web]\n",
        });
        init.WaitForState("site", "running");
        string[] order = init.WaitFor("all of them", () => File.ReadAllLines(init.Inside("/run/order")) is { Length: >= 4 } lines ? lines : null)!;
        Assert.Equal(["early", "db-main", "setup", "web"], order.OrderBy(line => Array.IndexOf(["early", "db-main", "setup", "web"], line)));
        Assert.True(Array.IndexOf(order, "early") < Array.IndexOf(order, "db-main"));
        Assert.Equal("web", order[^1]);
        Assert.Equal("group", init.Get("/v1/services/site").GetProperty("type").GetString());

        Assert.Equal("done", init.Change("start", "db@spare").GetProperty("status").GetString());
        int? pid = init.Service("db@spare").Pid;
        init.KillManager();
        Assert.Equal(("running", pid), (init.WaitForState("db@spare", "running").State, init.Service("db@spare").Pid));
        init.WaitForState("site", "running");
        init.Change("stop", "db@spare");
        Assert.False(init.Services().ContainsKey("db@spare"));
        Assert.DoesNotContain("dora/services/db@spare", init.Cgroups());
        Assert.Equal(409, init.Request(HttpMethod.Post, "/v1/services/db/start").Status);
        Assert.Equal(404, init.Request(HttpMethod.Post, "/v1/services/web@x/start").Status);
    }

    [Fact]
    public void A_stop_and_a_restart_tell_what_goes_along_and_a_killed_manager_does_not_stop_them_halfway()
    {
        using var init = new InitInNamespace(new Dictionary<string, string>
        {
            ["db"] = Sleeper,
            // A moment to stop, so that the manager can be killed in between.
            ["web"] = "command: [/bin/sh, -c, \"trap 'sleep 0.7; exit 0' TERM; while :; do sleep 0.1; done\"]\nneeds: [db]\nstop-timeout: 10s\n",
        });
        init.WaitForState("web", "running");
        init.WaitForTrap("web");
        int? db = init.Service("db").Pid, web = init.Service("web").Pid;
        var (status, change) = init.Request(HttpMethod.Post, "/v1/services/db/restart");
        Assert.Equal((202, "web"), (status, Assert.Single(change.GetProperty("along").EnumerateArray()).GetString()));
        init.KillManager();
        Assert.NotEqual(db, init.WaitForService("db", service => service.State == "running" && service.Pid != db).Pid);
        Assert.NotEqual(web, init.WaitForService("web", service => service.State == "running" && service.Pid != web).Pid);

        init.WaitForTrap("web");
        string answer = init.Run("/pandora/dora service stop db").Expect();
        Assert.Contains("db: stopped, it was running and is stopped; with it, since they need it: web", answer);
        Assert.Equal("stopped", init.Service("web").State);
    }

    [Fact]
    public void Pins_refuse_and_outlive_the_manager()
    {
        using var init = new InitInNamespace(new Dictionary<string, string> { ["db"] = Sleeper, ["web"] = Sleeper + "needs: [db]\n" });
        init.WaitForState("web", "running");
        init.Run("/pandora/dora service pin web up").Expect();
        Refused(init, "stop", "db", "service.pinned", "web needs it and is pinned up");
        init.KillManager();
        Refused(init, "stop", "web", "service.pinned", "'dora service unpin web' first");
        Refused(init, "restart", "web", "service.pinned", "pinned up");
        Assert.Contains("pinned up", init.Run("/pandora/dora service list").Expect());
        init.Run("/pandora/dora service pin web down").Expect();
        Assert.Equal("stopped", init.Service("web").State);
        Refused(init, "start", "web", "service.pinned", "pinned down");
        init.Run("/pandora/dora service unpin web").Expect();
        Assert.Equal("done", init.Change("start", "web").GetProperty("status").GetString());
    }

    [Fact]
    public void Masks_are_files_and_outlive_the_manager()
    {
        using var init = new InitInNamespace(new Dictionary<string, string> { ["db"] = Sleeper, ["web"] = Sleeper + "needs: [db]\n", ["off"] = "" });
        init.WaitForState("web", "running");
        Assert.Equal("masked", init.Service("off").State);
        init.Run("/pandora/dora service mask db").Expect();
        Assert.Equal(("masked", "stopped"), (init.Service("db").State, init.Service("web").State));
        Assert.True(File.Exists(init.Inside("/etc/dora/masked/db")));
        init.Run("/pandora/dora service unmask db; /pandora/dora service start db; /pandora/dora service mask db").Expect();
        init.KillManager();
        Assert.Equal("masked", init.WaitForState("db", "masked").State);
        Refused(init, "start", "db", "service.masked", "dora service unmask db");
        init.Request(HttpMethod.Post, "/v1/services/web/start");
        Assert.Contains("it needs db, which is masked", init.WaitForState("web", "failed").Reason);
        Refused(init, "unmask", "off", "service.masked-elsewhere", "an empty file, or a link to /dev/null: remove /etc/dora/services/off.yaml, then 'dora service reload'");
        init.Run("/pandora/dora service unmask db").Expect();
        Assert.Equal("done", init.Change("start", "web").GetProperty("status").GetString());
        Assert.False(File.Exists(init.Inside("/etc/dora/masked/db")));
    }

    [Fact]
    public void A_failure_starts_its_handler_with_name_and_result()
    {
        using var init = new InitInNamespace(new Dictionary<string, string>
        {
            ["web"] = "command: [/bin/sh, -c, 'exit 3']\nrestart: never\non-failure: {start: alarm}\n",
            ["db"] = "command: [/bin/sh, -c, 'kill -SEGV $$']\nstart: demand\nrestart: never\non-failure: {start: alarm}\n",
            ["alarm"] = "type: oneshot\nstart: demand\ncommand: [/bin/sh, -c, 'echo $FAILED_SERVICE $FAILED_EXIT_CODE$FAILED_EXIT_SIGNAL $FAILED_REASON >>/run/told']\n",
        });
        init.WaitForState("alarm", "done");
        init.Change("start", "db");
        string[] told = init.WaitFor("both", () => File.ReadAllLines(init.Inside("/run/told")) is { Length: 2 } lines ? lines : null)!;
        Assert.Equal("web 3 exit code 3", told[0]);
        Assert.StartsWith("db SEGV signal 11", told[1]);
    }

    [Fact]
    public void A_failure_reboots_the_machine_in_order()
    {
        // The clock is the host's: it has been up for more than the ten minutes, or this cannot be tried.
        if (double.Parse(File.ReadAllText("/proc/uptime").Split(' ')[0], System.Globalization.CultureInfo.InvariantCulture) < 610) return;
        using var init = new InitInNamespace(new Dictionary<string, string>
        {
            ["web"] = "command: [/bin/sh, -c, 'sleep 0.5; exit 1']\nrestart: {when: always, delay: 10ms, limit: 1}\non-failure: reboot\n",
            ["db"] = Sleeper,
        });
        Assert.Equal(1 /* SIGHUP: reboot */, init.WaitForEnd(TimeSpan.FromSeconds(20)));
    }

    [Fact]
    public void Drop_ins_change_single_settings_and_a_bad_one_is_listed_while_the_file_runs_without_it()
    {
        using var init = new InitInNamespace(new Dictionary<string, string>
        {
            ["web"] = "command: [/bin/sh, -c, 'echo $A $B >/run/web; exec sleep 1000']\nenvironment: {A: '1', B: '2'}\n",
            ["db"] = Sleeper, ["bad"] = "comand: x\n",
        }, files =>
        {
            Write(files, "web.yaml.d/a.yaml", "environment: {B: '3'}\n");
            Write(files, "db.yaml.d/a.yaml", "restrat: never\n");
        });
        init.WaitForState("db", "running");
        Assert.Equal("1 3", init.WaitFor("its words", () => File.Exists(init.Inside("/run/web")) && File.ReadAllText(init.Inside("/run/web")) is var text && text.EndsWith('\n') ? text.Trim() : null));
        Assert.Equal("its file is not used: /etc/dora/services/db.yaml.d/a.yaml:1:1: unknown key 'restrat'; did you mean 'restart'?", init.Service("db").Reason);
        Assert.Equal("/etc/dora/services/web.yaml.d/a.yaml", init.Get("/v1/services/web").GetProperty("dropIns")[0].GetString());
        Assert.Equal(("invalid", "/etc/dora/services/bad.yaml:1:1: unknown key 'comand'; did you mean 'command'?"), (init.Service("bad").State, init.Service("bad").Reason));

        var check = init.Run("/pandora/dora service check");
        Assert.Equal(1, check.ExitCode);
        Assert.Contains("/etc/dora/services/db.yaml.d/a.yaml:1:1: unknown key 'restrat'; did you mean 'restart'?\n", check.Output);
        Assert.Contains("3 services, 3 errors, 0 warnings", check.Output);
    }

    [Fact]
    public void Finit_initctl_status_subset_a_name_is_no_beginning_of_another()
    {
        using var init = new InitInNamespace(new Dictionary<string, string> { ["foobar"] = Sleeper, ["foo.b"] = Sleeper });
        init.WaitForState("foobar", "running");
        var outcome = init.Run("/pandora/dora service status foo");
        Assert.Equal((3, ""), (outcome.ExitCode, outcome.Output));
        Assert.Equal(404, init.Request(HttpMethod.Post, "/v1/services/foo/stop").Status);
        Assert.Equal("running", init.Service("foobar").State);
    }

    [Fact]
    public void Finit_unexpected_restart_a_new_manager_restarts_nothing()
    {
        using var init = new InitInNamespace(new Dictionary<string, string>
        {
            ["db"] = Sleeper + "restart: always\n", ["web"] = Sleeper + "needs: [db]\nmilestone: [setup]\n", ["setup"] = "type: oneshot\ncommand: [/bin/true]\n",
            ["site"] = "type: group\nneeds: [web]\n", ["lazy"] = Sleeper + "start: demand\non: {path: /etc/passwd}\n",
        });
        init.WaitForState("site", "running");
        init.WaitForState("lazy", "running");
        var before = init.Services();
        for (int i = 0; i < 2; i++)
        {
            init.KillManager();
            Assert.Equal(before, init.Services());
        }
    }

    [Fact]
    public void An_instance_that_the_last_manager_did_not_come_to_save_is_taken_up_by_its_cgroup()
    {
        using var init = new InitInNamespace(new Dictionary<string, string> { ["web"] = Sleeper + "for-each: argument\n", ["db"] = Sleeper });
        init.WaitForState("db", "running");
        int manager = init.ManagerPid();
        Signal(manager, "STOP");
        const string folder = "/sys/fs/cgroup/dora/services/web@1";
        init.Run($"mkdir {folder} /sys/fs/cgroup/dora/services/web@2 && (setsid sleep 1000 >/dev/null 2>&1 & echo $! >{folder}/cgroup.procs)").Expect();
        Signal(manager, "KILL");
        var web = init.WaitForState("web@1", "running");
        Assert.Equal(Assert.Single(init.ProcessesIn("dora/services/web@1")), Outer(init, web.Pid!.Value));
        Assert.Equal("stopped", init.Change("stop", "web@1").GetProperty("after").GetString());
        Assert.False(init.Services().ContainsKey("web@2"));
        Assert.DoesNotContain(init.Cgroups(), cgroup => cgroup.Contains("web@"));
    }

    /// <summary>The pid on the host of a process of the namespace.</summary>
    static int Outer(InitInNamespace init, int pid) => init.Children().Single(child =>
        File.ReadLines($"/proc/{child}/status").Any(line => line.StartsWith("NSpid:") && line.EndsWith("\t" + pid)));

    static void Refused(InitInNamespace init, string verb, string service, string error, string words)
    {
        var (status, body) = init.WaitFor("an answer", () => Ask(init, verb, service));
        Assert.Equal((409, error), (status, body.GetProperty("error").GetString()));
        Assert.Contains(words, body.GetProperty("message").GetString());
    }

    static (int Status, JsonElement Body) Ask(InitInNamespace init, string verb, string service)
    {
        try
        {
            return init.Request(HttpMethod.Post, $"/v1/services/{service}/{verb}");
        }
        catch (HttpRequestException)
        {
            return default; // no manager at the moment
        }
    }

    static void Signal(int pid, string signal) => Programs.Run(TimeSpan.FromSeconds(5), "sh", "-c", $"kill -{signal} {pid}").Expect();

    static void Write(string files, string name, string text)
    {
        string path = Path.Combine(files, "etc/dora/services", name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
    }
}
