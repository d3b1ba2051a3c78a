using Dora.Tests.Harness;
using System.Buffers.Binary;
using Dora.Init.Boot;
using Xunit;

namespace Dora.Init.Tests.Boot;

public class RootImageTests
{
    private static byte[] Squashfs(long used)
    {
        var head = new byte[2048];
        "hsqs"u8.CopyTo(head);
        BinaryPrimitives.WriteInt64LittleEndian(head.AsSpan(40), used);
        return head;
    }

    private static byte[] Erofs(uint blocks, byte blockBits)
    {
        var head = new byte[2048];
        BinaryPrimitives.WriteUInt32LittleEndian(head.AsSpan(1024), 0xE0F5E1E2);
        head[1024 + 12] = blockBits;
        BinaryPrimitives.WriteUInt32LittleEndian(head.AsSpan(1024 + 36), blocks);
        return head;
    }

    [Fact]
    public void Both_kinds_are_known()
    {
        Assert.True(RootImage.TryIdentify(Squashfs(4000), 4096, out string type, out _));
        Assert.Equal("squashfs", type);
        Assert.True(RootImage.TryIdentify(Erofs(2, 12), 8192, out type, out _));
        Assert.Equal("erofs", type);
    }

    [Theory]
    [InlineData(5000, 4096, "cut short")]
    [InlineData(0, 4096, "impossible size")]
    [InlineData(-1, 4096, "impossible size")]
    public void A_squashfs_that_cannot_be_is_refused_with_the_reason(long used, long size, string expected)
    {
        Assert.False(RootImage.TryIdentify(Squashfs(used), size, out _, out string reason));
        Assert.Contains(expected, reason);
    }

    [Fact]
    public void An_erofs_that_cannot_be_is_refused_with_the_reason()
    {
        Assert.False(RootImage.TryIdentify(Erofs(3, 12), 8192, out _, out string reason));
        Assert.Contains("cut short", reason);
        Assert.False(RootImage.TryIdentify(Erofs(3, 200), 8192, out _, out reason));
        Assert.Contains("impossible size", reason);
    }

    [Fact]
    public void Any_other_file_is_refused()
    {
        Assert.False(RootImage.TryIdentify("hsqs"u8, 4, out _, out string reason));
        Assert.Contains("magic", reason);
        var random = new Random(1);
        var bytes = new byte[2048];
        for (int i = 0; i < Fuzz.Rounds(1000); i++)
        {
            random.NextBytes(bytes);
            Assert.False(RootImage.TryIdentify(bytes.AsSpan(0, random.Next(bytes.Length)), 1 << 20, out _, out _));
        }
    }

    [Theory]
    [InlineData("50-chroot", true)]
    [InlineData("a.b_c", true)]
    [InlineData("", false)]
    [InlineData("..", false)]
    [InlineData("a,b", false)]
    [InlineData("a:b", false)]
    [InlineData("a b", false)]
    public void A_layers_name_means_nothing_to_overlayfs(string name, bool isName) => Assert.Equal(isName, RootLayers.IsName(name));

    // Measured: in the initramfs a root of 37.7 MB boots with 176 MiB and not with 160, one of 38.9 MB with 178 and not with 176, and with layers
    // of 14.3 MB besides with 222 and not with 218.
    [Theory]
    [InlineData(37_695_488, 176)]
    [InlineData(38_875_136, 192)]
    [InlineData(53_223_424, 224)]
    [InlineData(0, 80)]
    public void The_ram_that_a_root_in_the_initramfs_takes_is_told_in_steps_of_16(long bytes, int mebibytes) => Assert.Equal(mebibytes, BootMediumFound.NeededRam(bytes));

    [Fact]
    public void A_folder_or_nothing_in_its_place_has_a_reason()
    {
        Assert.Null(RootImage.Check("/proc", out string reason));
        Assert.Equal("not a file", reason);
        Assert.Null(RootImage.Check("/nonexistent/rootfs", out reason));
        Assert.Contains("ENOENT", reason);
    }
}
