using Dora.Namespace.Tests.Harness;

namespace Dora.Namespace.Tests;

/// <summary>
/// Services that share a cgroup (<c>slice</c>). The files written here are those that every kernel has; memory and pids
/// are tested in the booted machine.
/// </summary>
public class SliceTests
{
    const string Sleeper = "command: [/bin/sleep, '1000']\n", Slices = "dora/slices";

    static void Write(InitInNamespace init, string name, string text) => File.WriteAllText(init.Inside($"/etc/dora/services/{name}.yaml"), text);

    static string Limit(InitInNamespace init, string slice) => init.Run($"cat /sys/fs/cgroup/{Slices}/{slice}/cgroup.max.descendants").Expect().Trim();

    static InitInNamespace Start() => new(new Dictionary<string, string>
    {
        ["builds"] = "type: group\nstart: demand\ncgroup: {cgroup.max.descendants: 20}\n",
        ["other"] = "type: group\nstart: demand\n",
        ["one"] = Sleeper + "slice: builds\ncgroup: {cgroup.max.depth: 3}\n",
        ["two"] = Sleeper + "slice: builds\n",
        ["echo"] = "command: [/bin/cat]\nper-connection: true\nsockets: [{tcp: '127.0.0.1:4821'}]\nslice: builds\n",
        ["worker"] = Sleeper + "for-each: argument\nslice: builds\n",
    });

    [Fact]
    public void They_are_in_one_folder_with_its_limits_and_the_last_one_out_removes_it()
    {
        using var init = Start();
        init.WaitForState("one", "running");
        init.WaitForState("two", "running");
        init.Change("start", "worker@7");
        Assert.Equal([$"{Slices}/builds", $"{Slices}/builds/one", $"{Slices}/builds/two", $"{Slices}/builds/worker@7"],
            init.Cgroups().Where(path => path.StartsWith(Slices + "/", StringComparison.Ordinal)));
        Assert.Equal("20", Limit(init, "builds"));
        Assert.Equal("stopped", init.Service("builds").State); // it need not be up
        var before = init.Services();

        // A session, and a command that is run once.
        string seen = init.Run($"perl -MIO::Socket::IP -e '$s = IO::Socket::IP->new(PeerAddr => q(127.0.0.1:4821)); $s->print(qq(x\\n)); <$s>; print `ls /sys/fs/cgroup/{Slices}/builds`'").Output;
        Assert.Contains("echo@1\n", seen);
        init.Run("/pandora/dora run --name job --slice builds -- /bin/sh -c 'cat /proc/self/cgroup >/run/seen'").Expect();
        Assert.Contains("0::/dora/slices/builds/job\n", File.ReadAllText(init.Inside("/run/seen")));

        init.KillManager();
        foreach (string name in new[] { "one", "two", "worker@7" }) Assert.Equal(before[name], init.WaitForState(name, "running"));
        Assert.Equal("done", init.Change("restart", "one").GetProperty("status").GetString());
        Assert.Single(init.ProcessesIn($"{Slices}/builds/one"));
        foreach (string name in new[] { "one", "two", "worker@7", "echo" }) init.Change("stop", name);
        init.WaitFor("the folder to be gone", () => !init.Cgroups().Contains($"{Slices}/builds"));
    }

    [Fact]
    public void A_reload_changes_limits_at_once_and_a_slice_with_the_next_run()
    {
        using var init = Start();
        int? one = init.WaitForState("one", "running").Pid;
        Write(init, "builds", "type: group\nstart: demand\ncgroup: {cgroup.max.descendants: 30}\n");
        init.Run("/pandora/dora service reload").Expect();
        Assert.Equal(("30", one), (Limit(init, "builds"), init.Service("one").Pid));

        Write(init, "one", Sleeper + "slice: other\n");
        init.Run("/pandora/dora service reload").Expect();
        init.WaitForService("one", service => service.State == "running" && service.Pid != one);
        Assert.Single(init.ProcessesIn($"{Slices}/other/one"));
        Assert.DoesNotContain($"{Slices}/builds/one", init.Cgroups());
    }

    [Fact]
    public void A_manager_killed_in_the_middle_of_a_move_finds_what_runs_where_it_is()
    {
        using var init = new InitInNamespace(new Dictionary<string, string>
        {
            ["builds"] = "type: group\n",
            ["slow"] = "command: [/bin/sh, -c, \"trap 'until [ -e /run/go ]; do sleep 0.1; done; exit 0' TERM; while :; do sleep 0.1; done\"]\nslice: builds\nstop-timeout: 30s\n",
        });
        int? pid = init.WaitForState("slow", "running").Pid;
        init.WaitForTrap(SliceOf("builds", "slow"));
        Write(init, "slow", "command: [/bin/sleep, '1000']\n");
        Assert.Equal(202, init.Request(HttpMethod.Post, "/v1/reload").Status);
        init.WaitForState("slow", "stopping");
        init.KillManager();
        Assert.Equal(("stopping", pid), (init.Service("slow").State, init.Service("slow").Pid));
        File.WriteAllText(init.Inside("/run/go"), "");
        init.WaitForService("slow", service => service.State == "running" && service.Pid != pid);
        Assert.Single(init.ProcessesIn("dora/services/slow"));
        init.WaitFor("the folder to be gone", () => !init.Cgroups().Contains($"{Slices}/builds"));
    }

    static string SliceOf(string slice, string name) => $"../slices/{slice}/{name}";

    [Fact]
    public void A_slice_that_is_no_group_is_told_with_its_place_and_a_command_is_not_run_in_it()
    {
        using var init = new InitInNamespace(new Dictionary<string, string>
        {
            ["web"] = Sleeper,
            ["one"] = Sleeper + "slice: web\n",
            ["two"] = Sleeper + "slice: nobody\nrestart: never\n",
        });
        Assert.Contains("/etc/dora/services/one.yaml:2:8: slice: 'web' is not a group", init.Run("/pandora/dora service status one").Output);
        Assert.Contains("/etc/dora/services/two.yaml:2:8: slice: there is no service 'nobody'", init.Run("/pandora/dora service status two").Output);
        Assert.Equal("slice: there is no group 'nobody'", init.WaitForState("two", "failed").Reason);
        var run = init.Run("/pandora/dora run --slice web -- /bin/true");
        Assert.Contains("slice: there is no group 'web'", run.Errors);
        Assert.NotEqual(0, run.ExitCode);
    }
}
