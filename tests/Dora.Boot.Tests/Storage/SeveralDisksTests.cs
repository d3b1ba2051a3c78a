using System.Text.Json;
using System.Text.RegularExpressions;
using Dora.Boot.Tests.Harness;

namespace Dora.Boot.Tests.Storage;

/// <summary>More than one disk: ours, somebody's, one that joins, one that leaves, one that is pulled out.</summary>
public class SeveralDisksTests
{
    [Fact]
    public void Disks_join_and_leave_and_somebodys_is_never_touched()
    {
        using var disks = new DiskFiles();
        string first = disks.Empty("first"), second = disks.Empty("second"), foreign = disks.Empty("foreign", 512);
        Programs.Run(TimeSpan.FromMinutes(1), "mke2fs", "-q", "-t", "ext4", "-L", "precious", foreign).Expect();
        string before = disks.Hash("foreign");
        using (var machine = PersistenceTests.Start("join", new MachineDisk(foreign), new MachineDisk(first), new MachineDisk(second)))
        {
            Assert.Equal(["vdb"], machine.Storage().Disks);
            var found = machine.Disks();
            Assert.Equal("foreign", found["vda"].GetProperty("state").GetString());
            Assert.Matches("ext4.*precious", found["vda"].GetProperty("reason").GetString());
            Assert.Equal("empty", found["vdc"].GetProperty("state").GetString());

            // Refused without a token, with one of another content, and while it is in use.
            Assert.Contains("disk.token", machine.SshOutput("dora api POST /v1/disks/vda/claim 2>&1 || true"));
            Assert.Contains("not claimed", machine.SshOutput("dora api POST '/v1/disks/vda/claim?token=0000-0000-0000' 2>&1 || true"));
            Assert.Contains("in use", machine.SshOutput("dora api POST /v1/disks/vdb/release 2>&1 || true"));

            Assert.Contains("\"status\":\"done\"", Last(machine, "/v1/disks/vdc/add"));
            Assert.Equal(2, machine.Storage().Disks.Count);
            Assert.Contains("RAID1", machine.SshOutput("btrfs filesystem df /data"));
            machine.SshOutput("echo kept >/root/file");
            machine.PowerOff();
        }
        Assert.Equal(before, disks.Hash("foreign"));

        // Without the disk that it began with.
        using (var degraded = PersistenceTests.Start("degraded", new MachineDisk(second)))
        {
            Assert.Equal("degraded", degraded.Storage().State);
            Assert.Contains("1 of 2 disks", degraded.Storage().Reason);
            Assert.Equal("kept", degraded.SshOutput("cat /root/file"));
            degraded.PowerOff();
        }
        using (var whole = PersistenceTests.Start("whole-again", new MachineDisk(second), new MachineDisk(first)))
        {
            // The disk that was away is told, until a scrub has mended it.
            Assert.Equal("degraded", whole.Storage().State);
            Assert.Contains("vdb (serial disk1, 1.0 GiB) was away while others were written to: 'dora disk scrub' mends it", whole.Storage().Reason);
            Assert.Equal("kept", whole.SshOutput("cat /root/file"));
            whole.SshOutput("dora disk scrub");
            Assert.Equal("ready", whole.Storage().State);
            Assert.Contains("\"status\":\"done\"", Last(whole, "/v1/disks/vdb/remove"));
            Assert.Equal("empty", whole.Disks()["vdb"].GetProperty("state").GetString());
            whole.PowerOff();
        }
        using var alone = PersistenceTests.Start("left", new MachineDisk(second));
        Assert.Equal("ready", alone.Storage().State);
        Assert.Equal("kept", alone.SshOutput("cat /root/file"));
    }

