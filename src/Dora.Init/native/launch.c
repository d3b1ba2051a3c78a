/*
 * What must not meet the garbage collector, and nothing else.
 *
 * launch_process() starts a process from a flat list of system calls that C# has compiled (see LaunchPlan.cs).
 * The child shares our memory (CLONE_VM) and runs on a stack of its own while the caller waits (CLONE_VFORK), so
 * between clone and exec there is no allocation, no lock, no libc state and no managed code: raw system calls only.
 * A failing call is reported by writing its index and errno to memory that the caller can read as soon as clone3
 * returns; no pipe is needed. Where CLONE_VM is left out (LaunchPlan.OwnMemory) the child runs on a copy of our memory,
 * and all of this holds as well.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A step whose number is this writes the child's pid, in decimal and NUL-terminated, to the buffer in argument 0. */
#define STEP_WRITE_PID (-1)
/* And this: open argument 1 in folder argument 0, one write of argument 2 with the length in argument 3, close. */
#define STEP_WRITE_FILE (-2)
/* Descriptors that a step opens and a later one uses. */
#define SLOTS 64

struct step {
    int64_t number;
    int64_t arguments[6];
    int32_t may_fail;
    int32_t slot;           /* n > 0: the result is kept as the n-th slot; n < 0: argument 0 is what slot -n holds */
};

struct plan {
    const struct step *steps;
    int64_t count;
    char *const *paths;     /* tried one after the other, as execvp(3) does; NULL-terminated */
    char *const *argv;
    char *const *envp;
    uint64_t clone_flags;
    int64_t cgroup_fd;      /* with CLONE_INTO_CGROUP */
    int64_t descriptors_below;      /* with CLONE_FILES: the child's own copies are of those below this number */
    void *stack;
    uint64_t stack_size;
    struct report *report;
};

/* In a mapping that is shared even when the rest of the memory is a copy. */
struct report {
    int32_t failed_step;    /* -1 none, -2 the copying of descriptors, `count` the exec, else the index */
    int32_t failed_errno;
};

