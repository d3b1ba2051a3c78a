using Dora.Init.Guard;
using Xunit;

namespace Dora.Init.Tests.Guard;

/// <summary>What people, hypervisors and the kernel call by path must act as they expect.</summary>
public class LegacyCommandTests
{
    private static LegacyCommand Parse(string line)
    {
        string[] words = line.Split(' ');
        return LegacyCommand.Parse(words[0], words[1..]);
    }

    [Theory]
    [InlineData("poweroff")]
    [InlineData("reboot")]
    [InlineData("halt")]
    [InlineData("shutdown")]
    public void Help_is_that_of_dora_and_ends_nothing(string program)
    {
        var command = Parse(program + " --help");
        Assert.Equal([program, "--help"], command.Dora);
        Assert.True(command is { End: null, Problem: null });
    }

    [Theory]
    [InlineData("poweroff", MachineEnd.PowerOff)]
    [InlineData("reboot", MachineEnd.Reboot)]
    [InlineData("halt", MachineEnd.Halt)]
    [InlineData("halt -p", MachineEnd.PowerOff)]
    [InlineData("poweroff --reboot", MachineEnd.Reboot)]
    [InlineData("reboot -d -i -h", MachineEnd.Reboot)]
    [InlineData("shutdown -h now", MachineEnd.PowerOff)]
    [InlineData("shutdown -P now", MachineEnd.PowerOff)]
    [InlineData("shutdown -H now", MachineEnd.Halt)]
    [InlineData("shutdown -r now maintenance", MachineEnd.Reboot)]
    [InlineData("shutdown -hP now", MachineEnd.PowerOff)]
    [InlineData("shutdown -t 5 -r now", MachineEnd.Reboot)]
    [InlineData("shutdown --reboot +0", MachineEnd.Reboot)]
    [InlineData("shutdown now", MachineEnd.PowerOff)]
    [InlineData("init 0", MachineEnd.PowerOff)]
    [InlineData("init 6", MachineEnd.Reboot)]
    [InlineData("telinit 6", MachineEnd.Reboot)]
    internal void Now_is_asked_by_a_signal_in_order(string line, MachineEnd end)
    {
        var command = Parse(line);
        Assert.Equal((end, false, null), (command.End, command.IsDirect, command.Problem));
        Assert.Empty(command.Dora);
    }

    [Theory]
    [InlineData("poweroff -f", MachineEnd.PowerOff, false)]
    [InlineData("reboot --force", MachineEnd.Reboot, false)]
    [InlineData("reboot -f -n", MachineEnd.Reboot, true)]
    internal void Force_ends_the_machine_from_here(string line, MachineEnd end, bool noSync)
    {
        var command = Parse(line);
        Assert.Equal((end, true, noSync), (command.End, command.IsDirect, command.NoSync));
    }

    [Theory]
    [InlineData("shutdown -r +5", "reboot --in 5m")]
    [InlineData("shutdown -r 5", "reboot --in 5m")]
    [InlineData("shutdown -h 23:00", "poweroff --at 23:00")]
    [InlineData("shutdown", "poweroff --in 1m")]
    [InlineData("shutdown -H +1 disk is full", "halt --in 1m --message disk is full")]
    [InlineData("shutdown -c", "shutdown cancel")]
    [InlineData("telinit u", "init upgrade /sbin/init")]
    public void What_takes_a_manager_is_doras(string line, string dora) => Assert.Equal(dora, string.Join(' ', Parse(line).Dora));

    [Theory]
    [InlineData("shutdown -r soon", "now, +MINUTES or HH:MM")]
    [InlineData("shutdown -z now", "-z: unknown")]
    [InlineData("poweroff --hard", "--hard: unknown")]
    [InlineData("init 3", "there are no runlevels")]
    [InlineData("init", "this is PID 1")]
    [InlineData("telinit 0 6", "this is PID 1")]
    [InlineData("shutdown +", "now, +MINUTES or HH:MM")]
    public void What_is_not_understood_does_nothing(string line, string problem)
    {
        var command = Parse(line);
        Assert.Contains(problem, command.Problem);
        Assert.Null(command.End);
        Assert.Empty(command.Dora);
    }

    [Fact]
    public void A_record_in_wtmp_alone_ends_nothing() => Assert.Null(Parse("reboot -w").End);

    [Fact]
    public void Any_arguments_are_read_without_harm()
    {
        var random = new Random(11);
        string[] words = ["", "-", "--", "-h", "-r", "now", "+5", "23:00", "-c", "x", "+", "-t", "0", "6", "é"];
        foreach (string program in new[] { "poweroff", "shutdown", "telinit", "init" })
            for (int i = 0; i < 2000; i++)
                _ = LegacyCommand.Parse(program, [.. Enumerable.Range(0, random.Next(5)).Select(_ => words[random.Next(words.Length)])]);
    }
}
