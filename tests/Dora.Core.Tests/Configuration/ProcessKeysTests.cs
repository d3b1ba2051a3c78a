using Dora.Core.Configuration;
using Dora.Core.Linux;
using Xunit;
using static Dora.Core.Tests.Configuration.ServiceFileReaderTests;

namespace Dora.Core.Tests.Configuration;

public class ProcessKeysTests
{
    internal const string Everything = """
        groups: [kvm, '77']
        environment-files: [/etc/a, -/etc/b]
        root: /srv/jail/
        stdin: /etc/in
        stdout: /var/log/out
        stderr: truncate:/run/errors
        nice: -20
        scheduling: fifo:99
        cpu-affinity: [0, 2-4, 3]
        ionice: realtime:7
        oom-score-adj: -1000
        cgroup:
          memory.max: 64M
          io.max: ["8:0 rbps=1", "8:16 wiops=2"]
          cpu.max: "50000 100000"
          hugetlb.2MB.max: max
        delegate: true
        capabilities: [chown, CAP_SYS_ADMIN, checkpoint_restore]
        ambient-capabilities: sys_admin
        no-new-privileges: true
        private-tmp: true
        read-only-root: true
        read-only-paths: /srv/
        writable-paths: [/srv/data, -/x]
        hidden-paths: [/root]
        private-devices: false
        protect-kernel-tunables: true
        private-network: true
        private-users: true
        seccomp: ["@network", mount]
        seccomp-action: kill

        """;

    private const string Command = "command: /bin/a\n";

    [Fact]
    public void Every_key_reaches_its_property()
    {
        var process = Load(Command + "user: web\n" + Everything).Process;

        Assert.Equal(["kvm", "77"], process.Groups);
        Assert.Equal(["/etc/a False", "/etc/b True"], Shown(process.EnvironmentFiles));
        Assert.Equal("/srv/jail", process.Root);
        Assert.Equal((StreamKind.File, "/etc/in"), (process.Input!.Kind, process.Input.Path));
        Assert.Equal((StreamKind.File, "/var/log/out"), (process.Output!.Kind, process.Output.Path));
        Assert.Equal((StreamKind.EmptiedFile, "/run/errors"), (process.Error!.Kind, process.Error.Path));
        Assert.Equal(-20, process.Nice);
        Assert.Equal((Libc.SCHED_FIFO, 99), (process.Scheduling!.Policy, process.Scheduling.Priority));
        Assert.Equal([0, 2, 3, 4], process.Processors);
        Assert.Equal(1 << 13 | 7, process.IoPriority);
        Assert.Equal(-1000, process.OomScoreAdjust);
        Assert.Equal(["memory.max=64M", "io.max=8:0 rbps=1,8:16 wiops=2", "cpu.max=50000 100000", "hugetlb.2MB.max=max"],
            process.Cgroup.Select(setting => $"{setting.File}={string.Join(",", setting.Values)}"));
        Assert.True(process.Delegate);
        Assert.Equal(1ul | 1ul << 21 | 1ul << 40, process.Capabilities);
        Assert.Equal(1ul << 21, process.AmbientCapabilities);
        Assert.True(process.NoNewPrivileges);
        Assert.Equal((true, true, false, true, true, true), (process.PrivateTmp, process.ReadOnlyRoot, process.PrivateDevices,
            process.ProtectKernelTunables, process.PrivateNetwork, process.PrivateUsers));
        Assert.Equal(["/srv False"], Shown(process.ReadOnlyPaths));
        Assert.Equal(["/srv/data False", "/x True"], Shown(process.WritablePaths));
        Assert.Equal(["/root False"], Shown(process.HiddenPaths));
        Assert.True(process.KillOnForbiddenCall);
        Assert.Contains(41, process.SystemCalls!); // socket
        Assert.Contains(165, process.SystemCalls!); // mount
        Assert.Contains(0, process.SystemCalls!); // read, of @default
        Assert.DoesNotContain(101, process.SystemCalls!); // ptrace
        Assert.Equal(process.SystemCalls!.Order().Distinct(), process.SystemCalls!);
    }

    [Fact]
    public void A_service_that_says_nothing_shares_the_defaults_and_one_key_leaves_the_others()
    {
        Assert.Same(ProcessSettings.Default, Load(Command).Process);
        var process = Load(Command + "nice: 5\n").Process;
        Assert.Equal((5, (int?)null, (ulong?)null), (process.Nice, process.IoPriority, process.Capabilities));
        Assert.Null(ProcessSettings.Default.Nice);
    }

