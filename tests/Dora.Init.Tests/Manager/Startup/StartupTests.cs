using Dora.Init.Manager.Startup;
using Xunit;

namespace Dora.Init.Tests.Manager.Startup;

public class StartupTests
{
    private const string Ed25519 = "AAAAC3NzaC1lZDI1NTE5AAAAIJ3FhvBMHDNqzr6XbJx2yzAhAvUcRPHZzW1YCCfWKzp8";

    [Theory]
    [InlineData("ssh-ed25519 " + Ed25519)]
    [InlineData("ssh-ed25519 " + Ed25519 + " me at home")]
    public void A_public_key_is_taken(string key) => Assert.Null(SshKeysPlaced.Refusal(key));

    [Theory]
    [InlineData("ssh-ed25519", "must be a type and a key")]
    [InlineData("ssh-ed25591 " + Ed25519, "did you mean 'ssh-ed25519'")]
    [InlineData("ssh-rsa " + Ed25519, "not a ssh-rsa key")]
    [InlineData("ssh-ed25519 AAAA", "cut short")]
    [InlineData("ssh-ed25519 !!!!", "not base64")]
    [InlineData("command=\"rm\" ssh-ed25519 " + Ed25519, "no type of key")]
    [InlineData("ssh-ed25519 " + Ed25519 + "\nssh-rsa x", "control character")]
    public void Anything_else_is_refused_with_the_reason(string key, string expected) => Assert.Contains(expected, SshKeysPlaced.Refusal(key));

    [Fact]
    public void A_clock_before_the_build_is_set_to_it()
    {
        var built = new DateTimeOffset(2026, 11, 21, 0, 0, 0, TimeSpan.Zero);
        Assert.Equal(built, ClockSane.Correction(DateTimeOffset.UnixEpoch, built.ToUnixTimeSeconds()));
        Assert.Null(ClockSane.Correction(built, built.ToUnixTimeSeconds()));
        Assert.Null(ClockSane.Correction(DateTimeOffset.UnixEpoch, 0));
        Assert.Null(ClockSane.Correction(DateTimeOffset.UnixEpoch, long.MaxValue));
    }

    [Theory]
    [InlineData("box\n", "box")]
    [InlineData("# comment\n\n box-2 \n", "box-2")]
    [InlineData("", "pandora")]
    [InlineData("two words\n", "pandora")]
    public void The_host_name_is_the_first_line_of_its_file(string content, string expected) => Assert.Equal(expected, HostNamed.FromFile(content));

    [Fact]
    public void The_mount_on_top_counts()
    {
        const string mountinfo = "22 1 7:0 / / ro - squashfs /dev/loop0 ro\n30 22 0:25 / /etc rw shared:1 - overlay overlay rw\n31 30 0:26 / /etc rw - tmpfs tmpfs rw\nbroken\n32 22 0:1 / /x rw\n";
        Assert.Equal("tmpfs", MountTable.TypeAt(mountinfo, "/etc"));
        Assert.Equal("squashfs", MountTable.TypeAt(mountinfo, "/"));
        Assert.Null(MountTable.TypeAt(mountinfo, "/x"));
        Assert.Null(MountTable.TypeAt(mountinfo, "/var"));
    }
}
