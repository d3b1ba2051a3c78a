namespace Dora.Core.Linux;

/// <summary>Numbers of the system calls that a launch plan may hold (x86-64; asm/unistd_64.h).</summary>
internal enum SystemCall : long
{
#pragma warning disable CA1069 // one number, one name
    /// <summary>Not a call: launch.c writes the child's pid in decimal to the buffer in argument 0.</summary>
    WritePid = -1,
    ioctl = 16,
    fcntl = 72,
    chdir = 80,
    umask = 95,
    setsid = 112,
    setgroups = 116,
    setresuid = 117,
    setresgid = 119,
    setpriority = 141,
    prctl = 157,
    chroot = 161,
    dup3 = 292,
    prlimit64 = 302,
    close_range = 436, // Linux 5.9
#pragma warning restore CA1069
}
