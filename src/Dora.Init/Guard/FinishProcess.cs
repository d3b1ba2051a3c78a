using Dora.Core.Linux;
using Dora.Init.Launching;
using Dora.Init.Manager.MachineInfo;
using Dora.Init.Storage.Kept;

namespace Dora.Init.Guard;

/// <summary>
/// The role that writes and unmounts, a process of its own because it may block for ever: `init finish`.
///
/// What is dirty is written first (sync(2) in a child), for as long as that makes progress: a slow disk gets its time, a
/// lost one does not hold the machine. Then, in reverse order of mounting, file systems are unmounted, in rounds as long
/// as a round gets somewhere, since a mount may keep another busy. The second way is for what stays: it is made
/// read-only, so that its file system is clean all the same, and detached if even that fails. What lies on a device or a
/// server may block in the kernel: each such call is a child with a limit of its own, so that one lost disk costs the
/// others nothing. Every step that got somewhere is told to PID 1 by SIGUSR1, which waits for as long as it hears so.
/// </summary>
internal static class FinishProcess
{
    private const string StateFolder = "/data/state";
    private const int Rounds = 3;
    private static readonly TimeSpan s_stepLimit = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan s_syncSilence = TimeSpan.FromSeconds(10);

    private static readonly string[] s_kept = ["/", "/dev", "/proc", "/sys", "/run"];

    /// <summary>File systems that no device or server stands behind: a call on them does not wait for one.</summary>
    private static readonly string[] s_memory =
        ["tmpfs", "ramfs", "proc", "sysfs", "devtmpfs", "devpts", "cgroup2", "cgroup", "mqueue", "debugfs", "tracefs", "securityfs", "configfs",
         "bpf", "pstore", "efivarfs", "hugetlbfs", "squashfs", "erofs", "iso9660", "binfmt_misc"];

    public static int Run(ReadOnlySpan<string> arguments)
    {
        switch (arguments)
        {
            case ["sync"]:
                Sys.SynchronizeDisks();
                return 0;
            case ["unmount", var target]:
                return (int)Sys.Unmount(target);
            case ["keep", var folder]:
                _ = LastKnownTime.Save();
                return (int)EntropySeed.Save(folder);
            case ["read-only", var target]:
                return (int)MakeReadOnly(target);
            case []:
                break;
            default:
                return 2;
        }

        // Where a storage has a place for it.
        if (Sys.Exists(StateFolder)) _ = InChild("keep", StateFolder);
        Synchronize();
        int left = int.MaxValue;
        for (int round = 0; round < Rounds && left > 0; round++)
        {
            int still = UnmountAll();
            if (still >= left) break;
            left = still;
        }
        foreach (var mount in Mounts()) Abandon(mount);
        Synchronize();
        return 0;
    }

    private static int UnmountAll()
    {
        int left = 0;
        foreach (var mount in Mounts())
        {
            var errno = IsInMemory(mount.Type) ? Sys.Unmount(mount.Target) : InChild("unmount", mount.Target);
            // EINVAL: it has gone with another one.
            if (errno is not (Errno.None or Errno.EINVAL or Errno.ENOENT)) left++;
            else TellProgress();
        }
        return left;
    }

    private static void Abandon(Mount mount)
    {
        if (IsInMemory(mount.Type) || !mount.IsWhole) return;
        var errno = InChild("read-only", mount.Target);
        if (errno is Errno.None or Errno.EINVAL or Errno.EROFS)
        {
            Log.Warn($"finish: {mount.Target} ({mount.Type}) is busy: made read-only");
            return;
        }
        // Detached it is unmounted when its last user lets go of it.
        var detached = Sys.Unmount(mount.Target, Libc.MNT_DETACH);
        Log.Error($"finish: {mount.Target} ({mount.Type}) cannot be made read-only: {errno.Describe()}; detached: {(detached == Errno.None ? "yes" : detached.Describe())}");
    }

    private static Errno MakeReadOnly(string target) => Sys.Mount("none", target, null, Libc.MS_REMOUNT | Libc.MS_RDONLY);

