using Dora.Core.Configuration;
using Dora.Core.Protocol.Machine;
using Dora.Init.Storage;
using Dora.Init.Storage.Claiming;
using Dora.Init.Storage.Disks;
using Dora.Init.Storage.Probing;
using Xunit;

namespace Dora.Init.Tests.Storage;

/// <summary>What may be done with a disk, and which disks are the machine's storage: pure functions, case by case.</summary>
public class StorageChoiceTests
{
    static readonly Guid s_machine = Guid.NewGuid(), s_other = Guid.NewGuid();
    const long Large = 1L << 30;

    static Disk Make(string name, string? id = "?", long size = Large, string transport = "virtio", bool removable = false, bool readOnly = false,
        IReadOnlyList<MountInfo>? mounts = null, IReadOnlyList<string>? holders = null, IReadOnlyList<PartitionInfo>? partitions = null, string? swap = null) => new()
    {
        Info = new DiskInfo
        {
            Name = name, Path = "/dev/" + name, SizeBytes = size, Serial = id == "?" ? name + "-serial" : id, Transport = transport, Removable = removable, ReadOnly = readOnly,
            Mounts = mounts ?? [], Holders = holders ?? [], Partitions = partitions ?? [],
        },
        Id = id == "?" ? name + "-serial" : id,
        Swap = swap,
    };

    static ContentFinding Found(ContentKind kind, string reason = "x") => new(kind, reason, 1);

    static LookedAt Empty(string name) => Look(Make(name), Found(ContentKind.Empty));

    static LookedAt Look(Disk disk, ContentFinding? content, string? failure = null) => new(disk, content, DiskVerdict.Of(disk, content, failure));

    static LookedAt Ours(string name, Guid storage, int number = 0, Guid machine = default, Guid? disk = null) => Look(Make(name), Found(ContentKind.Ours) with
    {
        Superblock = new Superblock
        {
            State = SuperblockState.Ready, FileSystem = StorageFileSystem.Btrfs, Storage = storage, Disk = disk ?? Guid.NewGuid(), Partition = Guid.NewGuid(),
            FileSystemId = Guid.NewGuid(), PartitionBytes = 1, DiskBytes = Large, Number = number, Machine = machine,
        },
    });

    static StorageChoice Choose(string wish, string claim, params LookedAt[] disks) => StorageChoice.Of(disks, new StorageWish(wish), new ClaimPolicy(claim), s_machine);

    public static TheoryData<string, string> Unusable() => new()
    {
        { "no medium", "no medium" }, { "read-only", "read-only" }, { "mounted", "mounted on /x" }, { "partition mounted", "vda1 is mounted on /x" }, { "held", "part of dm-0" },
        { "partition held", "vda1 is part of md0" }, { "swap", "swap on /dev/vda1" }, { "twin", "seen twice" }, { "small", "smaller than 256 MiB" }, { "unreadable", "it cannot be read" },
        { "open elsewhere", "for himself alone" },
    };

