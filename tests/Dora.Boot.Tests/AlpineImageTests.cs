using System.Text.Json;
using Dora.Boot.Tests.Fixtures;
using Dora.Boot.Tests.Harness;

namespace Dora.Boot.Tests;

/// <summary>
/// Issue 7: "The Alpine path is run as far as it can be without Alpine's servers: the scripts against a local apk repository with packages
/// made by the test, using an apk binary if one is at hand on the host". What this is not is listed in docs/image.md, "Alpine".
/// </summary>
public class AlpineImageTests(AlpineRepository alpine) : IClassFixture<AlpineRepository>
{
    // As Alpine packs it: modules are .ko.gz, and its kernel could not unpack them itself; sshd is three programs; libc is the loader.
    [Fact]
    public void The_iso_of_alpines_packages_boots()
    {
        File.WriteAllText($"{alpine.Path}/more", "alpine  base  pandora-probe  musl-probe  # a program of musl\n");
        string iso = alpine.Run("main", $"image/mkimage --bin {Artifacts.Out}/bin --layers base --packages {alpine.Path}/more "
            + $"--ssh-key {Artifacts.BuiltInKey}.pub --cmdline no_timer_check iso").Expect().Trim();
        Assert.Equal($"{alpine.Path}/out/pandora.iso", iso);
        Assert.Empty(Directory.EnumerateFiles($"{alpine.Path}/out/kernel/lib/modules", "*.ko.gz", SearchOption.AllDirectories));
        // FAT's names are in utf8 by the configuration of Alpine's kernel.
        alpine.Run("main", $"zstd -qdc {alpine.Path}/out/initramfs.img | grep -q nls_utf8.ko").Expect();
        ToldWithPurls($"{alpine.Path}/out/rootfs.squashfs.cdx.json");
        Assert.Matches(@"(?m)^ +1982256 +1  busybox-static +1\.37\.0-r30 +userland", alpine.Run("main", "image/sizes").Expect());

        using var machine = Machine.Start(new MachineOptions { Name = "alpine", Iso = iso });
        machine.WaitForSsh();
        Assert.Matches("boot medium found .*/dev/sr0", machine.SshOutput("dora boot"));
        Assert.Equal("listening", machine.Services()["sshd"].State);
        Assert.Contains("overlay", machine.SshOutput("cat /proc/modules"));
        // One file is mapped, whatever name of it was asked for.
        string maps = machine.SshOutput("musl-probe");
        Assert.Contains("/usr/lib/ld-musl-x86_64.so.1", maps);
        Assert.DoesNotContain("libc.musl", maps);
        Assert.Equal("ld-musl-x86_64.so.1", machine.SshOutput("readlink /lib/libc.musl-x86_64.so.1"));
        Assert.Equal("3", machine.SshOutput("ls -1 /usr/lib/ssh/sshd-session /usr/lib/ssh/sshd-auth /usr/lib/openssh/sftp-server | wc -l"));
        Assert.Equal("/usr/bin/busybox", machine.SshOutput("readlink -f /sbin/udhcpc"));
        Assert.Matches(@"(?m)^ssh\s+22/tcp", machine.SshOutput("cat /etc/services"));
        machine.PowerOff();
    }

