/*
 * notify WHAT...: a client of sd_notify(3) that sends exactly what it is told, in order:
 *
 *   TEXT          one datagram to NOTIFY_SOCKET; \n in it is a line end
 *   @big          one of 5000 bytes
 *   @store TEXT   one with a fresh memfd beside it, whose content is TEXT's last line
 *   @many COUNT   one FDSTORE=1 for each of COUNT memfds
 *   @flood COUNT  that many different STATUS lines
 *   @reloading    RELOADING=1 with the time in MONOTONIC_USEC
 *   @barrier      BARRIER=1, and waits until the other end has closed the pipe
 *   @sleep MS     waits
 *   @exec PATH... becomes that program
 *
 * A datagram that is not taken within 10 s is a failure; exit code 3 tells that the barrier was not lifted.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static void fail(const char *what)
{
    perror(what);
    exit(2);
}

static void send_text(const char *text, size_t length, int fd)
{
    const char *path = getenv("NOTIFY_SOCKET");
    if (!path) {
        fprintf(stderr, "notify: no NOTIFY_SOCKET\n");
        exit(2);
    }
    int s = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (s < 0) fail("socket");
    struct timeval limit = { .tv_sec = 10 };
    setsockopt(s, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    strncpy(address.sun_path, path, sizeof address.sun_path - 1);
    struct iovec iov = { (void *)text, length };
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct msghdr message = { .msg_name = &address, .msg_namelen = sizeof address, .msg_iov = &iov, .msg_iovlen = 1 };
    if (fd >= 0) {
        message.msg_control = &control;
        message.msg_controllen = sizeof control.space;
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(header), &fd, sizeof fd);
    }
    if (sendmsg(s, &message, MSG_NOSIGNAL) < 0) fail("sendmsg");
    close(s);
}

static int memory(const char *content)
{
    int fd = memfd_create("stored", MFD_CLOEXEC);
    if (fd < 0 || write(fd, content, strlen(content)) < 0 || lseek(fd, 0, SEEK_SET) < 0) fail("memfd");
    return fd;
}

static size_t unescape(char *text)
{
    char *out = text;
    for (char *in = text; *in; in++) {
        if (in[0] == '\\' && in[1] == 'n') {
            *out++ = '\n';
            in++;
        } else
            *out++ = *in;
    }
    *out = 0;
    return (size_t)(out - text);
}

static void barrier(void)
{
    int ends[2];
    if (pipe(ends) < 0) fail("pipe");
    send_text("BARRIER=1", 9, ends[1]);
    close(ends[1]);
    struct pollfd p = { ends[0], POLLIN, 0 };
    if (poll(&p, 1, 10000) <= 0) exit(3);
    close(ends[0]);
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        char *what = argv[i];
        if (strcmp(what, "@barrier") == 0)
            barrier();
        else if (strcmp(what, "@reloading") == 0) {
            struct timespec now;
            char text[64];
            clock_gettime(CLOCK_MONOTONIC, &now);
            send_text(text, (size_t)snprintf(text, sizeof text, "RELOADING=1\nMONOTONIC_USEC=%lld", now.tv_sec * 1000000ll + now.tv_nsec / 1000), -1);
        } else if (strcmp(what, "@flood") == 0 && i + 1 < argc) {
            int count = atoi(argv[++i]);
            for (int k = 0; k < count; k++) {
                char text[32];
                send_text(text, (size_t)snprintf(text, sizeof text, "STATUS=%d", k), -1);
            }
        } else if (strcmp(what, "@sleep") == 0 && i + 1 < argc)
            usleep((useconds_t)atoi(argv[++i]) * 1000);
        else if (strcmp(what, "@big") == 0) {
            char *big = malloc(5001);
            memset(big, 'x', 5000);
            memcpy(big, "READY=1\nSTATUS=", 15);
            send_text(big, 5000, -1);
            free(big);
        } else if (strcmp(what, "@store") == 0 && i + 1 < argc) {
            char *text = argv[++i];
            size_t length = unescape(text);
            char *last = strrchr(text, '\n');
            int fd = memory(last ? last + 1 : text);
            send_text(text, length, fd);
            close(fd);
        } else if (strcmp(what, "@many") == 0 && i + 1 < argc) {
            for (int count = atoi(argv[++i]); count > 0; count--) {
                int fd = memory("x");
                send_text("FDSTORE=1", 9, fd);
                close(fd);
            }
        } else if (strcmp(what, "@exec") == 0 && i + 1 < argc) {
            execv(argv[i + 1], argv + i + 1);
            fail(argv[i + 1]);
        } else
            send_text(what, unescape(what), -1);
    }
    return 0;
}
