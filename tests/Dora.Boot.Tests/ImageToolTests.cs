using System.Security.Cryptography;
using System.Text.Json;
using Dora.Boot.Tests.Harness;

namespace Dora.Boot.Tests;

/// <summary>Issue 7: what the tools of image/ do with mistakes, and that the same input gives the same bytes.</summary>
public class ImageToolTests
{
    static readonly TimeSpan s_limit = TimeSpan.FromMinutes(15);

    // The first line says what is wrong and how to mend it, and nothing half-made is left under the final name.
    [Theory]
    [InlineData("floppy", "mkimage: floppy: unknown; artefacts: iso uki pxe raw qcow2;")]
    [InlineData("--kernal x iso", "mkimage: --kernal: unknown; artefacts:")]
    [InlineData("iso --to", "mkimage: --to: needs a value")]
    [InlineData("--layer /nonexistent.squashfs", "mkimage: /nonexistent.squashfs: no such file")]
    [InlineData("--layers 'chroot wm' iso", "mkimage: wm: unknown layer; known are: base chroot vm, and full for all of them")]
    [InlineData("--layers-from /tmp --layers vm iso", "mkimage: /tmp/vm.squashfs: not found; image/mklayer --to /tmp vm makes it")]
    [InlineData("--packages /proc/sys/kernel/ostype iso", "mkimage: /proc/sys/kernel/ostype:1: Linux: not four columns: deb or alpine, layer, package, programs")]
    [InlineData("--sign-key /nonexistent.key uki", "mkimage: --sign-key and --sign-cert: the one needs the other")]
    [InlineData("--sign-key /nonexistent.key --sign-cert /nonexistent.pem uki", "mkimage: /nonexistent.key: not a private key")]
    [InlineData("--bin /nonexistent iso", "/nonexistent/init: not found; run image/publish")]
    [InlineData("--initramfs /nonexistent.img iso", "mkimage: /nonexistent.img: no such file")]
    [InlineData("--no-build --ssh-key /etc/hostname.nonexistent iso", "mkimage: /etc/hostname.nonexistent: no such file")]
    public void A_mistake_is_told_in_the_first_line(string arguments, string expected)
    {
        using var folder = new ScratchFolder();
        var result = Run($"image/mkimage --kernel \"$1\" --to {folder.Path} {arguments}");
        Assert.NotEqual(0, result.ExitCode);
        Assert.Contains(expected, result.Errors.Split('\n')[0]);
        Assert.Empty(Directory.EnumerateFiles(folder.Path, "pandora.*"));
    }

    // What cannot be in a layer, and a kernel that is not there: nothing is left of them either.
    [Theory]
    [InlineData("image/mklayer --packages $2/list --to $2 chroot", "deb chroot no-such-package x # y", "mkdebchroot: no-such-package: apt knows no such package; see image/packages")]
    [InlineData("image/mklayer --to $2 wm", "", "mklayer: wm: unknown layer; known are: base chroot vm, and full for all of them")]
    [InlineData("FLAVOR=cloud image/mkkernel -o $2/kernel", "", "mkkernel: FLAVOR=cloud: unknown; virt and generic are known")]
    public void A_mistake_in_a_part_is_told_in_the_first_line(string command, string list, string expected)
    {
        using var folder = new ScratchFolder();
        File.WriteAllText(Path.Combine(folder.Path, "list"), list + "\n");
        var result = Run($"set -- \"$1\" {folder.Path}; {command}");
        Assert.NotEqual(0, result.ExitCode);
        Assert.StartsWith(expected, result.Errors);
        Assert.Equal(["list"], Directory.EnumerateFileSystemEntries(folder.Path).Select(Path.GetFileName));
    }

