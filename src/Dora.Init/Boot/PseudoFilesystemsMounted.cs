using Dora.Core.Linux;

namespace Dora.Init.Boot;

/// <summary>
/// /dev, /proc, /sys and /run are there. /dev is first: the runtime reads /dev/urandom for what it does later.
/// Nothing is mounted yet that an earlier stage could have made, so a name that is in use means that somebody started
/// /init by hand.
/// </summary>
internal static class PseudoFilesystemsMounted
{
    private static readonly (string Type, string Target, ulong Flags, string? Options)[] s_mounts =
    [
        ("devtmpfs", "/dev", Libc.MS_NOSUID | Libc.MS_NOEXEC, "mode=0755"),
        ("proc", "/proc", Libc.MS_NOSUID | Libc.MS_NODEV | Libc.MS_NOEXEC, null),
        ("sysfs", "/sys", Libc.MS_NOSUID | Libc.MS_NODEV | Libc.MS_NOEXEC, null),
        // It goes along to the new root, with what boot leaves there.
        ("tmpfs", "/run", Libc.MS_NOSUID | Libc.MS_NODEV, "mode=0755"),
    ];

    public static string Run(BootState state)
    {
        foreach (var (type, target, flags, options) in s_mounts)
        {
            Sys.MakeDirectory(target, 0x1ED).ThrowIfErrorBut(Errno.EEXIST, "make folder", target);
            // EBUSY: devtmpfs is there already (CONFIG_DEVTMPFS_MOUNT does that for a root on a disk).
            Sys.Mount(type, target, type, flags, options).ThrowIfErrorBut(Errno.EBUSY, $"mount {type} on", target);
            if (target == "/dev") TakeConsole();
        }
        Log.Reopen();
        Sys.MakeDirectory(BootPaths.Run, 0x1ED).ThrowIfErrorBut(Errno.EEXIST, "make folder", BootPaths.Run);
        // The kernel lets ten messages in five seconds pass from userspace; a failed boot has more to say than that.
        var errno = Sys.WriteFile("/proc/sys/kernel/printk_devkmsg", "on\n");
        if (errno != Errno.None) Log.Warn($"boot: set kernel.printk_devkmsg: {errno.Describe()}");
        return "";
    }

    /// <summary>
    /// Descriptors 0 to 2 are open whatever the initramfs held, so that none of ours becomes somebody's stdout.
    /// </summary>
    private static void TakeConsole()
    {
        for (int number = 0; number <= 2; number++)
            if (Sys.OpenAs(number, "/dev/console", Libc.O_RDWR) != Errno.None) _ = Sys.OpenAs(number, "/dev/null", Libc.O_RDWR);
    }
}
