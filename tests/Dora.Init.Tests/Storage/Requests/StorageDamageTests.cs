using Dora.Core.Protocol.Storage;
using Dora.Init.Storage;
using Dora.Init.Storage.Requests;
using Dora.Init.Tests.Manager.MachineInfo;
using Xunit;

namespace Dora.Init.Tests.Storage.Requests;

/// <summary>A machine with a storage, and what happens to it behind the back of what the boot has written down.</summary>
public sealed class StorageDamageTests : IDisposable
{
    private readonly FakeRoot _root = new();

    public void Dispose() => _root.Dispose();

    private void Boot(string type, params (string Name, int Sequence)[] disks)
    {
        string list = string.Join(',', disks.Select((disk, number) => $$"""{"name":"{{disk.Name}}","path":"/dev/{{disk.Name}}","serial":"S-{{disk.Name}}","number":{{number}},"sequence":{{disk.Sequence}}}"""));
        _root.Add("/run/dora/storage/status.json", $$"""{"state":"ready","reason":"{{type}} on it","kind":"disk","fileSystem":"{{type}}","uuid":"0c0f","disks":[{{list}}]}""");
        foreach (var (name, sequence) in disks) Plug(name, sequence, $"S-{name}");
        Mount(type);
    }

    private void Plug(string name, int sequence, string serial)
    {
        _root.Add($"/sys/block/{name}/diskseq", $"{sequence}\n").Add($"/sys/block/{name}/size", "2097152\n");
        Serial(name, serial);
    }

    // As virtio has it.
    private void Serial(string name, string serial) => _root.Add($"/sys/block/{name}/serial", serial + "\n");

    private void Pull(string name) => Directory.Delete($"{_root.Path}/sys/block/{name}", recursive: true);

    private void Mount(string type, string options = "rw", string target = "/data") =>
        _root.Add("/proc/self/mountinfo", $"22 1 7:0 / / ro,relatime - squashfs /dev/loop0 ro\n40 22 254:1 / {target} rw,noatime - {type} /dev/vda1 {options}\n");

    private (string State, string? Reason) Now => StorageReport.Read(_root.Path) is var status ? (status.State, status.Reason) : default;

    [Fact]
    public void A_disk_that_returns_under_its_old_name_is_another_one()
    {
        Boot("btrfs", ("vda", 3));
        Assert.Equal((StorageStates.Ready, "btrfs on it"), Now);
        Pull("vda");
        Assert.Equal((StorageStates.Failed, "vda (serial S-vda) is gone: what is on /data cannot be read or written any more; plug it in again, reboot"), Now);
        Plug("vda", 9, "S-vda");
        Assert.Equal((StorageStates.Failed, "vda (serial S-vda) was away and is back as vda, a new disk to what is mounted: what is on /data cannot be read or written any more; reboot"), Now);
        Assert.True(StorageReport.Read(_root.Path).Disks[0].Missing);
    }

    [Fact]
    public void One_of_two_that_returns_under_a_new_name_is_stale()
    {
        Boot("btrfs", ("vda", 1), ("vdb", 2));
        Pull("vdb");
        Plug("vdc", 5, "S-vdb");
        var status = StorageReport.Read(_root.Path);
        Assert.Equal((StorageStates.Degraded, "vdb (serial S-vdb) was away and is back as vdc, a new disk to what is mounted: the storage goes on without it; reboot, and let 'dora disk scrub' mend what it has missed"),
            (status.State, status.Reason));
        Assert.Equal([null, "was away and is back as vdc, a new disk to what is mounted"], status.Disks.Select(disk => disk.Problem));
    }

    [Fact]
    public void A_kernel_that_does_not_number_disks_is_believed()
    {
        Boot("btrfs", ("vda", 3));
        File.Delete($"{_root.Path}/sys/block/vda/diskseq");
        Assert.Equal(StorageStates.Ready, Now.State);
    }

    [Theory]
    [InlineData("offline")]
    [InlineData("transport-offline")]
    [InlineData("dead")]
    public void A_disk_that_its_driver_has_given_up_is_lost(string state)
    {
        Boot("ext4", ("sda", 1));
        _root.Add("/sys/block/sda/device/state", "running\n");
        Assert.Equal(StorageStates.Ready, Now.State);
        _root.Add("/sys/block/sda/device/state", state + "\n");
        Assert.StartsWith("sda (serial S-sda) does not answer any more: ", Now.Reason);
        Assert.Equal(StorageStates.Failed, Now.State);
    }

