using System.Text.RegularExpressions;
using Dora.Namespace.Tests.Harness;

namespace Dora.Namespace.Tests;

/// <summary>The settings of docs/services.md, "What its process gets" and "Its privileges", each seen from inside a service.</summary>
public class ProcessTests(ProcessTests.Machine machine) : IClassFixture<ProcessTests.Machine>
{
    public sealed class Machine : Probes
    {
        public Machine()
        {
            const string Status = "cat /proc/self/status";
            Add("groups", "user: plain\ngroups: [kvm, '77']\n", "id -G");
            Add("root-groups", "groups: kvm\n", "id -u; id -G");
            Add("unknown-group", "groups: nobody-knows\n", "id -G");
            Add("root", "root: /srv/jail\ndirectory: /work\n", "");
            Add("files", "environment-files: [/etc/one.env, -/etc/missing.env]\nenvironment: {B: mine}\n", "echo \"$A|$B|$C\"");
            Add("no-file", "environment-files: /etc/missing.env\n", "true");
            Add("bad-file", "environment-files: /etc/bad.env\n", "true");
            Add("priorities", "nice: 7\nionice: best-effort:6\noom-score-adj: 300\ncpu-affinity: 0\n",
                "cut -d' ' -f 19 /proc/self/stat; ionice -p $$; cat /proc/self/oom_score_adj; grep Cpus_allowed_list /proc/self/status");
            Add("idle", "ionice: idle\nscheduling: idle\n", "ionice -p $$; chrt -p $$");
            Add("batch", "scheduling: batch\n", "chrt -p $$");
            Add("real-time", "scheduling: fifo:12\n", "chrt -p $$");
            Add("round-robin", "scheduling: rr:3\n", "chrt -p $$");
            Add("no-processor", "cpu-affinity: 900\n", "true");
            // nice and rtprio may not be raised on every host that runs this.
            Add("limits", "rlimits: {cpu: 1001, fsize: 1002K, data: 1003M, stack: 1004K, core: 5, rss: 6, nproc: 1007, nofile: '20:21', memlock: 10, as: 11G, locks: 12, sigpending: 13, msgqueue: 14, nice: 0, rtprio: 0, rttime: 17}\n",
                "cat /proc/self/limits");
            Add("plain", "", Status);
            Add("bounding", "capabilities: [net_bind_service, CAP_CHOWN]\n", Status);
            Add("none", "capabilities: []\n", Status);
            Add("user", "user: plain\n", Status);
            Add("ambient", "user: plain\nambient-capabilities: [net_bind_service, sys_admin]\n", Status);
            Add("ambient-bound", "user: plain\ncapabilities: [net_raw, kill]\nambient-capabilities: net_raw\nno-new-privileges: true\n", Status);
            Add("nnp", "no-new-privileges: true\n", Status);
            AddService("append-direct", "type: oneshot\ncommand: [/bin/sh, -c, 'echo one; echo two >&2; cat']\nstdin: /etc/one.env\nstdout: /told/both\nstderr: /told/both\n");
            AddService("truncating", "type: oneshot\ncommand: [/bin/echo, short]\nstdout: truncate:/told/old\n");
            AddService("nothing", "type: oneshot\ncommand: [/bin/sh, -c, 'readlink /proc/self/fd/0 /proc/self/fd/1 /proc/self/fd/2 >/told/nothing']\nstdout: none\nstderr: none\n");
            AddService("no-folder", "type: oneshot\nrestart: never\ncommand: /bin/true\nstderr: /nowhere/log\n");
            AddService("fifo", "type: oneshot\nrestart: never\ncommand: /bin/true\nstdout: /etc/fifo\n");
            Start(files =>
            {
                string etc = Path.Combine(files, "etc"), jail = Path.Combine(files, "srv/jail");
                File.AppendAllText(Path.Combine(etc, "group"), "kvm:x:1300:\nmore:x:77:\n");
                File.WriteAllText(Path.Combine(etc, "one.env"), "# variables\nA='a b'\nexport B=theirs\nC=\"q\\\"x\"\n");
                File.WriteAllText(Path.Combine(etc, "bad.env"), "A=1\n\nnonsense\n");
                Directory.CreateDirectory(Path.Combine(jail, "work"));
                Directory.CreateDirectory(Path.Combine(files, "told"));
                File.WriteAllText(Path.Combine(files, "told/old"), "much longer than what comes\n");
                Programs.Run(TimeSpan.FromSeconds(5), "mkfifo", Path.Combine(etc, "fifo")).Expect();
            });
        }
    }

    string[] Lines(string probe) => machine.ToldLines(probe);

    string Status(string probe, string key) => Regex.Match(machine.Told(probe), $@"^{key}:\s+(.*)$", RegexOptions.Multiline).Groups[1].Value;

    ulong Mask(string probe, string key) => Convert.ToUInt64(Status(probe, key), 16);

    [Fact]
    public void Supplementary_groups_are_those_of_etc_group_and_those_named()
    {
        Assert.Equal("1235 77 1300", Lines("groups")[0]);
        Assert.Equal(["0", "0 1300"], Lines("root-groups"));
        Assert.Contains("nobody-knows: there is no such group", machine.Failure("unknown-group"));
    }

    [Fact]
    public void A_root_is_what_the_program_is_looked_up_in() =>
        Assert.Contains("execute /bin/sh: no such file or directory (ENOENT)", machine.Failure("root"));

    [Fact]
    public void Files_of_variables_are_read_and_the_service_file_wins() => Assert.Equal(["a b|mine|q\"x"], Lines("files"));

