/*
 * What bench/init puts into its machines: one static program, so that every candidate is started, watched and measured
 * by the same code. It is
 *
 *   /init in the initramfs   loads the modules that lead to the disks, mounts /dev/vda (the root that all candidates
 *                            share) below /dev/vdb (what only this candidate has) below a tmpfs, starts the watcher,
 *                            writes "bench: hand-over" and executes /sbin/init in its own place: PID 1 from then on is
 *                            the candidate, with the descriptors and mounts that an initramfs leaves it;
 *   the watcher              a child of PID 1 from before the hand-over. It asks 127.0.0.1:22 for an ssh banner and eth0
 *                            for an address every 5 ms, waits until the machine has settled, reads /proc, writes the
 *                            report to the raw disk /dev/vdc, and cuts the power;
 *   mark NAME PROGRAM...     says "bench: mark NAME" and becomes PROGRAM: what every service is started through.
 *
 * All times are the kernel's own, of the lines in /dev/kmsg: one clock, whoever writes. Nothing here waits for ever.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/random.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { TICK_MS = 5, MAX_PROCESSES = 8192 };

static void say(const char *format, ...) {
    char line[512] = "<6>bench: ";
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line + 10, sizeof line - 11, format, arguments);
    va_end(arguments);
    strcat(line, "\n");
    int kmsg = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);
    if (kmsg < 0) return;
    if (write(kmsg, line, strlen(line)) < 0) { /* then nobody can be told */ }
    close(kmsg);
}

static void die(const char *what) {
    say("failed: %s: %s", what, strerror(errno));
    sync();
    reboot(RB_POWER_OFF);
    _exit(1);
}

static void sleep_ms(long ms) {
    struct timespec time = { ms / 1000, ms % 1000 * 1000000 };
    nanosleep(&time, NULL);
}

