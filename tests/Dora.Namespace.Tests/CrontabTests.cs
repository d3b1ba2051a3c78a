using System.Text.Json;
using Dora.Core.Linux;
using Dora.Namespace.Tests.Harness;

namespace Dora.Namespace.Tests;

/// <summary>Crontabs of legacy programs: what their lines run as, what comes and goes, and <c>crontab</c> as scripts call it.</summary>
public class CrontabTests
{
    /// <summary>Files below /etc with the mode that crontabs have; /usr/bin of the namespace is the host's.</summary>
    static Action<string> Files(params (string Path, string Text)[] files) => root =>
    {
        foreach (string folder in new[] { "crontabs", "cron.d" }) Directory.CreateDirectory($"{root}/etc/{folder}");
        foreach (var (path, text) in files)
        {
            File.WriteAllText($"{root}/etc/{path}", text);
            Sys.ChangeMode($"{root}/etc/{path}", 0x180).ThrowIfError("chmod", path);
        }
        File.AppendAllText($"{root}/etc/group", "extra:x:4321:plain\n");
    };

    static Dictionary<string, JsonElement> Jobs(InitInNamespace init) => init.Get("/v1/jobs").EnumerateArray().ToDictionary(job => job.GetProperty("name").GetString()!);

    /// <summary>The name of the one that begins so, once it is there.</summary>
    static string Job(InitInNamespace init, string start) => init.WaitFor($"the job {start}", () => Jobs(init).Keys.SingleOrDefault(name => name.StartsWith(start, StringComparison.Ordinal)));

    static string Crontab(InitInNamespace init, string arguments, string? input = null, int code = 0)
    {
        var outcome = init.Run($"ln -sf /pandora/dora /run/crontab; /run/crontab {arguments}", input: input);
        Assert.Equal(code, outcome.ExitCode);
        return outcome.Output + outcome.Errors;
    }

    [Fact]
    public void A_line_runs_as_its_user_with_its_variables_its_input_and_its_own_log()
    {
        using var init = new InitInNamespace(new Dictionary<string, string>(), Files(
            ("crontab", "SHELL=/bin/bash\n@reboot root echo $BASH_VERSION >/run/system.shell\n"),
            ("cron.d/package", "@reboot plain id -un >/tmp/package\n"),
            ("crontabs/plain", """
                # of plain
                GREETING = "hello  there"
                LOGNAME=root
                @reboot id >/tmp/id; pwd >>/tmp/id; echo "$HOME $LOGNAME $USER $SHELL $PATH $GREETING" >>/tmp/id; cat /proc/self/cgroup >>/tmp/id; umask >>/tmp/id
                @reboot cat >/tmp/input%one%two \% three
                @reboot read x; echo "rest: $x." >/tmp/nothing
                @reboot echo to the log; echo and an error >&2; exit 7
                HOME=/none
                @reboot touch /tmp/not-here
                """)));
        string fails = Job(init, "cron@plain:echo-");
        foreach (string file in new[] { "/run/system.shell", "/tmp/package", "/tmp/id", "/tmp/input", "/tmp/nothing" })
            init.WaitFor(file, () => File.Exists(init.Inside(file)) && File.ReadAllText(init.Inside(file)).EndsWith('\n'));
        Assert.NotEqual("", File.ReadAllText(init.Inside("/run/system.shell")).Trim());
        Assert.Equal("plain\n", File.ReadAllText(init.Inside("/tmp/package")));
        string[] seen = init.WaitFor("all of it", () => File.ReadAllLines(init.Inside("/tmp/id")) is [.., "0022"] lines ? lines : null)!;
        Assert.Equal("uid=1234(plain) gid=1235(plain) groups=1235(plain),4321(extra)", seen[0]);
        Assert.Equal("/tmp", seen[1]);
        Assert.Equal("/tmp plain plain /bin/sh /usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin hello  there", seen[2]);
        Assert.Contains(seen, line => line.StartsWith("0::/dora/services/cron@plain:id-", StringComparison.Ordinal));
        Assert.Equal("one\ntwo % three\n", File.ReadAllText(init.Inside("/tmp/input")));
        Assert.Equal("rest: .\n", File.ReadAllText(init.Inside("/tmp/nothing")));
        // Without its folder it is not run at all: what it does may be meant for that.
        init.WaitForState(Job(init, "cron@plain:touch-"), "failed");
        Assert.False(File.Exists(init.Inside("/tmp/not-here")));
        init.WaitForLog("/etc/crontabs/plain:3:1: warning: LOGNAME is always that of the user: passed over");
        Assert.DoesNotContain("to the log", init.Get($"/v1/services/{fails}").GetRawText());
    }

