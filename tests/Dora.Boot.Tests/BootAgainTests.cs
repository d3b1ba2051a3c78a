using Dora.Boot.Tests.Harness;

namespace Dora.Boot.Tests;

/// <summary>The plug is pulled while the machine boots or runs, and the next boot is like the first.</summary>
public class BootAgainTests
{
    [Fact]
    public void Power_cuts_leave_nothing_that_the_next_boot_minds()
    {
        int boots = Settings.Count("PANDORA_BOOTS", 2);
        var random = new Random(7);
        for (int i = 1; i < boots; i++)
        {
            using var cut = Machine.Start(new MachineOptions { Name = "power-cut", Iso = Artifacts.Iso });
            Thread.Sleep(random.Next(2000, 12000));
            cut.Transcript.FailOnPanic("the power cut");
            cut.CutPower();
        }
        using var machine = Machine.Start(new MachineOptions { Name = "after-power-cuts", Iso = Artifacts.Iso });
        machine.WaitForSsh();
        Assert.Equal("listening", machine.Services()["sshd"].State);
    }
}