    [Fact]
    public void A_token_claims_the_disk_that_it_names_once()
    {
        using var disks = new DiskFiles();
        string foreign = disks.Empty("foreign", 512);
        Programs.Run(TimeSpan.FromMinutes(1), "mke2fs", "-q", "-t", "ext4", foreign).Expect();
        using (var machine = PersistenceTests.Start("token", new MachineDisk(foreign)))
        {
            Assert.Equal("memory", machine.Storage().State);
            machine.SshOutput("echo kept >/root/file");
            string refusal = machine.SshOutput("dora api POST /v1/disks/vda/claim 2>&1 || true");
            string token = Regex.Match(refusal, "--token ([0-9a-f-]+)").Groups[1].Value;
            Assert.Equal(token, machine.Disks()["vda"].GetProperty("token").GetString());
            // What is on it changes: it is not the disk any more that was meant.
            machine.SshOutput("printf x | dd of=/dev/vda bs=1 seek=2000 conv=notrunc 2>/dev/null; sync");
            Assert.Contains("what was on it before", machine.SshOutput($"dora api POST '/v1/disks/vda/claim?token={token}' 2>&1 || true"));
            token = machine.Disks()["vda"].GetProperty("token").GetString()!;
            string dryRun = machine.SshOutput($"dora api POST '/v1/disks/vda/claim?token={token}&dry-run=true'");
            Assert.Contains("planned", dryRun);
            Assert.Equal(token, machine.Disks()["vda"].GetProperty("token").GetString());
            Assert.Contains("\"status\":\"done\"", Last(machine, $"/v1/disks/vda/claim?token={token}"));
            machine.PowerOff();
        }
        using var claimed = PersistenceTests.Start("token-claimed", new MachineDisk(foreign));
        Assert.Equal("ready", claimed.Storage().State);
        Assert.Equal("kept", claimed.SshOutput("cat /root/file"));
    }

    [Fact]
    public void A_disk_that_is_pulled_out_costs_storage_and_nothing_else()
    {
        using var disks = new DiskFiles();
        using var machine = PersistenceTests.Start("pulled", new MachineDisk(disks.Empty("disk")));
        Assert.Equal("ready", machine.Storage().State);
        machine.PullDisk(0);
        var end = DateTime.UtcNow + TimeSpan.FromSeconds(30);
        while (machine.Storage() is { State: not "failed" } storage)
        {
            Assert.True(DateTime.UtcNow < end, $"30 s after the disk was pulled: {storage}");
            Thread.Sleep(500);
        }
        Assert.Contains("vda", machine.Storage().Reason);
        // New logins, services and an end in order.
        Assert.Equal("hello", machine.OpenSession().Run("echo hello", TimeSpan.FromSeconds(60)).Output.Trim());
        Assert.Equal("listening", machine.Services()["sshd"].State);
        machine.PowerOff();
    }

    [Theory]
    [InlineData(DiskBus.Virtio)]
    [InlineData(DiskBus.Scsi)]
    public void A_disk_that_returns_is_stale_until_a_reboot_and_a_scrub(DiskBus bus)
    {
        using var disks = new DiskFiles();
        MachineDisk first = new(disks.Empty("first"), bus, "FIRST"), second = new(disks.Empty("second"), bus, "SECOND");
        string missed = $"/data/missed-{bus}";
        using (var machine = PersistenceTests.Start($"returns-{bus}", first, second))
        {
            string Dora(string arguments) => machine.SshOutput($"dora {arguments} 2>&1 || true", TimeSpan.FromMinutes(2));
            string kept = machine.Storage().Disks[0], other = machine.Disks().Keys.Single(name => name != kept);
            bool isFirst = machine.Disks()[kept].GetProperty("serial").GetString() == "FIRST"; // SCSI disks are found in any order
            Assert.Contains("everything is on two disks", Dora($"disk add {other} --yes"));
            Assert.Contains($"storage: {other} is disk 1", Dora("events"));

            machine.PullDisk(isFirst ? 1 : 0);
            Until(() => machine.Storage().Reason.Contains("is gone: the storage goes on without it"), () => Dora("storage"));
            machine.SshOutput($"head -c 20000000 /dev/urandom >{missed}; sync; sha256sum {missed} >/root/sum; sync");
            machine.PlugDisk(isFirst ? 1 : 0);
            Until(() => Regex.IsMatch(machine.Storage().Reason, $"{other} .*was away and is back as .* reboot, and let 'dora disk scrub' mend what it has missed"), () => Dora("storage"));
            Assert.Equal("degraded", machine.Storage().State);
            string back = Regex.Match(machine.Storage().Reason, "is back as ([a-z]+)").Groups[1].Value, events = Dora("events");
            Assert.Contains($"storage: ready -> degraded: {other} ", events);
            Assert.Contains("was away and is back as", events);
            // Nobody is told to take its marks off, and nobody may; nothing is moved either.
            Assert.Matches($@"(?m)^  {back}: dora reboot$", Dora("disk list"));
            Assert.Contains("reboot first", Dora($"disk release {back} --yes --token 0000-0000-0000"));
            Assert.Contains("nothing can be moved until that is mended", Dora($"disk remove {kept} --yes"));
            machine.PowerOff();
        }
        using (var machine = PersistenceTests.Start($"mends-{bus}", first, second))
        {
            var storage = machine.Storage();
            Assert.Equal("degraded", storage.State);
            Assert.Matches("errors? of .*SECOND|SECOND.* was away", storage.Reason.Replace("FIRST", "SECOND"));
            string scrub = machine.SshOutput("dora disk scrub", TimeSpan.FromMinutes(2));
            Assert.Matches(@"/data: \d+ errors, \d+ mended$", scrub.Trim());
            Assert.Equal("ready", machine.Storage().State);
            Assert.Contains("storage: degraded -> ready", machine.SshOutput("dora events"));
            Assert.Matches(@"scrub +finished 20\d\d-.*Z: \d+ errors, \d+ mended, 0 that cannot be", machine.SshOutput("dora storage"));
            Assert.Contains("/data: no errors", machine.SshOutput("dora disk scrub", TimeSpan.FromMinutes(2)));
            machine.PowerOff();
        }
        // Each alone has all of it.
        foreach (var disk in (MachineDisk[])[first, second])
        {
            using var alone = PersistenceTests.Start($"mended-{bus}-{disk.Serial}", disk);
            Assert.Contains(": OK", alone.SshOutput("sha256sum -c /root/sum"));
            Assert.Matches("scrub +finished 20", alone.SshOutput("dora storage"));
            // Not in order: nothing is to be written to the one that the other does not have.
            alone.CutPower();
        }
    }