    [Fact]
    public void Its_jobs_are_listed_run_and_logged_like_any_other_and_outlive_the_manager()
    {
        using var init = new InitInNamespace(
            new Dictionary<string, string> { ["syslog"] = "command: [/pandora/syslog]\nlogger: true\n" },
            Files(("crontabs/root", "@daily echo said; echo wrong >&2; exit 7\n@daily exec sleep 1000\n")));
        string says = Job(init, "cron@root:echo-"), sleeps = Job(init, "cron@root:exec-");
        Assert.Matches($@"{says} +@daily ", init.Run("/pandora/dora cron list").Expect());
        Assert.Equal(1, init.Run($"/pandora/dora cron run {says}").ExitCode);
        // What it has said may come to the log a moment after its end.
        string log = init.WaitFor("its words in the log", () => init.Run($"/pandora/dora cron log {says}").Expect() is var lines && lines.Contains("said") && lines.Contains("wrong") ? lines : null)!;
        Assert.Contains("\nline 1 of /etc/crontabs/root\n", log);
        Assert.Contains("request", log);
        Assert.Contains("line 1 of /etc/crontabs/root", init.Run($"/pandora/dora service status {says}").Output);

        init.Request(HttpMethod.Post, $"/v1/jobs/{sleeps}/run");
        int pid = init.WaitFor("its process", () => init.ProcessesIn($"dora/services/{sleeps}") is [var only] && InitInNamespace.CommandLine(only).Contains("sleep 1000") ? only : 0);
        init.KillManager();
        init.WaitForState(sleeps, "starting");
        Assert.Equal([pid], init.ProcessesIn($"dora/services/{sleeps}"));
        Assert.Equal(7, Jobs(init)[says].GetProperty("last").GetProperty("code").GetInt32());

        // Its line is gone: it goes on, and is forgotten at its end.
        File.Delete(init.Inside("/etc/crontabs/root"));
        init.WaitFor("the other to be gone", () => !Jobs(init).ContainsKey(says));
        Assert.Equal([pid], init.ProcessesIn($"dora/services/{sleeps}"));
        Assert.Equal("service.leaving", init.Request(HttpMethod.Post, $"/v1/jobs/{sleeps}/run").Body.GetProperty("error").GetString());
        Processes.Signal(pid, 15);
        init.WaitFor("it to be forgotten", () => !Jobs(init).ContainsKey(sleeps));
        Assert.DoesNotContain(init.Cgroups(), path => path.Contains("cron@"));
    }

    [Fact]
    public void What_a_line_leaves_running_lives_on_over_the_next_runs_and_managers()
    {
        using var init = new InitInNamespace(new Dictionary<string, string>(), Files(("crontabs/root", "@reboot sleep 1000 & echo started >>/run/started\n")));
        string job = Job(init, "cron@root:sleep-"), cgroup = $"dora/services/{job}";
        init.WaitForState(job, "done");
        int first = Assert.Single(init.ProcessesIn(cgroup));
        init.KillManager();
        Assert.Equal("done", init.WaitForState(job, "done").State);
        init.Run($"/pandora/dora cron run {job}").Expect();
        Assert.Equal(2, File.ReadAllLines(init.Inside("/run/started")).Length);
        int second = Assert.Single(init.ProcessesIn(cgroup), pid => pid != first);
        Assert.Contains(first, init.ProcessesIn(cgroup));
        File.Delete(init.Inside("/etc/crontabs/root"));
        init.WaitFor("the job to be gone", () => Jobs(init).Count == 0);
        Assert.Equal(2, init.ProcessesIn(cgroup).Count);
        Processes.Signal(first, 9);
        Processes.Signal(second, 9);
        init.WaitFor("its cgroup to be gone", () => !init.Cgroups().Contains(cgroup));
    }

