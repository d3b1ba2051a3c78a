using Dora.Core.Configuration;
using Dora.Init.Launching;
using Xunit;

namespace Dora.Init.Tests.Launching;

/// <summary>Given this service, the mounts are these, in this order.</summary>
public class SandboxTests
{
    private const string Unshare = "unshare mounts: unshare(131072)", Slave = "keep mounts to itself: mount(0, '/', 0, 540672, 0)";

    private static readonly string[] s_folders = ["/dev", "/proc", "/sys", "/dev/pts", "/dev/shm", "/proc/sys", "/var/tmp", "/x", "/jail/dev", "/jail/tmp"];
    private static readonly string[] s_files = ["/dev/log", "/x/file", "/proc/sysrq-trigger"];

    [Fact]
    public void Nothing_asked_is_nothing_done() => Assert.Empty(Steps("nice: 3\n"));

    [Fact]
    public void A_private_tmp_is_a_tmpfs_on_both() =>
        Assert.Equal([Unshare, Slave, "mount tmpfs on /tmp: mount('tmpfs', '/tmp', 'tmpfs', 6, 'mode=1777')", "mount tmpfs on /var/tmp: mount('tmpfs', '/var/tmp', 'tmpfs', 6, 'mode=1777')"],
            Steps("private-tmp: true\n"));

    [Fact]
    public void Writable_trees_are_taken_before_and_put_back_after_the_root_is_read_only() =>
        Assert.Equal([
            Unshare, Slave,
            "$1 = keep /dev: open_tree(., '/dev', 557057)", "$2 = keep /proc: open_tree(., '/proc', 557057)", "$3 = keep /sys: open_tree(., '/sys', 557057)",
            "$4 = keep /x: open_tree(., '/x', 557057)", "$5 = keep /run/web: open_tree(., '/run/web', 557057)",
            "make / read-only: mount_setattr(., '/', 32768, 01, 32)",
            "put back /dev: move_mount($1, '', ., '/dev', 4)",
            "put back /proc: move_mount($2, '', ., '/proc', 4)", "put back /sys: move_mount($3, '', ., '/sys', 4)",
            "bind /srv: mount('/srv', '/srv', 0, 20480, 0)", "make /srv read-only: mount_setattr(., '/srv', 32768, 01, 32)",
            "put back /x: move_mount($4, '', ., '/x', 4)", "put back /run/web: move_mount($5, '', ., '/run/web', 4)",
            "hide /x/file: mount('/dev/null', '/x/file', 0, 4096, 0)", "hide /x: mount('tmpfs', '/x', 'tmpfs', 15, 'mode=000,size=4k,nr_inodes=2')",
        ], Steps("read-only-root: true\nread-only-paths: /srv\nwritable-paths: [/x, -/none]\nhidden-paths: [/x/file, /x, -/none]\nruntime-directory: web\n"));

    [Fact]
    public void Kernel_tunables_that_are_there_are_read_only_and_a_delegated_cgroup_is_not()
    {
        Assert.Equal([
            Unshare, Slave, "$1 = keep /sys/fs/cgroup: open_tree(., '/sys/fs/cgroup', 557057)",
            "bind /proc/sys: mount('/proc/sys', '/proc/sys', 0, 20480, 0)", "make /proc/sys read-only: mount_setattr(., '/proc/sys', 32768, 01, 32)",
            "bind /proc/sysrq-trigger: mount('/proc/sysrq-trigger', '/proc/sysrq-trigger', 0, 20480, 0)",
            "make /proc/sysrq-trigger read-only: mount_setattr(., '/proc/sysrq-trigger', 32768, 01, 32)",
            "bind /sys: mount('/sys', '/sys', 0, 20480, 0)", "make /sys read-only: mount_setattr(., '/sys', 32768, 01, 32)",
            "put back /sys/fs/cgroup: move_mount($1, '', ., '/sys/fs/cgroup', 4)",
        ], Steps("protect-kernel-tunables: true\ndelegate: true\n"));
        Assert.DoesNotContain(Steps("protect-kernel-tunables: true\n"), step => step.Contains("cgroup"));
    }

