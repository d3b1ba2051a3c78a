using System.Runtime.InteropServices;
using System.Text;

namespace Dora.Core.Linux;

// Block devices, sparse files, btrfs, and hubs of USB.
internal static unsafe partial class Sys
{
    /// <summary>Size of a block device in bytes.</summary>
    public static Errno DeviceSize(FileDescriptor device, out long bytes)
    {
        long size = 0;
        var errno = Ioctl(device, Libc.BLKGETSIZE64, (nint)(&size), out _);
        bytes = size;
        return errno;
    }

    /// <summary>Bytes in a logical sector: what partition tables count in.</summary>
    public static Errno SectorSize(FileDescriptor device, out int bytes)
    {
        int size = 0;
        var errno = Ioctl(device, Libc.BLKSSZGET, (nint)(&size), out _);
        bytes = size;
        return errno;
    }

    /// <summary>The kernel reads the partition table anew; its device nodes are there when this returns. EBUSY: a partition is in use.</summary>
    public static Errno ReadPartitions(FileDescriptor device) => Ioctl(device, Libc.BLKRRPART, 0, out _);

    /// <summary>lseek(2), SEEK_DATA and SEEK_HOLE: the next part of a sparse file that was written, or false behind the last.</summary>
    public static bool NextData(FileDescriptor file, long from, out long start, out long end)
    {
        start = Libc.lseek(file.Number, from, Libc.SEEK_DATA);
        end = start < 0 ? -1 : Libc.lseek(file.Number, start, Libc.SEEK_HOLE);
        return end > start;
    }

    /// <summary>Makes a subvolume of btrfs in the folder; EEXIST if the name is taken.</summary>
    public static Errno MakeSubvolume(FileDescriptor folder, string name) => Btrfs(folder, Libc.BTRFS_IOC_SUBVOL_CREATE, name);

    /// <summary>btrfs takes up all of the device that it lies on.</summary>
    /// <param name="folder">Any folder of it.</param>
    /// <param name="device">Which device of it, counted from 1.</param>
    public static Errno GrowBtrfs(FileDescriptor folder, int device) => Btrfs(folder, Libc.BTRFS_IOC_RESIZE, $"{device}:max");

    /// <summary>How often a device of btrfs has failed, all kinds of errors together, and where it is. ENODEV: it has no device of this number.</summary>
    /// <param name="folder">Any folder of it.</param>
    /// <param name="device">Which device of it, counted from 1.</param>
    /// <param name="forget">It counts from 0 from now on.</param>
    /// <param name="path">Of the device.</param>
    /// <param name="errors">Writes, reads and flushes that failed, and wrong content.</param>
    public static Errno BtrfsErrors(FileDescriptor folder, int device, bool forget, out string path, out long errors)
    {
        const int kinds = 5; // BTRFS_DEV_STAT_VALUES_MAX
        Libc.btrfs_ioctl_dev_info_args info = new() { devid = (ulong)device };
        Libc.btrfs_ioctl_get_dev_stats counts = new() { devid = (ulong)device, nr_items = kinds, flags = forget ? Libc.BTRFS_DEV_STATS_RESET : 0 };
        (path, errors) = ("", 0);
        var errno = Ioctl(folder, Libc.BTRFS_IOC_DEV_INFO, (nint)(&info), out _);
        if (errno == Errno.None) errno = Ioctl(folder, Libc.BTRFS_IOC_GET_DEV_STATS, (nint)(&counts), out _);
        if (errno != Errno.None) return errno;
        path = Encoding.UTF8.GetString(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(info.path));
        for (int i = 0; i < kinds; i++) errors += (long)counts.values[i];
        return Errno.None;
    }

    private static Errno Btrfs(FileDescriptor folder, nuint request, string text)
    {
        Libc.btrfs_ioctl_vol_args arguments = default;
        var name = new Span<byte>(arguments.name, 4087);
        if (!Encoding.UTF8.TryGetBytes(text, name, out _)) return Errno.ENAMETOOLONG;
        return Ioctl(folder, request, (nint)(&arguments), out _);
    }

    /// <summary>What a USB hub says of a port (USB 2.0, 11.24.2.7): bit 0, something is in it.</summary>
    public static Errno UsbPortStatus(FileDescriptor hub, int port, out int status)
    {
        int answer = 0;
        Libc.usbdevfs_ctrltransfer transfer = new() { bRequestType = 0xA3, wIndex = (ushort)port, wLength = sizeof(int), timeout = 1000, data = &answer };
        var errno = Ioctl(hub, Libc.USBDEVFS_CONTROL, (nint)(&transfer), out _);
        status = answer;
        return errno;
    }

    /// <summary>getrandom(2), as good as the kernel can at this moment: never waits.</summary>
    public static void Random(Span<byte> bytes)
    {
        fixed (byte* p = bytes)
        {
            for (nuint done = 0; done < (nuint)bytes.Length;)
            {
                nint count = Libc.getrandom(p + done, (nuint)bytes.Length - done, Libc.GRND_INSECURE);
                if (count > 0) done += (nuint)count;
                else if (Libc.errno != Errno.EINTR) throw new LinuxException(Libc.errno, "getrandom");
            }
        }
    }

    /// <summary>Gives the kernel random bytes that count as such (random(4), RNDADDENTROPY).</summary>
    public static Errno AddEntropy(FileDescriptor random, ReadOnlySpan<byte> seed)
    {
        // struct rand_pool_info: how many bits they are worth, how many bytes there are, the bytes.
        var info = new byte[8 + seed.Length];
        BitConverter.TryWriteBytes(info, seed.Length * 8);
        BitConverter.TryWriteBytes(info.AsSpan(4), seed.Length);
        seed.CopyTo(info.AsSpan(8));
        fixed (byte* p = info) return Ioctl(random, Libc.RNDADDENTROPY, (nint)p, out _);
    }
}
