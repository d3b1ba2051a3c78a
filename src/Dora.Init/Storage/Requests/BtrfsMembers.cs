using System.Buffers.Binary;
using Dora.Core.Linux;
using Dora.Init.Storage.Disks;

namespace Dora.Init.Storage.Requests;

/// <summary>What btrfs knows of the devices that it lies on.</summary>
internal static class BtrfsMembers
{
    private const int SuperblockAt = 64 << 10, GenerationAt = 0x48, CountAt = 0x88, MostDevices = 1024;

    /// <summary>How many devices btrfs says that it lies on, in the superblock of one of them; 0 where that cannot be read.</summary>
    public static int Count(string partition) => Superblock(partition, CountAt) is > 0 and < MostDevices and var count ? (int)count : 0;

    /// <summary>
    /// Which of the devices was not there when others were written to, by the number of the last transaction of each; -1 where
    /// there is none. After a power cut right between two superblocks one is behind by a single transaction, whose content it has;
    /// that is not told from one that has missed it, and costs a scrub.
    /// </summary>
    public static int Behind(List<string> partitions)
    {
        int behind = -1;
        long latest = 0, least = long.MaxValue;
        for (int i = 0; i < partitions.Count; i++)
        {
            if (Superblock(partitions[i], GenerationAt) is not (> 0 and var generation)) continue;
            latest = Math.Max(latest, generation);
            if (generation >= least) continue;
            least = generation;
            behind = i;
        }
        return least < latest ? behind : -1;
    }

    private static long Superblock(string partition, int offset)
    {
        if (BlockDevice.OpenToRead(partition, out var device) != Errno.None) return 0;
        var number = new byte[8];
        using (device) return device.Read(SuperblockAt + offset, number) == Errno.None ? BinaryPrimitives.ReadInt64LittleEndian(number) : 0;
    }

    /// <summary>Takes each device of the file system with the number of its errors: writes, reads and flushes that failed, and content that was wrong.</summary>
    /// <param name="folder">A folder of it; where it is not on btrfs there are no devices.</param>
    /// <param name="take">Gets the path, as btrfs names the device, and the errors.</param>
    /// <param name="forget">They count from 0 from now on.</param>
    public static void Errors(string folder, Action<string, long>? take, bool forget = false)
    {
        int missed = 0;
        if (Sys.Open(folder, Libc.O_RDONLY | Libc.O_DIRECTORY, 0, out var directory) != Errno.None) return;
        using (directory)
            // Numbers of devices that have left are not given again.
            for (int id = 1; missed < 64; id++)
            {
                var errno = Sys.BtrfsErrors(directory, id, forget, out string path, out long errors);
                if (errno == Errno.ENOTTY) break;
                if (errno != Errno.None)
                {
                    missed++;
                    continue;
                }
                missed = 0;
                take?.Invoke(path, errors);
            }
    }
}
