using Dora.Boot.Tests.Harness;

namespace Dora.Boot.Tests;

/// <summary>
/// Mounts of /etc/dora/storage.yaml: "Remote: NFS, iSCSI (open-iscsi), NBD, virtiofs, 9p, by command line or YAML, with
/// bounded waits, reconnects, and boot going on without."
/// </summary>
public class RemoteMountTests
{
    static readonly TimeSpan s_soon = TimeSpan.FromSeconds(90);

    /// <summary>What the service says of itself now; its log, which follows, has what it said before.</summary>
    static string Says(Machine machine, string service) =>
        machine.SshOutput($"dora service status {service} | grep '^  says'; true", TimeSpan.FromSeconds(15));

    [Fact]
    public void Nfs_and_nbd_mounts_of_the_file_come_up_when_their_servers_do_and_survive_their_restart()
    {
        using var nfs = new NfsExport();
        using var nbd = new NbdDisk(64 << 20);
        Programs.Run(TimeSpan.FromSeconds(30), "mke2fs", "-q", "-F", "-t", "ext4", nbd.Image).Expect();
        using var machine = Machine.Start(new MachineOptions { Name = "remote-mounts", Iso = Artifacts.Iso, ReachesHost = true });
        machine.WaitForSsh();
        Assert.Equal("armed", machine.Services()["mounts"].State);

        // One that is wrong does not stop the others, and its place is said.
        machine.SshOutput("cat >/etc/dora/storage.yaml.new && mv /etc/dora/storage.yaml.new /etc/dora/storage.yaml", input: $"""
            mounts:
              - name: files
                place: {nfs.Place}
                at: /srv/files
              - name: disk
                place: {nbd.Place}
                file-system: ext4
                at: /data/disk
                options: noatime
              - name: wrong
                place: nfs:10.0.2.2
                at: /srv/wrong

            """);
        machine.WaitForService("mounts", "failed", service => service.State == "failed", s_soon);
        Assert.Contains("storage.yaml:11:12: mounts.place: 'nfs:10.0.2.2': the path of the export is missing", machine.SshOutput("dora log -n 200"));

        // The servers are not there yet: the services say so and go on trying.
        machine.WaitForService("mount@files", "trying", service => service.State == "starting", s_soon);
        var refused = DateTime.UtcNow + s_soon;
        while (!machine.SshOutput("dora service status mount@disk").Contains("connection refused"))
        {
            Assert.True(DateTime.UtcNow < refused, machine.SshOutput("dora service status mount@disk"));
            Thread.Sleep(500);
        }

        nfs.Start();
        nbd.Start();
        machine.WaitForService("mount@files", "running", service => service.State == "running", s_soon);
        machine.WaitForService("mount@disk", "running", service => service.State == "running", s_soon);
        machine.SshOutput("echo nfs >/srv/files/one && echo nbd >/data/disk/one && sync && grep -q ' /data/disk ext4 rw.*noatime' /proc/mounts");
        Assert.Equal("nfs\n", File.ReadAllText(Path.Combine(nfs.Files, "one")));

        // Both vanish: dora and logins do not wait for them, the service of the share says so.
        nfs.Kill();
        var away = DateTime.UtcNow + s_soon;
        while (!Says(machine, "mount@files").Contains("the server does not answer"))
        {
            Assert.True(DateTime.UtcNow < away, machine.SshOutput("dora service status mount@files"));
            Thread.Sleep(1000);
        }
        // In the background of the machine: it waits, for 60 s at most, and nobody else does.
        nbd.Kill();
        machine.SshOutput("(echo two >/data/disk/two; sync -f /data/disk/two; echo $? >/run/two) >/dev/null 2>&1 </dev/null &");
        Assert.NotEmpty(machine.Services(TimeSpan.FromSeconds(15)));
        Assert.Equal("running", machine.Services()["mount@disk"].State);

        nbd.Start();
        nfs.Start();
        var back = DateTime.UtcNow + s_soon;
        while (Says(machine, "mount@files").Contains("does not answer") || machine.Ssh("cat /run/two").Output.Trim() != "0")
        {
            Assert.True(DateTime.UtcNow < back, machine.SshOutput("dora service status mount@files; cat /run/two; dmesg | tail -20"));
            Thread.Sleep(1000);
        }
        Assert.Equal("nfs\nnbd\ntwo", machine.SshOutput("cat /srv/files/one /data/disk/one /data/disk/two"));

        // A keeper that is killed is followed by one that takes the mount up; a stop undoes it.
        machine.SshOutput($"kill -9 {machine.Services()["mount@disk"].Pid}");
        machine.WaitForService("mount@disk", "restarted", service => service is { State: "running", Restarts: 1 }, s_soon);
        machine.SshOutput("cat /data/disk/two && dora service stop mount@disk mount@files");
        Assert.Equal("0", machine.SshOutput("grep -c -E ' (/srv/files|/data/disk) ' /proc/mounts; true"));
        Assert.Equal("0", machine.SshOutput("cat /sys/block/nbd0/size"));

        machine.SshOutput("dora service start mount@files");
        nfs.Kill();
        var end = DateTime.UtcNow;
        machine.Ssh("dora poweroff");
        Assert.Equal("guest-shutdown", machine.WaitForEnd(TimeSpan.FromSeconds(120), "power-off with an NFS server that is gone"));
        Figures.Record("poweroff_with_dead_nfs_mount_s", (long)(DateTime.UtcNow - end).TotalSeconds);
    }

