using System.Text;
using Dora.Core.Configuration;
using Dora.Tests.Harness;
using Xunit;

namespace Dora.Core.Tests.Configuration;

public class StorageFileTests
{
    const string Good = """
        mounts:
          - name: media
            place: nfs:10.0.0.1:/srv/media
            at: /srv/media
            options: noatime,hard
            read-only: true
          - name: disk
            place: nbd:[2001:db8::1]/disk
            at: /data/disk
            file-system: ext4
          - {name: local, device: /dev/disk1, at: /mnt/local, file-system: btrfs}
        """;

    static StorageFile Read(string text) => StorageFile.Read("storage.yaml", Encoding.UTF8.GetBytes(text));

    [Fact]
    public void Mounts_are_read()
    {
        var file = Read(Good);
        Assert.Empty(file.Problems);
        Assert.Equal(["media", "disk", "local"], file.Mounts.Select(mount => mount.Name));
        var media = file.Find("media")!;
        Assert.Equal(("nfs:10.0.0.1:/srv/media", "/srv/media", "noatime,hard", true, false), (media.ToString(), media.At, media.Options, media.IsReadOnly, media.IsBlockDevice));
        Assert.Equal(("ext4", true), (file.Find("disk")!.FileSystem, file.Find("disk")!.IsBlockDevice));
        Assert.Equal(("/dev/disk1", true), (file.Find("local")!.ToString(), file.Find("local")!.IsBlockDevice));
        Assert.Null(file.Find("other"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("# nothing yet\n")]
    [InlineData("mounts: []")]
    public void No_mounts_are_no_problem(string text)
    {
        var file = Read(text);
        Assert.Empty(file.Problems);
        Assert.Empty(file.Mounts);
    }

    [Theory]
    [InlineData("", "claim: never\nstorage: none\nfile-system: ext4\nkey: LABEL=K:/k", "none never ext4 LABEL=K:/k", "")]
    [InlineData("pandora.claim=D1 pandora.storage-fs=btrfs", "claim: never\nfile-system: ext4", "auto D1 btrfs ", "")]
    [InlineData("", "claim: D2\nfile-system: xfs", "auto D2 btrfs ", "/etc/dora/storage.yaml: pandora.storage_fs=xfs: must be btrfs or ext4; using btrfs")]
    [InlineData("", "key: LABEL", "auto never btrfs ", "/etc/dora/storage.yaml: pandora.storage_key=LABEL: must be console, LABEL=NAME:/PATH or UUID=ID:/PATH; no disk is claimed")]
    [InlineData("", "storage: nfs:oops", "none empty btrfs ", null)]
    // What cannot be read might have been 'claim: never'.
    [InlineData("", "clam: D2", "auto never btrfs ", null)]
    [InlineData("", "claim: D2\nclaim: [x", "auto never btrfs ", null)]
    [InlineData("pandora.claim=empty", "clam: D2", "auto empty btrfs ", null)]
    public void Settings_hold_where_the_command_line_says_nothing(string commandLine, string text, string expected, string? problem)
    {
        var line = KernelCommandLine.Parse(commandLine).Complete(Read(text));
        Assert.Equal(expected, $"{line.Storage} {line.Claim} {line.StorageFileSystem} {line.StorageKey}");
        if (problem is null) Assert.NotEmpty(line.Problems);
        else Assert.Equal(problem.Length == 0 ? [] : [problem], line.Problems);
    }

    [Theory]
    [InlineData("mount: []", "storage.yaml:1:1: unknown key 'mount'; did you mean 'mounts'?")]
    [InlineData("mounts: nfs", "storage.yaml:1:9: mounts: expected a list such as '- name: media', found a word")]
    [InlineData("- a", "storage.yaml:1:1: expected keys and values, found a list")]
    [InlineData("mounts: [a]", "storage.yaml:1:10: mounts: expected a mount such as 'name: media', found a word")]
    [InlineData("mounts:\n  - name: a\n    at: /mnt/a", "storage.yaml:2:5: mounts: needs either 'place' (a server) or 'device' (a disk)")]
    [InlineData("mounts:\n  - {name: a, at: /mnt/a, place: 'nfs:a:/x', device: /dev/sda}", "mounts: needs either 'place' (a server) or 'device' (a disk)")]
    [InlineData("mounts:\n  - name: a\n    place: nfs:a:/x", "storage.yaml:2:5: mounts: at: is missing: where it is to be mounted")]
    [InlineData("mounts:\n  - place: nfs:a:/x\n    at: /mnt/a", "storage.yaml:2:5: mounts: name: is missing")]
    [InlineData("mounts:\n  - name: a\n    place: nbd:a\n    at: /mnt/a", "storage.yaml:2:5: mounts: file-system: is missing: what is on the disk (ext4, btrfs, xfs)")]
    [InlineData("mounts:\n  - name: a\n    place: nfs:a:/x\n    at: /mnt/a\n    file-system: ext4", "storage.yaml:5:5: mounts.file-system: is for disks, nbd and iscsi; leave it out")]
    [InlineData("mounts:\n  - name: a\n    place: nfs:a\n    at: /mnt/a", "storage.yaml:3:12: mounts.place: 'nfs:a': the path of the export is missing: nfs:SERVER:/EXPORT")]
    [InlineData("mounts:\n  - name: a b\n    place: nfs:a:/x\n    at: /mnt/a", "storage.yaml:2:11: mounts.name: 'a b' is not a name")]
    [InlineData("mounts:\n  - {name: a, place: 'nfs:a:/x', at: /etc/a}", "mounts.at: '/etc/a' is not below /data or /mnt or /srv")]
    [InlineData("mounts:\n  - {name: a, place: 'nfs:a:/x', at: /data}", "mounts.at: '/data' is not below /data or /mnt or /srv")]
    [InlineData("mounts:\n  - {name: a, place: 'nfs:a:/x', at: /data/../etc}", "mounts.at: '/data/../etc': write the path without")]
    [InlineData("mounts:\n  - {name: a, place: 'nfs:a:/x', at: /mnt/a/}", "mounts.at: '/mnt/a/': write the path without")]
    [InlineData("mounts:\n  - {name: a, place: 'nfs:a:/x', at: mnt/a}", "has to be absolute")]
    [InlineData("mounts:\n  - {name: a, device: sda, at: /mnt/a, file-system: ext4}", "has to be absolute")]
    [InlineData("mounts:\n  - {name: a, device: /srv/sda, at: /mnt/a, file-system: ext4}", "mounts.device: '/srv/sda' is not below /dev")]
    [InlineData("mounts:\n  - {name: a, place: 'nfs:a:/x', at: /mnt/a, read-only: yes}", "is not one of true, false; write true")]
    [InlineData("mounts:\n  - {name: a, place: 'nfs:a:/x', at: /mnt/a}\n  - {name: a, place: 'nfs:a:/y', at: /mnt/b}", "storage.yaml:3:6: mounts.name: 'a' is there twice")]
    [InlineData("mounts:\n  - {name: a, place: 'nbd:a/x', file-system: xfs, at: /mnt/a}\n  - {name: b, place: 'nbd:a:10809/x', file-system: xfs, at: /mnt/b}", "mounts.place: 'a' is the same disk, which two mounts would destroy")]
    [InlineData("mounts:\n  - {name: a, place: 'iscsi:a/disk', file-system: xfs, at: /mnt/a}", "mounts.place: 'iscsi:a/disk': 'disk' is not the name of a target")]
    [InlineData("mounts:\n  - {name: a, place: 'nfs:a:/x', at: /mnt/a}\n  - {name: b, place: 'nfs:a:/y', at: /mnt/a}", "mounts.at: 'a' is mounted at /mnt/a, too")]
    [InlineData("mounts: [{name: a]", "storage.yaml:1:")]
    public void What_is_wrong_is_said_with_its_place(string text, string expected) =>
        Assert.Contains(Read(text).Problems, problem => problem.ToString().Contains(expected, StringComparison.Ordinal));

    [Fact]
    public void A_mount_with_a_problem_is_left_out_and_the_others_are_used()
    {
        var file = Read("mounts:\n  - {name: a, place: 'nfs:a', at: /mnt/a}\n  - {name: b, place: 'nfs:a:/y', at: /mnt/a}\n");
        Assert.Single(file.Problems);
        Assert.Equal("b", Assert.Single(file.Mounts).Name);
    }

    [Fact]
    public void Noise_never_throws()
    {
        var random = new Random(5);
        byte[] good = Encoding.UTF8.GetBytes(Good);
        for (int round = 0; round < Fuzz.Rounds(3000); round++)
        {
            byte[] text = [.. good];
            for (int i = random.Next(6); i >= 0; i--) text[random.Next(text.Length)] = (byte)" :-[]{}'\"/,\n\tax1\0\xff"[random.Next(18)];
            var file = StorageFile.Read("storage.yaml", text.AsSpan(0, random.Next(text.Length + 1)));
            foreach (var mount in file.Mounts) Assert.True(mount.At.Length > 4 && mount.Name.Length > 0 && mount.HasPlace != (mount.Device is not null));
        }
    }
}
