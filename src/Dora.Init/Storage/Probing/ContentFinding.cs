using Dora.Init.Storage.Claiming;

namespace Dora.Init.Storage.Probing;

internal enum ContentKind
{
    /// <summary>Every place that was looked at is zero, or every one is 0xFF.</summary>
    Empty,

    /// <summary>A storage of Pandora, finished: superblock, partition table and file system agree.</summary>
    Ours,

    /// <summary>A claim of Pandora that was cut short, and nothing else: it may be done again.</summary>
    OursUnfinished,

    /// <summary>Somebody's: a signature that is known.</summary>
    Foreign,

    /// <summary>Not empty, and nobody knows whose; or ours and damaged; or unreadable.</summary>
    Unsure,
}

/// <summary>What is on a disk, by its content alone.</summary>
/// <param name="Reason">In words, without the disk's name: "LVM2 physical volume", "data at 3.2 MiB that is not known here".</param>
/// <param name="Fingerprint">Of everything that was looked at: the same as long as none of it changes.</param>
/// <param name="Superblock">Ours, if there is a valid one.</param>
/// <param name="HasOurMark">There is a superblock of ours, of whatever use it is.</param>
/// <param name="Fill">Of an empty disk (or the empty part of an unfinished one): 0x00 or 0xFF.</param>
internal sealed record ContentFinding(ContentKind Kind, string Reason, ulong Fingerprint, Superblock? Superblock = null, byte Fill = 0, bool HasOurMark = false);
