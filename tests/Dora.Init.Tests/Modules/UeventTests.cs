using Dora.Tests.Harness;
using System.Text;
using Dora.Init.Modules;
using Xunit;

namespace Dora.Init.Tests.Modules;

public class UeventTests
{
    private static bool TryParse(string text, out Uevent uevent) => Uevent.TryParse(Encoding.Latin1.GetBytes(text), out uevent);

    [Fact]
    public void A_disk_that_comes_is_read()
    {
        Assert.True(TryParse("add@/devices/pci0000:00/virtio1/block/vda\0ACTION=add\0DEVPATH=/devices/x\0SUBSYSTEM=block\0DEVNAME=vda\0SEQNUM=9\0", out var uevent));
        Assert.Equal("add", uevent.Action);
        Assert.Equal("vda", uevent.Name);
        Assert.Equal("block", uevent.Subsystem);
        Assert.Equal("vda", uevent.DeviceNode);
        Assert.Equal("", uevent.Modalias);
    }

    [Fact]
    public void A_modalias_keeps_its_bytes()
    {
        Assert.True(TryParse("add@/d\0MODALIAS=acpi:\u00FFX:", out var uevent));
        Assert.Equal("acpi:\u00FFX:", uevent.Modalias);
    }

    [Theory]
    [InlineData("")]
    [InlineData("\0")]
    [InlineData("libudev\0\xfe\xed\xca\xfe")]
    [InlineData("add@\0SUBSYSTEM=block\0")]
    [InlineData("add@relative\0")]
    [InlineData("@/devices\0")]
    [InlineData("ADD@/devices\0")]
    [InlineData("add@/devices without an end")]
    public void What_is_no_uevent_is_refused(string text) => Assert.False(TryParse(text, out _));

    [Fact]
    public void Random_bytes_never_throw()
    {
        var random = new Random(11);
        byte[] valid = Encoding.Latin1.GetBytes("add@/devices/a/b\0SUBSYSTEM=net\0MODALIAS=x:y\0DEVNAME=z\0");
        for (int i = 0; i < Fuzz.Rounds(50000); i++)
        {
            byte[] bytes = valid.AsSpan(0, random.Next(valid.Length + 1)).ToArray();
            for (int j = random.Next(4); j > 0 && bytes.Length > 0; j--) bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            if (Uevent.TryParse(bytes, out var uevent)) Assert.StartsWith("/", uevent.DevicePath);
        }
    }
}
