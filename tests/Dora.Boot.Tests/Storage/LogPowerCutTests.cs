using System.Globalization;
using Dora.Boot.Tests.Harness;

namespace Dora.Boot.Tests.Storage;

/// <summary>
/// Power cut during writing of the log: "the store opens, at most the last unsynced second is missing, nothing else". Lines have
/// consecutive numbers; one that `dora log` has shown two seconds before the plug is pulled is in the files afterwards (a second until fdatasync(2),
/// and one for what an emulated disk takes), and so is every line before it, once.
/// </summary>
public class LogPowerCutTests(Xunit.Abstractions.ITestOutputHelper output)
{
    // Two in every run; tests/soak log-cuts does fifty.
    static readonly int s_cuts = Settings.Count("PANDORA_LOG_CUTS", 2);

    [Fact]
    public void Lines_of_the_boot_before_are_there_but_for_the_last_moment()
    {
        using var disks = new DiskFiles();
        string disk = disks.Empty("disk");
        var random = new Random(Settings.Count("PANDORA_SEED", 3));
        int seen = -1, lines = 0, least = int.MaxValue;
        for (int i = 0; i <= s_cuts; i++)
        {
            using var machine = PersistenceTests.Start("log-cut", new MachineDisk(disk));
            if (i > 0)
            {
                var numbers = machine.SshOutput("dora log --boot -1 -o cat --grep counter=").Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(Number).ToList();
                Assert.Equal(Enumerable.Range(0, numbers.Count), numbers);
                Assert.True(numbers.Count > seen, $"{numbers.Count} lines are stored, and number {seen} was shown before the cut");
                lines += numbers.Count;
                least = Math.Min(least, numbers.Count - seen - 1);
                Assert.Equal(i + 1, machine.SshOutput("dora log --list-boots").Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
            }
            if (i == s_cuts) break;
            machine.SshOutput("(i=0; while :; do echo counter=$i; i=$((i + 1)); [ $((i % 20)) = 0 ] && sleep 0.1; done) 2>&1 | logger -t cut >/dev/null 2>&1 &");
            Thread.Sleep(random.Next(2000, 4000));
            // Two seconds of the machine: on a host that is busy they may be more than two of ours, and few instructions.
            seen = Number(machine.SshOutput("dora log -n 1 -o cat --grep counter=; sleep 2"));
            Thread.Sleep(random.Next(1000));
            machine.CutPower();
        }
        output.WriteLine($"{s_cuts} cuts: {lines} lines were stored, each time all up to what was shown two seconds before the cut and at least {least} more; none in between was missing");
    }

    static int Number(string line) => int.Parse(line[(line.IndexOf('=') + 1)..], CultureInfo.InvariantCulture);
}