    [Fact]
    public void An_iscsi_mount_says_what_is_wrong_until_it_can_be_made_and_ends_its_session_when_it_is_stopped()
    {
        using var server = new IscsiTarget(64 << 20) { Account = ("pandora", "not-on-a-command-line") };
        Programs.Run(TimeSpan.FromSeconds(30), "mke2fs", "-q", "-F", "-t", "ext4", server.Image).Expect();
        server.Start();
        using var machine = Machine.Start(new MachineOptions { Name = "iscsi-mount", Iso = Artifacts.Iso, ReachesHost = true });
        machine.WaitForSsh();

        void Mount(string place, string says)
        {
            machine.SshOutput("cat >/etc/dora/storage.yaml.new && mv /etc/dora/storage.yaml.new /etc/dora/storage.yaml; dora service start mounts", input: $"""
                mounts:
                  - name: disk
                    place: {place}
                    file-system: ext4
                    at: /srv/disk

                """);
            Again(says);
        }

        void Again(string says)
        {
            machine.SshOutput("timeout 3 dora service restart mount@disk; true"); // it would wait for a success
            WaitUntil(machine, () => Says(machine, "mount@disk").Contains(says), says);
        }

        Mount(server.Place, "wants a user and a secret: they go into /etc/dora/iscsi-secrets");
        machine.SshOutput("echo '* pandora wrong' >/etc/dora/iscsi-secrets");
        Again("others than root can read it");
        machine.SshOutput("chmod 600 /etc/dora/iscsi-secrets");
        Again("does not accept the user 'pandora'");
        machine.SshOutput("cat >/etc/dora/iscsi-secrets", input: "iqn.another x y\n* pandora not-on-a-command-line\n");
        Mount($"iscsi:10.0.2.2:{server.Port}/iqn.2026-11.org.example:other", "the server has no such target");
        Mount($"iscsi:10.0.2.2:{server.Port}/{IscsiTarget.Target}/7", "the target has no disk with the number 7");
        Mount($"iscsi:10.0.2.2:{server.Port}/{IscsiTarget.Target}", "the target has no disk with the number 0 (it is something else)");
        // An attempt has one for a moment.
        WaitUntil(machine, () => machine.SshOutput("ls /sys/class/iscsi_session | wc -l") == "0", "no session left behind");

        Mount(server.Place, $"{server.Place} on /srv/disk");
        machine.WaitForService("mount@disk", "running", service => service.State == "running", s_soon);
        machine.SshOutput("echo one >/srv/disk/one; sync");

        // Silent, then gone, then back: nothing is lost, whoever connects it anew.
        server.Kill();
        machine.SshOutput("(echo two >/srv/disk/two; sync -f /srv/disk/two; echo $? >/run/two) >/dev/null 2>&1 </dev/null &");
        machine.SshOutput($"kill -9 {machine.Services()["mount@disk"].Pid}");
        Assert.NotEmpty(machine.Services(TimeSpan.FromSeconds(15)));
        server.Start();
        WaitUntil(machine, () => machine.Ssh("cat /run/two").Output.Trim() == "0", "the write that waited");
        machine.WaitForService("mount@disk", "restarted", service => service is { State: "running", Restarts: 1 }, s_soon);
        Assert.Equal("one\ntwo", machine.SshOutput("cat /srv/disk/one /srv/disk/two"));

        // One that was killed before it could write down what it had attached: the session is taken over.
        machine.SshOutput($"kill -9 {machine.Services()["mount@disk"].Pid}; umount /srv/disk; rm /run/dora/link-disk");
        machine.WaitForService("mount@disk", "restarted again", service => service is { State: "running", Restarts: 2 }, s_soon);
        Assert.Equal("two\n1", machine.SshOutput("cat /srv/disk/two; ls /sys/class/iscsi_session | wc -l"));

        machine.SshOutput("dora service stop mount@disk");
        Assert.Equal("0", machine.SshOutput("grep -c ' /srv/disk ' /proc/mounts; true"));
        Assert.Equal("0", machine.SshOutput("ls /sys/class/iscsi_session | wc -l"));
        Assert.DoesNotContain("Session", server.Sessions());
        Assert.Equal("", machine.SshOutput("(dora log -n 2000; dmesg; ps -o args) | grep [n]ot-on-a-command-line; true"));
    }

    static void WaitUntil(Machine machine, Func<bool> isSo, string what)
    {
        var end = DateTime.UtcNow + s_soon;
        while (!isSo())
        {
            Assert.True(DateTime.UtcNow < end, $"{what}: {machine.Ssh("dora service status mount@disk; dmesg | tail -20").Output}");
            Thread.Sleep(500);
        }
    }
}
