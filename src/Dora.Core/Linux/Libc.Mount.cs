using System.Runtime.InteropServices;

namespace Dora.Core.Linux;

// sys/mount.h, sys/reboot.h, sys/swap.h, linux/loop.h, linux/module.h, sys/statfs.h
internal static unsafe partial class Libc
{
    public const ulong MS_RDONLY = 1, MS_NOSUID = 2, MS_NODEV = 4, MS_NOEXEC = 8, MS_REMOUNT = 32, MS_NOATIME = 1024;
    public const ulong MS_BIND = 4096, MS_MOVE = 8192, MS_REC = 16384, MS_SILENT = 32768, MS_PRIVATE = 1 << 18, MS_SHARED = 1 << 20;
    public const ulong MS_RELATIME = 1 << 21, MS_SLAVE = 1 << 19;
    public const int OPEN_TREE_CLONE = 1, OPEN_TREE_CLOEXEC = 0x80000, MOVE_MOUNT_F_EMPTY_PATH = 4;
    public const int AT_RECURSIVE = 0x8000, MOUNT_ATTR_RDONLY = 1;
    public const int MNT_FORCE = 1, MNT_DETACH = 2, UMOUNT_NOFOLLOW = 8;

    public const int RB_AUTOBOOT = 0x01234567, RB_ENABLE_CAD = unchecked((int)0x89ABCDEF), RB_DISABLE_CAD = 0;
    public const int RB_HALT_SYSTEM = unchecked((int)0xCDEF0123), RB_POWER_OFF = 0x4321FEDC;

    public const nuint LOOP_CTL_GET_FREE = 0x4C82, LOOP_CONFIGURE = 0x4C0A, LOOP_CLR_FD = 0x4C01;
    public const uint LO_FLAGS_READ_ONLY = 1, LO_FLAGS_AUTOCLEAR = 4, LO_FLAGS_DIRECT_IO = 16;
    public const long RAMFS_MAGIC = 0x858458F6, TMPFS_MAGIC = 0x01021994, OVERLAYFS_SUPER_MAGIC = 0x794C7630;

    [StructLayout(LayoutKind.Sequential)]
    public struct loop_info64
    {
        public ulong lo_device, lo_inode, lo_rdevice, lo_offset, lo_sizelimit;
        public uint lo_number, lo_encrypt_type, lo_encrypt_key_size, lo_flags;
        public fixed byte lo_file_name[64];
        public fixed byte lo_crypt_name[64];
        public fixed byte lo_encrypt_key[32];
        public fixed ulong lo_init[2];
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct loop_config
    {
        public uint fd, block_size;
        public loop_info64 info;
        public fixed ulong __reserved[8];
    }

    /// <summary>For mount_setattr(2).</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct mount_attr
    {
        public ulong attr_set, attr_clr, propagation, userns_fd;
    }

    public const nint SYS_finit_module = 313; // x86-64, Linux 3.8
    public const nint SYS_delete_module = 176; // x86-64
    public const int MODULE_INIT_COMPRESSED_FILE = 4; // Linux 5.17

    [LibraryImport(Library, SetLastError = true)]
    public static partial int mount(byte* source, byte* target, byte* type, ulong flags, byte* data);
    [LibraryImport(Library, SetLastError = true)] public static partial int umount2(byte* target, int flags);
    [LibraryImport(Library, SetLastError = true)] public static partial int reboot(int command);
    [LibraryImport(Library, SetLastError = true)] public static partial int fstatfs(int fd, void* buffer);
    [LibraryImport(Library, SetLastError = true)] public static partial nint syscall(nint number, nint a, nint b, nint c);
}
