using Dora.Boot.Tests.Harness;

namespace Dora.Boot.Tests;

/// <summary>Issue 7: what the tools of image/ do with overlays, keys, and with where and how they are run. No machine is started.</summary>
public class ImageTreeTests
{
    static readonly TimeSpan s_limit = TimeSpan.FromMinutes(5);

    const string Key = "AAAAC3NzaC1lZDI1NTE5AAAAIAfqA0V3AwCPWizo/8lbJmE3S1jXMKI1e90N28wkkNAr";

    // The tree of a checkout that nobody but its owner may read, with an overlay that has files where the tree has links, and two keys.
    [Fact]
    public void A_tree_is_the_same_for_any_umask_and_an_overlay_destroys_nothing_in_it()
    {
        using var folder = new ScratchFolder();
        string tree = $"{folder.Path}/tree";
        Sh(folder, """
            mkdir checkout && (cd "$1" && git ls-files -z | xargs -0 cp -P --parents -t "$OLDPWD/checkout") && chmod -R go= checkout
            mkdir -p o/usr/bin o/usr/sbin o/bin o/etc/dora o/var/spool/cron/crontabs o/opt && chmod 700 o o/usr
            for name in usr/bin/wget usr/bin/crontab usr/sbin/poweroff bin/vi; do echo mine >o/$name; chmod 755 o/$name; done
            echo nameserver 192.0.2.1 >o/etc/resolv.conf
            echo '@daily true' >o/var/spool/cron/crontabs/root
            """).Expect();
        File.WriteAllText($"{folder.Path}/o/etc/dora/authorized_keys", $"ssh-ed25519 {Key} overlay");
        File.WriteAllText($"{folder.Path}/one.pub", $"# ours\nssh-ed25519 {Key} one");
        File.WriteAllText($"{folder.Path}/two.pub", $"restrict,from=\"192.0.2.0/24, ::1\" ssh-ed25519 {Key} two\r\n");
        Sh(folder, $"checkout/image/mktree --bin {Artifacts.Out}/bin --kernel {Artifacts.Out}/kernel --ssh-key one.pub --ssh-key two.pub --overlay o tree").Expect();

        // What the links led to.
        Assert.Equal(File.ReadAllBytes(Artifacts.Init), File.ReadAllBytes($"{tree}/usr/sbin/init"));
        Assert.Equal(File.ReadAllBytes(Artifacts.Dora), File.ReadAllBytes($"{tree}/usr/bin/dora"));
        Assert.Contains("wget\n", Programs.Run(s_limit, $"{tree}/usr/bin/busybox", "--list").Expect());
        foreach (string name in (string[])["usr/bin/wget", "usr/bin/crontab", "usr/sbin/poweroff", "usr/bin/vi"])
        {
            Assert.Null(new FileInfo($"{tree}/{name}").LinkTarget);
            Assert.Equal("mine\n", File.ReadAllText($"{tree}/{name}"));
        }
        Assert.Equal("nameserver 192.0.2.1\n", File.ReadAllText($"{tree}/etc/resolv.conf"));
        Assert.Equal("usr/bin", new DirectoryInfo($"{tree}/bin").LinkTarget);
        Assert.Equal("@daily true\n", File.ReadAllText($"{tree}/etc/crontabs/root"));
        Assert.Equal($"ssh-ed25519 {Key} overlay\n# ours\nssh-ed25519 {Key} one\nrestrict,from=\"192.0.2.0/24, ::1\" ssh-ed25519 {Key} two\n",
            File.ReadAllText($"{tree}/etc/dora/authorized_keys"));
        // Modes: what is root's alone is, and all else is everyone's to read.
        string[] closed = [.. Sh(folder, "find tree ! -type l ! -perm -004 -printf '%P\\n'").Expect().Split('\n', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal)];
        Assert.Equal(["etc/dora/authorized_keys", "etc/shadow", "root"], closed);
        Assert.Equal("755 755 755 644 600", Sh(folder, "cd tree && echo $(stat -c %a . usr etc/udhcpc/default.script etc/passwd etc/shadow)").Expect().Trim());
        Assert.Equal("", Sh(folder, "find tree ! -user 0 -o ! -group 0").Expect());
    }

