namespace Dora.Core.Configuration;

/// <summary>
/// System calls of x86-64 by name. Kept as text in the order of the numbers, which is a quarter of what a table of
/// strings would be in init: a name's number is the count of blanks before it.
/// </summary>
internal static class SystemCallName
{
    /// <summary>One more than the largest number known here: what a later kernel adds is neither allowed nor forbidden, but missing.</summary>
    public const int End = 467;

    private const int FirstUnified = 424; // from here on numbers are the same for all processors; 335 to 423 are not in use

    private static ReadOnlySpan<byte> Original =>
        " read write open close stat fstat lstat poll lseek mmap mprotect munmap brk rt_sigaction rt_sigprocmask rt_sigreturn ioctl pread64 pwrite64 readv "u8 +
        "writev access pipe select sched_yield mremap msync mincore madvise shmget shmat shmctl dup dup2 pause nanosleep getitimer alarm setitimer getpid "u8 +
        "sendfile socket connect accept sendto recvfrom sendmsg recvmsg shutdown bind listen getsockname getpeername socketpair setsockopt getsockopt clone "u8 +
        "fork vfork execve exit wait4 kill uname semget semop semctl shmdt msgget msgsnd msgrcv msgctl fcntl flock fsync fdatasync truncate ftruncate getdents "u8 +
        "getcwd chdir fchdir rename mkdir rmdir creat link unlink symlink readlink chmod fchmod chown fchown lchown umask gettimeofday getrlimit getrusage "u8 +
        "sysinfo times ptrace getuid syslog getgid setuid setgid geteuid getegid setpgid getppid getpgrp setsid setreuid setregid getgroups setgroups "u8 +
        "setresuid getresuid setresgid getresgid getpgid setfsuid setfsgid getsid capget capset rt_sigpending rt_sigtimedwait rt_sigqueueinfo rt_sigsuspend "u8 +
        "sigaltstack utime mknod uselib personality ustat statfs fstatfs sysfs getpriority setpriority sched_setparam sched_getparam sched_setscheduler "u8 +
        "sched_getscheduler sched_get_priority_max sched_get_priority_min sched_rr_get_interval mlock munlock mlockall munlockall vhangup modify_ldt "u8 +
        "pivot_root _sysctl prctl arch_prctl adjtimex setrlimit chroot sync acct settimeofday mount umount2 swapon swapoff reboot sethostname setdomainname "u8 +
        "iopl ioperm create_module init_module delete_module get_kernel_syms query_module quotactl nfsservctl getpmsg putpmsg afs_syscall tuxcall security "u8 +
        "gettid readahead setxattr lsetxattr fsetxattr getxattr lgetxattr fgetxattr listxattr llistxattr flistxattr removexattr lremovexattr fremovexattr "u8 +
        "tkill time futex sched_setaffinity sched_getaffinity set_thread_area io_setup io_destroy io_getevents io_submit io_cancel get_thread_area "u8 +
        "lookup_dcookie epoll_create epoll_ctl_old epoll_wait_old remap_file_pages getdents64 set_tid_address restart_syscall semtimedop fadvise64 "u8 +
        "timer_create timer_settime timer_gettime timer_getoverrun timer_delete clock_settime clock_gettime clock_getres clock_nanosleep exit_group epoll_wait "u8 +
        "epoll_ctl tgkill utimes vserver mbind set_mempolicy get_mempolicy mq_open mq_unlink mq_timedsend mq_timedreceive mq_notify mq_getsetattr kexec_load "u8 +
        "waitid add_key request_key keyctl ioprio_set ioprio_get inotify_init inotify_add_watch inotify_rm_watch migrate_pages openat mkdirat mknodat fchownat "u8 +
        "futimesat newfstatat unlinkat renameat linkat symlinkat readlinkat fchmodat faccessat pselect6 ppoll unshare set_robust_list get_robust_list splice "u8 +
        "tee sync_file_range vmsplice move_pages utimensat epoll_pwait signalfd timerfd_create eventfd fallocate timerfd_settime timerfd_gettime accept4 "u8 +
        "signalfd4 eventfd2 epoll_create1 dup3 pipe2 inotify_init1 preadv pwritev rt_tgsigqueueinfo perf_event_open recvmmsg fanotify_init fanotify_mark "u8 +
        "prlimit64 name_to_handle_at open_by_handle_at clock_adjtime syncfs sendmmsg setns getcpu process_vm_readv process_vm_writev kcmp finit_module "u8 +
        "sched_setattr sched_getattr renameat2 seccomp getrandom memfd_create kexec_file_load bpf execveat userfaultfd membarrier mlock2 copy_file_range "u8 +
        "preadv2 pwritev2 pkey_mprotect pkey_alloc pkey_free statx io_pgetevents rseq "u8;

    private static ReadOnlySpan<byte> Unified =>
        " pidfd_send_signal io_uring_setup io_uring_enter io_uring_register open_tree move_mount fsopen fsconfig fsmount fspick pidfd_open clone3 close_range "u8 +
        "openat2 pidfd_getfd faccessat2 process_madvise epoll_pwait2 mount_setattr quotactl_fd landlock_create_ruleset landlock_add_rule "u8 +
        "landlock_restrict_self memfd_secret process_mrelease futex_waitv set_mempolicy_home_node cachestat fchmodat2 map_shadow_stack futex_wake futex_wait "u8 +
        "futex_requeue statmount listmount lsm_get_self_attr lsm_set_self_attr lsm_list_modules mseal setxattrat getxattrat listxattrat removexattrat "u8;

    /// <summary>The number, or -1.</summary>
    public static int Find(ReadOnlySpan<byte> name)
    {
        int number = Index(Original, name);
        if (number >= 0) return number;
        number = Index(Unified, name);
        return number < 0 ? -1 : FirstUnified + number;
    }

    /// <summary>The name of a number; empty if there is none.</summary>
    internal static string Of(int number)
    {
        var names = number >= FirstUnified ? Unified : Original;
        for (int i = number >= FirstUnified ? number - FirstUnified : number; i >= 0 && names.Length > 1; i--)
        {
            names = names[1..];
            int end = names.IndexOf((byte)' ');
            if (i == 0 && end >= 0) return System.Text.Encoding.ASCII.GetString(names[..end]);
            names = end < 0 ? default : names[end..];
        }
        return "";
    }

    private static int Index(ReadOnlySpan<byte> names, ReadOnlySpan<byte> name)
    {
        if (name.IsEmpty || name.Length > 40 || name.Contains((byte)' ')) return -1;
        Span<byte> word = stackalloc byte[name.Length + 2];
        word[0] = word[^1] = (byte)' ';
        name.CopyTo(word[1..]);
        int at = names.IndexOf(word);
        if (at < 0) return -1;
        int blanks = 0;
        foreach (byte b in names[..at])
            if (b == ' ') blanks++;
        return blanks;
    }
}
