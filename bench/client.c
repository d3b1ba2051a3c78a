/* What the clients of bench/api and bench/service share: the clock, a connection, one request and its answer, one change. */
#define _GNU_SOURCE
#include "client.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

_Noreturn void die(const char *what) {
    fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what, strerror(errno));
    exit(1);
}

double now_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

int connect_to(const char *path) {
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) < 0) die(path);
    return fd;
}

void send_all(int fd, const char *text, size_t length) {
    while (length > 0) {
        ssize_t count = write(fd, text, length);
        if (count < 0) die("write");
        text += count;
        length -= (size_t)count;
    }
}

const char *ask(const char *path, const char *method, const char *target) {
    static char answer[1 << 20];
    int fd = connect_to(path);
    char request[512];
    int length = snprintf(request, sizeof request, "%s %s HTTP/1.1\r\nHost: bench\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", method, target);
    send_all(fd, request, (size_t)length);
    size_t used = 0;
    ssize_t count;
    while (used < sizeof answer - 1 && (count = read(fd, answer + used, sizeof answer - 1 - used)) > 0) used += (size_t)count;
    answer[used] = 0;
    close(fd);
    if (strncmp(answer, "HTTP/1.1 20", 11) != 0) {
        fprintf(stderr, "%s: %s %s: %.300s\n", program_invocation_short_name, method, target, answer);
        exit(1);
    }
    return answer;
}

void change(const char *path, const char *verb, const char *service) {
    char target[300];
    snprintf(target, sizeof target, "/v1/services/%s/%s", service, verb);
    const char *id = strstr(ask(path, "POST", target), "\"id\":\"");
    if (!id) die("no id in the answer");
    snprintf(target, sizeof target, "/v1/changes/%.*s?wait=60s", (int)strcspn(id + 6, "\""), id + 6);
    const char *ended = ask(path, "GET", target);
    if (!strstr(ended, "\"status\":\"done\"")) {
        fprintf(stderr, "%s: %s %s: %s\n", program_invocation_short_name, verb, service, ended);
        exit(1);
    }
}
