/*
 * Signals, as a program that is there for as long as the machine wants to meet them.
 *
 * block_signals() runs before main and so before the runtime starts a thread: a signal that any thread leaves
 * unblocked never reaches a signalfd. SIGRTMIN stays open (the collector suspends threads with it), and so do the
 * signals that faults raise.
 *
 * ignore_sent_faults() keeps `kill -SEGV 1` from being taken for a null reference inside managed code, which would
 * end PID 1 and panic the kernel: a fault raised by the processor goes to the runtime, one sent by kill(2) nowhere.
 *
 * end_by_sent_faults() is for the other roles: there such a signal ends the process, as it would any other program. As a
 * null reference in the middle of anything it would lose one event, and the manager would go on with half a truth.
 *
 * open_alarm() is for guard, manager and syslog: a signal that does nothing but end a wait in the kernel (InterruptTimer.cs).
 *
 * end_by_signal() is for a relay, which ends as its command did, whatever signal that was.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <unistd.h>

static const int blocked[] = {
    SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2, SIGPIPE, SIGALRM, SIGTERM, SIGSTKFLT, SIGCHLD, SIGCONT, SIGTSTP, SIGTTIN,
    SIGTTOU, SIGURG, SIGXCPU, SIGXFSZ, SIGVTALRM, SIGPROF, SIGWINCH, SIGIO, SIGPWR,
};

__attribute__((constructor(101))) static void block_signals(void)
{
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < sizeof blocked / sizeof *blocked; i++)
        sigaddset(&set, blocked[i]);
    /* halt, power off and reboot as systemd numbers them */
    for (int signal = SIGRTMIN + 3; signal <= SIGRTMIN + 5; signal++)
        sigaddset(&set, signal);
    sigprocmask(SIG_BLOCK, &set, NULL);
}

static struct sigaction runtime_action[65];
static int sent_faults_end;

static int is_fault(int number)
{
    return number == SIGSEGV || number == SIGBUS || number == SIGFPE || number == SIGILL || number == SIGTRAP || number == SIGABRT;
}

static void filter(int signal, siginfo_t *info, void *context)
{
    /* sigaction(2): si_code <= 0 says that a process sent it; the runtime's own tgkill to its threads is ours. */
    if (info->si_code <= 0 && info->si_pid != getpid()) {
        if (sent_faults_end && is_fault(signal)) {
            /* Blocked while we are in here: it comes again on return, and then it ends us. */
            struct sigaction none = {0};
            sigaction(signal, &none, NULL);
            raise(signal);
        }
        return;
    }
    struct sigaction *next = &runtime_action[signal];
    if (next->sa_flags & SA_SIGINFO)
        next->sa_sigaction(signal, info, context);
    else
        next->sa_handler(signal);
}

/* For PID 1. The kernel itself drops signals sent to PID 1 that have no handler, so only handled ones are filtered. */
void ignore_sent_faults(void)
{
    for (int signal = 1; signal <= 64; signal++) {
        struct sigaction current;
        if (sigaction(signal, NULL, &current) != 0 || (current.sa_flags & SA_SIGINFO ? 0 : current.sa_handler == SIG_DFL || current.sa_handler == SIG_IGN))
            continue;
        runtime_action[signal] = current;
        struct sigaction mine = current;
        mine.sa_sigaction = filter;
        mine.sa_flags = current.sa_flags | SA_SIGINFO;
        sigaction(signal, &mine, NULL);
    }
}

void end_by_sent_faults(void)
{
    sent_faults_end = 1;
    ignore_sent_faults();
}

static void nothing(int signal)
{
    (void)signal;
}

void open_alarm(void)
{
    struct sigaction empty = {.sa_handler = nothing, .sa_flags = SA_RESTART};
    sigset_t set;
    sigaction(SIGALRM, &empty, NULL);
    sigemptyset(&set);
    sigaddset(&set, SIGALRM);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
}

/* Without a core: what has gone wrong is not here. */
void end_by_signal(int number)
{
    struct sigaction none = {0};
    sigset_t set;
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    sigaction(number, &none, NULL);
    sigemptyset(&set);
    sigaddset(&set, number);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    kill(getpid(), number);
    _exit(128 + number);
}
