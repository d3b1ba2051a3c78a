using System.Runtime.InteropServices;

namespace Dora.Core.Linux;

// linux/fs.h, linux/btrfs.h, linux/usbdevice_fs.h, linux/random.h, unistd.h: disks, what lies on them, what they hang on, and randomness
internal static unsafe partial class Libc
{
    public const nuint BLKRRPART = 0x125F, BLKSSZGET = 0x1268, BLKGETSIZE64 = 0x80081272;
    public const nuint BTRFS_IOC_SUBVOL_CREATE = 0x5000940E, BTRFS_IOC_RESIZE = 0x50009403, BTRFS_IOC_DEV_INFO = 0xD000941E, BTRFS_IOC_GET_DEV_STATS = 0xC4089434;
    public const ulong BTRFS_DEV_STATS_RESET = 1;
    public const nuint RNDADDENTROPY = 0x40085203;
    public const nuint USBDEVFS_CONTROL = 0xC0185500;
    public const int SEEK_DATA = 3, SEEK_HOLE = 4;
    public const uint GRND_INSECURE = 4;

    [StructLayout(LayoutKind.Sequential)]
    public struct btrfs_ioctl_vol_args
    {
        public long fd;
        public fixed byte name[4088];
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct btrfs_ioctl_dev_info_args
    {
        public ulong devid;
        public fixed byte uuid[16];
        public ulong bytes_used;
        public ulong total_bytes;
        public fixed ulong unused[379];
        public fixed byte path[1024];
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct btrfs_ioctl_get_dev_stats
    {
        public ulong devid;
        public ulong nr_items;
        public ulong flags;
        public fixed ulong values[5];
        public fixed ulong unused[121];
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct usbdevfs_ctrltransfer
    {
        public byte bRequestType;
        public byte bRequest; // 0: GET_STATUS
        public ushort wValue;
        public ushort wIndex;
        public ushort wLength;
        public uint timeout; // milliseconds
        public void* data;
    }

    [LibraryImport(Library, SetLastError = true)] public static partial nint getrandom(void* buffer, nuint length, uint flags);
}
