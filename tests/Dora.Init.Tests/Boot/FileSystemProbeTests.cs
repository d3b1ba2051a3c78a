using Dora.Tests.Harness;
using System.Buffers.Binary;
using System.Text;
using Dora.Init.Boot;
using Xunit;

namespace Dora.Init.Tests.Boot;

public class FileSystemProbeTests
{
    internal static byte[] Iso(string label)
    {
        var head = new byte[FileSystemProbe.BytesNeeded];
        head[0x8000] = 1;
        Encoding.ASCII.GetBytes("CD001").CopyTo(head, 0x8001);
        Encoding.ASCII.GetBytes(label.PadRight(32)).CopyTo(head, 0x8000 + 40);
        Encoding.ASCII.GetBytes("2026112104300000").CopyTo(head, 0x8000 + 830);
        return head;
    }

    [Fact]
    public void An_iso_has_its_volume_id_and_its_date()
    {
        var probe = FileSystemProbe.Identify(Iso("PANDORA"));
        Assert.Equal(new FileSystemProbe("iso9660", "PANDORA", "2026-11-21-04-30-00-00"), probe);
        Assert.Equal("iso9660, label PANDORA", probe.Describe());
    }

    [Fact]
    public void Ext4_has_label_and_uuid_and_its_journal_device_is_none()
    {
        var head = new byte[FileSystemProbe.BytesNeeded];
        head[1024 + 0x38] = 0x53;
        head[1024 + 0x39] = 0xEF;
        Encoding.ASCII.GetBytes("DATA").CopyTo(head, 1024 + 0x78);
        head[1024 + 0x68] = 0xAB;
        Assert.Equal(new FileSystemProbe("ext4", "DATA", "ab000000-0000-0000-0000-000000000000"), FileSystemProbe.Identify(head));
        head[1024 + 0x60] = 8;
        Assert.Equal(FileSystemProbe.Unknown, FileSystemProbe.Identify(head));
    }

    [Fact]
    public void Vfat_and_btrfs_are_known()
    {
        var head = new byte[FileSystemProbe.BytesNeeded];
        Encoding.ASCII.GetBytes("_BHRfS_M").CopyTo(head, 0x10040);
        Encoding.ASCII.GetBytes("pool").CopyTo(head, 0x1012B);
        Assert.Equal("btrfs, label pool", FileSystemProbe.Identify(head).Describe());

        head = new byte[FileSystemProbe.BytesNeeded];
        head[510] = 0x55;
        head[511] = 0xAA;
        Assert.Equal(FileSystemProbe.Unknown, FileSystemProbe.Identify(head)); // a partition table, no file system
        Encoding.ASCII.GetBytes("FAT32   ").CopyTo(head, 82);
        Encoding.ASCII.GetBytes("STICK      ").CopyTo(head, 71);
        BinaryPrimitives.WriteUInt32LittleEndian(head.AsSpan(67), 0x1234ABCD);
        Assert.Equal(new FileSystemProbe("vfat", "STICK", "1234-ABCD"), FileSystemProbe.Identify(head));
    }

    [Fact]
    public void Labels_cannot_bring_control_characters()
    {
        var probe = FileSystemProbe.Identify(Iso("A\u001b[2J\nB"));
        Assert.Equal("A?[2J?B", probe.Label);
    }

    [Fact]
    public void Any_bytes_of_any_length_are_survived()
    {
        var random = new Random(5);
        var bytes = Iso("X");
        for (int i = 0; i < Fuzz.Rounds(2000); i++)
        {
            var cut = bytes.AsSpan(0, random.Next(bytes.Length + 1)).ToArray();
            for (int j = 0; j < 20 && cut.Length > 0; j++) cut[random.Next(cut.Length)] = (byte)random.Next(256);
            _ = FileSystemProbe.Identify(cut).Describe();
        }
    }
}
