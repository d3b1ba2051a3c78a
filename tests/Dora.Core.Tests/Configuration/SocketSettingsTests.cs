using Dora.Core.Configuration;
using Dora.Core.Linux;
using Xunit;

namespace Dora.Core.Tests.Configuration;

public class SocketSettingsTests
{
    [Fact]
    public void Every_kind_and_option_is_read()
    {
        var sockets = ServiceFileReaderTests.Load("""
            command: /bin/a
            sockets:
              - tcp: "[::1]:80"
                name: http
                backlog: 7
                ipv6-only: true
                reuse-port: true
                free-bind: true
                keep-alive: true
                device: eth0
              - udp: 10.0.0.1:53
              - unix: /run/a.sock
                mode: "0640"
                user: web
                group: 33
              - unix: "@abstract:name"
              - unix-datagram: /run/a.dgram
              - unix-seqpacket: /run/a.seq
              - fifo: /run/a.fifo
                mode: 600
            """).Sockets;

        Assert.Equal(
        [
            new SocketSettings(SocketKind.Tcp, "[::1]:80")
            {
                Name = "http", Backlog = 7, Ipv6Only = true, ReusePort = true, FreeBind = true, KeepAlive = true, Device = "eth0",
            },
            new SocketSettings(SocketKind.Udp, "10.0.0.1:53"),
            new SocketSettings(SocketKind.Unix, "/run/a.sock") { Mode = 0x1A0, User = "web", Group = "33" },
            new SocketSettings(SocketKind.Unix, "@abstract:name"),
            new SocketSettings(SocketKind.UnixDatagram, "/run/a.dgram"),
            new SocketSettings(SocketKind.UnixSeqpacket, "/run/a.seq"),
            new SocketSettings(SocketKind.Fifo, "/run/a.fifo") { Mode = 0x180 },
        ], sockets);
        Assert.Equal(["http", "10.0.0.1_53", "/run/a.sock", "@abstract_name"], sockets.Take(4).Select(socket => socket.DescriptorName));
        Assert.Equal("unix-seqpacket", sockets[5].KindWord);
    }

    [Fact]
    public void Limits_of_connections_are_read()
    {
        var settings = ServiceFileReaderTests.Load(
            "command: /bin/a\nsockets: [tcp: 1]\nper-connection: true\nmax-connections-per-source: 3\nwhen-full: refuse\npoll-limit: 5/1m\n");
        Assert.Equal((3, true, new PollLimit(5, TimeSpan.FromMinutes(1))), (settings.MaxConnectionsPerSource, settings.RefusesWhenFull, settings.PollLimit));
        Assert.Equal(PollLimit.None, ServiceFileReaderTests.Load("command: /bin/a\nsockets: [tcp: 1]\nper-connection: true\npoll-limit: none\n").PollLimit);
    }

    [Theory]
    [InlineData("80", "", 80)]
    [InlineData("127.0.0.1:1", "127.0.0.1", 1)]
    [InlineData("[::1]:65535", "::1", 65535)]
    [InlineData("[2001:db8:0:0:0:0:0:1]:8", "2001:db8::1", 8)]
    [InlineData("[::ffff:10.1.2.3]:8", "10.1.2.3", 8)]
    public void Addresses_are_read_and_written_as_people_do(string text, string address, int port)
    {
        Assert.True(IpEndpoint.TryParse(text, out var endpoint));
        Assert.Equal(port, endpoint.Port);
        Assert.Equal(address, endpoint.IsAny ? "" : IpEndpoint.Format(endpoint.Address));
    }

    [Theory]
    [InlineData("")]
    [InlineData(":")]
    [InlineData("]:80")]
    [InlineData("[]:80")]
    [InlineData("[:80")]
    [InlineData("[::1]80")]
    [InlineData("[::1]:")]
    [InlineData("::1:80")]
    [InlineData("+80")]
    [InlineData("080")]
    [InlineData("80 ")]
    [InlineData("1.2.3:80")]
    [InlineData("1.2.3.4:99999")]
    [InlineData("[fe80::1%eth0]:80")]
    public void What_is_no_address_is_refused(string text) => Assert.False(IpEndpoint.TryParse(text, out _));

    [Fact]
    public void No_text_whatever_throws()
    {
        var random = new Random(7);
        const string letters = "0123456789abcf:[].%@ \0é";
        for (int i = 0; i < 20_000; i++)
        {
            var text = new char[random.Next(12)];
            for (int n = 0; n < text.Length; n++) text[n] = letters[random.Next(letters.Length)];
            if (IpEndpoint.TryParse(new string(text), out var endpoint)) Assert.InRange(endpoint.Port, 1, 65535);
            _ = PollLimit.TryParse(new string(text), out _);
        }
    }
}