    [Theory]
    [InlineData("idle", Libc.SCHED_IDLE, 0)]
    [InlineData("batch", Libc.SCHED_BATCH, 0)]
    [InlineData("other", Libc.SCHED_OTHER, 0)]
    [InlineData("rr:1", Libc.SCHED_RR, 1)]
    public void Other_words_of_scheduling(string word, int policy, int priority)
    {
        var scheduling = Load($"{Command}scheduling: {word}\n").Process.Scheduling!;
        Assert.Equal((policy, priority), (scheduling.Policy, scheduling.Priority));
    }

    [Fact]
    public void Words_of_streams_and_empty_lists()
    {
        var process = Load(Command + "tty: tty1\nstdin: none\nstdout: log\nstderr: tty\ncapabilities: []\nseccomp: []\nionice: idle\n").Process;
        Assert.Equal((StreamKind.None, StreamKind.Log, StreamKind.Terminal), (process.Input!.Kind, process.Output!.Kind, process.Error!.Kind));
        Assert.Equal(0ul, process.Capabilities);
        Assert.NotEmpty(process.SystemCalls!);
        Assert.Equal(3 << 13, process.IoPriority);
    }

    [Theory]
    [InlineData("groups: 'a:b'", "groups: 'a:b' is neither a name (a-z, 0-9, '_', '-') nor a number")]
    [InlineData("environment-files: etc/a", "environment-files: the path 'etc/a' has to be absolute (begin with '/')")]
    [InlineData("root: /", "root: the path '/' is the whole file system")]
    [InlineData("root: /a/../b", "root: the path '/a/../b' may not hold '..'")]
    [InlineData("hidden-paths: /a/..", "hidden-paths: the path '/a/..' may not hold '..'")]
    [InlineData("read-only-paths: -//", "read-only-paths: the path '//' is the whole file system")]
    [InlineData("stdin: log", "stdin: 'log' is not one of none, tty or an absolute path")]
    [InlineData("stdin: truncate:/a", "stdin: 'truncate:/a' is not one of none, tty or an absolute path")]
    [InlineData("stdout: file", "stdout: 'file' is not one of log, none, tty or an absolute path, or truncate: and a path")]
    [InlineData("stdout: truncate:a", "stdout: 'truncate:a' is not one of log, none, tty or an absolute path, or truncate: and a path")]
    [InlineData("nice: 20", "nice: '20' is not a whole number from -20 to 19")]
    [InlineData("oom-score-adj: 1e3", "oom-score-adj: '1e3' is not a whole number from -1000 to 1000")]
    [InlineData("ionice: best-effort:8", "ionice: 'best-effort:8' is not one of idle, best-effort:N, realtime:N, with N from 0 (first) to 7")]
    [InlineData("scheduling: fifo:0", "scheduling: 'fifo:0' is not one of other, batch, idle, fifo:N, rr:N, with N from 1 to 99")]
    [InlineData("scheduling: deadline", "scheduling: 'deadline' is not one of other, batch, idle, fifo:N, rr:N, with N from 1 to 99")]
    [InlineData("cpu-affinity: 3-2", "cpu-affinity: '3-2' is no processor from 0 to 1023, nor a range such as 2-3")]
    [InlineData("cpu-affinity: 1024", "cpu-affinity: '1024' is no processor from 0 to 1023, nor a range such as 2-3")]
    [InlineData("cpu-affinity: []", "cpu-affinity: is empty; leave the key out for all processors")]
    [InlineData("capabilities: net_bind_servise", "capabilities: there is no capability 'net_bind_servise'; did you mean 'net_bind_service'?")]
    [InlineData("seccomp: '@netwrk'", "seccomp: there is no group '@netwrk'; did you mean '@network'?")]
    [InlineData("seccomp: opennat", "seccomp: there is no system call 'opennat'; groups begin with '@'")]
    [InlineData("seccomp: 'read write'", "seccomp: there is no system call 'read write'; groups begin with '@'")]
    [InlineData("seccomp: {a: b}", "seccomp: expected a list of groups and system calls, found a mapping")]
    [InlineData("private-tmp: yes", "private-tmp: 'yes' is not one of true, false; write true")]
    [InlineData("cgroup: memory.max", "cgroup: expected a mapping of files to values, such as {memory.max: 64M}, found a word")]
    public void A_wrong_value_is_told(string line, string message)
    {
        int column = line.IndexOf(": ", StringComparison.Ordinal) + 3;
        var problem = Assert.Single(ServiceFileReader.Read("web.yaml", Command + line).Problems);
        Assert.Equal((2, column, message), (problem.Line, problem.Column, problem.Message));
    }