#if defined(__x86_64__)
static long raw_syscall(long n, long a, long b, long c, long d, long e, long f)
{
    long result;
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    __asm__ volatile("syscall" : "=a"(result) : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}

static long clone_and_call(struct clone_args *args, int (*function)(void *), void *argument)
{
    long result;
    register void *fn __asm__("r12") = (void *)function;
    register void *arg __asm__("r13") = argument;
    __asm__ volatile("syscall\n\t"
                     "test %%rax, %%rax\n\t"
                     "jnz 1f\n\t"
                     "xor %%ebp, %%ebp\n\t"     /* the child: a fresh stack, no frame above it */
                     "mov %%r13, %%rdi\n\t"
                     "call *%%r12\n\t"
                     "mov %%eax, %%edi\n\t"
                     "mov $60, %%eax\n\t"       /* exit(2) of this thread alone, no atexit */
                     "syscall\n\t"
                     "1:"
                     : "=a"(result)
                     : "a"(SYS_clone3), "D"(args), "S"(sizeof *args), "r"(fn), "r"(arg)
                     : "rcx", "r11", "memory");
    return result;
}
#elif defined(__aarch64__)
static long raw_syscall(long n, long a, long b, long c, long d, long e, long f)
{
    register long x8 __asm__("x8") = n;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d;
    register long x4 __asm__("x4") = e;
    register long x5 __asm__("x5") = f;
    __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
    return x0;
}

static long clone_and_call(struct clone_args *args, int (*function)(void *), void *argument)
{
    register long x8 __asm__("x8") = SYS_clone3;
    register void *x0 __asm__("x0") = args;
    register long x1 __asm__("x1") = sizeof *args;
    register void *fn __asm__("x9") = (void *)function;
    register void *arg __asm__("x10") = argument;
    __asm__ volatile("svc 0\n\t"
                     "cbnz x0, 1f\n\t"
                     "mov x29, #0\n\t"
                     "mov x30, #0\n\t"
                     "mov x0, x10\n\t"
                     "blr x9\n\t"
                     "mov x8, #93\n\t"
                     "svc 0\n\t"
                     "1:"
                     : "+r"(x0)
                     : "r"(x8), "r"(x1), "r"(fn), "r"(arg)
                     : "memory", "x30");
    return (long)x0;
}
#else
#error "this processor needs its own clone_and_call"
#endif

/* struct sigaction as the kernel has it: no libc code may run in the child. */
struct kernel_sigaction {
    void *handler;
    unsigned long flags;
    void *restorer;
    uint64_t mask;
};

/* Bit n - 1 for signal n. Asked once, when the runtime has made its choice: 64 calls are a third of what a launch takes. */
static uint64_t ignored;

static void find_ignored(void)
{
    static int is_known;
    struct kernel_sigaction current;
    if (is_known)
        return;
    is_known = 1;
    for (int signal = 1; signal <= 64; signal++)
        if (raw_syscall(SYS_rt_sigaction, signal, 0, (long)&current, 8, 0, 0) == 0 && current.handler == (void *)SIG_IGN)
            ignored |= 1ULL << (signal - 1);
}

static void write_decimal(char *out, long value)
{
    char digits[24];
    int n = 0;
    do digits[n++] = (char)('0' + value % 10); while (value /= 10);
    while (n > 0) *out++ = digits[--n];
    *out = 0;
}

static long write_file(long folder, long path, long data, long length)
{
    long fd = raw_syscall(SYS_openat, folder, path, O_WRONLY | O_CLOEXEC, 0, 0, 0);
    if (fd < 0)
        return fd;
    long result = raw_syscall(SYS_write, fd, data, length, 0, 0, 0);
    raw_syscall(SYS_close, fd, 0, 0, 0, 0, 0);
    return result;
}

static int run_plan(void *argument)
{
    struct plan *plan = argument;
    int32_t slots[SLOTS + 1];

    /*
     * Until here the descriptors are the caller's own (CLONE_FILES): before anything else, copies, of those that the plan
     * names (close_range(2): what lies in the range is not copied). A copy of all of a big table would be made only to be
     * closed one by one at the exec.
     */
    if (plan->clone_flags & CLONE_FILES) {
        long result = raw_syscall(SYS_close_range, plan->descriptors_below, ~0U, CLOSE_RANGE_UNSHARE, 0, 0, 0);
        if (result < 0) {
            plan->report->failed_errno = (int32_t)-result;
            plan->report->failed_step = -2;
            return 127;
        }
    }

    /* CLONE_CLEAR_SIGHAND leaves ignored signals ignored, and the runtime ignores SIGPIPE: back to the default all. */
    struct kernel_sigaction none = {0};
    for (uint64_t left = ignored; left != 0; left &= left - 1)
        raw_syscall(SYS_rt_sigaction, __builtin_ctzll(left) + 1, (long)&none, 0, 8, 0, 0);

    for (int64_t i = 0; i < plan->count; i++) {
        const struct step *s = &plan->steps[i];
        int64_t a[6];
        for (int n = 0; n < 6; n++) a[n] = s->arguments[n];
        if (s->slot < 0) a[0] = slots[-s->slot];
        if (s->number == STEP_WRITE_PID) {
            write_decimal((char *)(intptr_t)a[0], raw_syscall(SYS_getpid, 0, 0, 0, 0, 0, 0));
            continue;
        }
        long result = s->number == STEP_WRITE_FILE ? write_file(a[0], a[1], a[2], a[3])
                                                   : raw_syscall(s->number, a[0], a[1], a[2], a[3], a[4], a[5]);
        if (s->slot > 0) slots[s->slot] = (int32_t)result;
        if (result < 0 && result >= -4095 && !s->may_fail) {
            plan->report->failed_errno = (int32_t)-result;
            plan->report->failed_step = (int32_t)i;
            return 127;
        }
    }

    uint64_t open_mask = 0;
    raw_syscall(SYS_rt_sigprocmask, SIG_SETMASK, (long)&open_mask, 0, 8, 0, 0);
    long result = -ENOENT;
    for (char *const *path = plan->paths; *path; path++) {
        long outcome = raw_syscall(SYS_execve, (long)*path, (long)plan->argv, (long)plan->envp, 0, 0, 0);
        /* One that may not be executed is remembered, and looked for further on. */
        if (result != -EACCES) result = outcome;
        if (outcome != -ENOENT && outcome != -ENOTDIR && outcome != -EACCES) {
            result = outcome;
            break;
        }
    }
    plan->report->failed_errno = (int32_t)-result;
    plan->report->failed_step = (int32_t)plan->count;
    return 127;
}

/* Returns the pid, or -errno when the clone itself failed. */
int launch_process(struct plan *plan)
{
    plan->report->failed_step = -1;
    plan->report->failed_errno = 0;
    find_ignored();
    struct clone_args args = {
        .flags = plan->clone_flags | CLONE_VFORK | CLONE_CLEAR_SIGHAND,
        /* clone(2): with CLONE_PARENT the child takes over our own exit signal, and the field must be 0. */
        .exit_signal = plan->clone_flags & CLONE_PARENT ? 0 : SIGCHLD,
        .stack = (uint64_t)(uintptr_t)plan->stack,
        .stack_size = plan->stack_size,
        .cgroup = (uint64_t)plan->cgroup_fd,
    };
    return (int)clone_and_call(&args, run_plan, plan);
}

/*
 * A process in a user namespace of its own that does nothing until it is killed: the namespace is there as long as it
 * is, and whoever started it writes its uid_map and gid_map and opens its ns/user. It is a plain fork that makes two
 * system calls, so it shares no memory and meets no lock. Ends with its parent.
 */
int hold_user_namespace(void)
{
    struct clone_args args = { .flags = CLONE_NEWUSER, .exit_signal = SIGCHLD };
    long parent = raw_syscall(SYS_getpid, 0, 0, 0, 0, 0, 0);
    long pid = raw_syscall(SYS_clone3, (long)&args, sizeof args, 0, 0, 0, 0);
    if (pid != 0)
        return (int)pid;
    raw_syscall(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0, 0);
    /* Else the parent has ended before that, and nobody will. */
    while (raw_syscall(SYS_getppid, 0, 0, 0, 0, 0, 0) == parent)
        raw_syscall(SYS_ppoll, 0, 0, 0, 0, 0, 0);
    raw_syscall(SYS_exit_group, 0, 0, 0, 0, 0, 0);
    return 0;
}
