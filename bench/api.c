/*
 * bench/api's other half: clients of the API.
 *
 *   api follow N SOCKET                  N followers of the whole log, until TERM: every fourth takes 1 KiB every 50 ms,
 *                                        the others all that comes; then "FOLLOWERS OPEN LINES" on stdout
 *   api load RATE SECONDS CLIENTS SOCKET PATH
 *                                        GETs at a fixed rate over CLIENTS kept connections. A request's time runs from the
 *                                        moment that it was due, so a server that stalls pays for all that it delays.
 *                                        "DONE ERRORS SECONDS" and then the time of each in microseconds, one a line
 *   api restart SECONDS SOCKET SERVICE   POSTs restart, waits for the change, again and again; each in microseconds
 */
#define _GNU_SOURCE
#include "client.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t ended;

static void end(int signal) {
    (void)signal;
    ended = 1;
}

static void follow(int count, const char *path) {
    static char buffer[64 * 1024];
    struct pollfd *fds = calloc((size_t)count, sizeof *fds);
    double *next = calloc((size_t)count, sizeof *next);
    if (!fds || !next) die("calloc");
    for (int i = 0; i < count; i++) {
        fds[i] = (struct pollfd){ .fd = connect_to(path), .events = POLLIN };
        const char *request = "GET /v1/logs?lines=0&follow=true HTTP/1.1\r\nHost: bench\r\n\r\n";
        send_all(fds[i].fd, request, strlen(request));
        ssize_t got = read(fds[i].fd, buffer, sizeof buffer);
        if (got < 12 || memcmp(buffer, "HTTP/1.1 200", 12) != 0) {
            fprintf(stderr, "api: follower %d: %.*s\n", i, (int)(got > 0 ? got : 0), buffer);
            exit(1);
        }
    }
    puts("ready");
    fflush(stdout);
    struct sigaction action = { .sa_handler = end };
    sigaction(SIGTERM, &action, NULL);
    long lines = 0;
    int open = count;
    while (!ended && open > 0) {
        double now = now_us();
        int timeout = -1;
        for (int i = 0; i < count; i++) {
            int slow = i % 4 == 0;
            fds[i].events = slow && next[i] > now ? 0 : POLLIN;
            if (fds[i].events == 0) timeout = 10;
        }
        if (poll(fds, (nfds_t)count, timeout) < 0) continue;
        now = now_us();
        for (int i = 0; i < count; i++) {
            if (!(fds[i].revents & (POLLIN | POLLHUP | POLLERR))) continue;
            if (fds[i].events == 0 && !(fds[i].revents & (POLLHUP | POLLERR))) continue;
            int slow = i % 4 == 0;
            ssize_t got = read(fds[i].fd, buffer, slow ? 1024 : sizeof buffer);
            if (got <= 0) {
                close(fds[i].fd);
                fds[i].fd = -1;
                open--;
                continue;
            }
            for (ssize_t k = 0; k < got; k++) lines += buffer[k] == '\n';
            next[i] = now + 50e3;
        }
    }
    printf("%d %d %ld\n", count, open, lines);
}

struct client {
    int fd;
    int busy;
    double due;
    size_t used, total; /* of the answer; total is 0 until its head is there */
    char head[2048];
};

/* Takes what has come; 1 when the answer is whole, -1 when it is none. */
static int take(struct client *c) {
    static char buffer[256 * 1024];
    ssize_t got = read(c->fd, buffer, sizeof buffer);
    if (got <= 0) return -1;
    if (c->total == 0) {
        size_t room = sizeof c->head - 1 - c->used, copy = (size_t)got < room ? (size_t)got : room;
        memcpy(c->head + c->used, buffer, copy);
        c->head[c->used + copy] = 0;
        char *body = strstr(c->head, "\r\n\r\n"), *length = strstr(c->head, "Content-Length: ");
        if (strncmp(c->head, "HTTP/1.1 200", c->used + copy < 12 ? c->used + copy : 12) != 0) return -1;
        if (body) {
            if (!length || length > body) return -1;
            c->total = (size_t)(body + 4 - c->head) + (size_t)atol(length + 16);
        } else if (copy == room) return -1;
    }
    c->used += (size_t)got;
    return c->total > 0 && c->used == c->total;
}

static void load(int rate, int seconds, int count, const char *path, const char *target) {
    struct client *clients = calloc((size_t)count, sizeof *clients);
    struct pollfd *fds = calloc((size_t)count, sizeof *fds);
    long all = (long)rate * seconds, sent = 0, done = 0, errors = 0;
    float *times = calloc((size_t)all, sizeof *times);
    if (!clients || !fds || !times) die("calloc");
    char request[512];
    size_t length = (size_t)snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: bench\r\n\r\n", target);
    for (int i = 0; i < count; i++) clients[i].fd = connect_to(path);
    double start = now_us(), interval = 1e6 / rate;
    /* In turn: one that nobody uses for 10 s is closed by the server, as docs/protocol.md says. */
    int next = 0;
    while (done + errors < all) {
        double now = now_us();
        int timeout = -1;
        for (int i = 0; i < count && sent < all; i++) {
            double due = start + (double)sent * interval;
            if (due > now) {
                double wait = (due - now) / 1e3;
                timeout = wait < 1 ? 0 : (int)wait;
                break;
            }
            struct client *c = &clients[next];
            next = (next + 1) % count;
            if (c->busy) continue;
            c->busy = 1;
            c->due = due;
            c->used = c->total = 0;
            send_all(c->fd, request, length);
            sent++;
        }
        int any = 0;
        for (int i = 0; i < count; i++) {
            fds[i] = (struct pollfd){ .fd = clients[i].busy ? clients[i].fd : -1, .events = POLLIN };
            any |= clients[i].busy;
        }
        /* Between two that are due there is less than poll(2) can tell: it sleeps by ppoll. */
        struct timespec wait = { 0, 0 };
        if (timeout != 0 || !any) {
            double due = sent < all ? start + (double)sent * interval - now_us() : 1e6;
            if (due > 0) wait = (struct timespec){ (time_t)(due / 1e6), (long)(due * 1e3) % 1000000000 };
        }
        if (ppoll(fds, (nfds_t)count, &wait, NULL) < 0) die("ppoll");
        for (int i = 0; i < count; i++) {
            if (!(fds[i].revents)) continue;
            struct client *c = &clients[i];
            int whole = take(c);
            if (whole == 0) continue;
            if (whole < 0) {
                errors++;
                close(c->fd);
                c->fd = connect_to(path);
            } else times[done++] = (float)(now_us() - c->due);
            c->busy = 0;
        }
    }
    printf("%ld %ld %.3f\n", done, errors, (now_us() - start) / 1e6);
    for (long i = 0; i < done; i++) printf("%.1f\n", (double)times[i]);
}

static void restart(int seconds, const char *path, const char *service) {
    double end_at = now_us() + seconds * 1e6;
    while (now_us() < end_at) {
        double start = now_us();
        change(path, "restart", service);
        printf("%.1f\n", now_us() - start);
        usleep(20000);
    }
}

int main(int argc, char **argv) {
    const char *what = argc > 1 ? argv[1] : "";
    signal(SIGPIPE, SIG_IGN);
    if (strcmp(what, "follow") == 0 && argc == 4) follow(atoi(argv[2]), argv[3]);
    else if (strcmp(what, "load") == 0 && argc == 7) load(atoi(argv[2]), atoi(argv[3]), atoi(argv[4]), argv[5], argv[6]);
    else if (strcmp(what, "restart") == 0 && argc == 5) restart(atoi(argv[2]), argv[3], argv[4]);
    else return 2;
    return 0;
}
