using Dora.Tests.Harness;
using Dora.Core.Configuration;
using Xunit;

namespace Dora.Core.Tests.Configuration;

public class KernelCommandLineTests
{
    [Fact]
    public void Nothing_asked_for_gives_the_defaults()
    {
        var line = KernelCommandLine.Parse("");
        Assert.Equal("LABEL=PANDORA", line.Root.ToString());
        Assert.Null(line.RootImage);
        Assert.Null(line.HostName);
        Assert.Equal(TimeSpan.FromSeconds(30), line.RootTimeout);
        Assert.Equal(0, line.PanicSeconds);
        Assert.False(line.CopyToRam || line.Rescue || line.Debug || line.Quiet || line.Single);
        Assert.Empty(line.SshKeys);
        Assert.Empty(line.Problems);
    }

    [Fact]
    public void Every_key_is_taken()
    {
        var line = KernelCommandLine.Parse("BOOT_IMAGE=/vmlinuz quiet single console=tty0 console=ttyS0,115200 panic=-1 "
            + "pandora.root=UUID=2026-11-21 pandora.rootfs=images/a.erofs pandora.copytoram pandora.hostname=box-1 pandora.mask=a,b "
            + "pandora.mask=c,a pandora.rescue=yes pandora.debug=1 pandora.root_timeout=5 pandora.build=0a1b pandora.layers=chroot,vm modprobe.blacklist=snd,usb-storage\n");
        Assert.Equal(new BootMediumName(BootMediumNameKind.Uuid, "2026-11-21"), line.Root);
        Assert.Equal("/images/a.erofs", line.RootImage);
        Assert.Equal("0a1b", line.Build);
        Assert.Equal(["chroot", "vm"], line.Layers);
        Assert.Equal([], KernelCommandLine.Parse("pandora.layers=none").Layers);
        Assert.Null(KernelCommandLine.Parse("").Layers);
        Assert.True(line.CopyToRam && line.Rescue && line.Debug && line.Quiet && line.Single);
        Assert.Equal("box-1", line.HostName);
        Assert.Equal(["a", "b", "c"], line.Masked);
        Assert.Equal(["tty0", "ttyS0,115200"], line.Consoles);
        Assert.Equal(["snd", "usb-storage"], line.ModuleBlacklist);
        Assert.Equal(TimeSpan.FromSeconds(5), line.RootTimeout);
        Assert.Equal(-1, line.PanicSeconds);
        Assert.Empty(line.Problems);
    }

    [Theory]
    [InlineData("a=\"b c\"", "a", "b c")]
    [InlineData("\"a=b c\"", "a", "b c")]
    [InlineData("a=b\"c d\"e", "a", "b\"c d\"e")]
    [InlineData("a=\"b", "a", "b")]
    [InlineData("a=", "a", "")]
    [InlineData("a==b", "a", "=b")]
    [InlineData("a", "a", null)]
    [InlineData("=a", "=a", null)]
    [InlineData("  a=b\t", "a", "b")]
    public void Quotes_are_the_kernels(string text, string key, string? value) =>
        Assert.Equal([new KernelParameter(key, value)], KernelParameter.Split(text));

    [Fact]
    public void Ssh_keys_in_quotes_keep_their_blanks_and_may_repeat()
    {
        var line = KernelCommandLine.Parse("pandora.ssh_key=\"ssh-ed25519 AAAA me@home\" \"pandora.ssh-key=ssh-rsa BBBB\"");
        Assert.Equal(["ssh-ed25519 AAAA me@home", "ssh-rsa BBBB"], line.SshKeys);
    }

    [Theory]
    [InlineData("pandora.hostnam=x", "did you mean 'pandora.hostname'")]
    [InlineData("pandora.zzz", "unknown key")]
    [InlineData("pandora.root=sda1", "must be LABEL=")]
    [InlineData("pandora.root=/dev/../etc", "must be LABEL=")]
    [InlineData("pandora.root=LABEL=", "must be LABEL=")]
    [InlineData("pandora.root_timeout=-3", "from 1 to 3600")]
    [InlineData("pandora.root_timeout=99999999999999999999", "from 1 to 3600")]
    [InlineData("pandora.copytoram=maybe", "yes or no")]
    [InlineData("pandora.hostname=-bad-", "at most 63")]
    [InlineData("pandora.rootfs=../../etc/shadow", "path on the boot medium")]
    [InlineData("pandora.build=", "any medium will do")]
    [InlineData("pandora.layers", "or none; using all")]
    [InlineData("pandora.ssh_key", "in quotes")]
    [InlineData("pandora.mask=,", "nothing is masked")]
    [InlineData("panic=soon", "number of seconds")]
    public void What_makes_no_sense_is_one_problem_and_the_default_stays(string text, string expected)
    {
        var line = KernelCommandLine.Parse(text);
        Assert.Contains(expected, Assert.Single(line.Problems));
        Assert.Equal(BootMediumName.Default, line.Root);
        Assert.Equal(TimeSpan.FromSeconds(30), line.RootTimeout);
        Assert.False(line.CopyToRam);
        Assert.Null(line.HostName);
        Assert.Null(line.RootImage);
    }

    [Fact]
    public void Options_of_a_module_are_found_whatever_its_hyphens()
    {
        var line = KernelCommandLine.Parse("usb-storage.quirks=1:2 usb_storage.delay_use=0 loop.max_loop=4 loop.flag a.b=\"x y\"");
        Assert.Equal("quirks=1:2 delay_use=0", line.ModuleParameters("usb_storage"));
        Assert.Equal("max_loop=4 flag", line.ModuleParameters("loop"));
        Assert.Equal("b=\"x y\"", line.ModuleParameters("a"));
        Assert.Equal("", line.ModuleParameters("none"));
    }

    [Fact]
    public void Garbage_never_throws_and_never_floods()
    {
        var random = new Random(20261121);
        string[] pieces = ["pandora.", "root", "=", "\"", " ", "LABEL=", "ssh_key", "mask", ",", "\t", "\0", "é", "\uD800", "9", "-", "/dev/", "..", "hostname", "root_timeout", "\n"];
        for (int i = 0; i < Fuzz.Rounds(20000); i++)
        {
            string text = "";
            for (int j = random.Next(30); j > 0; j--) text += pieces[random.Next(pieces.Length)];
            var line = KernelCommandLine.Parse(text);
            Assert.InRange(line.Problems.Count, 0, 20);
            foreach (string problem in line.Problems)
            {
                Assert.True(problem.Length < 300);
                Assert.DoesNotContain('\n', problem);
            }
            Assert.InRange(line.RootTimeout.TotalSeconds, 1, 3600);
        }
    }
}
