using Dora.Namespace.Tests.Harness;

namespace Dora.Namespace.Tests;

/// <summary>The sandbox words of docs/services.md, each seen from inside a service, and what they are outside: nothing.</summary>
public class SandboxTests(SandboxTests.Machine machine) : IClassFixture<SandboxTests.Machine>
{
    public sealed class Machine : Probes
    {
        const string Touch = "try() { if touch \"$1/x\" 2>&-; then echo \"$1 writable\"; else echo \"$1 read-only\"; fi; }\n";

        public Machine()
        {
            Add("prepare", "", "chown 4321 /etc/others; chmod 600 /etc/others; touch /tmp/theirs");
            Add("tmp", "needs: prepare\nprivate-tmp: true\n", "ls -A /tmp /var/tmp; stat -c %a /tmp; touch /tmp/mine /var/tmp/mine; ls /tmp");
            Add("tmp-again", "private-tmp: true\nneeds: [tmp]\n", "ls -A /tmp");
            Add("read-only", "read-only-root: true\nwritable-paths: [/srv/data, -/srv/none]\nruntime-directory: read-only\n",
                Touch + "try /etc; try /srv; try /srv/data; try /srv/data/sealed; try /run; try /run/read-only; try /tmp; echo ok >/dev/null && echo null; touch /dev/shm/probe && echo shm; rm /dev/shm/probe");
            Add("with-tmp", "read-only-root: true\nprivate-tmp: true\n", Touch + "try /etc; try /tmp; try /srv/data");
            Add("paths", "read-only-paths: [/srv, -/nowhere]\nwritable-paths: /srv/data\nhidden-paths: [/srv/secret, /etc/secret.key, -/nowhere]\n",
                Touch + "try /etc; try /srv; try /srv/data; ls -A /srv/secret; cat /etc/secret.key; try /srv/secret");
            Add("no-path", "hidden-paths: /nowhere\n", "true");
            Add("no-writable", "read-only-root: true\nwritable-paths: /nowhere\n", "true");
            Add("tunables", "protect-kernel-tunables: true\n",
                "for f in /proc/sys/kernel/printk /proc/irq/default_smp_affinity /sys/kernel/mm/transparent_hugepage/enabled; do [ -e $f ] || continue; (: >>$f) 2>/dev/null && echo \"$f writable\"; done; " +
                "echo 5 2>/dev/null >/proc/self/oom_score_adj && echo own; grep -E ' /(proc/sys|sys) ' /proc/self/mounts | cut -d' ' -f 2,4 | cut -d, -f 1 | sort -u");
            Add("devices", "private-devices: true\n",
                "ls -A /dev; head -c 4 /dev/zero | wc -c; echo x >/dev/null; head -c 1 /dev/urandom | wc -c; readlink /dev/fd; stat -c %t:%T:%a /dev/null /dev/zero; mknod /tmp/sda b 8 0 || echo no mknod; ls -A /dev/pts | head -n 1; echo y >/dev/full");
            Add("network", "private-network: true\n",
                "cut -d: -f 1 /proc/net/dev | tail -n +3; ip -o link show lo | grep -o '[<,]UP[,>]'; ip -4 -o addr show lo | grep -o 127.0.0.1");
            Add("users", "needs: prepare\nuser: plain\ngroups: [more]\nprivate-users: true\n", "cat /proc/self/uid_map /proc/self/gid_map; id -u; id -G; stat -c %u /etc/passwd /etc/others; cat /proc/self/status");
            Add("root-users", "needs: prepare\nprivate-users: true\n", "cat /proc/self/uid_map; id -u; cat /etc/others; chown 0 /etc/others; hostname nobody-minds");
            Add("jail", "root: /srv/jail\ndirectory: /work\nread-only-root: true\nprivate-tmp: true\nwritable-paths: /work\n",
                Touch + "pwd; ls /; try /; try /work; try /tmp; /bin/cat /proc/1/comm");
            Add("everything", "user: plain\nread-only-root: true\nprivate-tmp: true\nprivate-devices: true\nprivate-network: true\nprotect-kernel-tunables: true\nprivate-users: true\n" +
                "hidden-paths: [/srv/secret]\ncapabilities: [net_bind_service]\nambient-capabilities: net_bind_service\nnice: 3\nseccomp: ['@basic']\nrlimits: {nofile: 64}\n",
                Touch + "try /etc; try /tmp; id -u; grep -E 'NoNewPrivs|Seccomp:|CapBnd|CapEff' /proc/self/status; ls -A /srv/secret; ulimit -n");
            Add("calls", "seccomp: ['@basic']\n", "grep Seccomp: /proc/self/status; mount -t tmpfs none /mnt; unshare --uts true; echo still here");
            Add("calls-more", "seccomp: ['@basic', unshare, sethostname]\n", "unshare --uts hostname other && echo unshared; mount -t tmpfs none /mnt");
            AddService("calls-killed", "restart: never\ntype: oneshot\ncommand: [/bin/mount, -t, tmpfs, none, /mnt]\nseccomp: ['@basic']\nseccomp-action: kill\n");
            AddService("calls-32", "restart: never\ntype: oneshot\ncommand: [/pandora/old]\nseccomp: ['@basic', '@machine']\n");
            AddService("bad-capability", "restart: never\nuser: plain\nambient-capabilities: sys_resource\ncommand: [/bin/sh, -c, 'grep CapAmb /proc/self/status']\n");
            Add("outside", "needs: [tmp, read-only, paths, devices, network, users, jail, everything]\n",
                Touch + "touch /tmp/still; ls /tmp; try /etc; try /srv; ls -A /srv/secret; ls /dev/ptmx; hostname; mount | grep -c ' /tmp type'");
            Start(files =>
            {
                foreach (string folder in new[] { "srv/data/sealed", "srv/secret", "srv/jail/work", "srv/jail/tmp", "var/tmp", "mnt", "srv/jail/pandora" })
                    Directory.CreateDirectory(Path.Combine(files, folder));
                File.WriteAllText(Path.Combine(files, "srv/secret/key"), "secret\n");
                File.WriteAllText(Path.Combine(files, "etc/secret.key"), "secret\n");
                File.AppendAllText(Path.Combine(files, "etc/group"), "more:x:77:\n");
                File.WriteAllText(Path.Combine(files, "etc/others"), "readable by its owner alone\n");
                // What the jail runs: one static program.
                File.Copy("/bin/busybox", Path.Combine(files, "srv/jail/busybox"));
                Directory.CreateDirectory(Path.Combine(files, "srv/jail/bin"));
                foreach (string name in new[] { "sh", "ls", "cat", "touch", "pwd" }) File.CreateSymbolicLink(Path.Combine(files, "srv/jail/bin", name), "/busybox");
                File.Copy(Path.Combine(files, "pandora/jail.sh"), Path.Combine(files, "srv/jail/pandora/jail.sh"));
                // int $0x80: a call by the numbers of 32-bit programs.
                string source = Path.Combine(files, "pandora/old.c");
                File.WriteAllText(source, "int main(void){long r;__asm__ volatile(\"int $0x80\":\"=a\"(r):\"a\"(20));return r>0?0:1;}");
                Programs.Run(TimeSpan.FromSeconds(30), "clang", "-static", "-o", Path.Combine(files, "pandora/old"), source).Expect();
            });
        }
    }

