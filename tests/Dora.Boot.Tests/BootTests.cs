using Dora.Boot.Tests.Fixtures;
using Dora.Boot.Tests.Harness;

namespace Dora.Boot.Tests;

/// <summary>Issue 2: the image boots to what it promises. BIOS, through the boot loader of the medium.</summary>
[Collection(nameof(RunningMachine))]
public class BootTests(RunningMachine running)
{
    readonly Machine _machine = running.Machine;

    // "ssh works [...] with one [key] built into the image"
    [Fact]
    public void Ssh_works_with_the_key_that_is_built_into_the_image() =>
        Assert.Equal("root", _machine.SshOutput("id -un"));

    // "password login is refused"
    [Fact]
    public void Password_login_is_refused()
    {
        // Without a key and without BatchMode the client would ask; what methods are left is in the refusal.
        var outcome = _machine.SshOnce("true", ["-v", "-o", "PubkeyAuthentication=no"]);
        Assert.Equal(255, outcome.ExitCode);
        Assert.Contains("Authentications that can continue: publickey\r\n", outcome.Errors.Replace("\r\r\n", "\r\n").ReplaceLineEndings("\r\n"));
        Assert.Contains("Permission denied (publickey)", outcome.Errors);
    }

    [Fact]
    public void A_key_that_nobody_brought_in_is_refused()
    {
        var outcome = _machine.SshOnce("true", ["-i", Artifacts.OtherKey]);
        Assert.Equal(255, outcome.ExitCode);
        Assert.Contains("Permission denied", outcome.Errors);
    }

    // "PID 1 is the guard"
    [Fact]
    public void Pid_1_is_the_guard_with_two_threads_and_the_manager_is_its_child()
    {
        Assert.Equal("/sbin/init", _machine.SshOutput("tr '\\0' '\\n' </proc/1/cmdline | head -n 1"));
        Assert.Equal("2", _machine.SshOutput("ls /proc/1/task | wc -l"));
        int manager = _machine.ManagerPid();
        Assert.Equal("1", _machine.SshOutput($"awk '/^PPid/ {{ print $2 }}' /proc/{manager}/status"));
    }

    // "`dora service list` shows sshd, dhcp, syslog and consoles running"
    [Fact]
    public void Service_list_shows_sshd_dhcp_syslog_and_consoles_running()
    {
        var services = _machine.Services();
        Assert.Equal("listening", services["sshd"].State);
        Assert.Equal("running", services["syslog"].State);
        Assert.All(services.Values.Where(service => service.Name.StartsWith("dhcp@", StringComparison.Ordinal)), service => Assert.Equal("running", service.State));
        Assert.Contains(services.Keys, name => name.StartsWith("dhcp@", StringComparison.Ordinal));
        Assert.Equal("running", services["console@ttyS0"].State);
        Assert.Equal("running", services["console@tty1"].State);
        string text = _machine.SshOutput("dora service list");
        foreach (string name in new[] { "sshd", "syslog", "dhcp@", "console@ttyS0", "console@tty1" }) Assert.Contains(name, text);
    }

    [Fact]
    public void Dhcp_has_given_an_address() => // no default route: QEMU offers none to a guest that may not leave
        Assert.Contains("10.0.2.15/24", _machine.SshOutput("ip -4 addr show"));

    [Fact]
    public void Root_is_read_only_squashfs_from_the_medium_with_its_layer_and_run_tmp_etc_are_writable()
    {
        string mounts = _machine.SshOutput("cat /proc/mounts");
        Assert.Matches(@"(?m)^\S+ / overlay ro,.*lowerdir=/run/dora/layers/chroot:/run/dora/root", mounts);
        Assert.Matches(@"(?m)^/dev/loop\d+ /run/dora/root squashfs ro", mounts);
        Assert.NotEqual(0, _machine.Ssh("touch /usr/probe").ExitCode);
        foreach (string folder in new[] { "/run", "/tmp", "/etc", "/var", "/root" })
            _machine.SshOutput($"touch {folder}/probe && rm {folder}/probe");
    }

    [Fact]
    public void Boot_report_names_the_stages_and_services_with_their_times()
    {
        var report = System.Text.Json.JsonDocument.Parse(_machine.SshOutput("dora boot --json")).RootElement;
        Assert.True(report.GetProperty("handoverMs").GetInt64() > 0);
        Assert.True(report.GetProperty("readyMs").GetInt64() > report.GetProperty("handoverMs").GetInt64());
        var stages = report.GetProperty("stages").EnumerateArray().ToList();
        Assert.Contains(stages, stage => stage.GetProperty("phase").GetString() == "initramfs");
        Assert.Contains(stages, stage => stage.GetProperty("phase").GetString() == "manager");
        Assert.All(stages, stage => Assert.True(stage.GetProperty("endMs").GetInt64() >= stage.GetProperty("startMs").GetInt64()));
        Assert.Contains(report.GetProperty("services").EnumerateArray(), service => service.GetProperty("name").GetString() == "sshd");
        Assert.Contains("sshd", _machine.SshOutput("dora boot"));
    }

