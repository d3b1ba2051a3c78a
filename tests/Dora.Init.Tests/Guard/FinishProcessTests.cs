using Dora.Init.Guard;
using Xunit;

namespace Dora.Init.Tests.Guard;

public class FinishProcessTests
{
    [Fact]
    public void Mounts_come_latest_first_without_what_is_needed_to_the_end()
    {
        const string info = """
            22 1 8:1 / / ro,relatime - squashfs /dev/loop0 ro
            23 22 0:5 / /dev rw - devtmpfs dev rw
            24 23 0:6 / /dev/pts rw - devpts devpts rw
            25 22 0:7 / /proc rw - proc proc rw
            26 22 0:8 / /sys rw - sysfs sysfs rw
            27 26 0:9 / /sys/fs/cgroup rw - cgroup2 cgroup rw
            28 22 0:10 / /run rw - tmpfs tmpfs rw
            29 22 8:2 / /data rw shared:1 - btrfs /dev/sda1 rw
            30 29 8:3 / /data/my\040disk\134x rw - ext4 /dev/sdb1 rw
            31 22 8:4 / /devices rw - ext4 /dev/sdc1 rw
            32 22 8:4 /sub /bound rw - ext4 /dev/sdc1 rw
            """;
        Assert.Equal(
            [new("/bound", "ext4", false), new("/devices", "ext4", true), new("/data/my disk\\x", "ext4", true), new("/data", "btrfs", true)],
            FinishProcess.Parse(info));
    }

    [Theory]
    [InlineData("MemTotal: 100 kB\nDirty:   12 kB\nWriteback:  30 kB\nWritebackTmp: 7 kB\nNFS_Unstable:   0 kB\n", 42)]
    [InlineData("", 0)]
    [InlineData("Dirty:\nWriteback: many kB\n", 0)]
    public void What_is_still_to_be_written_is_the_sum_of_dirty_and_written_now(string memInfo, long kilobytes) =>
        Assert.Equal(kilobytes, FinishProcess.Unwritten(memInfo));

    [Fact]
    public void Any_text_is_read_without_harm()
    {
        var random = new Random(9);
        const string alphabet = "ab /\\0413\n\t-";
        for (int i = 0; i < 5000; i++)
        {
            var text = new char[random.Next(200)];
            for (int c = 0; c < text.Length; c++) text[c] = alphabet[random.Next(alphabet.Length)];
            FinishProcess.Parse(new string(text));
        }
    }
}