    [Theory]
    [MemberData(nameof(Unusable))]
    public void What_is_in_use_or_no_place_to_write_is_never_claimed_whatever_is_on_it(string how, string words)
    {
        var mount = new MountInfo { Path = "/x", FileSystem = "ext4", Options = "rw" };
        PartitionInfo Partition(bool isMounted) => new() { Name = "vda1", Path = "/dev/vda1", Number = 1, Mounts = isMounted ? [mount] : [], Holders = isMounted ? [] : ["md0"] };
        var disk = how switch
        {
            "no medium" => Make("vda", size: 0),
            "read-only" => Make("vda", readOnly: true),
            "mounted" => Make("vda", mounts: [mount]),
            "partition mounted" => Make("vda", partitions: [Partition(true)]),
            "held" => Make("vda", holders: ["dm-0"]),
            "partition held" => Make("vda", partitions: [Partition(false)]),
            "swap" => Make("vda", swap: "/dev/vda1"),
            "small" => Make("vda", size: DiskLayout.SmallestDisk - 1),
            _ => Make("vda"),
        };
        if (how == "twin") disk.Twin = "vdb";
        foreach (var kind in (ContentKind[])[ContentKind.Empty, ContentKind.OursUnfinished, ContentKind.Foreign, ContentKind.Unsure])
        {
            if (how == "small" && kind != ContentKind.Empty) continue; // of those only the override asks for a size
            var seen = Look(disk, how == "unreadable" ? null : Found(kind), how == "open elsewhere" ? "somebody else has it open for himself alone" : null);
            Assert.Equal(DiskState.Unusable, seen.Verdict.State);
            Assert.Contains(words, seen.Verdict.Reason);
            Assert.False(seen.Verdict.MayClaim || seen.Verdict.MayOverride);
            Assert.Equal(StorageAction.Nothing, Choose("auto", "empty", seen).Action);
            Assert.Equal(StorageAction.Nothing, Choose("auto", "vda-serial", seen).Action);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void What_is_not_empty_is_not_claimed_also_when_it_is_named(bool isKnown)
    {
        var kind = isKnown ? ContentKind.Foreign : ContentKind.Unsure;
        var disk = Look(Make("vda"), Found(kind, "ext4 file system"));
        Assert.Equal(StorageAction.Nothing, Choose("auto", "empty", disk).Action);
        Assert.Equal(StorageAction.Nothing, Choose("auto", "vda-serial", disk).Action);
        Assert.Equal(StorageAction.Nothing, Choose("vda-serial", "empty", disk).Action);
        Assert.True(disk.Verdict.MayOverride);
        Assert.False(Look(Make("vda", size: DiskLayout.SmallestDisk - 1), Found(kind)).Verdict.MayOverride);
    }

    [Fact]
    public void Of_empty_disks_the_first_is_claimed_and_only_one_that_can_be_recognised_and_stays()
    {
        Assert.Equal("vdb", Choose("auto", "empty", Empty("vdb"), Empty("vda")).Disks[0].Disk.Info.Name);
        var removable = Look(Make("sda", removable: true), Found(ContentKind.Empty));
        var usb = Look(Make("sdb", transport: "usb"), Found(ContentKind.Empty));
        var nameless = Look(Make("vdc", id: null), Found(ContentKind.Empty));
        Assert.Equal(StorageAction.Nothing, Choose("auto", "empty", removable, usb, nameless).Action);
        Assert.Equal(StorageAction.Claim, Choose("auto", "sdb-serial", removable, usb, nameless).Action);
        var server = Look(Make("sdc", transport: "iscsi"), Found(ContentKind.Empty));
        Assert.Equal(StorageAction.Nothing, Choose("auto", "empty", server).Action);
        Assert.Equal(StorageAction.Claim, Choose("sdc-serial", "empty", server).Action);
        Assert.Equal(StorageAction.Nothing, Choose("auto", "never", Empty("vda")).Action);
        var wrong = Choose("auto", "vdx-serial", Empty("vda"));
        Assert.Equal((StorageAction.Nothing, true), (wrong.Action, wrong.IsFailure));
    }

    [Fact]
    public void A_storage_that_is_there_is_used_and_nothing_is_claimed_beside_it()
    {
        var storage = Guid.NewGuid();
        var choice = Choose("auto", "empty", Empty("vda"), Ours("vdb", storage, 1), Ours("vdc", storage, 0));
        Assert.Equal(StorageAction.Use, choice.Action);
        Assert.Equal(["vdc", "vdb"], choice.Disks.Select(disk => disk.Disk.Info.Name));
        Assert.Equal(StorageAction.Nothing, Choose("none", "empty", Empty("vda"), Ours("vdb", storage)).Action);
    }

    [Fact]
    public void Of_several_storages_it_is_the_one_that_this_machine_used_or_the_one_that_is_named()
    {
        Guid mine = Guid.NewGuid(), his = Guid.NewGuid();
        Assert.Equal("vda", Choose("auto", "empty", Ours("vda", mine, machine: s_machine), Ours("vdb", his, machine: s_other)).Disks[0].Disk.Info.Name);
        var doubt = Choose("auto", "empty", Ours("vda", mine, machine: s_other), Ours("vdb", his, machine: s_other));
        Assert.Equal((StorageAction.Nothing, true), (doubt.Action, doubt.IsFailure));
        Assert.Contains("pandora.storage=UUID", doubt.Reason);
        Assert.Equal("vdb", Choose(his.ToString(), "empty", Ours("vda", mine, machine: s_machine), Ours("vdb", his)).Disks[0].Disk.Info.Name);
        Assert.Equal("vdb", Choose("vdb-serial", "empty", Ours("vda", mine), Ours("vdb", his)).Disks[0].Disk.Info.Name);
        var missing = Choose(Guid.NewGuid().ToString(), "empty", Ours("vda", mine), Empty("vdb"));
        Assert.Equal((StorageAction.Nothing, true), (missing.Action, missing.IsFailure));
    }

    [Fact]
    public void A_copy_of_a_disk_beside_it_makes_both_useless()
    {
        Guid storage = Guid.NewGuid(), disk = Guid.NewGuid();
        var choice = Choose("auto", "empty", Ours("vda", storage, disk: disk), Ours("vdb", storage, disk: disk), Empty("vdc"));
        Assert.Equal((StorageAction.Nothing, true), (choice.Action, choice.IsFailure));
        Assert.Contains("copy", choice.Reason);
    }

    [Fact]
    public void An_unfinished_claim_is_finished_and_a_damaged_storage_keeps_others_from_being_claimed()
    {
        var unfinished = Look(Make("vdb"), Found(ContentKind.OursUnfinished));
        Assert.Equal("vdb", Choose("auto", "empty", Empty("vda"), unfinished).Disks[0].Disk.Info.Name);
        Assert.Equal("vdb", Choose("auto", "empty", unfinished, Empty("vdc")).Disks[0].Disk.Info.Name);
        Assert.Equal(StorageAction.Nothing, Choose("auto", "never", unfinished).Action);
        Assert.Equal("vda", Choose("auto", "vda-serial", Empty("vda"), unfinished).Disks[0].Disk.Info.Name);
        var damaged = Look(Make("vda"), Found(ContentKind.Unsure, "ours by its superblock, but the partition table is damaged") with { Superblock = Ours("x", Guid.NewGuid()).Content!.Superblock });
        var choice = Choose("auto", "empty", damaged, Empty("vdb"));
        Assert.Equal((StorageAction.Nothing, true), (choice.Action, choice.IsFailure));
        Assert.Contains("partition table is damaged", choice.Reason);
        choice = Choose("auto", "empty", Empty("vdb"), damaged);
        Assert.Equal((StorageAction.Nothing, true), (choice.Action, choice.IsFailure));
        var unreadable = Look(Make("vda"), Found(ContentKind.Unsure, "Pandora's superblock is damaged") with { HasOurMark = true });
        choice = Choose("auto", "empty", Empty("vdb"), unreadable);
        Assert.Equal((StorageAction.Nothing, true), (choice.Action, choice.IsFailure));
    }
}