    [Fact]
    public void Version_is_that_of_this_build()
    {
        string version = System.Text.RegularExpressions.Regex
            .Match(File.ReadAllText(Path.Combine(Artifacts.Repository, "Directory.Build.props")), "<Version>(.*)</Version>").Groups[1].Value;
        Assert.Contains(version, _machine.SshOutput("dora version"));
    }

    [Fact]
    public void Serial_console_has_a_root_shell() =>
        Assert.Equal("0", Console("id -u").Expect().Trim());

    [Fact]
    public void Screen_has_a_console_too()
    {
        var end = DateTime.UtcNow + TimeSpan.FromSeconds(30);
        while (!_machine.ScreenText().Contains("# "))
        {
            Assert.True(DateTime.UtcNow < end, "no prompt on the screen:\n" + _machine.ScreenText());
            Thread.Sleep(500);
        }
    }

    [Fact]
    public void Log_shows_lines_of_the_kernel_and_of_a_service_and_follows_new_ones()
    {
        string mark = $"mark-{Guid.NewGuid():N}";
        _machine.SshOutput($"logger -t probe {mark}-one");
        Assert.Contains($"{mark}-one", WaitForLog(mark));
        // -f goes on until it is ended; the line comes while it runs.
        var followed = _machine.Ssh($"(for i in 1 2 3 4 5 6 7 8; do sleep 0.5; logger -t probe {mark}-two; done) & timeout 5 dora log -f -n 0; true", TimeSpan.FromSeconds(60));
        Assert.Contains($"{mark}-two", followed.Output);
        Assert.Contains("Linux version", _machine.SshOutput("dora log -n 10000"));
    }

    [Fact]
    public void A_login_with_a_terminal_is_recorded_and_ends_without_a_complaint()
    {
        var login = _machine.SshOnce("wc -c </run/utmp; tty", ["-tt", "-i", Artifacts.BuiltInKey]);
        Assert.Equal(0, login.ExitCode);
        string[] lines = login.Output.ReplaceLineEndings("\n").Split('\n');
        Assert.InRange(int.Parse(lines[0]), 384, 384 * 64); // struct utmp of glibc
        Assert.StartsWith("/dev/pts/", lines[1]);
        // sshd says that the client has left before it closes the session; what it has to complain of comes next.
        string mark = $"mark-{Guid.NewGuid():N}";
        _machine.SshOutput($"logger -t probe {mark}");
        WaitForLog(mark);
        Assert.DoesNotContain("logout()", _machine.SshOutput("dora log -n 10000 -o cat"));
    }

    // busybox's shell can prefer its own applets to what PATH has: its crontab(1) writes a file that nobody has checked, its mke2fs(8) knows no ext4.
    [Fact]
    public void What_is_typed_in_a_shell_is_the_program_in_PATH_and_no_second_cron_or_log_can_be_typed()
    {
        var refused = _machine.Ssh("echo '61 * * * * true' | crontab -");
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("'61' is not between 0 and 59", refused.Errors);
        Assert.Equal("45 4 * * * true", _machine.SshOutput("echo '45 4 * * * true' | crontab - && crontab -l && crontab -r"));
        Assert.NotEqual(0, _machine.Ssh("crontab -l").ExitCode);
        foreach (string applet in new[] { "crond", "syslogd", "klogd", "logread", "rpm" })
            Assert.Equal(127, _machine.Ssh($"{applet} --help").ExitCode);
        Assert.Contains("Using EXT2FS Library version", _machine.SshOutput("mke2fs -V 2>&1"));
        Assert.Contains("try --help", _machine.Ssh("poweroff --nonsense").Errors);
    }

    [Fact]
    public void Kernel_settings_are_those_of_the_image() =>
        Assert.Equal("1\n1\n512", _machine.SshOutput("cd /proc/sys; cat kernel/kptr_restrict kernel/dmesg_restrict vm/percpu_pagelist_high_fraction"));

    // The kernel makes one loop device in advance, not eight, and more when they are asked for.
    [Fact]
    public void Loop_devices_are_there_for_the_root_and_its_layers_and_more_are_to_be_had()
    {
        Assert.Equal(_machine.SshOutput("grep -c ^/dev/loop /proc/mounts"), _machine.SshOutput("ls /sys/block | grep -c loop"));
        Assert.Equal("3", _machine.SshOutput("""
            set -e; cd /tmp; for i in 1 2 3; do truncate -s 1M loop.$i; mke2fs -F -q loop.$i; mkdir at.$i; mount -o loop loop.$i at.$i; done
            grep -c '^/dev/loop.* /tmp/at' /proc/mounts; umount at.1 at.2 at.3; rm -r loop.? at.?
            """));
    }

    Outcome Console(string command)
    {
        _machine.WaitForConsole(TimeSpan.FromSeconds(30));
        return _machine.Console(command);
    }

    string WaitForLog(string text)
    {
        var end = DateTime.UtcNow + TimeSpan.FromSeconds(10);
        while (true)
        {
            string log = _machine.SshOutput("dora log -n 50");
            if (log.Contains(text) || DateTime.UtcNow > end) return log;
            Thread.Sleep(200);
        }
    }
}
