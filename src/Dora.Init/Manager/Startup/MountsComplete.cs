using Dora.Core.Configuration;
using Dora.Core.Linux;

namespace Dora.Init.Manager.Startup;

/// <summary>The file systems that every Linux program expects are mounted; what the initramfs has mounted stays.</summary>
internal static class MountsComplete
{
    private const ulong Plain = Libc.MS_NOSUID | Libc.MS_NODEV, Data = Plain | Libc.MS_NOEXEC;

    private static readonly (string Type, string Target, ulong Flags, string? Options)[] s_mounts =
    [
        ("proc", "/proc", Data, null),
        ("sysfs", "/sys", Data, null),
        ("devtmpfs", "/dev", Libc.MS_NOSUID | Libc.MS_NOEXEC, "mode=0755"),
        ("tmpfs", "/run", Plain, "mode=0755"),
        // gid 5 is tty on every distribution: write(1) and wall(1) need it.
        ("devpts", "/dev/pts", Libc.MS_NOSUID | Libc.MS_NOEXEC, "gid=5,mode=0620,ptmxmode=0666"),
        ("tmpfs", "/dev/shm", Data, "mode=1777"),
        ("tmpfs", "/tmp", Plain, "mode=1777"),
        ("cgroup2", CgroupsPrepared.Root, Data, "nsdelegate"),
    ];

    /// <summary>What programs open and devtmpfs does not make.</summary>
    private static readonly (string Path, string Target)[] s_links =
    [
        ("/dev/fd", "/proc/self/fd"), ("/dev/stdin", "/proc/self/fd/0"), ("/dev/stdout", "/proc/self/fd/1"),
        ("/dev/stderr", "/proc/self/fd/2"),
    ];

    public static string Run(KernelCommandLine commandLine)
    {
        int mounted = 0;
        Errno first = Errno.None;
        string failed = "";
        foreach (var (type, target, flags, options) in s_mounts)
        {
            // A second mount on top would hide what the first one holds. Before /proc there is nothing to ask.
            // Of another type counts as well: whoever made the root (a container, a test) meant what is there.
            if (MountTable.TypeAt(target) is not null) continue;
            var errno = Mount(type, target, flags, options);
            if (errno == Errno.None) mounted++;
            else if (errno != Errno.EBUSY)
            {
                Log.Error($"start-up: mount {type} on {target}: {errno.Describe()}");
                if (failed.Length == 0) (first, failed) = (errno, target);
            }
        }
        foreach (var (path, target) in s_links) _ = Sys.MakeSymbolicLink(target, path);
        Sys.MakeDirectories("/run/lock", 0x3FF).ThrowIfError("make folder", "/run/lock");
        // Who is logged in (utmp(5)): sshd and login keep it where it is there, and complain of each end of a session where it is not.
        _ = Sys.WriteFile("/run/utmp", "", Libc.O_CREAT);
        first.ThrowIfError("mount", failed);
        return mounted == 0 ? "all there already" : $"{mounted} mounted";
    }

    private static Errno Mount(string type, string target, ulong flags, string? options)
    {
        // On a read-only root the folder is there or cannot be made: mount(2) tells.
        _ = Sys.MakeDirectory(target, 0x1ED);
        return Sys.Mount(type, target, type, flags, options);
    }
}
