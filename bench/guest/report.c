#include "guest.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_PROCESSES = 8192 };

struct process { int pid; long switches; };
static struct process *s_before;
static int s_count;

static DIR *open_folder(const char *path) {
    int folder = openat(s_proc, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return folder < 0 ? NULL : fdopendir(folder);
}

/* Voluntary and involuntary context switches of all threads of a process. */
static long switches_of(int pid) {
    char path[300], text[8192];
    snprintf(path, sizeof path, "%d/task", pid);
    DIR *tasks = open_folder(path);
    if (!tasks) return -1;
    long sum = 0;
    for (struct dirent *entry; (entry = readdir(tasks));) {
        if (entry->d_name[0] == '.') continue;
        snprintf(path, sizeof path, "%d/task/%s/status", pid, entry->d_name);
        if (read_proc(path, text, sizeof text) < 0) continue;
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
    DIR *proc = open_folder(".");
    if (!proc) return;
    for (struct dirent *entry; (entry = readdir(proc));) {
        int pid = atoi(entry->d_name);
        char path[64], text[64];
        snprintf(path, sizeof path, "%d/cmdline", pid);
        // A kernel thread has no command line.
        if (pid > 0 && pid != getpid() && read_proc(path, text, sizeof text) > 0) visit(pid, report);
    }
    closedir(proc);
}

static void report_process(int pid, FILE *report) {
    char path[64], memory[4096], status[8192], command[400];
    snprintf(path, sizeof path, "%d/smaps_rollup", pid);
    if (read_proc(path, memory, sizeof memory) <= 0) return;
    snprintf(path, sizeof path, "%d/status", pid);
    if (read_proc(path, status, sizeof status) <= 0) return;
    snprintf(path, sizeof path, "%d/cmdline", pid);
    ssize_t length = read_proc(path, command, sizeof command);
    for (ssize_t i = 0; i < length - 1; i++)
        if (command[i] < ' ') command[i] = ' ';
    char *name = strstr(status, "Name:\t") + 6;
    fprintf(report, "process\t%d\t%ld\t%ld\t%ld\t%ld\t%.*s\t%s\n", pid, field(status, "\nPPid:"), field(memory, "\nRss:"),
        field(memory, "\nPss:"), field(memory, "\nPrivate_Clean:") + field(memory, "\nPrivate_Dirty:"),
        (int)strcspn(name, "\n"), name, command);
}

void report_processes(FILE *report) {
    each_process(report_process, report);
}

static void note_switches(int pid, FILE *report) {
    (void)report;
    if (s_count < MAX_PROCESSES) s_before[s_count++] = (struct process){ pid, switches_of(pid) };
}

static void report_switches(int pid, FILE *report) {
    for (int i = 0; i < s_count; i++)
        if (s_before[i].pid == pid) fprintf(report, "idle\t%d\t%ld\n", pid, switches_of(pid) - s_before[i].switches);
}

void report_idle(FILE *report, long seconds) {
    s_before = calloc(MAX_PROCESSES, sizeof *s_before);
    if (!s_before) return;
    each_process(note_switches, report);
    sleep_ms(seconds * 1000);
    each_process(report_switches, report);
}

/* Free pages that the kernel keeps on lists of each processor and counts as in use until memory is short. */
static long kept_free(void) {
    static char text[65536];
    long pages = 0;
    if (read_proc("zoneinfo", text, sizeof text) <= 0) return 0;
    for (char *found = text; (found = strstr(found, "              count: ")); found += 21) pages += atol(found + 21);
    return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

void report_memory(FILE *report) {
    char text[8192];
    read_proc("meminfo", text, sizeof text);
    long in_use = field(text, "MemTotal:") - field(text, "\nMemFree:") - field(text, "\nBuffers:") - field(text, "\nCached:") -
        field(text, "\nSReclaimable:") + field(text, "\nShmem:");
    // in use, unreclaimable slab, anonymous, stacks and page tables, per-CPU, shared memory, of the first free on lists
    fprintf(report, "ram\t%ld\t%ld\t%ld\t%ld\t%ld\t%ld\t%ld\n", in_use, field(text, "\nSUnreclaim:"), field(text, "\nAnonPages:"),
        field(text, "\nKernelStack:") + field(text, "\nPageTables:"), field(text, "\nPercpu:"), field(text, "\nShmem:"), kept_free());
}

/* The lines of this program in the kernel log: microseconds, text. */
void report_log(FILE *report) {
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
