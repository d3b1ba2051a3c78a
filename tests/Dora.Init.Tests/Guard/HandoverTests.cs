using Dora.Init.Guard;
using Xunit;

namespace Dora.Init.Tests.Guard;

public class HandoverTests
{
    private static Handover Full()
    {
        var handover = new Handover
        {
            Executable = 11, ManagerPid = 12, ManagerChannel = 13, ManagerStarts = 14, ReportedPid = 15, End = MachineEnd.KernelExec,
            IsEndAgreed = true, EndDeadline = TimeSpan.FromSeconds(16), Watchdog = 17, WatchdogSeconds = 18, Outcome = 0, OutcomeText = "it did not come up: größer",
        };
        handover.Store.Add((new GuardRecord { Kind = GuardMessage.Put, Name = "listen:web:0" }, 20));
        handover.Store.Add((new GuardRecord { Kind = GuardMessage.Put, Name = "state" }, 21));
        return handover;
    }

    [Fact]
    public void All_of_it_arrives()
    {
        var read = Handover.Read(Full().Write())!;
        Assert.Equal((11, 12, 13, 14, 15), (read.Executable, read.ManagerPid, read.ManagerChannel, read.ManagerStarts, read.ReportedPid));
        Assert.Equal((MachineEnd.KernelExec, true, TimeSpan.FromSeconds(16)), (read.End, read.IsEndAgreed, read.EndDeadline!.Value));
        Assert.Equal((17, 18, 0, "it did not come up: größer"), (read.Watchdog, read.WatchdogSeconds, read.Outcome, read.OutcomeText));
        Assert.Equal([("listen:web:0", 20), ("state", 21)], read.Store.Select(entry => (entry.Record.Name, entry.Number)));
    }

    [Fact]
    public void Nothing_kept_arrives_as_nothing()
    {
        var read = Handover.Read(new Handover().Write())!;
        Assert.Equal((-1, 0, -1, -1, -1), (read.Executable, read.ManagerPid, read.ManagerChannel, read.Watchdog, read.Outcome));
        Assert.Null(read.EndDeadline);
        Assert.Empty(read.Store);
    }

    [Fact]
    public void A_text_that_is_too_long_is_cut()
    {
        var handover = new Handover { OutcomeText = new string('x', 500) };
        Assert.Equal(new string('x', 144), Handover.Read(handover.Write())!.OutcomeText);
    }

    [Fact]
    public void Another_format_and_any_damage_is_refused_and_does_no_harm()
    {
        byte[] good = Full().Write();
        for (int length = 0; length < good.Length; length++) Assert.Null(Handover.Read(good.AsSpan(0, length)));
        var other = good.ToArray();
        other[4]++;
        Assert.Null(Handover.Read(other));
        var random = new Random(3);
        for (int i = 0; i < 20_000; i++)
        {
            var bytes = good.ToArray();
            for (int j = random.Next(1, 8); j > 0; j--) bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            _ = Handover.Read(bytes);
        }
    }

    [Fact]
    public void Defects_in_a_row_are_counted_and_a_late_one_begins_a_new_row()
    {
        var one = new GuardDefects().Another(TimeSpan.FromSeconds(100));
        var two = one.Another(TimeSpan.FromSeconds(110));
        Assert.Equal((1, 2), (one.Count, two.Count));
        Assert.Equal(TimeSpan.FromSeconds(100), two.First);
        Assert.Equal(1, two.Another(TimeSpan.FromSeconds(161)).Count);
        Assert.Equal(two, GuardDefects.Parse(two.Arguments("-")[3], two.Arguments("-")[4]));
        Assert.Equal(new GuardDefects(), GuardDefects.Parse("x", ""));
    }
}