    [Fact]
    public void Files_that_are_laid_upon_a_tree_keep_what_they_are()
    {
        using var folder = new ScratchFolder();
        Sh(folder, """
            mkdir -p o/d tree/d tree/real && chmod 700 o/d && chmod 755 tree/d && ln -s real tree/link && mkdir o/link && echo x >o/link/x
            cp /bin/true o/su && cp /bin/true o/cap && chown 1234:55 o/su o/cap && chmod 6755 o/su && ln o/su o/also && chmod 750 o/cap && setcap cap_net_raw+ep o/cap
            echo precious >victim && ln -s "$PWD/victim" tree/out && echo new >o/out && echo kept >tree/hard && ln tree/hard tree/hard2 && echo new >o/hard
            """).Expect();
        Lay(folder).Expect();
        Assert.Equal("6755 2 0:0 su,6755 2 0:0 also,750 1 0:0 cap,755 2 0:0 d,", Sh(folder, "cd tree && stat --printf '%a %h %u:%g %n,' su also cap d").Expect());
        Assert.Equal("tree/cap cap_net_raw=ep", Sh(folder, "getcap tree/cap").Expect().Trim());
        Assert.Equal("x\n", File.ReadAllText($"{folder.Path}/tree/real/x"));
        Assert.Equal("new\n", File.ReadAllText($"{folder.Path}/tree/out"));
        Assert.Equal("precious\n", File.ReadAllText($"{folder.Path}/victim"));
        Assert.Equal("new\n", File.ReadAllText($"{folder.Path}/tree/hard"));
        Assert.Equal("kept\n", File.ReadAllText($"{folder.Path}/tree/hard2"));
    }

    // A folder of the host, and what cannot be: the overlay is named, and nothing is written elsewhere.
    [Theory]
    [InlineData("mkdir -p o/etc tree host && ln -s \"$PWD/host\" tree/etc && echo x >o/etc/x", "o/etc: a link to ", "in the tree; put its files there")]
    [InlineData("mkdir -p o/etc tree host && ln -s ../host tree/etc && echo x >o/etc/x", "o/etc: a link to ../host ", "in the tree; put its files there")]
    [InlineData("mkdir -p o tree/etc/x host && echo x >o/etc", "o: does not fit upon the tree", "a file cannot take the place of a folder")]
    public void An_overlay_that_does_not_fit_is_named(string make, string expected, string end)
    {
        using var folder = new ScratchFolder();
        Sh(folder, make).Expect();
        var result = Lay(folder);
        Assert.Equal(1, result.ExitCode);
        string line = result.Errors.Trim().Split('\n')[^1];
        Assert.Contains(expected, line);
        Assert.Contains(end, line);
        Assert.Empty(Directory.EnumerateFileSystemEntries($"{folder.Path}/host"));
    }

    [Theory]
    [InlineData("PuTTY-User-Key-File-3: ssh-ed25519\nPublic-Lines: 2\nPrivate-Lines: 1\n", ": a private key; give the public one")]
    [InlineData("-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1r\n", ": a private key; give the public one")]
    [InlineData("---- BEGIN SSH2 PUBLIC KEY ----\nAAAAC3NzaC1lZDI1NTE5\n", ":1: not a public key; one line each")]
    [InlineData("ssh-ed25519 " + Key + " a\nroot:x:0:0:root:/root:/bin/sh\n", ":2: not a public key; one line each")]
    [InlineData("ssh-ed25519 KEY a\n", ":1: not a public key; one line each")]
    [InlineData("two words ssh-ed25519 " + Key + "\n", ":1: not a public key; one line each")]
    [InlineData("\n# none\n", ": no public key in it; one line each")]
    [InlineData("", ": no public key in it; one line each")]
    public void What_is_no_public_key_is_refused_before_anything_is_made(string content, string expected)
    {
        using var folder = new ScratchFolder();
        File.WriteAllText($"{folder.Path}/k", content);
        var result = Sh(folder, "\"$1/image/mktree\" --ssh-key k tree");
        Assert.Equal(1, result.ExitCode);
        Assert.StartsWith($"mktree: k{expected}", result.Errors);
        Assert.Single(result.Errors.Trim().Split('\n'));
        Assert.Equal([$"{folder.Path}/k"], Directory.EnumerateFileSystemEntries(folder.Path));
    }

