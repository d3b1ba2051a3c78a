using System.Diagnostics;
using Dora.Init.Storage.Claiming;
using Dora.Init.Storage.Probing;
using Xunit;

namespace Dora.Init.Tests.Storage.Probing;

public class GuidPartitionTableTests
{
    static readonly Guid s_disk = new("11111111-2222-3333-4444-555555555555"), s_partition = new("66666666-7777-8888-9999-aaaaaaaaaaaa");

    static (long Offset, byte[] Bytes)[] Compose(long size, int sector) =>
        GuidPartitionTable.Compose(size, sector, s_disk, s_partition, DiskLayout.PartitionType, DiskLayout.PartitionName, DiskLayout.PartitionOffset, DiskLayout.PartitionBytes(size));

    static MemoryDisk Written(long size, int sector)
    {
        var disk = new MemoryDisk(size);
        foreach (var (offset, bytes) in Compose(size, sector)) disk.Write(offset, bytes);
        return disk;
    }

    [Theory]
    [InlineData(256L << 20, 512)]
    [InlineData((256L << 20) + 512, 512)]
    [InlineData((1L << 40) + 7 * 512, 512)]
    [InlineData(256L << 20, 4096)]
    [InlineData((3L << 40) + 4096, 4096)]
    public void What_is_composed_is_read_back_from_both_copies(long size, int sector)
    {
        var disk = Written(size, sector);
        long last = size / sector - 1;
        foreach (var (place, other) in new[] { (1L, last), (last, 1L) })
        {
            var table = GuidPartitionTable.Read(disk, sector, place, out string? problem);
            Assert.Null(problem);
            Assert.NotNull(table);
            Assert.Equal(s_disk, table.Disk);
            Assert.Equal(other, table.Alternate);
            var partition = Assert.Single(table.Partitions);
            Assert.Equal((s_partition, DiskLayout.PartitionType), (partition.Id, partition.Type));
            Assert.Equal(DiskLayout.PartitionOffset, partition.First * sector);
            Assert.Equal(DiskLayout.PartitionOffset + DiskLayout.PartitionBytes(size), (partition.Last + 1) * sector);
        }
    }

    [Theory]
    [InlineData(300L << 20, 512)]
    [InlineData((300L << 20) + 512 * 5, 512)]
    [InlineData(300L << 20, 4096)]
    public void Sgdisk_and_sfdisk_find_no_fault_with_it(long size, int sector)
    {
        string file = Path.Combine(Path.GetTempPath(), $"pandora-gpt-{Guid.NewGuid():n}");
        string? loop = null;
        try
        {
            using (var stream = File.Create(file))
            {
                stream.SetLength(size);
                foreach (var (offset, bytes) in Compose(size, sector))
                {
                    stream.Position = offset;
                    stream.Write(bytes);
                }
            }
            string path = file;
            // Of a file both take sectors of 512 bytes; a device says what it has.
            if (sector != 512) path = loop = Run("losetup", "--find", "--show", "--sector-size", $"{sector}", file).Trim();
            Assert.Contains("No problems found.", Run("sgdisk", "--verify", path));
            string shown = Run("sgdisk", "--info=1", path);
            Assert.Contains($"Partition GUID code: {DiskLayout.PartitionType}".ToUpperInvariant(), shown.ToUpperInvariant());
            Assert.Contains("Partition name: 'pandora'", shown);
            string dump = Run("sfdisk", "--dump", path);
            Assert.Contains("label: gpt", dump);
            Assert.Contains($"label-id: {s_disk}".ToUpperInvariant(), dump.ToUpperInvariant());
            Assert.Contains("No errors detected", Run("sfdisk", "--verify", path));
        }
        finally
        {
            if (loop is not null) Run("losetup", "--detach", loop);
            File.Delete(file);
        }
    }

    [Fact]
    public void A_table_appears_with_its_header_and_the_backup_first()
    {
        const long size = 256 << 20;
        var disk = new MemoryDisk(size);
        var seen = new List<string>();
        foreach (var (offset, bytes) in Compose(size, 512))
        {
            disk.Write(offset, bytes);
            bool primary = GuidPartitionTable.Read(disk, 512, 1, out string? first) is not null;
            bool backup = GuidPartitionTable.Read(disk, 512, size / 512 - 1, out string? second) is not null;
            Assert.Null(first);
            Assert.Null(second);
            seen.Add($"{(backup ? "backup " : "")}{(primary ? "primary " : "")}{(disk.Bytes(510, 1)[0] == 0x55 ? "mbr" : "")}".Trim());
        }
        Assert.Equal(["", "backup", "backup", "backup primary", "backup primary mbr"], seen);
    }

    [Fact]
    public void No_bit_of_header_and_entries_changes_unseen()
    {
        const long size = 256 << 20;
        for (int at = 512; at < 512 + 92 + 128; at++)
        {
            var disk = Written(size, 512);
            int place = at < 512 + 92 ? at : at - 512 - 92 + 1024;
            byte changed = (byte)(disk.Bytes(place, 1)[0] ^ 1 << at % 8);
            disk.Write(place, [changed]);
            Assert.Null(GuidPartitionTable.Read(disk, 512, 1, out string? problem));
            Assert.Equal(place >= 520, problem is not null); // no signature, no table: that is no problem of it
        }
    }

    [Fact]
    public void A_partition_that_does_not_fit_between_the_tables_is_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => GuidPartitionTable.Compose(1 << 20, 512, s_disk, s_partition, s_disk, "", 34 * 512, (1 << 20) - 66 * 512));
        Assert.Throws<ArgumentOutOfRangeException>(() => GuidPartitionTable.Compose(1 << 20, 512, s_disk, s_partition, s_disk, "", 33 * 512, 512));
        Assert.Throws<ArgumentOutOfRangeException>(() => GuidPartitionTable.Compose(1 << 20, 512, s_disk, s_partition, s_disk, "", 40 * 512, 0));
        Assert.Equal(5, GuidPartitionTable.Compose(1 << 20, 512, s_disk, s_partition, s_disk, "", 34 * 512, (1 << 20) - 67 * 512).Length);
    }

    [Fact]
    public void Crc_is_that_of_Ieee() => Assert.Equal(0xCBF43926u, GuidPartitionTable.Crc32("123456789"u8));

    static string Run(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["PATH"] = "/usr/sbin:/sbin:/usr/bin:/bin";
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{program} {string.Join(' ', arguments)}: exit code {process.ExitCode}\n{output}{error.Result}");
        return output;
    }
}