    [Fact]
    public void Changes_are_noticed_whoever_makes_them_and_what_may_not_be_is_refused()
    {
        using var init = new InitInNamespace(new Dictionary<string, string>());
        string tab = init.Inside("/etc/crontabs/root");
        Assert.Empty(Jobs(init));

        // There was not even a folder.
        init.Run("umask 077; mkdir -m 755 /etc/crontabs; echo '@daily one' >/etc/crontabs/root").Expect();
        Job(init, "cron@root:one-");
        File.AppendAllText(tab, "61 * * * * two\n@daily three\n");
        Job(init, "cron@root:three-");
        init.WaitForLog("/etc/crontabs/root:2:1: minute: '61' is not between 0 and 59");
        // As editors do it: aside, and then in its place; what they leave beside is not one.
        init.Run("cd /etc/crontabs; cp -p root root~; echo '@daily four' >.new; chmod 600 .new; mv .new root").Expect();
        Job(init, "cron@root:four-");
        init.WaitFor("the others to be gone", () => Jobs(init).Count == 1);
        init.Run("chmod 666 /etc/crontabs/root").Expect();
        init.WaitForLog("/etc/crontabs/root: others can write to it: chmod go-w: nothing of it is run");
        init.WaitFor("no job", () => Jobs(init).Count == 0);
        init.Run("chmod 600 /etc/crontabs/root; chown 1234 /etc/crontabs/root").Expect();
        init.WaitForLog("/etc/crontabs/root: it belongs to user 1234: chown it to root: nothing of it is run");
        init.Run("cd /etc/crontabs; mv root plain").Expect();
        Job(init, "cron@plain:four-");
        init.Run("cd /etc/crontabs; ln -s /etc/passwd root; echo '@daily x' >nobody-knows").Expect();
        init.WaitForLog("/etc/crontabs/root: it is a symbolic link: nothing of it is run");
        init.WaitForLog("/etc/crontabs/nobody-knows: there is no user of this name: nothing of it is run");
        // A package brings one, and its user.
        init.Run("mkdir -m 755 /etc/cron.d; umask 022; echo '@daily newcomer x' >/etc/cron.d/package; echo '@daily root y' >/etc/crontab").Expect();
        init.WaitForLog("/etc/cron.d/package:1: there is no user 'newcomer': it is not run");
        Job(init, "crontab@root:y-");
        init.Run("echo 'newcomer:x:99:99::/:/bin/sh' >>/etc/passwd").Expect();
        Job(init, "cron.d@package:x-");
        init.Run("rm -r /etc/crontabs").Expect();
        init.WaitFor("those of users to be gone", () => Jobs(init).Count == 2);
        Assert.DoesNotContain("the event is dropped", init.KernelLog);
    }

    [Fact]
    public void Crontab_is_what_scripts_know()
    {
        using var init = new InitInNamespace(new Dictionary<string, string>());
        Assert.Equal("no crontab for root\n", Crontab(init, "-l", code: 1));
        // What every installer does.
        Assert.Equal("", init.Run("ln -sf /pandora/dora /run/crontab; PATH=/run:$PATH; (crontab -l; echo '*/5 * * * * /usr/bin/mine') | crontab -").Expect());
        Job(init, "cron@root:mine-");
        init.Run("PATH=/run:$PATH; (crontab -l 2>/dev/null | grep -v other; echo '@daily other') | crontab -").Expect();
        Job(init, "cron@root:other-");
        Assert.Equal("*/5 * * * * /usr/bin/mine\n@daily other\n", Crontab(init, "-l"));
        Assert.Equal("-:1:1: minute: '61' is not between 0 and 59\nerrors in crontab file, can't install.\n", Crontab(init, "-", "61 * * * * x\n", code: 1));
        Assert.Equal("*/5 * * * * /usr/bin/mine\n@daily other\n", Crontab(init, "-l"));

        // As Debian's and busybox's are called for others.
        File.WriteAllText(init.Inside("/tmp/tab"), "@daily id -u >/tmp/who\n");
        Assert.Equal("", Crontab(init, "-u plain /tmp/tab"));
        Assert.Equal("", Crontab(init, "-c /etc/crontabs -u plain /tmp/tab"));
        string job = Job(init, "cron@plain:id-");
        init.Run($"/pandora/dora cron run {job}").Expect();
        Assert.Equal("1234\n", File.ReadAllText(init.Inside("/tmp/who")));
        // It is shown to its user, and changed by root alone: with the program, and without it.
        const string Plain = "setpriv --reuid 1234 --regid 1235 --clear-groups";
        Assert.Equal("0 1235 640", init.Run("stat -c '%u %g %a' /etc/crontabs/plain").Expect().Trim());
        Assert.Equal("@daily id -u >/tmp/who\n", init.Run($"{Plain} /run/crontab -l").Expect());
        Assert.Equal(1, init.Run($"echo '@daily x' | {Plain} /run/crontab -").ExitCode);
        Assert.Contains("Permission denied", init.Run($"{Plain} sh -c 'echo @daily x >>/etc/crontabs/plain'").Errors);
        // Where others are in his group it is shown to nobody.
        init.Run("echo 'other:x:1236:1235::/:/bin/sh' >>/etc/passwd; /run/crontab -u plain /tmp/tab").Expect();
        Assert.Equal("0 0 600", init.Run("stat -c '%u %g %a' /etc/crontabs/plain").Expect().Trim());
        Assert.Equal("crontab: only root can show this one: others are in the group of plain: ask for 'crontab -u plain -l' (see crontab(1))\n", init.Run($"{Plain} /run/crontab -l").Errors);

        Assert.Equal("crontab: installing new crontab\n", init.Run("EDITOR='sed -i s/mine/yours/' /run/crontab -e 2>&1").Expect());
        Job(init, "cron@root:yours-");
        Assert.Equal("", Crontab(init, "-r"));
        Assert.Equal("no crontab for root\n", Crontab(init, "-r", code: 1));
        init.WaitFor("only that of plain", () => Jobs(init).Keys.SequenceEqual([job]));
    }
}
