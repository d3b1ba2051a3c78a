using Dora.Boot.Tests.Harness;

namespace Dora.Boot.Tests;

/// <summary>The machine's own storage is a server's: pandora.storage= names it.</summary>
public class RemoteStorageTests
{
    static readonly TimeSpan s_answer = TimeSpan.FromSeconds(20);

    static Machine Boot(string name, string place, IReadOnlyList<string>? qemu = null, int memoryMb = 256) => Machine.Start(new MachineOptions
    {
        Name = name,
        Iso = Artifacts.Iso,
        CommandLine = $"{Artifacts.CommandLine} pandora.storage={place}",
        ReachesHost = true,
        MemoryMb = memoryMb,
        Qemu = qemu ?? [],
    });

    static void Write(Machine machine)
    {
        machine.WaitForSsh();
        machine.SshOutput("echo kept >/data/file; echo kept >/root/file; echo kept >/etc/file; mkdir /var/lib/folder");
        machine.SshOutput("cat /etc/ssh/ssh_host_ed25519_key.pub >/data/host-key");
        machine.Ssh("dora poweroff");
        Assert.Equal("guest-shutdown", machine.WaitForEnd(TimeSpan.FromSeconds(60), "power-off"));
    }

    static void ReadAgain(Machine machine)
    {
        machine.WaitForSsh();
        Assert.Equal("kept\nkept\nkept", machine.SshOutput("cat /data/file /root/file /etc/file; test -d /var/lib/folder"));
        machine.SshOutput("cmp /etc/ssh/ssh_host_ed25519_key.pub /data/host-key");
    }

    /// <summary>A server that is back within the minute: what was written meanwhile waits, and is there.</summary>
    static void LosesNothingWithinTheMinute(Machine machine, StorageServer server)
    {
        server.Kill();
        machine.SshOutput("(echo late >/data/late; sync; echo $? >/run/late) >/dev/null 2>&1 </dev/null &", s_answer);
        Thread.Sleep(5000);
        Assert.Equal("", machine.Ssh("cat /run/late", s_answer).Output);
        server.Start();
        var back = DateTime.UtcNow + TimeSpan.FromSeconds(45);
        while (machine.Ssh("cat /run/late", s_answer).Output.Trim() != "0")
        {
            Assert.True(DateTime.UtcNow < back, machine.SshOutput("dmesg | tail -20"));
            Thread.Sleep(500);
        }
    }

    /// <summary>What must go on while the server is gone, for as long as it takes until writes fail.</summary>
    static void AnswersThroughout(Machine machine, TimeSpan time)
    {
        machine.SshOutput("(echo lost >/data/lost; sync) >/dev/null 2>&1 </dev/null &", s_answer);
        var end = DateTime.UtcNow + time;
        while (DateTime.UtcNow < end)
        {
            Assert.NotEmpty(machine.Services(s_answer));
            // A login of its own, which reads accounts, keys and the home of root.
            var login = machine.SshOnce("true", ["-i", Artifacts.BuiltInKey], s_answer);
            Assert.Equal((0, ""), (login.ExitCode, login.ExitCode == 0 ? "" : login.Errors));
            Thread.Sleep(3000);
        }
    }

    [Fact]
    public void Nbd_is_kept_and_a_server_that_vanishes_costs_neither_logins_nor_the_end()
    {
        using var server = new NbdDisk();
        server.Start();
        using (var first = Boot("nbd-storage", server.Place)) Write(first);
        using var machine = Boot("nbd-storage-again", server.Place);
        ReadAgain(machine);

        LosesNothingWithinTheMinute(machine, server);

        server.Kill();
        AnswersThroughout(machine, TimeSpan.FromSeconds(75));
        Assert.Contains("I/O error, dev nbd0", machine.SshOutput("dmesg"));
        machine.Ssh("dora poweroff", s_answer);
        Assert.Equal("guest-shutdown", machine.WaitForEnd(TimeSpan.FromSeconds(120), "power-off without the server"));
    }

