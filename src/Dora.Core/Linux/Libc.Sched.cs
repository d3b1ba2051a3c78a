using System.Runtime.InteropServices;

namespace Dora.Core.Linux;

// sched.h, linux/ioprio.h, sys/prctl.h, linux/capability.h, linux/seccomp.h, linux/filter.h, linux/audit.h
internal static partial class Libc
{
    public const int CLONE_VM = 0x100;
    public const int CLONE_NEWNS = 0x20000, CLONE_NEWUSER = 0x10000000, CLONE_NEWNET = 0x40000000, CLONE_NEWUTS = 0x4000000, CLONE_NEWIPC = 0x8000000;
    public const int CLONE_NEWPID = 0x20000000, CLONE_NEWCGROUP = 0x2000000;

    public const int SCHED_OTHER = 0, SCHED_FIFO = 1, SCHED_RR = 2, SCHED_BATCH = 3, SCHED_IDLE = 5;
    public const int IOPRIO_CLASS_RT = 1, IOPRIO_CLASS_BE = 2, IOPRIO_CLASS_IDLE = 3, IOPRIO_CLASS_SHIFT = 13, IOPRIO_WHO_PROCESS = 1;
    public const int PRIO_PROCESS = 0;

    public const int PR_SET_KEEPCAPS = 8, PR_CAPBSET_DROP = 24, PR_SET_NO_NEW_PRIVS = 38, PR_CAP_AMBIENT = 47, PR_CAP_AMBIENT_RAISE = 2;

    public const uint _LINUX_CAPABILITY_VERSION_3 = 0x20080522;

    public const int SECCOMP_SET_MODE_FILTER = 1;
    public const uint SECCOMP_RET_ALLOW = 0x7FFF0000, SECCOMP_RET_ERRNO = 0x00050000, SECCOMP_RET_KILL_PROCESS = 0x80000000;
    public const int BPF_LD_W_ABS = 0x20, BPF_JMP_JEQ_K = 0x15, BPF_JMP_JGT_K = 0x25, BPF_JMP_JGE_K = 0x35, BPF_RET_K = 0x06;
    public const uint AUDIT_ARCH_X86_64 = 0xC000003E;

    public const int SIOCSIFFLAGS = 0x8914;

    [LibraryImport(Library, SetLastError = true)] public static partial int setns(int fd, int kind);
}
