using Dora.Core.Protocol.Storage;
using Dora.Init.Manager.MachineInfo;
using Dora.Init.Storage;
using Dora.Init.Storage.Requests;
using Dora.Init.Tests.Manager.MachineInfo;
using Xunit;

namespace Dora.Init.Tests.Storage.Requests;

public class StorageReportTests
{
    private const string Root = "22 1 7:0 / / ro,relatime - squashfs /dev/loop0 ro\n";
    private const string InMemory = Root + """
        40 22 0:35 / /data rw,nosuid,nodev - tmpfs tmpfs rw,mode=755
        41 22 0:36 / /etc rw,nosuid,nodev - overlay overlay rw,lowerdir=/etc,upperdir=/data/etc,workdir=/data/.work/etc
        42 22 0:37 / /var rw - overlay overlay rw,lowerdir=/var,upperdir=/data/var,workdir=/data/.work/var
        43 22 0:35 /home /home rw - tmpfs tmpfs rw,mode=755

        """;

    private const string OnDisk = Root + """
        40 22 0:35 / /data rw,noatime - btrfs /dev/vda1 rw,subvolid=5,subvol=/
        41 22 0:36 / /etc rw - overlay overlay rw,lowerdir=/etc,upperdir=/data/etc,workdir=/data/.work/etc
        42 22 0:37 / /var rw - overlay overlay rw,lowerdir=/var,upperdir=/data/var,workdir=/data/.work/var
        43 22 0:35 /home /home rw - btrfs /dev/vda1 rw,subvolid=5,subvol=/home
        44 22 0:38 / /root rw - tmpfs tmpfs rw

        """;

    private static string Paths(string mountinfo) =>
        string.Join(' ', StorageReport.PathsOf(MountLines.Parse(mountinfo)).Select(path => $"{path.Path}={path.At ?? "?"}{(path.Persistent ? "" : "!")}"));

    [Fact]
    public void Without_storage_everything_is_in_memory() => Assert.Equal("/etc=/data/etc! /var=/data/var! /home=/data/home! /data=/data!", Paths(InMemory));

    [Fact]
    public void With_storage_what_lies_on_it_persists_and_nothing_else() => Assert.Equal("/etc=/data/etc /var=/data/var /root=/root! /home=/data/home /data=/data", Paths(OnDisk));

    [Fact]
    public void Of_mounts_on_each_other_the_last_counts() =>
        Assert.Equal("/etc=/etc! /var=/data/var /root=/root! /home=/data/home /data=/data", Paths(OnDisk + "50 22 0:50 / /etc rw - tmpfs tmpfs rw\n"));

    [Fact]
    public void A_root_that_can_be_written_to_is_what_it_lies_on()
    {
        // Of a container: its upper folder is nowhere to be seen.
        Assert.Equal("/etc=/var/lib/upper /var=/var/lib/upper /root=/var/lib/upper /home=/var/lib/upper /data=/var/lib/upper", Paths("1 0 0:9 / / rw - overlay overlay rw,upperdir=/var/lib/upper\n"));
        Assert.Equal("/etc=/etc! /var=/var! /root=/root! /home=/home! /data=/data!", Paths("1 0 0:9 / / rw - tmpfs none rw\n"));
        Assert.Equal("", Paths(""));
    }

    [Fact]
    public void Names_with_blanks_are_read() => Assert.Equal("/data", MountLines.Parse("1 0 8:1 /a\\040b /data rw - ext4 /dev/sda1 rw\n").Find("/data/x y")!.Target);

    [Fact]
    public void Nearest_is_by_folders_and_not_by_letters()
    {
        var mounts = MountLines.Parse("1 0 8:1 / / rw - ext4 /dev/sda1 rw\n2 1 8:2 / /data rw - ext4 /dev/sda2 rw\n");
        Assert.Equal("/", mounts.Find("/database")!.Target);
        Assert.Equal("/data", mounts.Find("/data")!.Target);
        Assert.Equal("/data", mounts.Find("/data/base")!.Target);
    }

    private const string Saved = """{"state":"ready","reason":"btrfs on vda","kind":"disk","fileSystem":"btrfs","uuid":"0c0f","disks":[{"name":"vda","path":"/dev/vda","model":"QEMU","serial":"7","number":0},{"name":"vdb","number":1}],"tookMs":12}""";

    [Fact]
    public void A_disk_that_has_gone_is_missing()
    {
        using var root = new FakeRoot();
        root.Add("/run/dora/storage/status.json", Saved).Add("/proc/self/mountinfo", OnDisk).Folder("/sys/block/vda").Folder("/sys/block/vdb");
        var whole = StorageReport.Read(root.Path);
        Assert.Equal((StorageStates.Ready, "btrfs on vda", 12), (whole.State, whole.Reason, whole.TookMs));
        Directory.Delete(root.Path + "/sys/block/vda");
        var half = StorageReport.Read(root.Path);
        Assert.Equal((StorageStates.Degraded, "vda (QEMU, serial 7) is gone: the storage goes on without it; plug it in again, reboot, and let 'dora disk scrub' mend what it has missed"), (half.State, half.Reason));
        Assert.Equal([true, false], half.Disks.Select(disk => disk.Missing));
        Directory.Delete(root.Path + "/sys/block/vdb");
        Assert.Equal(StorageStates.Failed, StorageReport.Read(root.Path).State);
        Assert.Equal(5, StorageReport.Read(root.Path).Paths.Count);
    }

    [Fact]
    public void Without_a_report_of_the_boot_there_is_no_storage()
    {
        using var root = new FakeRoot();
        root.Add("/proc/self/mountinfo", InMemory);
        var status = StorageReport.Read(root.Path);
        Assert.Equal((StorageStates.Memory, "no storage was looked for in this boot", 4), (status.State, status.Reason, status.Paths.Count));
        Assert.Null(status.SizeBytes);
        root.Add("/run/dora/storage/status.json", "{\"state\":");
        Assert.Equal(StorageStates.Failed, StorageReport.Read(root.Path).State);
    }

    [Fact]
    public void Random_mount_tables_are_read_or_left_out()
    {
        var random = new Random(20261121);
        string good = InMemory + OnDisk;
        for (int i = 0; i < 5000; i++)
        {
            char[] text = good.ToCharArray()[..random.Next(good.Length)];
            for (int n = random.Next(20); n > 0 && text.Length > 0; n--) text[random.Next(text.Length)] = " \n-/\\,=0:x"[random.Next(10)];
            _ = StorageReport.PathsOf(MountLines.Parse(new string(text)));
        }
    }
}