    [Fact]
    public void Iscsi_is_kept_and_a_server_that_vanishes_costs_neither_logins_nor_the_end()
    {
        using var server = new IscsiTarget();
        server.Start();
        using (var first = Boot("iscsi-storage", server.Place)) Write(first);
        using var machine = Boot("iscsi-storage-again", server.Place);
        ReadAgain(machine);
        Assert.Contains("iqn.2026-11.arpa.home:pandora.", server.Sessions());

        // A second use of the same disk would destroy it.
        machine.SshOutput("cat >/etc/dora/storage.yaml.new && mv /etc/dora/storage.yaml.new /etc/dora/storage.yaml", input: $"mounts:\n  - name: twin\n    place: {server.Place}\n    file-system: btrfs\n    at: /srv/twin\n");
        machine.WaitForService("mount@twin", "trying", service => service.State == "starting", s_answer);
        var refused = DateTime.UtcNow + s_answer;
        while (!machine.SshOutput("dora service status mount@twin").Contains("it is attached already, as sd"))
        {
            Assert.True(DateTime.UtcNow < refused, machine.SshOutput("dora service status mount@twin"));
            Thread.Sleep(500);
        }
        machine.SshOutput("dora service stop mount@twin; rm /etc/dora/storage.yaml");

        LosesNothingWithinTheMinute(machine, server);

        // The keeper that connects anew is no single point: it is killed while the server is away.
        server.Kill();
        machine.SshOutput($"kill -9 {machine.Services()["storage-link"].Pid}", s_answer);
        AnswersThroughout(machine, TimeSpan.FromSeconds(75));
        Assert.Contains("I/O error, dev sd", machine.SshOutput("dmesg"));

        // The file system has given up, the disk has not: it is there again, late as it is.
        server.Start();
        var back = DateTime.UtcNow + TimeSpan.FromSeconds(45);
        while (machine.Ssh("dd if=/dev/sda of=/dev/null bs=4k count=1 skip=12345", s_answer).ExitCode != 0)
        {
            Assert.True(DateTime.UtcNow < back, machine.SshOutput("dmesg | tail -20"));
            Thread.Sleep(500);
        }

        // The worst moment for an end: the server has just gone, and is still waited for.
        server.Kill();
        var asked = DateTime.UtcNow;
        machine.Ssh("dora poweroff", s_answer);
        Assert.Equal("guest-shutdown", machine.WaitForEnd(TimeSpan.FromSeconds(120), "power-off without the server"));
        Figures.Record("poweroff_with_dead_iscsi_storage_s", (long)(DateTime.UtcNow - asked).TotalSeconds);
    }

    [Fact]
    public void Nfs_is_kept_and_a_server_that_vanishes_costs_neither_logins_nor_the_end()
    {
        using var server = new NfsExport();
        server.Start();
        using (var first = Boot("nfs-storage", server.Place)) Write(first);
        Assert.Equal("kept\n", File.ReadAllText(Path.Combine(server.Files, "file")));
        using var machine = Boot("nfs-storage-again", server.Place);
        ReadAgain(machine);

        server.Kill();
        AnswersThroughout(machine, TimeSpan.FromSeconds(45));
        Assert.Contains("timed out", machine.SshOutput("dmesg"));
        var asked = DateTime.UtcNow;
        machine.Ssh("dora poweroff", s_answer);
        Assert.Equal("guest-shutdown", machine.WaitForEnd(TimeSpan.FromSeconds(200), "power-off without the server"));
        Figures.Record("poweroff_with_dead_nfs_storage_s", (long)(DateTime.UtcNow - asked).TotalSeconds);
    }

    [Fact]
    public void Virtiofs_is_kept_and_a_daemon_that_dies_costs_only_who_touches_it()
    {
        using var server = new VirtioFsDaemon();
        server.Start();
        using (var first = Boot("virtiofs-storage", server.Place, server.Qemu(256))) Write(first);
        Assert.Equal("kept\n", File.ReadAllText(Path.Combine(server.Files, "file")));
        server.Kill(); // it serves one machine, and has ended with it
        server.Start();
        using var machine = Boot("virtiofs-storage-again", server.Place, server.Qemu(256));
        ReadAgain(machine);
        server.Kill();
        machine.SshOutput("ls /data >/dev/null 2>&1 </dev/null &", s_answer);
        Assert.NotEmpty(machine.Services(s_answer));
        machine.Ssh("dora poweroff", s_answer);
        Assert.Equal("guest-shutdown", machine.WaitForEnd(TimeSpan.FromSeconds(200), "power-off without the daemon"));
    }

    [Theory]
    [InlineData("nbd", "disk")]
    [InlineData("iscsi", "iqn.2026-11.org.example:disk/1")]
    public void Without_its_server_boot_goes_on_within_the_limit_and_says_so(string kind, string what)
    {
        int port = Sockets.FreePort();
        using var machine = Boot($"storage-absent-{kind}", $"{kind}:10.0.2.2:{port}/{what}");
        machine.WaitForLine($"storage: .*{kind}:10.0.2.2:{port}/{what}: connect to 10.0.2.2 port {port}: connection refused", TimeSpan.FromSeconds(90));
        machine.WaitForSsh();
        Assert.Equal("tmpfs", machine.SshOutput("awk '$2 == \"/data\" { print $3 }' /proc/mounts"));
        Assert.Equal("listening", machine.Services()["sshd"].State);
    }
}
