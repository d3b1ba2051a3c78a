#include "guest.h"
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/reboot.h>
#include <time.h>
#include <unistd.h>

int s_proc = -1;

void open_proc(void) {
    s_proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

void say(const char *format, ...) {
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

void die(const char *what) {
    say("failed: %s: %s", what, strerror(errno));
    sync();
    reboot(RB_POWER_OFF);
    _exit(1);
}

void sleep_ms(long ms) {
    struct timespec time = { ms / 1000, ms % 1000 * 1000000 };
    nanosleep(&time, NULL);
}

long now_ms(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

uint64_t ticks(void) {
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}

/* The whole of a small file below /proc, ended by 0; its length, or -1. */
ssize_t read_proc(const char *path, char *buffer, size_t size) {
    int file = openat(s_proc, path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return -1;
    ssize_t total = 0, count;
    while ((count = read(file, buffer + total, size - 1 - total)) > 0) total += count;
    close(file);
    buffer[total] = 0;
    return total;
}

/* A number of the kernel command line: bench.NAME=N. */
long option(const char *name, long otherwise) {
    char text[64];
    option_text(name, text, sizeof text);
    return text[0] ? atol(text) : otherwise;
}

void option_text(const char *name, char *text, size_t size) {
    char line[4096], key[64];
    text[0] = 0;
    if (read_proc("cmdline", line, sizeof line) < 0) return;
    snprintf(key, sizeof key, "bench.%s=", name);
    char *found = strstr(line, key);
    if (found) snprintf(text, size, "%.*s", (int)strcspn(found + strlen(key), " \n"), found + strlen(key));
}
