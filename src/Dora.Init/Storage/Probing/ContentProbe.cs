using Dora.Core.Linux;
using Dora.Init.Storage.Claiming;
using Dora.Init.Storage.Disks;

namespace Dora.Init.Storage.Probing;

/// <summary>
/// Says whose the content of a disk is. A wrong answer destroys somebody's data, so each answer that lets a disk be written
/// to has one reason only, and the rest is for the message:
///
///   Empty            every byte at every probed place is the same, 0x00 or 0xFF. Nothing else makes a disk empty: no list
///                    of signatures takes part in it, and a place that cannot be read is not empty.
///   OursUnfinished   a valid superblock says that a claim of a disk of this very size has begun, and every probed sector
///                    outside of our own area is as empty as it says, or has the checksum that the plan of the claim has
///                    for it. A plan that cannot be read explains nothing.
///   Ours             a valid superblock says that the claim is done, and the partition table and the file system are the
///                    ones that it names (<see cref="OwnDisk"/>). Other content does not matter, nor does a bad sector in it.
///
/// A disk that joins a storage may be either: ours once it has the file system, an unfinished claim as long as it has not.
///
/// Everything else is Foreign, where somebody's signature is found, or Unsure. Nothing is written here.
/// </summary>
internal static class ContentProbe
{
    // Beside the programs of an idle machine this is much: one buffer, and none that the collector keeps apart (85,000 bytes).
    private const int BufferBytes = 64 << 10;

    /// <param name="disk">What to look at.</param>
    /// <param name="isQuick">
    /// A storage of ours is known by its superblock, table and file system alone, somebody else's disk by the first of his data: a boot does not
    /// wait for 9 MiB of each disk from over 80 places. They get no fingerprint then.
    /// </param>
    public static ContentFinding Look(IDiskContent disk, bool isQuick = false)
    {
        var buffer = new byte[BufferBytes];
        var superblock = ReadSuperblock(disk, out string? damage);
        bool mayBeUnfinished = superblock is { State: SuperblockState.Claiming or SuperblockState.Joining };
        if (isQuick && superblock is { State: not SuperblockState.Claiming } && OwnDisk.Disagreement(disk, superblock, out string known, out _) is null)
            return new(ContentKind.Ours, $"Pandora's storage{known}", 0, superblock);
        var plan = mayBeUnfinished ? ClaimPlan.Read(disk, superblock!) : null;
        var scan = new ContentScan(disk, buffer, mayBeUnfinished ? superblock : null, plan ?? ClaimPlan.Empty, isQuick);
        scan.Run();

        if (superblock is { State: not SuperblockState.Claiming })
        {
            var own = OfOwn(disk, superblock, scan, buffer);
            if (own.Kind is ContentKind.Ours || !mayBeUnfinished) return own;
        }
        if (scan.ErrorAt is { } bad) return Unsure($"it cannot be read at {Words.Offset(bad)}: {scan.Error.Describe()}");
        if (superblock is not null) return OfUnfinished(disk, superblock, plan, scan);
        if (disk.SizeBytes <= 0) return Unsure("it has no size");
        if (scan.DeviationAt is not { } deviation)
            return new(ContentKind.Empty, $"empty: nothing but {(scan.Fill == 0 ? "zero" : "0xFF")} in {Words.Size(scan.Bytes)} at {Words.Number(scan.Places)} places", scan.Fingerprint, Fill: scan.Fill);
        if (damage is not null) return Unsure(damage) with { HasOurMark = true };
        if (Signatures.Find(new DiskWindow(disk, buffer), disk) is { } names) return new(ContentKind.Foreign, names, scan.Fingerprint);
        return Unsure(scan.IsMixed
            ? $"a mixture of zero and 0xFF: {(scan.Fill == 0 ? "0xFF" : "zero")} first at {Words.Offset(deviation)}"
            : $"data at {Words.Offset(deviation)} that is not known here");

        ContentFinding Unsure(string reason) => new(ContentKind.Unsure, reason, scan.Fingerprint, superblock);
    }

    private static ContentFinding OfOwn(IDiskContent disk, Superblock superblock, ContentScan scan, byte[] buffer)
    {
        string? disagreement = OwnDisk.Disagreement(disk, superblock, out string notes, out bool isTableLost);
        if (disagreement is null && scan.ErrorAt is { } bad) notes += $"; it cannot be read at {Words.Offset(bad)}: {scan.Error.Describe()}";
        if (disagreement is null) return new(ContentKind.Ours, $"Pandora's storage{notes}", scan.Fingerprint, superblock);
        // Somebody else's table or file system may be there in place of ours.
        if (isTableLost && scan.ErrorAt is null && Signatures.Find(new DiskWindow(disk, buffer), disk) is { } names) disagreement += $" (found: {names})";
        return new(ContentKind.Unsure, $"ours by its superblock, but {disagreement}", scan.Fingerprint, superblock);
    }

    private static ContentFinding OfUnfinished(IDiskContent disk, Superblock superblock, ClaimPlan? plan, ContentScan scan)
    {
        if (superblock.DiskBytes != disk.SizeBytes)
            return new(ContentKind.Unsure, $"an unfinished claim of Pandora, of a disk of {Words.Number(superblock.DiskBytes)} bytes: this one has {Words.Number(disk.SizeBytes)}", scan.Fingerprint, superblock);
        if (scan.DeviationAt is { } foreign)
            return new(ContentKind.Unsure, $"an unfinished claim of Pandora{(plan is null ? ", its plan is damaged" : "")}, and data at {Words.Offset(foreign)} that is not of it", scan.Fingerprint, superblock);
        return new(ContentKind.OursUnfinished, $"an unfinished claim of Pandora{(plan is null ? ", before its plan was written" : "")}, and nothing else", scan.Fingerprint, superblock, superblock.Fill);
    }

    private static Superblock? ReadSuperblock(IDiskContent disk, out string? damage)
    {
        damage = null;
        Span<byte> sector = stackalloc byte[Superblock.Bytes];
        if (disk.SizeBytes < DiskLayout.SuperblockOffset + Superblock.Bytes || disk.Read(DiskLayout.SuperblockOffset, sector) != Errno.None) return null;
        return Superblock.Read(sector, out damage);
    }
}
