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
            Assert.Equal("ready", whole.Storage().State);
            Assert.Equal("kept", whole.SshOutput("cat /root/file"));
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

    /// <summary>Posts, and gives the last line of the answer.</summary>
    static string Last(Machine machine, string target)
    {
        string answer = machine.SshOutput($"dora api POST '{target}'", TimeSpan.FromMinutes(2));
        string last = answer.Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1];
        Assert.True(JsonDocument.Parse(last).RootElement.TryGetProperty("result", out _), answer);
        return last;
    }
}
