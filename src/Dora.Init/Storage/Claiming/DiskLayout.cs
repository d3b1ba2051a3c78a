namespace Dora.Init.Storage.Claiming;

/// <summary>
/// Where things lie on a disk of ours, in bytes from its beginning:
///
///   0         protective MBR and GPT, with one partition
///   512 KiB   our superblock (one sector), behind it the plan of the claim (<see cref="ClaimPlan"/>)
///   1 MiB     the partition: the file system, or a LUKS2 container around it
///   ...       1 MiB before the end of the disk, rounded down to whole MiB: the end of the partition
///   end       backup of the GPT
/// </summary>
internal static class DiskLayout
{
    public const int SectorBytes = 512;
    public const long MebiByte = 1 << 20;

    /// <summary>From here to <see cref="PartitionOffset"/> the bytes are ours, whatever they are, once the superblock is valid.</summary>
    public const long SuperblockOffset = 512 << 10;

    public const long PlanOffset = SuperblockOffset + 4096; // a sector of a disk with 4 KiB sectors is written alone, too
    public const long PartitionOffset = MebiByte;

    public const int LongestPlan = (int)(PartitionOffset - PlanOffset);

    /// <summary>Smaller disks are not claimed: btrfs wants 109 MiB, and what is left should be worth having.</summary>
    public const long SmallestDisk = 256 * MebiByte;

    /// <summary>Type of our partition, as sgdisk shows it.</summary>
    public static readonly Guid PartitionType = new("5bfa9f2e-9d4e-4f0c-a3c1-70616e646f72");

    public const string PartitionName = "pandora";

    /// <summary>Length of the partition on a disk of this size.</summary>
    public static long PartitionBytes(long diskBytes) => diskBytes / MebiByte * MebiByte - MebiByte - PartitionOffset;
}
