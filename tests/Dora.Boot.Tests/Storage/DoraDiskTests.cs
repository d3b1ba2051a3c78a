using System.Text.RegularExpressions;
using Dora.Boot.Tests.Harness;

namespace Dora.Boot.Tests.Storage;

/// <summary>Disks and storage as a person sees them: the words of dora on a machine with one of each.</summary>
public class DoraDiskTests
{
    [Fact]
    public void Every_disk_has_its_reason_and_what_is_advised_works()
    {
        using var disks = new DiskFiles();
        string foreign = disks.Empty("foreign", 512), small = disks.Empty("small", 100);
        Programs.Run(TimeSpan.FromMinutes(1), "mke2fs", "-q", "-t", "ext4", "-L", "precious", foreign).Expect();
        string before = disks.Hash("foreign");
        using var machine = PersistenceTests.Start("dora-disk", new MachineDisk(disks.Empty("first")), new MachineDisk(foreign), new MachineDisk(disks.Empty("second")), new MachineDisk(small));
        string Dora(string arguments) => machine.SshOutput($"dora {arguments} 2>&1; echo exit $?", TimeSpan.FromMinutes(2));

        string storage = Dora("storage");
        Assert.Contains("storage: ready: claimed in this boot, btrfs on vda", storage);
        Assert.Matches(@"disk 0 +vda \(.*serial disk0\)", storage);
        foreach (string path in (string[])["/etc", "/var", "/root", "/home", "/data"]) Assert.Matches($@"(?m)^{path} +yes +/data", storage);
        Assert.DoesNotContain("in RAM", storage);
        Assert.DoesNotContain("until the next boot", Dora("service mask nothing-there"));

        string list = Dora("disk list");
        Assert.Matches(@"(?m)^vda .* ours .*mounted on /data", list);
        Assert.Matches(@"(?m)^vdb .* foreign .*ext4.*precious", list);
        Assert.Matches(@"(?m)^vdc .* empty ", list);
        Assert.Matches(@"(?m)^vdd .* unusable .*smaller than 256 MiB", list);
        string advised = Regex.Match(list, @"(?m)^  vdc: dora (disk add vdc)$").Groups[1].Value;
        Assert.NotEmpty(advised);

        string show = Dora("disk show /dev/vdb");
        Assert.Matches(@"token +[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}", show);
        Assert.Matches("health +unknown", show);
        string refused = Dora("disk claim vdb --yes");
        Assert.Contains("nothing was written", refused);
        Assert.Matches("hint: if you are sure: dora disk claim vdb --token ", refused);
        Assert.EndsWith("exit 1", refused);
        Assert.EndsWith("exit 2", Dora($"{advised} </dev/null"));

        string dryRun = Dora("disk claim vdc --dry-run");
        Assert.Matches(@"write +at 524288, 512 bytes: superblock", dryRun);
        Assert.EndsWith("exit 0", dryRun);

        string added = Dora($"{advised} --yes");
        Assert.EndsWith("exit 0", added);
        Assert.Contains("everything is on two disks", added);
        Assert.Matches(@"disk 1 +vdc", Dora("storage"));
        Assert.Contains("/data: no errors", Dora("disk scrub"));
        Assert.Contains("scrub: finished", Dora("disk scrub --status"));
        Assert.Contains("smartctl is not installed", Dora("disk health vda"));

        // One of the two is pulled out: who follows the events hears of it, and the other goes on.
        machine.PullDisk(2);
        var end = DateTime.UtcNow + TimeSpan.FromSeconds(30);
        while (!Dora("events").Contains("storage: ready -> degraded: vdc", StringComparison.Ordinal))
        {
            Assert.True(DateTime.UtcNow < end, Dora("events"));
            Thread.Sleep(500);
        }
        storage = Dora("storage");
        Assert.Contains("storage: degraded", storage);
        Assert.Matches(@"vdc.*: missing", storage);
        machine.SshOutput("echo still >/root/file && sync");
        machine.PowerOff();
        Assert.Equal(before, disks.Hash("foreign"));
    }
}
