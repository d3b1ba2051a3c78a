using Dora.Init.Manager.Devices;
using Xunit;

namespace Dora.Init.Tests.Manager.Devices;

public class ConsolesTests
{
    [Theory]
    [InlineData("tty0 ttyS0\n", "tty1 ttyS0")]
    [InlineData("ttyS0 tty0\n", "ttyS0 tty1")]
    [InlineData("tty0 tty1\n", "tty1")]
    [InlineData("ttyS1\n", "")] // there is no port behind it
    [InlineData("hvc0 ttyS9\n", "hvc0")] // not there
    [InlineData("", "")]
    [InlineData("\n  \n", "")]
    public void A_login_is_offered_where_somebody_can_be(string active, string expected)
    {
        var names = Consoles.Choose(active, name => name != "ttyS9", name => name == "ttyS1" ? "0" : "4");
        Assert.Equal(expected, string.Join(' ', names));
    }

    [Theory]
    [InlineData(1, 116, 1, true)]
    [InlineData(1, 116, 0, false)] // let go
    [InlineData(1, 116, 2, false)] // repeated
    [InlineData(1, 30, 1, false)]
    [InlineData(0, 116, 1, false)]
    public void The_power_button_is_pressed_by_its_press_alone(ushort type, ushort code, int value, bool expected)
    {
        var bytes = new byte[24];
        BitConverter.TryWriteBytes(bytes.AsSpan(16), type);
        BitConverter.TryWriteBytes(bytes.AsSpan(18), code);
        BitConverter.TryWriteBytes(bytes.AsSpan(20), value);
        Assert.Equal(expected, PowerButton.IsPress(bytes));
    }
}
