using System.Text;
using Dora.Core.Configuration.Forwarding;
using Xunit;

namespace Dora.Core.Tests.Configuration.Forwarding;

public class ForwardFileTests
{
    static ForwardFile Read(string text) => ForwardFile.Read("log.yaml", Encoding.UTF8.GetBytes(text));

    [Fact]
    public void Targets_are_read_and_other_keys_are_not_ours()
    {
        var file = Read("""
            size: 500M
            forward:
              - name: central
                to: tls://logs.example.org
                ca: /etc/pki/ca.pem
                certificate: /etc/pki/me.pem
                key: /etc/pki/me.key
              - {name: near, to: "tcp://[2001:db8::1]:601", framing: lines, select: "*.warning"}
              - {name: old, to: udp://10.0.0.1, format: rfc3164}
            """);
        Assert.Empty(file.Problems);
        Assert.Equal(["tls://logs.example.org:6514", "tcp://[2001:db8::1]:601", "udp://10.0.0.1:514"], file.Targets.Select(target => target.ToString()));
        Assert.Equal((false, true, "/etc/pki/me.key"), (file.Find("central")!.IsLegacy, file.Find("central")!.IsCounted, file.Find("central")!.PrivateKey));
        Assert.Equal((false, false), (file.Find("near")!.IsCounted, file.Find("near")!.Selector.Selects(3 * 8 + 5)));
        Assert.True(file.Find("old")!.IsLegacy);
        Assert.Null(file.Find("other"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("# nothing\n")]
    [InlineData("forward: []")]
    public void No_targets_are_no_problem(string text)
    {
        var file = Read(text);
        Assert.Empty(file.Problems);
        Assert.Empty(file.Targets);
    }

    [Theory]
    [InlineData("{name: a, to: central}", "log.yaml:3:19: forward.to: 'central': is not one of udp://SERVER[:PORT], tcp://SERVER[:PORT] or tls://SERVER[:PORT]")]
    [InlineData("{name: a, to: tcp://x:0}", "log.yaml:3:19: forward.to: 'tcp://x:0': 0 is not a port: 1 to 65535")]
    [InlineData("{name: a, to: tcp://x/y}", "log.yaml:3:19: forward.to: 'tcp://x/y': '/y' behind the server is not :PORT")]
    [InlineData("{name: a, to: tls://x}", "log.yaml:3:6: forward: ca: is missing: without it nobody could tell the server from another")]
    [InlineData("{name: a, to: tcp://x, ca: /ca}", "log.yaml:3:6: forward: ca: is for tls")]
    [InlineData("{name: a, to: tls://x, ca: /ca, key: /k}", "log.yaml:3:6: forward: certificate and key: go together")]
    [InlineData("{name: a, to: tcp://x, server-name: y}", "log.yaml:3:6: forward: certificate, key and server-name: are for tls")]
    [InlineData("{name: a, to: udp://x, framing: lines}", "log.yaml:3:6: forward: framing: is for tcp and tls")]
    [InlineData("{to: udp://x}", "log.yaml:3:6: forward: name: is missing")]
    [InlineData("{name: good, to: udp://x}", "log.yaml:3:6: forward: name: 'good' is there twice")]
    public void A_target_with_a_mistake_is_left_out_and_the_others_are_used(string item, string expected)
    {
        var file = Read($"forward:\n  - {{name: good, to: udp://x}}\n  - {item}\n");
        Assert.Equal(expected, Assert.Single(file.Problems).ToString());
        Assert.Equal("good", Assert.Single(file.Targets).Name);
    }
}
