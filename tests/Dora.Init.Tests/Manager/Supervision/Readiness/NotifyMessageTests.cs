using System.Text;
using Dora.Init.Manager.Supervision.Readiness;
using Dora.Tests.Harness;
using Xunit;

namespace Dora.Init.Tests.Manager.Supervision.Readiness;

public class NotifyMessageTests
{
    private static NotifyMessage Parse(string text) => NotifyMessage.Parse(Encoding.UTF8.GetBytes(text));

    [Fact]
    public void One_datagram_may_hold_everything()
    {
        var message = Parse("READY=1\nSTATUS=17 clients, all well\nMAINPID=4711\nWATCHDOG=1\nEXTEND_TIMEOUT_USEC=5000000\nWATCHDOG_USEC=250000\nMONOTONIC_USEC=99\n"
            + "RELOADING=1\nSTOPPING=1\nFDSTORE=1\nFDSTOREREMOVE=1\nFDNAME=a b.c\nBARRIER=1\nX_OURS=1\n");
        Assert.True(message is { IsReady: true, IsAlive: true, IsReloading: true, IsStopping: true, StoresDescriptors: true, RemovesDescriptors: true, IsInTrouble: false });
        Assert.Equal(("17 clients, all well", "4711", "a b.c"), (message.Status, message.MainPid, message.DescriptorName));
        Assert.Equal((TimeSpan.FromSeconds(5), TimeSpan.FromMilliseconds(250), TimeSpan.FromMicroseconds(99)),
            (message.ExtendTimeout!.Value, message.WatchdogInterval!.Value, message.Monotonic!.Value));
        Assert.Null(message.Problem);
    }

    [Theory]
    [InlineData("")]
    [InlineData("\n\n")]
    [InlineData("READY")]
    [InlineData("READY=")]
    [InlineData("READY=0")]
    [InlineData("READY=11")]
    [InlineData("READY=1 ")]
    [InlineData(" READY=1")]
    [InlineData("ready=1")]
    [InlineData("=READY=1")]
    [InlineData("READY =1")]
    [InlineData("READY=1\r\n")]
    public void What_is_not_quite_ready_is_not_ready(string text) => Assert.False(Parse(text).IsReady);

    [Fact]
    public void The_last_line_needs_no_line_end() => Assert.True(Parse("STATUS=x\nREADY=1").IsReady);

    [Fact]
    public void Trouble_is_no_sign_of_life() => Assert.True(Parse("WATCHDOG=trigger") is { IsInTrouble: true, IsAlive: false });

    [Theory]
    [InlineData("EXTEND_TIMEOUT_USEC=")]
    [InlineData("EXTEND_TIMEOUT_USEC=-1")]
    [InlineData("EXTEND_TIMEOUT_USEC=+1")]
    [InlineData("EXTEND_TIMEOUT_USEC=1s")]
    [InlineData("EXTEND_TIMEOUT_USEC= 1")]
    [InlineData("EXTEND_TIMEOUT_USEC=0x10")]
    [InlineData("EXTEND_TIMEOUT_USEC=99999999999999999999999")]
    public void A_number_that_is_none_is_told_and_left_out(string text)
    {
        var message = Parse(text + "\nREADY=1");
        Assert.Equal((null, "EXTEND_TIMEOUT_USEC is not a number of microseconds", true), (message.ExtendTimeout, message.Problem, message.IsReady));
    }

    [Fact]
    public void A_time_of_any_length_is_bounded() =>
        Assert.Equal(TimeSpan.FromDays(366), Parse($"EXTEND_TIMEOUT_USEC={ulong.MaxValue}").ExtendTimeout);

    [Theory]
    [InlineData("FDNAME=")]
    [InlineData("FDNAME=a:b")]
    [InlineData("FDNAME=a\tb")]
    [InlineData("FDNAME=ä")]
    [InlineData("FDNAME=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx")] // 65
    public void A_name_that_cannot_be_used_is_told(string text)
    {
        var message = Parse("FDSTORE=1\n" + text);
        Assert.Equal((null, true), (message.DescriptorName, message.StoresDescriptors));
        Assert.StartsWith("FDNAME is not", message.Problem);
    }

    [Fact]
    public void Text_for_people_is_one_harmless_line_of_bounded_length()
    {
        Assert.Equal("a\\u001b[31mb", Parse("STATUS=a\u001b[31mb").Status);
        Assert.InRange(Parse("STATUS=" + new string('x', 4000)).Status!.Length, 256, 260);
        Assert.Equal("", Parse("STATUS=").Status);
        var bad = NotifyMessage.Parse([.. "STATUS="u8, 0xff, 0xfe, .. "\nREADY=1"u8]);
        Assert.Equal((null, "it is not UTF-8", true), (bad.Status, bad.Problem, bad.IsReady));
    }

    [Fact]
    public void A_nul_byte_spoils_all_of_it() => Assert.True(NotifyMessage.Parse("READY=1\n\0"u8) is { IsReady: false, Problem: "it holds a NUL byte" });

    [Fact]
    public void Every_truncation_and_any_bytes_are_read_without_harm()
    {
        byte[] whole = Encoding.UTF8.GetBytes("READY=1\nSTATUS=fünf\nMAINPID=4711\nWATCHDOG=trigger\nEXTEND_TIMEOUT_USEC=5000000\nFDSTORE=1\nFDNAME=a\nMONOTONIC_USEC=18446744073709551615\n");
        for (int length = 0; length <= whole.Length; length++) Check(whole.AsSpan(0, length));
        var random = new Random(59);
        string[] pieces = ["READY", "=", "1", "\n", "STATUS", "MAINPID", "WATCHDOG_USEC", "EXTEND_TIMEOUT_USEC", "FDNAME", "\0", "-", ":", "18446744073709551616", "\u00e9", "\u202e"];
        for (int round = 0; round < Fuzz.Rounds(30_000); round++)
        {
            var text = new List<byte>();
            for (int count = random.Next(1, 20); count > 0; count--) text.AddRange(Encoding.UTF8.GetBytes(pieces[random.Next(pieces.Length)]));
            for (int count = random.Next(3); count > 0; count--) text[random.Next(text.Count)] = (byte)random.Next(256);
            Check(text.ToArray());
            byte[] noise = new byte[random.Next(300)];
            random.NextBytes(noise);
            Check(noise);
        }
    }

    private static void Check(ReadOnlySpan<byte> text)
    {
        var message = NotifyMessage.Parse(text);
        if (message.Status is { } status) Assert.DoesNotContain(status, char.IsControl);
        if (message.MainPid is { } main) Assert.DoesNotContain(main, char.IsControl);
        if (message.DescriptorName is { } name) Assert.True(name.Length is > 0 and <= 64 && !name.Contains(':'));
        foreach (var time in new[] { message.ExtendTimeout, message.WatchdogInterval, message.Monotonic })
            if (time is { } value) Assert.InRange(value, TimeSpan.Zero, TimeSpan.FromDays(366));
    }
}