    [Fact]
    public void A_scrub_goes_on_without_its_client_and_is_cancelled()
    {
        using var disks = new DiskFiles();
        using var machine = PersistenceTests.Start("scrub", new MachineDisk(disks.Empty("disk")));
        machine.SshOutput("head -c 60000000 /dev/urandom >/data/content; sync; for f in /sys/fs/btrfs/*-*/devinfo/1/scrub_speed_max; do echo 1000000 >$f; done");
        machine.SshOutput("dora disk scrub >/run/scrub.out 2>&1 & sleep 4; kill $!");
        Until(() => machine.SshOutput("dora storage").Contains("scrub   running"), () => machine.SshOutput("dora storage; cat /run/scrub.out"));
        Assert.Contains("scrub: running", machine.SshOutput("dora disk scrub --status"));
        Assert.Contains("a scrub is running already", machine.SshOutput("dora disk scrub 2>&1 || true"));
        Assert.Contains("scrub: aborted", machine.SshOutput("dora disk scrub --cancel"));
        Until(() => !machine.SshOutput("dora storage").Contains("scrub   running"), () => machine.SshOutput("dora storage"));
        Assert.DoesNotContain("scrub ", machine.SshOutput("dora storage")); // none has come to its end

        // btrfs(8) writes its record every five seconds; a cancel just then leaves one that knows of none.
        foreach (string moment in (string[])["4", "4.6", "4.8", "5"])
        {
            string said = machine.SshOutput($"{{ dora disk scrub; echo code $?; }} >/run/scrub.out 2>&1 & sleep {moment}; dora disk scrub --cancel; wait; cat /run/scrub.out");
            Assert.Contains("scrub: aborted", said);
            Assert.True(Regex.IsMatch(said, "it was cancelled\n.*\ncode 1"), said);
        }
        machine.SshOutput("for f in /sys/fs/btrfs/*-*/devinfo/1/scrub_speed_max; do echo 0 >$f; done; dora disk scrub");
        Assert.Matches("scrub +finished 20.*Z: no errors", machine.SshOutput("dora storage"));
        machine.SshOutput("dora disk scrub --cancel"); // there is none: as was asked for
    }

    static void Until(Func<bool> condition, Func<string> seen)
    {
        var end = DateTime.UtcNow + TimeSpan.FromSeconds(40);
        while (!condition())
        {
            Assert.True(DateTime.UtcNow < end, seen());
            Thread.Sleep(500);
        }
    }

    /// <summary>Posts, and gives the last line of the answer.</summary>
    static string Last(Machine machine, string target)
    {
        string answer = machine.SshOutput($"dora api POST '{target}'", TimeSpan.FromMinutes(2));
        string last = answer.Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1];
        Assert.True(JsonDocument.Parse(last).RootElement.TryGetProperty("result", out _), answer);
        return last;
    }
}
