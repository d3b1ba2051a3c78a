using System.Text.RegularExpressions;
using Dora.Namespace.Tests.Harness;

namespace Dora.Namespace.Tests;

/// <summary>What a service finds when it starts: nothing of ours, all of its own.</summary>
public class EnvironmentTests
{
    [Fact]
    public void Signals_are_at_their_defaults_and_none_is_blocked()
    {
        string status = Tell("exec cat /proc/self/status", "");
        Assert.Matches(@"SigBlk:\s+0{16}\n", status);
        Assert.Matches(@"SigIgn:\s+0{16}\n", status);
    }

    [Fact]
    public void Only_the_standard_descriptors_are_open()
    {
        using var init = new InitInNamespace(new Dictionary<string, string> { ["probe"] = "command: [/bin/sleep, '1000']\n" });
        init.WaitForState("probe", "running");
        int pid = init.WaitFor("its program", () => init.ProcessesIn("dora/services/probe") is [var only] && InitInNamespace.CommandLine(only).Contains("sleep") ? only : 0);
        // Its loader has a library open for a moment; what it had from us would stay.
        init.WaitFor("no other descriptor than these", () => Directory.GetFileSystemEntries($"/proc/{pid}/fd").Select(Path.GetFileName).Order().SequenceEqual(["0", "1", "2"]));
    }

    [Fact]
    public void It_leads_a_session_of_its_own_in_its_own_cgroup()
    {
        string text = Tell("cut -d' ' -f 5,6 /proc/$$/stat; echo $$; cat /proc/self/cgroup", "");
        string[] lines = text.Trim().Split('\n');
        Assert.Equal($"{lines[1]} {lines[1]}", lines[0]);
        Assert.Contains("0::/dora/services/probe", text);
    }

    [Fact]
    public void User_group_directory_umask_environment_and_limits_are_as_it_says()
    {
        string text = Tell("id -u; id -g; id -G; pwd; umask; echo \"$GREETING\"; echo \"$HOME $USER\"; ulimit -n; ulimit -Hn; ls -ld /run/probe",
            "user: plain\ndirectory: /usr\numask: 0077\nenvironment:\n  GREETING: hello world\nrlimits:\n  nofile: 123\nruntime-directory: probe\n");
        string[] lines = text.Trim().Split('\n');
        Assert.Equal(["1234", "1235", "1235", "/usr", "0077", "hello world", "/tmp plain", "123", "123"], lines[..9]);
        Assert.Matches(@"^drwx\S+ +\d+ (plain|1234) ", lines[9]);
    }

    [Fact]
    public void Arguments_arrive_as_they_are()
    {
        using var init = new InitInNamespace(new Dictionary<string, string>
        {
            ["probe"] = "type: oneshot\ncommand: [/bin/sh, -c, 'printf \"[%s]\" \"$@\" >/run/told', name, 'a b', '', '$HOME', \"quote'\\\"\", 'ä']\n",
        });
        init.WaitForState("probe", "done");
        Assert.Equal("[a b][][$HOME][quote'\"][ä]", File.ReadAllText(init.Inside("/run/told")));
    }

    static string Tell(string script, string settings)
    {
        using var init = new InitInNamespace(new Dictionary<string, string>
        {
            ["probe"] = $"type: oneshot\ncommand: [/bin/sh, /pandora/probe.sh]\n{settings}",
        }, files => File.WriteAllText(Path.Combine(files, "pandora/probe.sh"), $"exec >/tmp/told\n{script}\n"));
        init.WaitForState("probe", "done");
        return File.ReadAllText(init.Inside("/tmp/told"));
    }
}
