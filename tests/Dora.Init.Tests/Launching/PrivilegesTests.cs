using Dora.Core.Configuration;
using Dora.Init.Launching;
using Dora.Init.Manager.Supervision;
using Xunit;

namespace Dora.Init.Tests.Launching;

/// <summary>Given this service, priorities and privileges are these calls, in an order that can work.</summary>
public class PrivilegesTests
{
    private static readonly Identity s_web = new("web", 33, 34, [34, 5], "/", "/bin/sh");

    [Fact]
    public void A_plain_service_gets_its_mask_limit_and_directory_alone() =>
        Assert.Equal(["set umask: umask(18)", "set rlimit nofile: prlimit64(0, 7, 0004000000000000000001, 0) or not", "change to directory /: chdir('/')"], Steps(""));

    [Fact]
    public void Priorities_come_first_then_root_then_user_then_directory_then_no_new_privileges_and_the_filter_last()
    {
        string[] steps = Steps("user: web\nroot: /jail\ndirectory: /w\nnice: 3\nionice: idle\ncpu-affinity: [0, 9]\nscheduling: rr:4\noom-score-adj: -5\nprivate-tmp: true\nseccomp: []\nrlimits: {nofile: 3}\n");
        Assert.Equal([
            "set oom-score-adj: WriteFile(., '/proc/self/oom_score_adj', '-5', 2)", "set nice: setpriority(0, 0, 3)", "set ionice: ioprio_set(1, 0, 24576)",
            "set cpu-affinity: sched_setaffinity(0, 128, 0102)", "set scheduling: sched_setscheduler(0, 2, 04)",
            "unshare mounts: unshare(131072)", "keep mounts to itself: mount(0, '/', 0, 540672, 0)", "mount tmpfs on /tmp: mount('tmpfs', '/jail/tmp', 'tmpfs', 6, 'mode=1777')",
            "change root to /jail: chroot('/jail')", "change to directory /: chdir('/')", "set umask: umask(18)", "set rlimit nofile: prlimit64(0, 7, 030000000000000003, 0)",
            "set groups of web: setgroups(2, 2200000005)", "change to group 34: setresgid(34, 34, 34)", "change to user web: setresuid(33, 33, 33)",
            "change to directory /w: chdir('/w')", "set no-new-privileges: prctl(38, 1, 0, 0, 0)", "close other descriptors: close_range(3, 4294967295, 4) or not",
        ], steps[..^1]);
        Assert.Matches(@"^set seccomp: seccomp\(1, 0, (\d+) instructions, \d+ bytes\)$", steps[^1]);
    }

    [Fact]
    public void Capabilities_are_dropped_before_the_user_is_changed_and_ambient_ones_raised_after()
    {
        string[] steps = Steps("user: web\ncapabilities: [kill, net_raw]\nambient-capabilities: net_raw\n");
        int user = Array.IndexOf(steps, "change to user web: setresuid(33, 33, 33)");
        var dropped = steps[..user].Where(step => step.StartsWith("drop capability", StringComparison.Ordinal)).ToList();
        Assert.Equal(dropped.Count, steps.Count(step => step.StartsWith("drop capability", StringComparison.Ordinal)));
        Assert.InRange(dropped.Count, 30, 62);
        Assert.Contains("drop capability sys_admin: prctl(24, 21, 0, 0, 0)", dropped);
        Assert.DoesNotContain(dropped, step => step.Contains(" kill:") || step.Contains(" net_raw:"));
        Assert.True(Array.IndexOf(steps, "keep capabilities: prctl(8, 1, 0, 0, 0)") < user);
        // Effective, permitted and inheritable: bit 13 of the lower halves.
        Assert.Equal(["set capabilities: capset(22050820, 00200000002000000020)", "set ambient capability net_raw: prctl(47, 2, 13, 0, 0)", "change to directory /: chdir('/')"], steps[(user + 1)..(user + 4)]);
    }

    [Fact]
    public void Private_devices_take_the_means_to_make_others()
    {
        string[] dropped = [.. Steps("private-devices: true\n").Where(step => step.StartsWith("drop", StringComparison.Ordinal))];
        Assert.Equal(["drop capability sys_rawio: prctl(24, 17, 0, 0, 0)", "drop capability mknod: prctl(24, 27, 0, 0, 0)"], dropped);
    }

    [Fact]
    public void Groups_alone_are_set_for_root_too()
    {
        string[] steps = Steps("groups: [kvm]\n");
        Assert.Contains("set groups of web: setgroups(2, 2200000005)", steps); // the identity of these tests
    }

    private static string[] Steps(string settings)
    {
        var file = ServiceFileReader.Read("/etc/dora/services/web.yaml", "command: /bin/web\n" + settings);
        Assert.Empty(file.Problems);
        var builder = new LaunchPlanBuilder("web", ["/bin/web"]);
        s_web.ApplyTo(builder, file.Settings!);
        string[] steps = PlanText.Of(builder.Build(asSibling: true))[1..];
        return settings.Contains("seccomp") ? steps : steps[..^1];
    }
}
