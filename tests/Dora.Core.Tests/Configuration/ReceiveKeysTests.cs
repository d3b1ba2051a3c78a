using System.Text;
using Dora.Core.Configuration;
using Dora.Core.Linux;
using Xunit;

namespace Dora.Core.Tests.Configuration;

public class ReceiveKeysTests
{
    [Fact]
    public void Places_are_sockets_with_those_who_may_send()
    {
        var file = Read("receive:\n- {udp: 514}\n- {tcp: '[fd00::1]:601', from: [10.0.0.0/8, 'fd00::/8']}\n- {udp: 192.0.2.1:514, from: 192.0.2.7}\n");
        Assert.Empty(file.Problems);
        Assert.Equal(["receive-udp-514", "receive-tcp-[fd00__1]_601", "receive-udp-192.0.2.1_514"], file.Receive.ConvertAll(place => place.Name!));
        Assert.Equal([SocketKind.Udp, SocketKind.Tcp, SocketKind.Udp], file.Receive.ConvertAll(place => place.Kind));
        // The machine may have the address later.
        Assert.Equal([false, true, true], file.Receive.ConvertAll(place => place.FreeBind));
        Assert.Equal([null, "10.0.0.0/8 fd00::/8", "192.0.2.7"], file.Receive.ConvertAll(place => place.From is { } from ? string.Join(' ', from) : null));
    }

    [Theory]
    [InlineData("receive: 514", "log.yaml:1:10: receive: expected a list such as [udp: 514], found a word")]
    [InlineData("receive: [514]", "log.yaml:1:11: receive: expected a place such as 'udp: 514', found a word")]
    [InlineData("receive: [{from: 10.0.0.7}]", "log.yaml:1:12: receive: write one of udp and tcp in each item")]
    [InlineData("receive: [{udp: 514, tcp: 514}]", "log.yaml:1:12: receive: write one of udp and tcp in each item")]
    [InlineData("receive: [{upd: 514}]", "log.yaml:1:12: unknown key 'receive.upd'; did you mean 'udp'?")]
    [InlineData("receive: [{udp: 0}]", "log.yaml:1:17: receive.udp: '0' is not a port from 1 to 65535")]
    [InlineData("receive: [{udp: x:5}]", "log.yaml:1:17: receive.udp: 'x:5' is not a port, nor address:port such as 127.0.0.1:80 or '[::1]:80'")]
    [InlineData("receive: [{udp: 514, from: []}]", "log.yaml:1:28: receive.from: is empty: nobody could send; leave the item out")]
    [InlineData("receive: [{udp: 514, from: [10.0.0.1/8]}]", "log.yaml:1:29: receive.from: '10.0.0.1/8' is not an address or a range of them such as 10.0.0.0/8 or 'fd00::/8'")]
    [InlineData("receive: [{udp: 514}, {udp: 514, from: 10.0.0.7}]", "log.yaml:1:24: receive: udp 514 is there twice")]
    [InlineData("rate: 5", "log.yaml:1:7: rate: '5' is not a limit; write NUMBER/DURATION such as 200/2s (at most 100000, 10ms to 1h), or none")]
    public void Mistakes_are_told_with_their_place(string text, string message)
    {
        var file = Read(text);
        Assert.Equal(message, Assert.Single(file.Problems).ToString());
        Assert.Empty(file.Receive);
    }

    [Theory]
    [InlineData("10.0.0.0/8", "10.255.0.1", true)]
    [InlineData("10.0.0.0/8", "11.0.0.1", false)]
    [InlineData("10.0.0.7", "10.0.0.7", true)]
    [InlineData("10.0.0.7", "10.0.0.6", false)]
    [InlineData("0.0.0.0/0", "1.2.3.4", true)]
    [InlineData("0.0.0.0/0", "::1", false)]
    [InlineData("192.0.2.128/25", "192.0.2.127", false)]
    [InlineData("192.0.2.128/25", "192.0.2.200", true)]
    [InlineData("fe80::/10", "febf::1", true)]
    [InlineData("fe80::/10", "fec0::1", false)]
    [InlineData("::/0", "::1", true)]
    public void Range_holds(string prefix, string address, bool isHeld)
    {
        Assert.True(IpPrefix.TryParse(prefix, out var range));
        Assert.True(IpEndpoint.TryParseAddress(address, out byte[] bytes));
        Assert.Equal(isHeld, range.Holds(bytes));
    }

    [Theory]
    [InlineData("")]
    [InlineData("10")]
    [InlineData("10.0.0.0/")]
    [InlineData("10.0.0.0/33")]
    [InlineData("10.0.0.0/-1")]
    [InlineData("10.0.0.0/8/8")]
    [InlineData("::/129")]
    [InlineData("localhost")]
    public void What_is_no_range_is_refused(string text) => Assert.False(IpPrefix.TryParse(text, out _));

    private static LogFile Read(string text) => LogFile.Read("log.yaml", Encoding.UTF8.GetBytes(text));
}