    // Somebody's own root has programs more. Where the order of busybox's table would suffer ('iP' before 'iostat') it stays as it was, and that is said.
    [Fact]
    public void Programs_of_a_tree_are_not_shadowed_by_applets()
    {
        using var folder = new ScratchFolder();
        string tree = Path.Combine(folder.Path, "tree");
        Programs.Run(s_limit, "unsquashfs", "-no-progress", "-quiet", "-dest", tree, Artifacts.Root, "usr/bin/busybox").Expect();
        foreach (string program in (string[])["[", "awk", "base64", "ip"]) File.WriteAllText(Path.Combine(tree, "usr/bin", program), "");
        File.CreateSymbolicLink(Path.Combine(tree, "usr/bin/tr"), "busybox");
        var result = Run($"image/unshadow {tree}");
        Assert.Equal("awk\nbase64\n", result.Expect());
        Assert.Contains("unshadow: stays busybox's in its shell, though the tree has a program of the name: ip", result.Errors);
        string[] applets = Programs.Run(s_limit, Path.Combine(tree, "usr/bin/busybox"), "--list").Expect().Split('\n');
        Assert.DoesNotContain("base64", applets);
        foreach (string applet in (string[])["[", "basename", "bc", "ip", "tr"]) Assert.Contains(applet, applets);
        Assert.Equal(["[", "awk", "base64", "busybox", "ip", "tr"], Directory.EnumerateFiles(Path.Combine(tree, "usr/bin")).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_missing_tool_is_named_before_anything_is_made()
    {
        using var folder = new ScratchFolder();
        // All of the host's programs but xorriso.
        string programs = Directory.CreateDirectory(Path.Combine(folder.Path, "bin")).FullName;
        foreach (string path in (string[])["/usr/bin", "/usr/sbin"])
            foreach (string program in Directory.EnumerateFiles(path))
                if (Path.GetFileName(program) != "xorriso" && !File.Exists(Path.Combine(programs, Path.GetFileName(program))))
                    File.CreateSymbolicLink(Path.Combine(programs, Path.GetFileName(program)), program);
        var result = Run($"PATH={programs}; image/mkimage --no-build --kernel \"$1\" --to {folder.Path}/to iso");
        Assert.StartsWith("iso: xorriso: not found; run image/prepare", result.Errors);
        Assert.False(Directory.Exists($"{folder.Path}/to"));
    }

    [Fact]
    public void A_full_disk_leaves_nothing_under_the_final_name()
    {
        using var folder = new ScratchFolder();
        var result = Run($"mount -t tmpfs -o size=48m tmpfs {folder.Path} && image/mkimage --no-build --kernel \"$1\" --to {folder.Path} uki; code=$?; ls {folder.Path}; umount {folder.Path}; exit $code");
        Assert.NotEqual(0, result.ExitCode);
        Assert.Contains("No space left on device", result.Errors);
        Assert.DoesNotContain("pandora.efi\n", result.Output);
    }

    [Fact]
    public void A_wrong_certificate_is_refused_and_a_right_one_signs()
    {
        using var folder = new ScratchFolder();
        string keys = string.Join(" && ", ((string[])["one", "two"]).Select(name =>
            $"openssl req -newkey rsa:2048 -nodes -x509 -days 2 -subj /CN={name}/ -keyout {folder.Path}/{name}.key -out {folder.Path}/{name}.pem"));
        Assert.Equal(0, Run(keys).ExitCode);
        var wrong = Run($"image/mkimage --no-build --sign-key {folder.Path}/one.key --sign-cert {folder.Path}/two.pem uki");
        Assert.Equal($"mkimage: {folder.Path}/two.pem: is not the certificate of {folder.Path}/one.key", wrong.Errors.Trim());

        // The packer alone: the parts are there, and the disk image tells what UEFI would start from it.
        string sign = $"PANDORA_SIGN_KEY={folder.Path}/one.key PANDORA_SIGN_CERT={folder.Path}/one.pem image/pack";
        var signed = Run($"mkdir {folder.Path}/to && for f in vmlinuz initramfs.img rootfs.squashfs build cmdline cmdline-embedded; do ln -s {Artifacts.Out}/$f {folder.Path}/to/; done && "
            + $"{sign}/uki {folder.Path}/to && {sign}/iso {folder.Path}/to && sbverify --cert {folder.Path}/one.pem {folder.Path}/to/pandora.efi && "
            + $"xorriso -indev {folder.Path}/to/pandora.iso -osirrox on -extract /boot/efi.img {folder.Path}/efi.img && "
            + $"MTOOLS_SKIP_CHECK=1 mcopy -i {folder.Path}/efi.img ::/EFI/BOOT/BOOTX64.EFI {folder.Path}/boot.efi && sbverify --cert {folder.Path}/one.pem {folder.Path}/boot.efi");
        Assert.True(signed.ExitCode == 0, signed.Errors);
        Assert.Equal(2, signed.Output.Split("Signature verification OK").Length - 1);
        Assert.NotEqual(0, Run($"sbverify --cert {folder.Path}/two.pem {folder.Path}/to/pandora.efi").ExitCode);
    }

    // Kernel and initramfs are in the ISO once, by two names each.
    [Fact]
    public void The_names_of_kernel_and_initramfs_in_the_iso_lead_to_what_they_should()
    {
        using var folder = new ScratchFolder();
        var result = Run($"xorriso -indev {Artifacts.Iso} -osirrox on -extract /boot/vmlinuz {folder.Path}/vmlinuz -extract /boot/initramfs.img {folder.Path}/initramfs.img");
        Assert.True(result.ExitCode == 0, result.Errors);
        Assert.Equal(Hash(Artifacts.Kernel), Hash($"{folder.Path}/vmlinuz"));
        Assert.Equal(Hash(Artifacts.Initramfs), Hash($"{folder.Path}/initramfs.img"));
        Assert.InRange(new FileInfo(Artifacts.Iso).Length, 20_000_000, 67_000_000);
    }

    // Another folder, checked out with another umask, in another time zone, everything anew but what comes from the distribution's servers.
    [Fact]
    public void Two_builds_in_different_folders_give_identical_artefacts()
    {
        using var folder = new ScratchFolder();
        string key = Path.Combine(Artifacts.Out, "tests", "key.pub");
        var result = Run($"mkdir -p {folder.Path}/elsewhere/tree && git ls-files -z | xargs -0 cp -P --parents -t {folder.Path}/elsewhere/tree && chmod -R go= {folder.Path}/elsewhere/tree && cd {folder.Path}/elsewhere/tree && "
            + $"env -u PANDORA_OUT TZ=JST-9 image/mkimage --ssh-key {key} --cmdline no_timer_check iso uki pxe raw qcow2");
        Assert.True(result.ExitCode == 0, result.Errors);
        string there = Path.Combine(folder.Path, "elsewhere/tree/out");
        string[] files = ["bin/init", "bin/syslog", "bin/dora", "vmlinuz", "initramfs.img", "rootfs.squashfs.cdx.json", "rootfs.squashfs", "layers/chroot.squashfs", "layers/chroot.squashfs.cdx.json", "build", "pandora.iso", "pandora.efi", "pandora.raw", "pandora.qcow2", "pxe/root.img", "pxe/boot.ipxe"];
        var different = files.Where(file => Hash(Path.Combine(Artifacts.Out, file)) != Hash(Path.Combine(there, file))).ToList();
        Assert.Empty(different);
    }

    [Fact]
    public void What_is_inside_is_told_with_versions_and_hashes()
    {
        using var sbom = JsonDocument.Parse(File.ReadAllBytes(Artifacts.Root + ".cdx.json"));
        Assert.Equal("CycloneDX", sbom.RootElement.GetProperty("bomFormat").GetString());
        var components = sbom.RootElement.GetProperty("components").EnumerateArray().ToDictionary(c => c.GetProperty("name").GetString()!);
        foreach (string name in (string[])["openssh-server", "busybox-static", "btrfs-progs", "libc6", "YamlDotNet", "runtime.linux-x64.Microsoft.DotNet.ILCompiler", "pandora"])
            Assert.True(components.ContainsKey(name), $"{name}: not in {string.Join(' ', components.Keys)}");
        Assert.Contains(components.Keys, name => name.StartsWith("linux-image-", StringComparison.Ordinal));
        var init = components["pandora"].GetProperty("components").EnumerateArray().Single(file => file.GetProperty("name").GetString() == "/usr/sbin/init");
        Assert.Equal(Hash(Artifacts.Init), init.GetProperty("hashes")[0].GetProperty("content").GetString());
        Assert.All(components.Values, component => Assert.StartsWith("pkg:", component.GetProperty("purl").GetString()));
        var sizes = Run("image/sizes");
        Assert.Matches(@"(?m)^ +\d+ +\d+  openssh-server +1:\S+ +remote login$", sizes.Output);
        Assert.Matches(@"(?m)^layer chroot: \S+ MB packed$", sizes.Output);
        Assert.Matches(@"(?m)^ +\d+ +\d+  gpgv +\S+ +debootstrap checks who has signed an archive$", Run("image/sizes chroot").Output);
    }

    static string Hash(string file)
    {
        using var stream = File.OpenRead(file);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }

    /// <summary>A shell command in the repository; $1 is the kernel's folder.</summary>
    static Outcome Run(string command) =>
        Programs.Run(s_limit, "sh", "-c", $"cd {Artifacts.Repository} && {{ {command}; }}", "sh", Path.Combine(Artifacts.Out, "kernel"));
}
