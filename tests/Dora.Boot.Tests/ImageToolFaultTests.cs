using Dora.Boot.Tests.Harness;

namespace Dora.Boot.Tests;

/// <summary>
/// What the tools of image/ leave where they found something, have no room or no network, or are interrupted. Without a machine and without
/// packages: what fetches or makes them is a stand-in (<see cref="Standin"/>), the tool under test is the real one.
/// </summary>
[System.Runtime.Versioning.SupportedOSPlatform("linux")]
public sealed class ImageToolFaultTests : IDisposable
{
    const string Hash = "0123456789abcdef01234567";
    static readonly TimeSpan s_limit = TimeSpan.FromMinutes(3);
    readonly ScratchFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    // Also when another build has removed one first, which find calls an error.
    [Fact]
    public void The_cache_removes_old_files_of_its_own_and_no_others()
    {
        string[] others = ["diary.txt", "photos.tar.zst", "backup-2024-12-24.tar.zst", $"deb-{Hash}.tar.gz", $"{Hash}.tar.zst", "deb-0123456789abcdef0123456g.tar.zst"];
        string[] old = [$"deb-{Hash}.tar.zst", $"bench-boot-{Hash}.tar.zst", $"deb-{Hash}.4711", $"deb-{Hash}.4711.zst"];
        string[] recent = [$"kernel-{Hash}.tar.zst", $"kernel-{Hash}.4712"];
        Standin("find", "/usr/bin/find \"$@\"; exit 1");
        var result = Library("mkdir tree cache && cd cache && touch " + string.Join(' ', [.. others, .. old, .. recent]) + " && touch -d '40 days ago' "
            + string.Join(' ', [.. others, .. old]) + $" && cd .. && cache_put deb-{Hash.Replace('0', 'f')} tree && echo went on");
        Assert.Equal("went on\n", result.Expect());
        Assert.Equal([.. others.Concat(recent).Append($"deb-{Hash.Replace('0', 'f')}.tar.zst").Order(StringComparer.Ordinal)], Names("cache"));
    }

    [Theory]
    [InlineData("letter.txt")]
    [InlineData(".name")]
    [InlineData(".hidden")]
    public void A_folder_that_mkkernel_has_not_made_stays_as_it_is(string file)
    {
        Kernel();
        Directory.CreateDirectory(At("mine"));
        File.WriteAllText(At("mine", file), "somebody's\n");
        var result = Tool("mkkernel -o mine");
        Assert.Equal(1, result.ExitCode);
        Assert.Equal($"mkkernel: {At("mine")}: not empty, and not a kernel of mkkernel; empty it, or -o names another folder\n", result.Errors);
        Assert.Equal([file], Names("mine"));
        Assert.Equal("somebody's\n", File.ReadAllText(At("mine", file)));
    }

    [Fact]
    public void Mkkernel_fills_an_empty_folder_and_replaces_a_kernel_of_its_own_from_the_cache_too()
    {
        Kernel();
        Directory.CreateDirectory(At("made"));
        Assert.Equal(At("made") + "\n", Tool("mkkernel -o made/").Expect());
        string name = File.ReadAllText(At("made/.name"));
        File.WriteAllText(At("made/.name"), $"kernel-{Hash}\n");
        File.WriteAllText(At("made/leftover"), "");
        Assert.Contains("from the cache", Tool("mkkernel -o made").Errors);
        Assert.Equal(name, File.ReadAllText(At("made/.name")));
        Assert.Equal([".name", "config", "lib", "package", "vmlinuz"], Names("made"));
    }