    [Theory]
    [InlineData("ro,space_cache=v2")]
    [InlineData("rw,emergency_ro")]
    [InlineData("rw,shutdown")]
    public void What_the_kernel_has_made_read_only_has_failed(string options)
    {
        Boot("ext4", ("vda", 1));
        Mount("ext4", options);
        Assert.Equal((StorageStates.Failed, "the kernel has made /data read-only after errors ('dora log kernel'): nothing is kept that is written now; reboot"), Now);
    }

    [Fact]
    public void What_is_not_mounted_any_more_has_failed()
    {
        Boot("btrfs", ("vda", 1));
        Mount("btrfs", target: "/mnt");
        Assert.Equal((StorageStates.Failed, "nothing is mounted on /data any more; reboot"), Now);
    }

    [Fact]
    public void Errors_that_ext4_has_counted_degrade_it()
    {
        Boot("ext4", ("vda", 1));
        _root.Link("/sys/dev/block/254:1", "../../devices/x/block/vda/vda1");
        _root.Add("/sys/fs/ext4/vda1/errors_count", "0\n");
        Assert.Equal(StorageStates.Ready, Now.State);
        _root.Add("/sys/fs/ext4/vda1/errors_count", "2\n");
        Assert.Equal((StorageStates.Degraded, "2 errors found by ext4 ('dora log kernel'); reboot, which checks it"), Now);
    }

    [Fact]
    public void A_disk_that_was_behind_is_told_until_it_is_mended()
    {
        Boot("btrfs", ("vda", 1), ("vdb", 2));
        _root.Add("/data/state/behind", "vdb (serial S-vdb, 1.0 GiB)");
        Assert.Equal((StorageStates.Degraded, "vdb (serial S-vdb, 1.0 GiB) was away while others were written to: 'dora disk scrub' mends it"), Now);
        File.Delete($"{_root.Path}/data/state/behind");
        Assert.Equal(StorageStates.Ready, Now.State);
    }

    [Fact]
    public void What_the_boot_found_degraded_keeps_its_reason_and_what_is_remote_its_state()
    {
        _root.Add("/run/dora/storage/status.json", """{"state":"degraded","reason":"1 of 2 disks","kind":"disk","fileSystem":"btrfs","disks":[{"name":"vda","sequence":1},{"name":"vdb","missing":true}]}""");
        Plug("vda", 1, "x");
        Mount("btrfs");
        Assert.Equal((StorageStates.Degraded, "1 of 2 disks"), Now);
        _root.Add("/run/dora/storage/status.json", """{"state":"ready","reason":"nbd","kind":"nbd","fileSystem":"ext4","disks":[{"name":"nbd0","sequence":1}]}""");
        Mount("ext4");
        Assert.Equal((StorageStates.Ready, "nbd"), Now);
        Mount("ext4", "ro");
        Assert.Equal(StorageStates.Failed, Now.State);
    }

    [Fact]
    public void A_scrub_that_runs_is_shown_for_as_long_as_it_is_held()
    {
        Boot("btrfs", ("vda", 1));
        Assert.Null(StorageReport.Read(_root.Path).Scrub);
        _root.Add("/data/state/scrub", """{"state":"finished","endedAt":"2026-11-21T16:28:44Z","errors":2,"corrected":2}""").Add("/run/dora/storage/scrub", """{"state":"running","checkedBytes":5}""");
        Assert.Equal(("finished", 2), StorageReport.Read(_root.Path).Scrub is { } last ? (last.State, last.Errors) : default);
        using (var held = new FileStream($"{_root.Path}/run/dora/storage/scrub.lock", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None)) // .NET takes the same lock
            Assert.Equal("running", StorageReport.Read(_root.Path).Scrub?.State);
        _root.Add("/run/dora/storage/scrub", "{\"sta").Add("/data/state/scrub", "");
        Assert.Null(StorageReport.Read(_root.Path).Scrub);
    }
}