    // Alpine 3.23 still has /bin, /sbin and /lib of their own, and wants to merge them: both give the same tree. The kernel of bare metal
    // is taken here, with its modules below /usr/lib and packed by zstd.
    [Fact]
    public void A_merged_usr_gives_the_same_tree()
    {
        alpine.Make("merged", "--merged --no-virt");
        string package = alpine.Run("merged", $"image/mkkernel -o {alpine.Path}/generic >/dev/null; cat {alpine.Path}/generic/package", "FLAVOR=generic").Expect();
        Assert.StartsWith("linux-lts 6.", package);
        var modules = Directory.EnumerateFiles($"{alpine.Path}/generic/lib/modules", "*.ko*", SearchOption.AllDirectories).Select(Path.GetFileName).ToList();
        Assert.Contains("overlay.ko", modules);
        Assert.All(modules, name => Assert.EndsWith(".ko", name));

        foreach (string repository in (string[])["main", "merged"])
            alpine.Run(repository, $"image/mktree --bin {Artifacts.Out}/bin --kernel {alpine.Path}/generic {alpine.Path}/tree-{repository}").Expect();
        string[] Files(string tree) => [.. Directory.EnumerateFileSystemEntries(tree, "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.None })
            .Select(path => Path.GetRelativePath(tree, path)).Order(StringComparer.Ordinal)];
        Assert.Contains("usr/sbin/mke2fs", Files($"{alpine.Path}/tree-merged"));
        Assert.Equal(Files($"{alpine.Path}/tree-main"), Files($"{alpine.Path}/tree-merged"));
        foreach (string list in (string[])["main", "merged"])
            Assert.Contains("/usr/bin/busybox busybox-static 1.37.0-r30 busybox", File.ReadAllLines($"{alpine.Path}/tree-{list}/.pandora/packages"));
    }

    // The first line says what is wrong and how to mend it, and nothing is left under the final name.
    [Theory]
    [InlineData("no-such-package", "", "no-such-package: in none of the repositories; mend the name .image/packages, --packages. or the list .*/main/repositories")]
    [InlineData("openssl", "PANDORA_APK_REPOSITORIES=$FOLDER/elsewhere", "/nonexistent/alpine: No such file or directory; mend .*/elsewhere, or PANDORA_APK_REPOSITORIES")]
    [InlineData("openssl", "PANDORA_APK_KEYS=$FOLDER/empty", "/main: UNTRUSTED signature; the public key of the repository goes into .*/empty, or PANDORA_APK_KEYS")]
    [InlineData("openssl", "PANDORA_APK_KEYS=$FOLDER/others", "/main: BAD signature; the public key of the repository goes into .*/others, or PANDORA_APK_KEYS")]
    [InlineData("openssl", "PANDORA_APK_REPOSITORIES=/nonexistent", "/nonexistent: no list of repositories; PANDORA_APK_REPOSITORIES names another")]
    [InlineData("openssl", "PANDORA_APK_KEYS=/nonexistent", "/nonexistent: no folder of keys; PANDORA_APK_KEYS names another")]
    [InlineData("openssl", "NO_APK=yes", "apk: not found; build on Alpine or with Dockerfile.build")]
    public void A_mistake_is_told_in_the_first_line(string packages, string environment, string expected)
    {
        string folder = Path.Combine(alpine.Path, "mistakes");
        Directory.CreateDirectory($"{folder}/empty");
        if (!Directory.Exists($"{folder}/others"))
        {
            Directory.CreateDirectory($"{folder}/others");
            Programs.Run(TimeSpan.FromMinutes(1), "sh", "-c", $"openssl genrsa 2048 | openssl rsa -pubout -out {folder}/others/pandora-test.rsa.pub").Expect();
        }
        File.WriteAllText($"{folder}/elsewhere", "/nonexistent/alpine\n");
        foreach (var (tool, call) in ((string, string)[])[("mkapkchroot", $"mkapkchroot {folder}/made \"{packages}\""), ("mkkernel", $"mkkernel -o {folder}/made")])
        {
            if (tool == "mkkernel" && packages != "openssl") continue;
            var result = alpine.Run("main", $"[ -z \"${{NO_APK:-}}\" ] || rm \"$(command -v apk)\"; image/{call}", environment.Replace("$FOLDER", folder, StringComparison.Ordinal));
            Assert.NotEqual(0, result.ExitCode);
            Assert.Matches($"^{tool}: .*{expected}", result.Errors.Split('\n')[0]);
            Assert.Equal("", result.Output);
            Assert.False(Path.Exists($"{folder}/made"), result.Errors);
        }
    }

    // The index has a newer package: another tree. Nothing new: none is made.
    [Fact]
    public void A_tree_is_made_anew_when_the_index_has_news()
    {
        alpine.Make("old", "--only busybox-static");
        Assert.Contains("packages of Alpine", Tree("old"));
        Assert.Contains("from the cache", Tree("old"));
        Directory.Delete($"{alpine.Path}/old", recursive: true);
        alpine.Make("old", "--only busybox-static --version 1.37.1-r0");
        Assert.Contains("Installing busybox-static (1.37.1-r0)", Tree("old"));

        string Tree(string repository) => alpine.Run(repository, $"rm -rf {alpine.Path}/cached; image/mkapkchroot {alpine.Path}/cached busybox-static") is { ExitCode: 0 } made
            ? made.Errors : throw new InvalidOperationException("image/mkapkchroot failed");
    }

    // fetch does not look at signatures; the script does.
    [Fact]
    public void A_kernel_that_is_not_what_was_signed_is_refused()
    {
        alpine.Make("tampered", "--only linux-lts");
        string package = Directory.GetFiles($"{alpine.Path}/tampered/x86_64", "linux-lts-*.apk").Single();
        using (var file = File.OpenWrite(package))
        {
            file.Seek(-100_000, SeekOrigin.End);
            file.Write(new byte[16]);
        }
        var result = alpine.Run("tampered", $"image/mkkernel -o {alpine.Path}/tampered-kernel", "FLAVOR=generic PANDORA_CACHE=none");
        Assert.NotEqual(0, result.ExitCode);
        Assert.Contains("linux-lts-", result.Errors);
        Assert.False(Path.Exists($"{alpine.Path}/tampered-kernel"), result.Errors);
    }

    static void ToldWithPurls(string file)
    {
        using var sbom = JsonDocument.Parse(File.ReadAllBytes(file));
        var components = sbom.RootElement.GetProperty("components").EnumerateArray().ToDictionary(c => c.GetProperty("name").GetString()!);
        Assert.Equal("pkg:apk/alpine/openssh-server@10.2_p1-r0?arch=x86_64", components["openssh-server"].GetProperty("purl").GetString());
        Assert.StartsWith("pkg:apk/alpine/linux-virt@", components["linux-virt"].GetProperty("purl").GetString());
        Assert.Equal(["/usr/bin/busybox"], components["busybox-static"].GetProperty("components").EnumerateArray().Select(f => f.GetProperty("name").GetString()!));
        // What is in no package is our own: nothing of the distribution's is among it.
        Assert.DoesNotContain(components["pandora"].GetProperty("components").EnumerateArray(), f => f.GetProperty("name").GetString()!.Contains(".so", StringComparison.Ordinal));
    }
}
