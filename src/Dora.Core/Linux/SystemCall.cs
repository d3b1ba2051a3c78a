namespace Dora.Core.Linux;

/// <summary>Numbers of the system calls that a launch plan may hold (x86-64; asm/unistd_64.h).</summary>
internal enum SystemCall : long
{
#pragma warning disable CA1069 // one number, one name
    /// <summary>Not a call: launch.c writes the child's pid in decimal to the buffer in argument 0.</summary>
    WritePid = -1,

    /// <summary>Not a call: launch.c writes argument 2 (of as many bytes as argument 3 says) to the file argument 1 in the folder argument 0.</summary>
    WriteFile = -2,
    ioctl = 16,
    socket = 41,
    fcntl = 72,
    chdir = 80,
    fchdir = 81,
    mkdir = 83,
    symlink = 88,
    umask = 95,
    setsid = 112,
    setgroups = 116,
    setresuid = 117,
    setresgid = 119,
    capset = 126,
    mknod = 133,
    setpriority = 141,
    sched_setscheduler = 144,
    prctl = 157,
    chroot = 161,
    mount = 165,
    sched_setaffinity = 203,
    ioprio_set = 251,
    unshare = 272,
    dup3 = 292,
    prlimit64 = 302,
    setns = 308,
    seccomp = 317,
    open_tree = 428, // Linux 5.2
    move_mount = 429, // Linux 5.2
    close_range = 436, // Linux 5.9
    mount_setattr = 442, // Linux 5.12
#pragma warning restore CA1069
}
