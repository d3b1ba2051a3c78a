using System.Text;

namespace Dora.Core.Configuration;

/// <summary>
/// Groups of system calls for <c>seccomp</c>, by what a service does. What is in no group (and what only old programs
/// call) can be named alone.
/// </summary>
internal static class SystemCallGroup
{
    /// <summary>Always allowed: without it no program starts.</summary>
    public const string Default = "@default";

    public static readonly IReadOnlyList<string> Names =
        ["@default", "@file", "@network", "@process", "@ipc", "@basic", "@aio", "@identity", "@memory", "@mount", "@debug", "@clock", "@keyring", "@machine"];

    /// <summary>Allows a group, or one system call by its name; false if there is neither.</summary>
    public static bool Allow(string word, bool[] allowed) =>
        word.StartsWith('@') ? AllowAll(Members(word), allowed) : AllowOne(Encoding.UTF8.GetBytes(word), allowed);

    private static bool AllowAll(ReadOnlySpan<byte> members, bool[] allowed)
    {
        if (members.IsEmpty) return false;
        while (!members.IsEmpty)
        {
            int blank = members.IndexOf((byte)' ');
            var member = blank < 0 ? members : members[..blank];
            members = blank < 0 ? default : members[(blank + 1)..];
            bool isKnown = member[0] == '@' ? AllowAll(Members(Encoding.ASCII.GetString(member)), allowed) : AllowOne(member, allowed);
            if (!isKnown) throw new InvalidOperationException($"no such system call: {Encoding.ASCII.GetString(member)}");
        }
        return true;
    }

    private static bool AllowOne(ReadOnlySpan<byte> name, bool[] allowed)
    {
        int number = SystemCallName.Find(name);
        if (number < 0) return false;
        allowed[number] = true;
        return true;
    }

    /// <summary>What a group is made of, separated by blanks; empty if there is no such group.</summary>
    internal static ReadOnlySpan<byte> Members(string group) => group switch
    {
        "@default" =>
            "read write readv writev pread64 pwrite64 preadv pwritev preadv2 pwritev2 open openat openat2 close close_range stat fstat lstat newfstatat statx "u8 +
            "access faccessat faccessat2 readlink readlinkat getcwd getdents getdents64 lseek fcntl ioctl dup dup2 dup3 pipe pipe2 poll ppoll select pselect6 "u8 +
            "epoll_create epoll_create1 epoll_ctl epoll_wait epoll_pwait epoll_pwait2 eventfd eventfd2 signalfd signalfd4 mmap munmap mprotect mremap msync "u8 +
            "mincore madvise brk mlock mlock2 munlock mseal pkey_alloc pkey_free pkey_mprotect membarrier map_shadow_stack rt_sigaction rt_sigprocmask "u8 +
            "rt_sigreturn rt_sigpending rt_sigtimedwait rt_sigsuspend rt_sigqueueinfo rt_tgsigqueueinfo sigaltstack pause alarm futex futex_wait futex_wake "u8 +
            "futex_requeue futex_waitv set_robust_list get_robust_list set_tid_address rseq restart_syscall arch_prctl prctl set_thread_area get_thread_area "u8 +
            "execve exit exit_group sched_yield getcpu sched_getaffinity nanosleep clock_nanosleep clock_gettime clock_getres gettimeofday time times getitimer "u8 +
            "setitimer timer_create timer_settime timer_gettime timer_getoverrun timer_delete timerfd_create timerfd_settime timerfd_gettime getpid getppid gettid "u8 +
            "getpgid getpgrp getsid getuid geteuid getgid getegid getresuid getresgid getgroups capget getrlimit prlimit64 getrusage getpriority uname sysinfo "u8 +
            "getrandom fadvise64 readahead kill tgkill tkill"u8,
        "@file" =>
            "creat mkdir mkdirat rmdir mknod mknodat rename renameat renameat2 link linkat unlink unlinkat symlink symlinkat chdir fchdir chmod fchmod fchmodat "u8 +
            "fchmodat2 chown fchown lchown fchownat umask utime utimes utimensat futimesat truncate ftruncate fallocate fsync fdatasync sync syncfs "u8 +
            "sync_file_range flock statfs fstatfs ustat sendfile splice tee vmsplice copy_file_range cachestat getxattr lgetxattr fgetxattr listxattr llistxattr "u8 +
            "flistxattr setxattr lsetxattr fsetxattr removexattr lremovexattr fremovexattr getxattrat setxattrat listxattrat removexattrat inotify_init "u8 +
            "inotify_init1 inotify_add_watch inotify_rm_watch name_to_handle_at memfd_create"u8,
        "@network" =>
            "socket socketpair bind listen accept accept4 connect shutdown getsockname getpeername getsockopt setsockopt sendto sendmsg sendmmsg recvfrom recvmsg "u8 +
            "recvmmsg"u8,
        "@process" =>
            "clone clone3 fork vfork wait4 waitid execveat setpgid setsid setrlimit setpriority ioprio_get ioprio_set personality pidfd_open pidfd_send_signal "u8 +
            "pidfd_getfd sched_setaffinity sched_setattr sched_getattr sched_setparam sched_getparam sched_setscheduler sched_getscheduler sched_get_priority_max "u8 +
            "sched_get_priority_min sched_rr_get_interval landlock_create_ruleset landlock_add_rule landlock_restrict_self seccomp process_madvise"u8,
        "@ipc" =>
            "shmget shmat shmctl shmdt semget semop semctl semtimedop msgget msgsnd msgrcv msgctl mq_open mq_unlink mq_timedsend mq_timedreceive mq_notify "u8 +
            "mq_getsetattr"u8,
        "@basic" =>
            "@file @network @process @ipc"u8,
        "@aio" =>
            "io_setup io_destroy io_getevents io_pgetevents io_submit io_cancel io_uring_setup io_uring_enter io_uring_register"u8,
        "@identity" =>
            "setuid setgid setreuid setregid setresuid setresgid setfsuid setfsgid setgroups capset"u8,
        "@memory" =>
            "mlockall munlockall mbind set_mempolicy get_mempolicy set_mempolicy_home_node migrate_pages move_pages memfd_secret userfaultfd remap_file_pages "u8 +
            "process_mrelease"u8,
        "@mount" =>
            "mount umount2 pivot_root chroot mount_setattr open_tree move_mount fsopen fsconfig fsmount fspick unshare setns statmount listmount open_by_handle_at "u8 +
            "fanotify_init fanotify_mark quotactl quotactl_fd swapon swapoff"u8,
        "@debug" =>
            "ptrace process_vm_readv process_vm_writev kcmp perf_event_open bpf lookup_dcookie"u8,
        "@clock" =>
            "settimeofday clock_settime clock_adjtime adjtimex"u8,
        "@keyring" =>
            "add_key request_key keyctl"u8,
        "@machine" =>
            "reboot kexec_load kexec_file_load init_module finit_module delete_module sethostname setdomainname syslog acct vhangup iopl ioperm modify_ldt"u8,
        _ => default,
    };
}