    string[] Lines(string probe) => machine.ToldLines(probe);

    [Fact]
    public void A_private_tmp_is_empty_and_new_each_time()
    {
        Assert.Equal(["/tmp:", "", "/var/tmp:", "1777", "mine"], Lines("tmp"));
        Assert.Equal("", machine.Told("tmp-again"));
    }

    [Fact]
    public void A_read_only_root_is_writable_where_it_says_and_nowhere_else() =>
        Assert.Equal(["/etc read-only", "/srv read-only", "/srv/data writable", "/srv/data/sealed writable", "/run read-only", "/run/read-only writable", "/tmp read-only", "null", "shm"],
            Lines("read-only"));

    [Fact]
    public void A_private_tmp_is_writable_below_a_read_only_root() =>
        Assert.Equal(["/etc read-only", "/tmp writable", "/srv/data read-only"], Lines("with-tmp"));

    [Fact]
    public void Paths_are_read_only_writable_and_hidden_as_it_says() =>
        Assert.Equal(["/etc writable", "/srv read-only", "/srv/data writable", "/srv/secret read-only"], Lines("paths"));

    [Fact]
    public void A_path_that_is_not_there_fails_the_launch_by_name()
    {
        Assert.Contains("hide /nowhere: no such file or directory (ENOENT)", machine.Failure("no-path"));
        Assert.Contains("keep /nowhere: no such file or directory (ENOENT)", machine.Failure("no-writable"));
    }