    [Fact]
    public void Private_devices_are_made_in_a_tmpfs_and_terminals_shm_and_log_stay()
    {
        string[] steps = Steps("private-devices: true\nread-only-root: true\n");
        Assert.Equal([
            "$1 = keep /proc: open_tree(., '/proc', 557057)", "$2 = keep /sys: open_tree(., '/sys', 557057)", "$3 = keep /dev/pts: open_tree(., '/dev/pts', 557057)",
            "$4 = keep /dev/shm: open_tree(., '/dev/shm', 557057)", "$5 = keep /dev/log: open_tree(., '/dev/log', 557057)",
        ], steps.Where(step => step.StartsWith('$')));
        int mount = Array.IndexOf(steps, "mount tmpfs on /dev: mount('tmpfs', '/dev', 'tmpfs', 10, 'mode=755,size=64k')");
        Assert.Equal("set umask: umask(0)", steps[mount - 1]);
        Assert.Equal("make /dev/null: mknod('/dev/null', 8630, 259)", steps[mount + 1]);
        Assert.Contains("make /dev/fd: symlink('/proc/self/fd', '/dev/fd')", steps[mount..]);
        Assert.Equal(["make /dev/pts: mkdir('/dev/pts', 493)", "make /dev/shm: mkdir('/dev/shm', 493)", "make /dev/log: mknod('/dev/log', 33206, 0)",
            "put back /dev/pts: move_mount($3, '', ., '/dev/pts', 4)", "put back /dev/shm: move_mount($4, '', ., '/dev/shm', 4)", "put back /dev/log: move_mount($5, '', ., '/dev/log', 4)"], steps[^6..]);
    }

    [Fact]
    public void A_private_network_gets_its_loopback_up() =>
        Assert.Equal(["unshare network: unshare(1073741824)", "$1 = open a socket for private-network: socket(2, 524290, 0)", $"bring up lo: ioctl($1, 35092, 6C6F{new string('0', 28)}01)"],
            Steps("private-network: true\n"));

    [Fact]
    public void With_a_root_of_its_own_all_paths_are_below_it() =>
        Assert.Equal([
            Unshare, Slave, "$1 = keep /dev: open_tree(., '/jail/dev', 557057)", "bind /: mount('/jail', '/jail', 0, 20480, 0)",
            "make / read-only: mount_setattr(., '/jail/', 32768, 01, 32)", "put back /dev: move_mount($1, '', ., '/jail/dev', 4)",
            "mount tmpfs on /tmp: mount('tmpfs', '/jail/tmp', 'tmpfs', 6, 'mode=1777')",
            "hide /a: mount('tmpfs', '/jail/a', 'tmpfs', 15, 'mode=000,size=4k,nr_inodes=2')",
        ], Steps("root: /jail\nread-only-root: true\nprivate-tmp: true\nhidden-paths: /a\n"));

    [Fact]
    public void Every_step_has_to_succeed() =>
        Assert.DoesNotContain(Steps("read-only-root: true\nprivate-tmp: true\nprivate-devices: true\nprivate-network: true\nprotect-kernel-tunables: true\nhidden-paths: [/x, /none]\n"),
            step => step.EndsWith("or not", StringComparison.Ordinal));

    private static string[] Steps(string settings)
    {
        var file = ServiceFileReader.Read("/etc/dora/services/web.yaml", "command: /bin/web\n" + settings);
        Assert.Empty(file.Problems);
        var builder = new LaunchPlanBuilder("web", ["/bin/web"]);
        Sandbox.Apply(builder, file.Settings!, path =>
            Array.IndexOf(s_folders, path) >= 0 ? PathKind.Folder : Array.IndexOf(s_files, path) >= 0 ? PathKind.Other : PathKind.Missing);
        // Without those that every plan has: a new session, and other descriptors closed.
        return PlanText.Of(builder.Build(asSibling: true))[1..^1];
    }
}
