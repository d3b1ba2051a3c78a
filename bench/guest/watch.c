#include "guest.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum { TICK_MS = 5 };

/* Whether an interface but lo has an address. Asked for one by name that is not there, the kernel would run modprobe twice (dev_load). */
static int has_address(int query) {
    struct ifreq list[8];
    struct ifconf request = { .ifc_len = sizeof list, .ifc_req = list };
    if (ioctl(query, SIOCGIFCONF, &request) != 0) return 0;
    for (size_t i = 0; i < request.ifc_len / sizeof *list; i++)
        if (strcmp(list[i].ifr_name, "lo") != 0 && ((struct sockaddr_in *)&list[i].ifr_addr)->sin_addr.s_addr != 0) return 1;
    return 0;
}

/* One look at port 22: 1 once it has greeted. A connection that is open is kept until it has; *is_open once there was one. */
static int has_banner(int *connection, int *is_open) {
    if (*connection < 0) {
        struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(22), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        *connection = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (connect(*connection, (struct sockaddr *)&address, sizeof address) == 0 || errno == EINPROGRESS) return 0;
    } else {
        char text[4];
        ssize_t count = read(*connection, text, sizeof text);
        if (count < 0 && errno == ENOTCONN) return 0;
        if (count >= 0 || errno == EAGAIN) *is_open = 1;
        if (count < 0 && errno == EAGAIN) return 0;
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

void watch_init(void) {
    long marks = option("marks", 0), limit = now_ms() + option("limit", 300) * 1000, idle = option("idle", 0);
    int connection = -1, is_open = 0, banner = 0, address = 0, kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    int query = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    setsid();
    while (now_ms() < limit) {
        if (!banner && (banner = has_banner(&connection, &is_open))) say("banner");
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
    report_processes(report);
    fflush(report);
    if (idle > 0) report_idle(report, idle);
    fclose(report);
    run_after(disk);
    if (write(disk, "\nend\n", 5) < 0) die("write the report");
    fsync(disk);
    reboot(RB_POWER_OFF);
}

/* Milliseconds of the machine in which its processor had nothing to do. */
static double idle_ms(void) {
    char text[64];
    return read_proc("uptime", text, sizeof text) > 0 && strchr(text, ' ') ? atof(strchr(text, ' ')) * 1e3 : 0;
}

static double seconds(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC_RAW, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* PID 1 is neither the probe nor stage one any more. */
static int has_init(void) {
    char path[64];
    ssize_t length = readlinkat(s_proc, "1/exe", path, sizeof path - 1);
    if (length <= 0) return 0;
    path[length] = 0;
    path[strcspn(path, " ")] = 0; // "/init (deleted)"
    return strcmp(path, "/bench") != 0 && strcmp(path, "/init") != 0;
}

/*
 * The watcher of bench/boot. It lives in the initramfs, of which nothing is left: what it needs it has had opened before.
 * How long a tick of the processor's counter is it finds out by the kernel's clock, while it waits.
 */
void watch_boot(int line, uint64_t start) {
    enum { FIRST, INIT, ADDRESS, PORT, BANNER, EVENTS };
    static const char *const names[] = { "first", "init", "address", "port", "banner" };
    uint64_t at[EVENTS] = { start, 0, 0, 0, 0 }, known = ticks();
    double first = seconds(), last, idle[EVENTS] = { idle_ms(), 0, 0, 0, 0 };
    long limit = now_ms() + option("limit", 300) * 1000;
    int connection = -1, is_open = 0, query = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct termios settings;
    if (tcgetattr(line, &settings) == 0) {
        cfmakeraw(&settings);
        cfsetspeed(&settings, B115200);
        tcsetattr(line, TCSANOW, &settings);
    }
    setsid();
    while (now_ms() < limit && !(at[INIT] && at[BANNER] && at[ADDRESS])) {
        if (!at[INIT] && has_init()) idle[INIT] = idle_ms(), at[INIT] = ticks();
        if (!at[BANNER] && has_banner(&connection, &is_open)) idle[BANNER] = idle_ms(), at[BANNER] = ticks();
        if (!at[PORT] && is_open) idle[PORT] = idle_ms(), at[PORT] = ticks();
        if (!at[ADDRESS] && has_address(query)) idle[ADDRESS] = idle_ms(), at[ADDRESS] = ticks();
        sleep_ms(TICK_MS);
    }
    close(query);
    sleep_ms(option("settle", 10) * 1000);

    last = seconds();
    double a_second = (double)(ticks() - known) / (last - first);
    FILE *report = fdopen(dup(line), "w");
    if (!report) die("open the report");
    report_memory(report);
    // The kernel's clock began to run when the kernel did, but for its own unpacking.
    fprintf(report, "boot\t%.3f\tkernel\n", (double)known / a_second * 1e3 - first * 1e3);
    for (int i = 0; i < EVENTS; i++)
        if (at[i]) fprintf(report, "boot\t%.3f\t%s\t%.0f\n", (double)at[i] / a_second * 1e3, names[i], idle[i]);
    report_processes(report);
    fprintf(report, "end\n");
    fclose(report);
    tcdrain(line);
    reboot(RB_POWER_OFF);
}