    [Fact]
    public void Kernel_tunables_are_read_only() => Assert.Equal(["own", "/proc/sys ro", "/sys ro"], Lines("tunables"));

    [Fact]
    public void Private_devices_are_a_few_that_are_safe()
    {
        string[] lines = Lines("devices");
        Assert.Equal(["fd", "full", "null", "ptmx", "pts", "random", "shm", "stderr", "stdin", "stdout", "tty", "urandom", "zero"], lines.TakeWhile(line => line != "4").Where(line => line != "log"));
        Assert.Equal(["1", "/proc/self/fd", "1:3:666", "1:5:666"], lines[(Array.IndexOf(lines, "4") + 1)..][..4]);
        Assert.Contains("no mknod", lines);
        Assert.Contains("I/O error", lines[^1]); // ENOSPC, in the words of this shell
    }

    [Fact]
    public void A_private_network_is_a_loopback_that_is_up() =>
        Assert.Equal(["lo", ",UP,", "127.0.0.1"], Lines("network").Select(line => line.Trim()));

    [Fact]
    public void Private_users_are_root_and_its_own()
    {
        string[] lines = Lines("users");
        Assert.Equal(["0 0 1", "1234 1234 1", "0 0 1", "1235 1235 1", "77 77 1"], lines[..5].Select(line => string.Join(' ', line.Split(' ', StringSplitOptions.RemoveEmptyEntries))));
        Assert.Equal(["1234", "1235 77", "0", "65534"], [lines[5], lines[6], lines[7], lines[8]]);
        Assert.Contains("CapEff:\t0000000000000000", lines);
    }

    [Fact]
    public void Nothing_is_left_of_what_held_a_user_namespace_open()
    {
        machine.Told("users");
        machine.Told("root-users");
        int manager = machine.Init.ManagerPid();
        Assert.Equal("", File.ReadAllText($"/proc/{manager}/task/{manager}/children"));
    }

    [Fact]
    public void Root_among_private_users_is_none_to_the_machine()
    {
        string text = machine.Told("root-users");
        Assert.Contains("/etc/others: Permission denied", text);
        Assert.Contains("chown: changing ownership of '/etc/others': Operation not permitted", text);
        Assert.Contains("hostname: you must be root", text);
    }

    [Fact]
    public void A_root_of_its_own_goes_with_the_sandbox() =>
        Assert.Equal(["/work", "bin", "busybox", "pandora", "tmp", "work", "/ read-only", "/work writable", "/tmp writable"], Lines("jail")[..9]);

    [Fact]
    public void All_of_it_at_once()
    {
        Assert.Equal(["/etc read-only", "/tmp writable", "1234", "CapEff:\t0000000000000400", "CapBnd:\t0000000000000400", "NoNewPrivs:\t1", "Seccomp:\t2", "ls: cannot open directory '/srv/secret': Permission denied", "64"], Lines("everything"));
    }

    [Fact]
    public void System_calls_are_those_of_its_groups_and_the_others_fail()
    {
        string text = machine.Told("calls");
        Assert.Contains("Seccomp:\t2", text);
        Assert.Contains("/mnt: permission denied", text);
        Assert.Contains("unshare failed: Operation not permitted", text);
        Assert.EndsWith("still here\n", text);
        Assert.Contains("unshared", machine.Told("calls-more"));
        Assert.Contains("permission denied", machine.Told("calls-more"));
    }

    [Fact]
    public void A_forbidden_call_kills_where_it_says_so()
    {
        Assert.Contains("signal 31", machine.Failure("calls-killed"));
        Assert.Contains("signal 31", machine.Failure("calls-32"));
    }

    [Fact]
    public void What_the_manager_lacks_cannot_be_given_and_says_so() // the host of these tests lacks CAP_SYS_RESOURCE
    {
        string bounding = File.ReadLines("/proc/self/status").First(line => line.StartsWith("CapBnd:", StringComparison.Ordinal))[7..];
        if ((Convert.ToUInt64(bounding.Trim(), 16) >> 24 & 1) != 0) return;
        Assert.Contains("set capabilities: operation not permitted (EPERM)", machine.Failure("bad-capability"));
    }

    [Fact]
    public void Nothing_of_it_is_seen_outside()
    {
        string[] lines = Lines("outside");
        Assert.Equal(["still", "theirs", "/etc writable", "/srv writable", "key", "/dev/ptmx"], lines[..6]);
    }
}