    [Fact]
    public void A_file_of_variables_that_is_missing_or_wrong_is_told()
    {
        Assert.Contains("environment-files: /etc/missing.env: no such file or directory (ENOENT)", machine.Failure("no-file"));
        Assert.Contains("environment-files: /etc/bad.env:3: expected NAME=value", machine.Failure("bad-file"));
    }

    [Fact]
    public void Nice_ionice_oom_score_and_affinity_are_as_it_says() =>
        Assert.Equal(["7", "best-effort: prio 6", "300", "Cpus_allowed_list:\t0"], Lines("priorities"));

    [Theory]
    [InlineData("idle", "SCHED_IDLE", 0)]
    [InlineData("batch", "SCHED_BATCH", 0)]
    [InlineData("real-time", "SCHED_FIFO", 12)]
    [InlineData("round-robin", "SCHED_RR", 3)]
    public void Scheduling_is_as_it_says(string probe, string policy, int priority)
    {
        Assert.Contains($"policy: {policy}", machine.Told(probe));
        Assert.Matches($@"priority: {priority}\n", machine.Told(probe));
        if (probe == "idle") Assert.Equal("idle", Lines(probe)[0]);
    }

    [Fact]
    public void A_processor_that_is_not_there_is_told() =>
        Assert.Contains("set cpu-affinity: invalid argument (EINVAL)", machine.Failure("no-processor"));

    [Fact]
    public void All_sixteen_limits_are_as_it_says()
    {
        string[] lines = Lines("limits")[1..];
        Assert.Equal(16, lines.Length);
        foreach (var (name, soft, hard) in new (string, long, long)[]
        {
            ("Max cpu time", 1001, 1001), ("Max file size", 1002 << 10, 1002 << 10), ("Max data size", 1003 << 20, 1003 << 20),
            ("Max stack size", 1004 << 10, 1004 << 10), ("Max core file size", 5, 5), ("Max resident set", 6, 6), ("Max processes", 1007, 1007),
            ("Max open files", 20, 21), ("Max locked memory", 10, 10), ("Max address space", 11L << 30, 11L << 30), ("Max file locks", 12, 12),
            ("Max pending signals", 13, 13), ("Max msgqueue size", 14, 14), ("Max nice priority", 0, 0), ("Max realtime priority", 0, 0),
            ("Max realtime timeout", 17, 17),
        })
            Assert.Matches($@"^{name}\s+{soft}\s+{hard}\b", Assert.Single(lines, line => line.StartsWith(name, StringComparison.Ordinal)));
    }

    [Fact]
    public void Root_has_all_capabilities_of_the_machine_unless_it_says_otherwise()
    {
        Assert.Equal(Mask("plain", "CapBnd"), Mask("plain", "CapEff"));
        Assert.Equal(1ul << 10 | 1, Mask("bounding", "CapBnd"));
        Assert.Equal(1ul << 10 | 1, Mask("bounding", "CapEff"));
        Assert.Equal(0ul, Mask("none", "CapBnd"));
        Assert.Equal(0ul, Mask("none", "CapPrm"));
    }

    [Fact]
    public void Another_user_has_no_capabilities_but_ambient_ones()
    {
        Assert.Equal(0ul, Mask("user", "CapEff") | Mask("user", "CapPrm") | Mask("user", "CapInh") | Mask("user", "CapAmb"));
        foreach (string set in new[] { "CapEff", "CapPrm", "CapInh", "CapAmb" })
        {
            Assert.Equal(1ul << 10 | 1ul << 21, Mask("ambient", set));
            Assert.Equal(1ul << 13, Mask("ambient-bound", set));
        }
        Assert.Equal(1ul << 13 | 1ul << 5, Mask("ambient-bound", "CapBnd"));
        Assert.Equal("1234\t1234\t1234\t1234", Status("ambient", "Uid"));
    }

    [Fact]
    public void No_new_privileges_holds_where_it_is_asked_for()
    {
        Assert.Equal("0", Status("plain", "NoNewPrivs"));
        Assert.Equal("1", Status("nnp", "NoNewPrivs"));
        Assert.Equal("1", Status("ambient-bound", "NoNewPrivs"));
    }

    [Fact]
    public void Streams_are_files_that_are_appended_to_or_emptied()
    {
        machine.Init.WaitForState("append-direct", "done");
        Assert.Equal("one\ntwo\n# variables", File.ReadAllText(machine.Init.Inside("/told/both"))[..19]);
        machine.Init.WaitForState("truncating", "done");
        Assert.Equal("short\n", File.ReadAllText(machine.Init.Inside("/told/old")));
        Assert.Equal("0", machine.Init.Run("stat -c %u /told/both").Output.Trim());
        machine.Init.Change("restart", "append-direct");
        machine.Init.WaitFor("both runs", () => File.ReadAllText(machine.Init.Inside("/told/both")).Split("one\n").Length == 3);
    }

    [Fact]
    public void Streams_may_be_nothing()
    {
        machine.Init.WaitForState("nothing", "done");
        Assert.Equal("/dev/null\n/told/nothing\n/dev/null\n", File.ReadAllText(machine.Init.Inside("/told/nothing")));
    }

    [Fact]
    public void A_stream_that_cannot_be_opened_is_told_by_name()
    {
        Assert.Contains("stderr: open /nowhere/log: no such file or directory (ENOENT)", machine.Failure("no-folder"));
        Assert.Contains("stdout: open /etc/fifo: no such device or address (ENXIO)", machine.Failure("fifo"));
    }
}