static long now_ms(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

/* The whole of a small file, ended by 0; its length, or -1. */
static ssize_t read_file(const char *path, char *buffer, size_t size) {
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return -1;
    ssize_t total = 0, count;
    while ((count = read(file, buffer + total, size - 1 - total)) > 0) total += count;
    close(file);
    buffer[total] = 0;
    return total;
}

/* A number of the kernel command line: bench.NAME=N. */
static long option(const char *name, long otherwise) {
    char line[4096], key[64];
    if (read_file("/proc/cmdline", line, sizeof line) < 0) return otherwise;
    snprintf(key, sizeof key, "bench.%s=", name);
    char *found = strstr(line, key);
    return found ? atol(found + strlen(key)) : otherwise;
}

static void option_text(const char *name, char *text, size_t size) {
    char line[4096], key[64];
    text[0] = 0;
    if (read_file("/proc/cmdline", line, sizeof line) < 0) return;
    snprintf(key, sizeof key, "bench.%s=", name);
    char *found = strstr(line, key);
    if (found) snprintf(text, size, "%.*s", (int)strcspn(found + strlen(key), " \n"), found + strlen(key));
}

/* ---- the watcher ---- */

struct process { int pid; long switches; };
static struct process s_before[MAX_PROCESSES];
static int s_count;

/* Voluntary and involuntary context switches of all threads of a process. */
static long switches_of(int pid) {
    char path[300], text[8192];
    snprintf(path, sizeof path, "/proc/%d/task", pid);
    DIR *tasks = opendir(path);
    if (!tasks) return -1;
    long sum = 0;
    for (struct dirent *entry; (entry = readdir(tasks));) {
        if (entry->d_name[0] == '.') continue;
        snprintf(path, sizeof path, "/proc/%d/task/%s/status", pid, entry->d_name);
        if (read_file(path, text, sizeof text) < 0) continue;
        for (char *found = text; (found = strstr(found, "ctxt_switches:")); found += 14) sum += atol(found + 14);
    }
    closedir(tasks);
    return sum;
}

static long field(const char *text, const char *name) {
    const char *found = strstr(text, name);
    return found ? atol(found + strlen(name)) : 0;
}

/* For each process of user space but ourselves. */
static void each_process(void (*visit)(int pid, FILE *report), FILE *report) {
    DIR *proc = opendir("/proc");
    if (!proc) return;
    for (struct dirent *entry; (entry = readdir(proc));) {
        int pid = atoi(entry->d_name);
        char path[64], text[64];
        snprintf(path, sizeof path, "/proc/%d/cmdline", pid);
        // A kernel thread has no command line.
        if (pid > 0 && pid != getpid() && read_file(path, text, sizeof text) > 0) visit(pid, report);
    }
    closedir(proc);
}

static void report_process(int pid, FILE *report) {
    char path[64], memory[4096], status[8192], command[400];
    snprintf(path, sizeof path, "/proc/%d/smaps_rollup", pid);
    if (read_file(path, memory, sizeof memory) <= 0) return;
    snprintf(path, sizeof path, "/proc/%d/status", pid);
    if (read_file(path, status, sizeof status) <= 0) return;
    snprintf(path, sizeof path, "/proc/%d/cmdline", pid);
    ssize_t length = read_file(path, command, sizeof command);
    for (ssize_t i = 0; i < length - 1; i++)
        if (command[i] < ' ') command[i] = ' ';
    char *name = strstr(status, "Name:\t") + 6;
    fprintf(report, "process\t%d\t%ld\t%ld\t%ld\t%ld\t%.*s\t%s\n", pid, field(status, "\nPPid:"), field(memory, "\nRss:"),
        field(memory, "\nPss:"), field(memory, "\nPrivate_Clean:") + field(memory, "\nPrivate_Dirty:"), (int)strcspn(name, "\n"), name, command);
}

static void note_switches(int pid, FILE *report) {
    (void)report;
    if (s_count < MAX_PROCESSES) s_before[s_count++] = (struct process){ pid, switches_of(pid) };
}

static void report_switches(int pid, FILE *report) {
    for (int i = 0; i < s_count; i++)
        if (s_before[i].pid == pid) fprintf(report, "idle\t%d\t%ld\n", pid, switches_of(pid) - s_before[i].switches);
}

static void report_memory(FILE *report) {
    char text[8192];
    read_file("/proc/meminfo", text, sizeof text);
    long in_use = field(text, "MemTotal:") - field(text, "\nMemFree:") - field(text, "\nBuffers:") - field(text, "\nCached:") -
        field(text, "\nSReclaimable:") + field(text, "\nShmem:");
    // in use, unreclaimable slab, anonymous, stacks and page tables, per-CPU, shared memory
    fprintf(report, "ram\t%ld\t%ld\t%ld\t%ld\t%ld\t%ld\n", in_use, field(text, "\nSUnreclaim:"), field(text, "\nAnonPages:"),
        field(text, "\nKernelStack:") + field(text, "\nPageTables:"), field(text, "\nPercpu:"), field(text, "\nShmem:"));
}

/* The lines of this program in the kernel log: microseconds, text. */
static void report_log(FILE *report) {
    int kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    char record[8192];
    ssize_t length;
    while (kmsg >= 0 && ((length = read(kmsg, record, sizeof record - 1)) > 0 || errno == EPIPE)) {
        if (length <= 0) continue;
        record[length] = 0;
        char *text = strstr(record, ";bench: ");
        char *sequence = strchr(record, ',');
        if (!text || !sequence) continue;
        char *time = strchr(sequence + 1, ',');
        if (time) fprintf(report, "time\t%lld\t%.*s\n", atoll(time + 1), (int)strcspn(text + 8, "\n"), text + 8);
    }
    close(kmsg);
}

/* What the candidate itself has to say, if it brought /bench/after; to the end of the report, for 30 s at most. */
static void run_after(int disk) {
    if (access("/bench/after", X_OK) != 0) return;
    pid_t child = fork();
    if (child == 0) {
        dup2(disk, 1);
        dup2(disk, 2);
        execl("/bench/after", "after", NULL);
        _exit(127);
    }
    for (long end = now_ms() + 30000; now_ms() < end && waitpid(child, NULL, WNOHANG) == 0;) sleep_ms(20);
}

/* Asked for the address of an interface that is not there, the kernel runs modprobe twice (dev_load), 0.1 s of work for each look. */
static int has_address(int query) {
    if (access("/sys/class/net/eth0", F_OK) != 0) return 0;
    struct ifreq request = { .ifr_name = "eth0" };
    return ioctl(query, SIOCGIFADDR, &request) == 0 && ((struct sockaddr_in *)&request.ifr_addr)->sin_addr.s_addr != 0;
}

/* One look at port 22: 1 once it has greeted. A connection that is open is kept until it has. */
static int has_banner(int *connection) {
    if (*connection < 0) {
        struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(22), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        *connection = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (connect(*connection, (struct sockaddr *)&address, sizeof address) == 0 || errno == EINPROGRESS) return 0;
    } else {
        char text[4];
        ssize_t count = read(*connection, text, sizeof text);
        if (count < 0 && (errno == EAGAIN || errno == ENOTCONN)) return 0;
        if (count == 4 && memcmp(text, "SSH-", 4) == 0) {
            close(*connection);
            return 1;
        }
    }
    close(*connection);
    *connection = -1;
    return 0;
}

/* Reads what is new in the kernel log and counts the marks of services named load. */
static long count_marks(int kmsg) {
    static long count;
    char record[8192];
    ssize_t length;
    while ((length = read(kmsg, record, sizeof record - 1)) > 0 || errno == EPIPE) {
        if (length <= 0) continue;
        record[length] = 0;
        if (strstr(record, ";bench: mark load")) count++;
    }
    return count;
}

static void watch(void) {
    long marks = option("marks", 0), limit = now_ms() + option("limit", 300) * 1000, idle = option("idle", 0);
    int connection = -1, banner = 0, address = 0, kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    int query = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    setsid();
    while (now_ms() < limit) {
        if (!banner && (banner = has_banner(&connection))) say("banner");
        if (!address && (address = has_address(query))) say("address");
        if (banner && address && (marks == 0 || count_marks(kmsg) >= marks)) break;
        sleep_ms(TICK_MS);
    }
    close(kmsg);
    close(query);
    if (now_ms() >= limit) say("timeout");
    sleep_ms(option("settle", 5) * 1000);

    int disk = open("/dev/vdc", O_WRONLY | O_CLOEXEC);
    FILE *report = disk < 0 ? NULL : fdopen(dup(disk), "w");
    if (!report) die("open /dev/vdc");
    report_memory(report);
    report_log(report);
    each_process(report_process, report);
    fflush(report);
    if (idle > 0) {
        each_process(note_switches, report);
        sleep_ms(idle * 1000);
        each_process(report_switches, report);
        fflush(report);
    }
    fclose(report);
    run_after(disk);
    if (write(disk, "\nend\n", 5) < 0) die("write the report");
    fsync(disk);
    reboot(RB_POWER_OFF);
}

/* ---- the initramfs ---- */

static int compare(const struct dirent **a, const struct dirent **b) {
    return strcmp((*a)->d_name, (*b)->d_name);
}

/* In the order of their names: bench/init has numbered them so that each finds what it depends on. */
static void load_modules(void) {
    struct dirent **names;
    int count = scandir("/modules", &names, NULL, compare);
    for (int i = 0; i < count; i++) {
        char path[300];
        if (names[i]->d_name[0] == '.') continue;
        snprintf(path, sizeof path, "/modules/%s", names[i]->d_name);
        int file = open(path, O_RDONLY | O_CLOEXEC);
        if (file < 0 || (syscall(SYS_finit_module, file, "", 0) != 0 && errno != EEXIST)) die(path);
        close(file);
        unlink(path);
    }
}

static void wait_for(const char *path) {
    for (int i = 0; i < 2000 && access(path, F_OK) != 0; i++) sleep_ms(5);
}

static void hand_over(void) {
    char candidate[64], load[64], lower[512];
    mkdir("/dev", 0755);
    mkdir("/proc", 0755);
    mkdir("/sys", 0755);
    mkdir("/run", 0755);
    mount("devtmpfs", "/dev", "devtmpfs", MS_NOSUID, "mode=0755");
    mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
    mount("sysfs", "/sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
    mount("tmpfs", "/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755");
    // Services that are not root's are marked too.
    chmod("/dev/kmsg", 0666);
    load_modules();
    wait_for("/dev/vda");
    wait_for("/dev/vdb");
    wait_for("/dev/vdc");

    // Whoever asks first for random numbers on a machine without a source of them waits until there are some. That is
    // a matter of the machine and not of a candidate: it is over before the hand-over.
    char random[8];
    if (getrandom(random, sizeof random, 0) < 0) die("getrandom");

    option_text("init", candidate, sizeof candidate);
    option_text("load", load, sizeof load);
    mkdir("/base", 0755);
    mkdir("/candidate", 0755);
    mkdir("/newroot", 0755);
    if (mount("/dev/vda", "/base", "squashfs", MS_RDONLY, NULL) != 0) die("mount /dev/vda");
    if (mount("/dev/vdb", "/candidate", "squashfs", MS_RDONLY, NULL) != 0) die("mount /dev/vdb");
    if (mount("tmpfs", "/newroot", "tmpfs", 0, "mode=0755") != 0) die("mount tmpfs");
    mkdir("/newroot/upper", 0755);
    mkdir("/newroot/work", 0755);
    mkdir("/newroot/root", 0755);
    snprintf(lower, sizeof lower, "upperdir=/newroot/upper,workdir=/newroot/work,lowerdir=%s%s%s/candidate/%s:/candidate/common:/base",
        load[0] ? "/candidate/" : "", load, load[0] ? ":" : "", candidate);
    if (mount("overlay", "/newroot/root", "overlay", 0, lower) != 0) die(lower);
    const char *moved[] = { "/dev", "/proc", "/sys", "/run" };
    char target[64];
    for (int i = 0; i < 4; i++) {
        snprintf(target, sizeof target, "/newroot/root%s", moved[i]);
        if (mount(moved[i], target, NULL, MS_MOVE, NULL) != 0) die(target);
    }
    // This program is what the initramfs holds besides, and goes with it but for the watcher's pages.
    unlink("/init");
    if (chdir("/newroot/root") != 0 || mount(".", "/", NULL, MS_MOVE, NULL) != 0 || chroot(".") != 0 || chdir("/") != 0) die("switch root");

    pid_t watcher = fork();
    if (watcher == 0) {
        watch();
        _exit(1);
    }
    int console = open("/dev/console", O_RDWR);
    for (int number = 0; number < 3; number++) dup2(console, number);
    if (console > 2) close(console);
    say("hand-over");
    char *arguments[] = { "/sbin/init", NULL }, *environment[] = { "HOME=/", "TERM=linux", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL };
    execve("/sbin/init", arguments, environment);
    die("execute /sbin/init");
}

static int by_time(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* How long a command takes as a whole process, its output thrown away: "list MEDIAN LEAST MOST" in microseconds. */
static int times(int rounds, char **command) {
    static double taken[1000];
    if (rounds < 1 || rounds > 1000) return 100;
    for (int i = 0; i < rounds; i++) {
        struct timespec start, end;
        int status;
        clock_gettime(CLOCK_MONOTONIC, &start);
        pid_t child = vfork();
        if (child == 0) {
            int null = open("/dev/null", O_WRONLY);
            dup2(null, 1);
            execv(command[0], command);
            _exit(127);
        }
        if (child < 0 || waitpid(child, &status, 0) != child || status != 0) {
            printf("failed\t%s: status %d\n", command[0], status);
            return 1;
        }
        clock_gettime(CLOCK_MONOTONIC, &end);
        taken[i] = (double)(end.tv_sec - start.tv_sec) * 1e6 + (double)(end.tv_nsec - start.tv_nsec) / 1e3;
    }
    qsort(taken, (size_t)rounds, sizeof *taken, by_time);
    printf("list\t%.0f\t%.0f\t%.0f\n", taken[rounds / 2], taken[0], taken[rounds - 1]);
    return 0;
}

int main(int count, char **arguments) {
    if (getpid() == 1 && strcmp(arguments[0], "/init") == 0) hand_over();
    if (count > 3 && strcmp(arguments[1], "times") == 0) return times(atoi(arguments[2]), arguments + 3);
    if (count < 3) return 100;
    say("mark %s", arguments[1]);
    execv(arguments[2], arguments + 2);
    say("failed: execute %s: %s", arguments[2], strerror(errno));
    return 127;
}
