using Dora.Boot.Tests.Harness;

namespace Dora.Boot.Tests.Storage;

/// <summary>The plug is pulled, and the next boot needs nobody.</summary>
public class PowerCutTests
{
    // Three in every run; tests/soak storage-cuts does more.
    static readonly int s_cuts = Settings.Count("PANDORA_STORAGE_CUTS", 3);

    [Fact]
    public void A_claim_that_is_cut_short_is_finished_by_the_next_boot()
    {
        var random = new Random(Settings.Count("PANDORA_SEED", 1));
        for (int i = 0; i < s_cuts; i++)
        {
            using var disks = new DiskFiles();
            string disk = disks.Empty("disk");
            // From the first word about the claim on, at some moment of it.
            using (var cut = Machine.Start(new MachineOptions { Name = "cut-claim", Iso = Artifacts.Iso, Disks = [disk] }))
            {
                cut.WaitForLine("storage: claiming vda", Machine.BootLimit, "the claim");
                Thread.Sleep(random.Next(0, 600));
                cut.CutPower();
            }
            using var machine = PersistenceTests.Start("after-cut-claim", new MachineDisk(disk));
            Assert.Equal("ready", machine.Storage().State);
            machine.SshOutput("echo kept >/root/file && sync");
        }
    }

    [Fact]
    public void What_was_synced_before_a_cut_is_there_and_what_was_being_written_does_no_harm()
    {
        using var disks = new DiskFiles();
        string disk = disks.Empty("disk");
        var random = new Random(Settings.Count("PANDORA_SEED", 2));
        for (int i = 0; i <= s_cuts; i++)
        {
            using var machine = PersistenceTests.Start("heavy-writing", new MachineDisk(disk));
            var storage = machine.Storage();
            Assert.Equal(("ready", i == 0), (storage.State, storage.Claimed));
            if (i > 0) Assert.Equal(string.Join('\n', Enumerable.Range(0, i)), machine.SshOutput("cat /var/synced-*"));
            Assert.Equal("0", machine.SshOutput("dmesg | grep -cE 'BTRFS (error|critical)|csum failed' || true"));
            if (i == s_cuts) return;
            machine.SshOutput($"echo {i} >/var/synced-{i:000}; sync; for n in 1 2 3; do (i=0; while :; do dd if=/dev/urandom of=/var/heavy-$n bs=64k count=100 conv=fsync 2>/dev/null; echo $i >/etc/heavy-$n; i=$((i + 1)); done) >/dev/null 2>&1 & done");
            Thread.Sleep(random.Next(1000, 4000));
            machine.CutPower();
        }
    }
}