    // An option that there is not is told behind a key that is one.
    [Theory]
    [InlineData("ssh-ed25519 " + Key)]
    [InlineData("# mine\r\n\r\nssh-ed25519 " + Key + " me@there\r\n")]
    [InlineData("command=\"echo \\\"hi there\\\"\",no-pty ssh-rsa AAAAB3NzaC1yc2E= me\n")]
    [InlineData("sk-ssh-ed25519@openssh.com AAAAGnNrLXNzaC1lZDI1NTE5 me\necdsa-sha2-nistp256 AAAAE2VjZHNh\n")]
    public void Public_keys_are_taken_in_any_form_that_sshd_reads(string content)
    {
        using var folder = new ScratchFolder();
        File.WriteAllText($"{folder.Path}/k", content);
        Assert.StartsWith("mktree: --none: unknown", Sh(folder, "\"$1/image/mktree\" --ssh-key k --none").Errors);
    }

    // An image without any applet used to come of this, with exit code 0.
    [Fact]
    public void A_place_where_programs_cannot_run_is_named()
    {
        using var folder = new ScratchFolder();
        var result = Sh(folder, $"mkdir t && mount -t tmpfs -o noexec tmpfs t && trap 'umount t' EXIT && TMPDIR=$PWD/t \"$1/image/mktree\" --bin {Artifacts.Out}/bin --kernel {Artifacts.Out}/kernel tree");
        Assert.Equal(1, result.ExitCode);
        Assert.Matches($"(?m)^mktree: {folder.Path}/t/pandora\\.\\w+: programs cannot run there \\(noexec\\?\\); TMPDIR names another folder\n$", result.Errors);
        Assert.False(Directory.Exists($"{folder.Path}/tree"));
    }

    [Fact]
    public void A_root_whose_busybox_does_not_run_is_not_packed()
    {
        using var folder = new ScratchFolder();
        Sh(folder, "mkdir -p tree/.pandora tree/etc tree/usr/bin tree/dev tree/proc tree/sys tree/run tree/tmp && echo junk >tree/usr/bin/busybox && chmod 755 tree/usr/bin/busybox && : >tree/.pandora/packages && "
            + ": >tree/.pandora/package && : >tree/.pandora/components").Expect();
        var result = Sh(folder, "DISTRO=deb \"$1/image/mkrootfs\" --tree tree -o root.squashfs");
        Assert.Equal(1, result.ExitCode);
        Assert.Contains("/usr/bin/busybox: does not run, so its applets are not known; TMPDIR names a folder where programs may run", result.Errors);
        Assert.False(File.Exists($"{folder.Path}/root.squashfs"));
    }

    [Fact]
    public void The_time_zone_of_the_builder_changes_no_byte()
    {
        using var folder = new ScratchFolder();
        Sh(folder, $"""
            for zone in JST-9 PST8; do
                mkdir $zone
                for part in vmlinuz initramfs.img build cmdline cmdline-embedded; do ln -s {Artifacts.Out}/$part $zone/; done
                echo root >$zone/rootfs.squashfs
                for artefact in iso raw; do TZ=$zone "$1/image/pack/$artefact" $zone; done
            done
            cmp JST-9/pandora.iso PST8/pandora.iso && cmp JST-9/pandora.raw PST8/pandora.raw
            """).Expect();
    }

    [Fact]
    public void What_no_fat_can_hold_is_named()
    {
        using var folder = new ScratchFolder();
        var result = Sh(folder, $"for part in vmlinuz initramfs.img build cmdline cmdline-embedded; do ln -s {Artifacts.Out}/$part .; done; truncate -s 4G rootfs.squashfs; \"$1/image/pack/raw\" .");
        Assert.Equal(1, result.ExitCode);
        Assert.Contains("/rootfs.squashfs: FAT has no files of 4 GiB or more; put less into it, or take iso", result.Errors);
        Assert.False(File.Exists($"{folder.Path}/pandora.raw"));
    }

    /// <summary>o upon tree.</summary>
    static Outcome Lay(ScratchFolder folder) => Programs.Run(s_limit, "sh", "-euc", $". {Artifacts.Repository}/image/lib.sh; . \"$image/collect.sh\"; cd {folder.Path}; scratch; lay o tree",
        $"{Artifacts.Repository}/image/lay");

    /// <summary>A shell command in the folder; $1 is the repository.</summary>
    static Outcome Sh(ScratchFolder folder, string command) =>
        Programs.Run(s_limit, "sh", "-euc", $"cd {folder.Path}\n{command}", "sh", Artifacts.Repository);
}