    // out/ is often another file system than /tmp. What was there before stays.
    [Theory]
    [InlineData("mkkernel -o full/kernel", "full/kernel")]
    [InlineData("mkdebchroot full/kernel made-up", "full/kernel")]
    public void Without_room_nothing_half_made_has_the_final_name(string command, string target)
    {
        Kernel();
        Standin("apt-cache", "case $1 in depends) echo '  Depends: linux-image-made-up' ;; *) echo 'Package: made-up'; echo 'Version: 1' ;; esac");
        Standin("mmdebstrap", "for file; do case $file in */tree.tar) mkdir \"$file.d\"; head -c 3000000 /dev/zero >\"$file.d/big\"; mkdir \"$file.d/var\" \"$file.d/etc\"; tar -c -C \"$file.d\" -f \"$file\" . ;; esac; done");
        string tool = command.Split(' ')[0];
        if (tool == "mkkernel") Standin("before", $"mkdir full/kernel; echo kernel-{Hash} >full/kernel/.name");
        else Standin("before", "mkdir full/kernel");
        var result = Shell($"mkdir full && mount -t tmpfs -o size=2m tmpfs full && before && cp -a full/kernel full/was; PANDORA_CACHE=none {Artifacts.Repository}/image/{command}; code=$?; "
            + "find full | sort; umount full; exit $code");
        Assert.Equal(1, result.ExitCode);
        Assert.Contains($"{tool}: {At(target)}: cannot be written; is there room? (cp: ", result.Errors);
        Assert.Contains("No space left on device", result.Errors);
        Assert.Equal(tool == "mkkernel" ? "full\nfull/kernel\nfull/kernel/.name\nfull/was\nfull/was/.name\n" : "full\nfull/kernel\nfull/was\n", result.Output);
    }

    [Fact]
    public void Without_room_mktree_leaves_no_half_tree()
    {
        var result = Shell("mkdir full && mount -t tmpfs -o size=20m tmpfs full && "
            + $"{Artifacts.Repository}/image/mktree --bin {Artifacts.Out}/bin --kernel {Artifacts.Out}/kernel full/tree; code=$?; ls -A full; umount full; exit $code");
        Assert.Equal((1, ""), (result.ExitCode, result.Output));
        Assert.Contains($"mktree: {At("full/tree")}: cannot be written; is there room? (cp: ", result.Errors);
    }

