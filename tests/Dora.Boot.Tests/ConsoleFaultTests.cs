using Dora.Boot.Tests.Harness;

namespace Dora.Boot.Tests;

/// <summary>A console that the kernel command line names and the machine does not have denies nobody a login elsewhere.</summary>
public class ConsoleFaultTests
{
    [Theory]
    [InlineData("console=ttyS3,115200")] // no such port on this machine
    [InlineData("console=null")]
    public void Without_its_console_the_machine_is_reached_by_ssh_and_ends_in_order(string console)
    {
        string rest = string.Join(' ', Artifacts.CommandLine.Split(' ').Where(word => !word.StartsWith("console=", StringComparison.Ordinal)));
        using var machine = Machine.Start(new MachineOptions { Name = "console-" + console[8..12], Iso = Artifacts.Iso, CommandLine = $"{rest} {console}" });
        machine.WaitForSsh();
        Assert.Equal("", machine.SshOutput("dora service list | awk '$2 == \"failed\" || $2 == \"backoff\"'"));
        // Nothing spins for want of a console: PID 1 and the manager have used next to no processor time since.
        int Ticks() => machine.SshOutput("cut -d' ' -f14-15 /proc/1/stat").Split(' ').Sum(int.Parse);
        int before = Ticks();
        machine.SshOutput("sleep 3");
        Assert.InRange(Ticks() - before, 0, 30); // of some 300; devices may have come meanwhile
        machine.Ssh("dora poweroff");
        Assert.Equal("guest-shutdown", machine.WaitForEnd(TimeSpan.FromSeconds(40), "poweroff"));
    }
}