    /// <summary>sync(2) in a child, waited for as long as what is still to be written grows less.</summary>
    private static void Synchronize()
    {
        if (Start("sync") is not { } pid) return;
        long least = long.MaxValue;
        var silentUntil = Sys.TimeSinceBoot() + s_syncSilence;
        while (!Reaper.TryReap(pid, out _))
        {
            var now = Sys.TimeSinceBoot();
            long unwritten = Unwritten(Sys.ReadText("/proc/meminfo") ?? "");
            if (unwritten < least)
            {
                least = unwritten;
                silentUntil = now + s_syncSilence;
                TellProgress();
            }
            if (now >= silentUntil)
            {
                Log.Error($"finish: {unwritten} kB are not being written (a lost disk?): going on without");
                return;
            }
            _ = Sys.WaitForSignals([Libc.SIGCHLD], TimeSpan.FromSeconds(1));
        }
        TellProgress();
    }

    /// <summary>proc(5): what is dirty or being written, in kB.</summary>
    internal static long Unwritten(string memInfo)
    {
        long sum = 0;
        foreach (var line in memInfo.AsSpan().EnumerateLines())
        {
            if (!line.StartsWith("Dirty:") && !line.StartsWith("Writeback:") && !line.StartsWith("NFS_Unstable:")) continue;
            var number = line[(line.IndexOf(':') + 1)..].Trim();
            int blank = number.IndexOf(' ');
            if (long.TryParse(blank < 0 ? number : number[..blank], out long kilobytes)) sum += kilobytes;
        }
        return sum;
    }

    private static Errno InChild(string what, string target)
    {
        if (Start(what, target) is not { } pid) return Errno.EAGAIN;
        var deadline = Sys.TimeSinceBoot() + s_stepLimit;
        GuardRecord exit;
        while (!Reaper.TryReap(pid, out exit))
        {
            var left = deadline - Sys.TimeSinceBoot();
            if (left <= TimeSpan.Zero)
            {
                Log.Announce($"finish: {what} {target}: no answer within {s_stepLimit.TotalSeconds} s (a lost disk or server?)");
                _ = Sys.Kill(pid, Libc.SIGKILL);
                TellProgress(); // it took its time, and the others have theirs
                return Errno.ETIMEDOUT;
            }
            _ = Sys.WaitForSignals([Libc.SIGCHLD], left);
        }
        return (Errno)exit.Status;
    }

    private static int? Start(params ReadOnlySpan<string> step)
    {
        var launched = Launcher.Launch(new LaunchPlanBuilder("finish", ["init", "finish", .. step], Program.OwnPath).Build(asSibling: false));
        if (launched.Succeeded) return launched.Pid;
        Log.Error(launched.Failure!);
        return null;
    }

    private static void TellProgress() => _ = Sys.Kill(Libc.getppid(), Libc.SIGUSR1);

    private static bool IsInMemory(string type) => Array.IndexOf(s_memory, type) >= 0;

    /// <summary>What is still mounted, latest first, without what the last steps need.</summary>
    private static List<Mount> Mounts() => Parse(SystemText.Table("/proc/self/mountinfo"));

    /// <param name="IsWhole">Not a bind mount of a folder: what is done to its file system is meant for it alone.</param>
    internal readonly record struct Mount(string Target, string Type, bool IsWhole);

    internal static List<Mount> Parse(string mountInfo)
    {
        var mounts = new List<Mount>();
        foreach (var line in MountLines.Parse(mountInfo).All)
        {
            string target = line.Target;
            if (Array.IndexOf(s_kept, target) < 0 && !target.StartsWith("/dev/", StringComparison.Ordinal)
                && !target.StartsWith("/sys/", StringComparison.Ordinal) && !target.StartsWith("/proc/", StringComparison.Ordinal))
                mounts.Add(new Mount(target, line.Type, line.Root == "/"));
        }
        mounts.Reverse();
        return mounts;
    }
}