    [Fact]
    public void A_file_that_does_not_fit_leaves_nothing_however_often_it_is_tried()
    {
        const string Put = "(put big full/deep/target) || echo \"exit $?\"";
        var result = Library($"mkdir full && head -c 3000000 /dev/zero >big && mount -t tmpfs -o size=2m tmpfs full && {Put}; {Put}; find full -type f; umount full");
        Assert.Equal("exit 1\nexit 1\n", result.Expect());
        Assert.Equal(2, result.Errors.Split('\n').Count(line => line.StartsWith("test: full/deep/target: cannot be written; is there room? (cp: ", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("INT", 130)]
    [InlineData("TERM", 143)]
    [InlineData("HUP", 129)]
    public void A_signal_leaves_nothing_of_what_was_being_written(string signal, int code)
    {
        // To all of its process group, as a terminal sends it.
        Standin("cp", $"for target; do :; done; echo half >\"$target\"; kill -{signal} 0; sleep 60");
        File.WriteAllText(At("tool"), $"set -eu; cd {Artifacts.Repository}; . image/lib.sh; cd {_folder.Path}; scratch; echo whole >source; put source made\n");
        var result = Shell("TMPDIR=$PWD setsid --wait sh -c \"$(cat tool)\" image/test; echo \"exit $?\"; ls");
        Assert.Equal($"exit {code}\nbin\nsource\ntool\n", result.Output);
    }

    [Fact]
    public void An_entry_of_the_cache_stays_when_there_is_no_room_for_it()
    {
        var result = Library("mkdir full tree && head -c 3000000 /dev/urandom >tree/big && cache_put made-up tree && mount -t tmpfs -o size=2m tmpfs full; "
            + "TMPDIR=$PWD/full; (cache_get made-up $PWD/full/tree) || echo \"exit $?\"; ls -A full; umount full; ls cache; cache_get made-up again");
        Assert.Equal("exit 1\nmade-up.tar.zst\n", result.Expect());
        Assert.StartsWith($"test: {At("full/tree")}: cannot be filled from the cache (no space?; TMPDIR names another folder): tar: ", result.Errors);
        Assert.Equal(["big"], Names("again"));
    }

    // Cut short, and with one wrong bit in the checksum behind all files.
    [Theory]
    [InlineData("truncate -s -100 $file")]
    [InlineData("printf x | dd of=$file bs=1 conv=notrunc status=none seek=$(($(wc -c <$file) - 1))")]
    public void An_unreadable_entry_of_the_cache_is_removed(string damage)
    {
        var result = Library($"mkdir tree && head -c 300000 /dev/urandom >tree/big && cache_put made-up tree; file=cache/made-up.tar.zst; {damage}; cache_get made-up again || echo \"exit $?\"; ls -A cache; ls");
        Assert.Equal("exit 1\nbin\ncache\ntree\n", result.Expect());
        Assert.Equal($"test: {At("cache/made-up.tar.zst")}: unreadable; removed\n", result.Errors);
    }

    [Theory]
    [InlineData("apt-get", "echo 'Err:1 http://mirror.example linux'; echo 'E: Failed to fetch' >&2; exit 100", "mkkernel -o made",
        "mkkernel: packages cannot be fetched from the mirror that this host's apt knows; look at the network, at the apt sources, and run apt-get update\nErr:1 http")]
    [InlineData("mmdebstrap", "echo noise >&2; echo 'E: mmdebstrap failed to run' >&2; exit 25", "mkdebchroot made x",
        "mkdebchroot: packages cannot be fetched from http://mirror.example; look at the network, or PANDORA_MIRROR names another mirror\nnoise\nE: ")]
    [InlineData("mmdebstrap", "echo 'E: Unable to locate package x' >&2; echo 'E: mmdebstrap failed to run' >&2; exit 25", "mkdebchroot made x",
        "mkdebchroot: x: in none of the packages of http://mirror.example; see image/packages (and --packages)\n")]
    [InlineData("mmdebstrap", "echo 'tar: x: Cannot write: No space left on device' >&2; exit 25", "mkdebchroot made x",
        "mkdebchroot: packages cannot be unpacked: no space in /tmp; TMPDIR names another folder\n")]
    public void What_cannot_be_fetched_is_told_before_the_words_of_the_tool_that_failed(string program, string does, string command, string expected)
    {
        Kernel();
        Standin(program, does);
        var result = Tool(command, "PANDORA_MIRROR=http://mirror.example TMPDIR=/tmp");
        Assert.NotEqual(0, result.ExitCode);
        string told = result.Errors[(result.Errors.IndexOf('\n') + 1)..]; // behind what is being made
        Assert.StartsWith(expected, told);
        Assert.False(Directory.Exists(At("made")));
    }

    [Theory]
    [InlineData("my layer.squashfs", "hsqs", 0, "a layer's name is letters, digits, '.', '-' and '_'; give the file another name")]
    [InlineData(".squashfs", "hsqs", 0, "a layer's name is letters, digits, '.', '-' and '_'; give the file another name")]
    [InlineData("a:b.erofs", "hsqs", 0, "a layer's name is letters, digits, '.', '-' and '_'; give the file another name")]
    [InlineData("junk.squashfs", "junk", 0, "neither squashfs nor erofs; mksquashfs makes a layer of a folder")]
    [InlineData("moved.squashfs", "hsqs", 1024, "neither squashfs nor erofs; mksquashfs makes a layer of a folder")]
    [InlineData("empty.squashfs", "", 0, "neither squashfs nor erofs; mksquashfs makes a layer of a folder")]
    public void A_layer_that_a_boot_would_pass_over_is_refused(string name, string magic, int at, string expected)
    {
        File.WriteAllBytes(At(name), [.. new byte[at], .. System.Text.Encoding.ASCII.GetBytes(magic)]);
        var result = Image($"--layer '{name}' iso");
        Assert.Equal((1, $"mkimage: {name}: {expected}\n"), (result.ExitCode, result.Errors));
        Assert.False(Directory.Exists(At("to")));
    }

    [Fact]
    public void Layers_of_one_name_are_refused_whatever_they_end_in()
    {
        Layers();
        File.Copy(At("mine.squashfs"), At("mine.erofs"));
        File.Copy(At("mine.squashfs"), At("chroot.erofs"));
        Assert.Equal($"mkimage: {At("mine.erofs")}: there is a layer of this name already; give the file another one\n", Image("--layer mine.squashfs --layer mine.erofs iso").Errors);
        Assert.Equal($"mkimage: {At("chroot.erofs")}: there is a layer of this name already; give the file another one\n", Image("--layer chroot.erofs iso").Errors);
    }

    [Fact]
    public void Layers_can_be_taken_from_where_they_go()
    {
        Layers();
        string erofs = At("other.erofs");
        File.WriteAllBytes(erofs, [.. new byte[1024], 0xE2, 0xE1, 0xF5, 0xE0, .. new byte[128]]);
        Image("--layers chroot --layers-from made --layer mine.squashfs --layer other.erofs iso").Expect();
        string[] all = ["chroot.squashfs", "chroot.squashfs.cdx.json", "mine.squashfs", "other.erofs"];
        Assert.Equal(all, Names("to/layers"));
        string build = File.ReadAllText(At("to/build"));
        Image("--layers chroot --layers-from to/layers --layer to/layers/mine.squashfs --layer to/layers/other.erofs iso").Expect();
        Assert.Equal(all, Names("to/layers"));
        Assert.Equal(build, File.ReadAllText(At("to/build")));
        Assert.Equal(File.ReadAllBytes(At("mine.squashfs")), File.ReadAllBytes(At("to/layers/mine.squashfs")));

        // One that cannot be made costs none of the others, and leaves nothing of its own.
        Script("image/mklayer", "exit 1");
        Assert.Equal(1, Image("--layers vm --layer to/layers/mine.squashfs iso").ExitCode);
        Assert.Equal(all, Names("to/layers"));
        Assert.DoesNotContain(Names("to"), name => name.Contains(".new."));
    }

    [Fact]
    public void A_layer_of_packages_is_known_beside_a_tree_that_is_made()
    {
        Layers();
        Directory.CreateDirectory(At("tree/.pandora"));
        File.WriteAllText(At("my list"), "deb mail msmtp msmtp\n");
        File.WriteAllText(At("key.pub"), "");
        Script("image/mklayer", "echo \"mklayer $*\" >>calls; while [ $# -gt 1 ]; do [ \"$1\" != --to ] || to=$2; shift; done; mkdir -p \"$to\"; cp mine.squashfs \"$to/$1.squashfs\"; : >\"$to/$1.squashfs.cdx.json\"");
        Image("--tree tree --packages 'my list' --layers mail iso").Expect();
        string[] calls = File.ReadAllLines(At("calls"));
        Assert.Equal($"mkrootfs -o {At("to/rootfs.squashfs")} --tree tree", calls[0]);
        Assert.Matches($"^mklayer --packages {At("my list")} --to {At("to")}/layers\\.new\\.[0-9]+ mail$", calls[1]);
        Assert.Equal(["mail.squashfs", "mail.squashfs.cdx.json"], Names("to/layers"));

        // Without a tree the root has a use for the list, too.
        File.Delete(At("calls"));
        Image("--packages 'my list' --layers base iso").Expect();
        Assert.EndsWith($" --packages {At("my list")}", File.ReadAllLines(At("calls"))[0]);

        // What cannot be is told before anything is made.
        File.Delete(At("calls"));
        Assert.Equal("mkimage: --ssh-key: for a tree that is still to be made, not with --tree; mktree takes it\n", Image("--ssh-key key.pub --tree tree iso").Errors);
        Assert.Equal("mkimage: made: not a tree that image/mktree has made\n", Image("--tree made iso").Errors);
        Assert.False(File.Exists(At("calls")));
    }

    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("a path", "'a path")]
    [InlineData("Tom's", "'Tom'\\''s")]
    public void Mktest_reaches_ssh_whatever_its_folder_is_called(string name, string shown)
    {
        string folder = At(name);
        Directory.CreateDirectory(At(name, "image"));
        Shell($"cp {Artifacts.Repository}/image/mktest {Artifacts.Repository}/image/lib.sh \"$1\"/image/", folder).Expect();
        Script($"{name}/image/prepare", ":");
        Script($"{name}/image/mkimage", "echo /dev/null");
        Standin("qemu-system-x86_64", "while [ ! -e off ]; do sleep 0.1; done");
        Standin("ssh", "printf '%s\\n' \"$2\" >>keys; for last; do :; done; case $last in *poweroff) : >off ;; esac");
        var result = Shell("\"$1/image/mktest\" --no-build --check", folder);
        Assert.True(result.ExitCode == 0, result.Errors);
        string key = At(name, "out/ssh/id_ed25519");
        Assert.All(File.ReadAllLines(At("keys")), line => Assert.Equal(key, line));
        // The command that it prints, as somebody pastes it.
        string command = result.Errors.Split('\n').Single(line => line.Contains("when it is up: ")).Split("when it is up: ")[1];
        Assert.Contains($" -i {shown.Replace(name.Split('\'')[0], At(name).Split('\'')[0])}", command);
        File.Delete(At("keys"));
        Shell(command).Expect();
        Assert.Equal([key], File.ReadAllLines(At("keys")));
    }

    string At(params string[] names) => Path.Combine([_folder.Path, .. names]);

    List<string> Names(string folder) => [.. Directory.EnumerateFileSystemEntries(At(folder)).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];

    void Script(string name, string body)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(At(name))!);
        File.WriteAllText(At(name), $"#!/bin/sh\n{body}\n");
        File.SetUnixFileMode(At(name), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    /// <summary>A program that goes before the host's of the same name.</summary>
    void Standin(string program, string body) => Script($"bin/{program}", body);

    /// <summary>Stand-ins for what mkkernel has a kernel from: one of 3 MB, without a module.</summary>
    void Kernel()
    {
        Standin("apt-cache", "case $1 in depends) echo '  Depends: linux-image-made-up' ;; *) echo 'Version: 1' ;; esac");
        Standin("apt-get", ": >linux.deb");
        Standin("dpkg-deb", "mkdir -p \"$3/boot\" \"$3/lib/modules/made-up\"; head -c 3000000 /dev/zero >\"$3/boot/vmlinuz-made-up\"; : >\"$3/boot/config-made-up\"");
        Standin("depmod", ":");
    }

    /// <summary>image/ with stand-ins for all that mkimage calls, a kernel, and layers: made/chroot.squashfs and mine.squashfs.</summary>
    void Layers()
    {
        Shell($"mkdir image image/pack kernel made && cp {Artifacts.Repository}/image/mkimage {Artifacts.Repository}/image/*.sh {Artifacts.Repository}/image/packages image/ && : >kernel/vmlinuz && "
            + "mksquashfs kernel made/chroot.squashfs -quiet -no-progress && : >made/chroot.squashfs.cdx.json && mksquashfs made mine.squashfs -quiet -no-progress").Expect();
        const string Make = "echo \"${0##*/} $*\" >>calls; while [ \"$1\" != -o ]; do shift; done; mkdir -p \"${2%/*}\"; : >\"$2\"; : >\"$2.cdx.json\"";
        Script("image/mkinitram", Make.Replace(">>calls", ">/dev/null"));
        Script("image/mkrootfs", Make);
        Script("image/pack/iso", ":");
    }

    Outcome Image(string arguments)
    {
        if (!Directory.Exists(At("image"))) Layers();
        return Shell($"image/mkimage --no-build --kernel kernel --to to {arguments}");
    }

    /// <summary>A tool of image/ with its own cache.</summary>
    Outcome Tool(string command, string environment = "") => Shell($"PANDORA_CACHE={At("cache")} {environment} {Artifacts.Repository}/image/{command}");

    /// <summary>Functions of image/lib.sh, called by a tool `test`.</summary>
    Outcome Library(string command) =>
        Shell($"PANDORA_CACHE={At("cache")}; set -eu; set -- $PWD; cd {Artifacts.Repository}; . image/lib.sh; cd $1; {command}");

    /// <summary>In the scratch folder; the stand-ins go before the host's programs.</summary>
    Outcome Shell(string command, string argument = "") => Programs.Run(s_limit, "sh", "-c",
        $"cd {_folder.Path}; mkdir -p bin; unset PANDORA_OUT; PATH=$PWD/bin:$PATH; export DISTRO=deb; {command}", "image/test", argument);
}
