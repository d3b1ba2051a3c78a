using Dora.Boot.Tests.Harness;

namespace Dora.Boot.Tests;

/// <summary>Issue 2: ssh keys on the kernel command line, and absurd values there.</summary>
public class CommandLineTests
{
    // "ssh works with the key given on the kernel command line"
    [Fact]
    public void Ssh_works_with_the_key_given_on_the_kernel_command_line()
    {
        string key = File.ReadAllText(Artifacts.OtherKey + ".pub").Trim();
        using var machine = Start("key-by-command-line", $"pandora.ssh_key=\"{key}\"");
        machine.WaitForSsh();
        using var session = machine.OpenSession(Artifacts.OtherKey);
        Assert.Equal("root", session.Run("id -un").Expect().Trim());
        // The one that is built in still counts.
        Assert.Equal("root", machine.SshOutput("id -un"));
    }

    // "a kernel command line with unknown or absurd `pandora.*` values [...]: one clear message each, nothing else affected"
    [Fact]
    public void Unknown_and_absurd_values_are_reported_and_the_machine_boots()
    {
        using var machine = Start("absurd-command-line",
            "pandora.nonsense=1 pandora. pandora.=2 pandora.hostname=-_.!$ pandora.ssh_key=rubbish pandora.ip=999.1.1.1/99 pandora.mask=no-such-service,,, "
            + "pandora.watchdog=-5 pandora.copytoram=perhaps pandora.debug=" + new string('x', 500) + " init.unknown=\"a b\" quiet=maybe");
        machine.WaitForSsh();
        string log = machine.SshOutput("dora log -n 10000");
        Assert.Contains("pandora.nonsense", log.Replace(machine.SshOutput("cat /proc/cmdline"), ""));
        Assert.Matches("(?m)^.*pandora\\.hostname.*$", log.Replace(machine.SshOutput("cat /proc/cmdline"), ""));
        Assert.Equal("listening", machine.Services()["sshd"].State);
        Assert.NotEqual("-_.!$", machine.SshOutput("hostname"));
    }

    [Fact]
    public void Hostname_and_mask_are_taken_from_the_command_line()
    {
        using var machine = Start("settings-by-command-line", "pandora.hostname=rig-7 pandora.mask=console");
        machine.WaitForSsh();
        Assert.Equal("rig-7", machine.SshOutput("hostname"));
        Assert.DoesNotContain(machine.Services(), service => service.Key.StartsWith("console@", StringComparison.Ordinal) && service.Value.State == "running");
    }

    [Fact]
    public void Rescue_has_consoles_and_the_log_and_the_rest_when_it_is_asked_for()
    {
        using var machine = Start("rescue", "pandora.rescue");
        machine.WaitForConsole();
        string list;
        var limit = DateTime.UtcNow + TimeSpan.FromSeconds(20);
        do list = machine.Console("dora service list").Expect();
        while (!list.Contains("dhcp@", StringComparison.Ordinal) && DateTime.UtcNow < limit); // the card's driver may come after the shell
        Assert.Matches("(?m)^syslog +running", list);
        Assert.Matches("(?m)^console@ttyS0 +running", list);
        Assert.Matches("(?m)^sshd +stopped", list);
        Assert.Matches("(?m)^dhcp@\\S+ +stopped", list);
        machine.Console("dora service start sshd dhcp@eth0").Expect();
        machine.WaitForSsh();
    }

    static Machine Start(string name, string more) =>
        Machine.Start(new MachineOptions { Name = name, Iso = Artifacts.Iso, CommandLine = $"{Artifacts.CommandLine} {more}" });
}