    [Theory]
    [InlineData("memory: 1", "10: cgroup: 'memory' is not a file of a cgroup, such as memory.max")]
    [InlineData("../x.y: 1", "10: cgroup: '../x.y' is not a file of a cgroup, such as memory.max")]
    [InlineData("memry.max: 1", "10: cgroup: 'memry.max' is of no controller that there is (cpu, cpuset, dmem, hugetlb, io, memory, misc, pids, rdma); did you mean 'memory'?")]
    [InlineData("cgroup.procs: 1", "10: cgroup: 'cgroup.procs' is init's own to write; of these there are cgroup.max.depth and cgroup.max.descendants")]
    [InlineData("cgroup.kill: 1", "10: cgroup: 'cgroup.kill' is init's own to write; of these there are cgroup.max.depth and cgroup.max.descendants")]
    [InlineData("memory.max: \"a\\nb\"", "22: cgroup: memory.max: 'a\\nb' is not a line of at most 200 characters")]
    [InlineData("memory.max: ''", "22: cgroup: memory.max: '' is not a line of at most 200 characters")]
    [InlineData("memory.max: {a: 1}", "22: cgroup: memory.max: expected a word or a list of words, found a mapping")]
    [InlineData("memory.max: []", "22: cgroup: memory.max: expected 1 to 64 values")]
    [InlineData("memory.max: [1, []]", "26: cgroup: memory.max: expected a word or a list of words, found a list")]
    public void A_wrong_file_of_a_cgroup_is_told(string entry, string expected) =>
        Assert.Equal($"web.yaml:2:{expected}",
            Assert.Single(ServiceFileReader.Read("web.yaml", $"{Command}cgroup: {{{entry}}}").Problems).ToString());

    [Fact]
    public void Limits_of_the_hierarchy_may_be_set() =>
        Assert.Equal(2, Load(Command + "cgroup: {cgroup.max.depth: 3, cgroup.max.descendants: 9}\n").Process.Cgroup.Count);

    [Theory]
    [InlineData("stdout: tty", "stdout: there is no 'tty' to take")]
    [InlineData("stdin: tty", "stdin: there is no 'tty' to take")]
    [InlineData("stderr: tty", "stderr: there is no 'tty' to take")]
    [InlineData("stdout: none\nper-connection: true\nsockets: [tcp: 1]", "stdout: is the connection, with 'per-connection'")]
    [InlineData("stdin: none\nper-connection: true\nsockets: [tcp: 1]", "stdin: is the connection, with 'per-connection'")]
    [InlineData("stdout: none\nlogger: true", "stdout: cannot go with 'logger': its own output goes to the kernel's log")]
    [InlineData("stderr: /a\nlogger: true", "stderr: cannot go with 'logger': its own output goes to the kernel's log")]
    [InlineData("ambient-capabilities: kill", "ambient-capabilities: has no meaning for root, who has them all; name a 'user', or limit root by 'capabilities'")]
    [InlineData("ambient-capabilities: kill\nuser: web\ncapabilities: []", "ambient-capabilities: holds what 'capabilities' leaves out")]
    [InlineData("writable-paths: /a", "writable-paths: has no meaning without 'read-only-root' or 'read-only-paths'")]
    [InlineData("seccomp-action: kill", "seccomp-action: has no meaning without 'seccomp'")]
    [InlineData("no-new-privileges: false\nseccomp: '@basic'", "no-new-privileges: cannot be false with 'seccomp', which brings it along")]
    [InlineData("root: /srv/jail\nruntime-directory: web", "root: hides the 'runtime-directory', which is made in /run; leave one of them out")]
    [InlineData("private-devices: true\ntty: tty1", "private-devices: hides the 'tty' that the service is for")]
    public void What_makes_no_sense_together_is_told(string lines, string message)
    {
        var problem = Assert.Single(ServiceFileReader.Read("web.yaml", Command + lines).Problems);
        Assert.Equal((2, 1, message), (problem.Line, problem.Column, problem.Message));
    }

    [Fact]
    public void Paths_of_a_template_are_those_of_the_instance()
    {
        var template = Load(Command + """
            for-each: console
            root: /srv/%i
            directory: /w/%i
            environment-files: [/etc/%i.env]
            stdout: /log/%i%%
            hidden-paths: -/x/%i
            nice: 3

            """);
        var instance = ServiceTemplate.Instantiate(template, "tty1");
        Assert.Equal(("/srv/tty1", "/w/tty1", "/log/tty1%", 3), (instance.Process.Root, instance.Directory, instance.Process.Output!.Path, instance.Process.Nice));
        Assert.Equal(["/etc/tty1.env False"], Shown(instance.Process.EnvironmentFiles));
        Assert.Equal(["/x/tty1 True"], Shown(instance.Process.HiddenPaths));
        Assert.Equal("/srv/%i", template.Process.Root);

        AssertProblems(Command + "for-each: console\nstdout: /log/%n\n",
            "2:1: the path '/log/%n': '%n' has no meaning in a template: %i is the instance's argument, %% a percent sign");
    }

    private static IEnumerable<string> Shown(IReadOnlyList<OptionalPath> paths) => paths.Select(path => $"{path.Path} {path.MayBeMissing}");
}
