using Dora.Core.Linux;
using Dora.Tests.Harness;
using Xunit;

namespace Dora.Core.Tests.Linux;

public class HostNamesTests
{
    static string Answer(string said) => HostNames.InAnswer(said, out byte[] address) ? IpEndpoint.Format(address) : "none";

    [Theory]
    // busybox 1.35 and later
    [InlineData("Server:\t\t10.0.2.3\nAddress:\t10.0.2.3:53\n\nNon-authoritative answer:\nName:\tnas.example\nAddress: 192.0.2.7\n\n", "192.0.2.7")]
    // with both families, IPv6 first
    [InlineData("Server:\t\t10.0.2.3\nAddress:\t10.0.2.3:53\n\nName:\tnas.example\nAddress: 2001:db8::7\n\nName:\tnas.example\nAddress: 192.0.2.7\n", "192.0.2.7")]
    [InlineData("Server:\t\t10.0.2.3\nAddress:\t10.0.2.3:53\n\nName:\tnas.example\nAddress: 2001:db8::7\n", "2001:db8::7")]
    // busybox before
    [InlineData("Server:    10.0.2.3\nAddress 1: 10.0.2.3\n\nName:      nas\nAddress 1: 192.0.2.7 nas.example\n", "192.0.2.7")]
    // of others
    [InlineData("Server:\t\t10.0.2.3\nAddress:\t10.0.2.3:53\n\n** server can't find nas: NXDOMAIN\n", "none")]
    [InlineData("Server:\t\t10.0.2.3\nAddress:\t10.0.2.3:53\n\nName:\tnas\nAddress: nonsense\nAddress\nAddress:\n", "none")]
    [InlineData("", "none")]
    public void The_answer_of_nslookup_is_read_and_not_the_address_of_the_name_server(string said, string expected) => Assert.Equal(expected, Answer(said));

    [Fact]
    public void The_hosts_file_goes_first()
    {
        const string Hosts = "127.0.0.1 localhost\n# 192.0.2.1 nas\n192.0.2.2\tother NAS nas.example # nas2\n::1 six\nnonsense nas2\n";
        Assert.True(HostNames.InHosts(Hosts, "nas", out byte[] address));
        Assert.Equal("192.0.2.2", IpEndpoint.Format(address));
        Assert.True(HostNames.InHosts(Hosts, "six", out address));
        Assert.Equal("::1", IpEndpoint.Format(address));
        Assert.False(HostNames.InHosts(Hosts, "nas2", out _));
        Assert.False(HostNames.InHosts("", "nas", out _));
    }

    [Fact]
    public void Noise_never_throws()
    {
        var random = new Random(3);
        const string Signs = "Name:\nAddress 1: 192.0.2.7\t\r:#.f";
        for (int round = 0; round < Fuzz.Rounds(20_000); round++)
        {
            var text = new char[random.Next(60)];
            for (int i = 0; i < text.Length; i++) text[i] = Signs[random.Next(Signs.Length)];
            _ = Answer(new string(text));
            _ = HostNames.InHosts(new string(text), "N", out _);
        }
    }
}
