using Dora.Init.Storage.Claiming;
using Dora.Init.Storage.Probing;

namespace Dora.Init.Storage.Disks;

internal enum DiskState
{
    /// <summary>A storage of Pandora.</summary>
    Ours,

    /// <summary>A claim of ours that was cut short: done again at the next boot.</summary>
    Unfinished,

    Empty,
    Foreign,

    /// <summary>Nobody knows whose.</summary>
    Unsure,

    /// <summary>Whatever is on it: it is in use, cannot be written to, or is no disk.</summary>
    Unusable,
}

/// <summary>
/// What may be done with a disk, and why: the rules of which a mistake would destroy somebody's data, in one pure function
/// of what the kernel says (<see cref="Disk"/>) and what is on it (<see cref="ContentFinding"/>).
///
/// - What is in use, read-only, or seen twice is not written to, whatever anybody asks.
/// - An empty disk is claimed by itself only if it is large enough, fixed, and can be recognised again.
/// - What is not provably empty or ours is claimed only with a token, which the refusal prints, and which is of this disk
///   with this content: it cannot be meant for another one, nor for what comes later.
/// </summary>
/// <param name="State">What it is.</param>
/// <param name="Reason">Why, in words.</param>
/// <param name="MayClaim">It may be claimed without anybody asking for it.</param>
/// <param name="MayOverride">It may be claimed by a token.</param>
internal sealed record DiskVerdict(DiskState State, string Reason, bool MayClaim = false, bool MayOverride = false)
{
    /// <param name="disk">The disk.</param>
    /// <param name="content">What is on it; null where nobody could look.</param>
    /// <param name="openFailure">Why it could not be opened alone; null if it could.</param>
    public static DiskVerdict Of(Disk disk, ContentFinding? content, string? openFailure = null)
    {
        if (disk.Info.SizeBytes == 0) return new(DiskState.Unusable, "no medium in it");
        if (disk.Twin is { } twin) return new(DiskState.Unusable, $"{disk.Id} is seen twice, as {disk.Info.Name} and {twin}: two paths to one disk, or a copy of one");
        if (content?.Kind is ContentKind.Ours) return new(DiskState.Ours, content.Reason);
        if (UsedBy(disk) is { } user) return new(DiskState.Unusable, $"in use: {user}" + (content is null ? "" : $" ({content.Reason})"));
        if (disk.Info.ReadOnly) return new(DiskState.Unusable, "read-only" + (content is null ? "" : $": {content.Reason}"));
        if (content is null) return new(DiskState.Unusable, openFailure ?? "it cannot be read");
        if (openFailure is not null) return new(DiskState.Unusable, $"{openFailure} ({content.Reason})");
        return content.Kind switch
        {
            ContentKind.OursUnfinished => new(DiskState.Unfinished, content.Reason, MayClaim: true),
            ContentKind.Empty => OfEmpty(disk, content),
            ContentKind.Foreign => new(DiskState.Foreign, content.Reason, MayOverride: IsLargeEnough(disk)),
            _ => new(DiskState.Unsure, content.Reason, MayOverride: IsLargeEnough(disk)),
        };
    }

    private static DiskVerdict OfEmpty(Disk disk, ContentFinding content)
    {
        if (!IsLargeEnough(disk)) return new(DiskState.Unusable, $"empty, but smaller than {DiskLayout.SmallestDisk >> 20} MiB");
        if (disk.Info.Partitions.Count > 0) return new(DiskState.Unsure, "the kernel knows partitions of it, but nothing is where a partition table would be", MayOverride: true);
        if (disk.Id is null) return new(DiskState.Empty, "empty, but without a serial number by which it could be recognised", MayOverride: true);
        if (disk.IsRemovable) return new(DiskState.Empty, "empty, but removable: claimed only when asked for");
        if (disk.Info.Transport is "iscsi") return new(DiskState.Empty, "empty, but a server's: claimed only when asked for");
        return new(DiskState.Empty, content.Reason, MayClaim: true);
    }

    private static bool IsLargeEnough(Disk disk) => disk.Info.SizeBytes >= DiskLayout.SmallestDisk;

    /// <summary>Who has it in use; null if nobody.</summary>
    public static string? UsedBy(Disk disk)
    {
        if (disk.Info.Mounts is [var mount, ..]) return $"mounted on {mount.Path}";
        if (disk.Info.Holders is [var holder, ..]) return $"part of {holder}";
        foreach (var partition in disk.Info.Partitions)
        {
            if (partition.Mounts is [var place, ..]) return $"{partition.Name} is mounted on {place.Path}";
            if (partition.Holders is [var user, ..]) return $"{partition.Name} is part of {user}";
        }
        return disk.Swap is { } swap ? $"swap on {swap}" : null;
    }
}
