/*
 * bench/service's other half: what is measured, one figure in microseconds a line on stdout.
 *
 *   service pause                         the trivial service: does nothing until it is killed
 *   service spawn N PROGRAM ARGUMENT...   posix_spawn(3) until it returns, which is when the child has executed
 *   service session N PROGRAM ARGUMENT... the same into a session of its own, by a parent that has slept before, as an
 *                                         init has: the processor is cold, and a new session is a group of its own for
 *                                         the scheduler (autogroup)
 *   service run N PROGRAM ARGUMENT...     a program from posix_spawn to its end, its output thrown away
 *   service get N SOCKET PATH             one request, from connect to the last byte
 *   service start N SOCKET SERVICE        from the request to start to the answer that it runs; stopped in between
 *   service burst N SOCKET GROUP COUNT    the same for a group that pulls in COUNT services: the time of one of them
 */
#define _GNU_SOURCE
#include "client.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static pid_t spawn(char **command, const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *attributes) {
    pid_t pid;
    if ((errno = posix_spawn(&pid, command[0], actions, attributes, command, environ)) != 0) die(command[0]);
    return pid;
}

static void spawn_often(int rounds, char **command, int own_session) {
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    if (own_session) posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
    while (rounds-- > 0) {
        if (own_session) usleep(2000);
        double start = now_us();
        pid_t pid = spawn(command, NULL, &attributes);
        double end = now_us();
        kill(pid, SIGKILL);
        if (waitpid(pid, NULL, 0) < 0) die("waitpid");
        printf("%.1f\n", end - start);
    }
}

static void run_often(int rounds, char **command) {
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    while (rounds-- > 0) {
        int status;
        double start = now_us();
        pid_t pid = spawn(command, &actions, NULL);
        if (waitpid(pid, &status, 0) < 0) die("waitpid");
        double end = now_us();
        if (status != 0) {
            fprintf(stderr, "service: %s: status %d\n", command[0], status);
            exit(1);
        }
        printf("%.1f\n", end - start);
    }
}

static void get_often(int rounds, const char *socket, const char *target) {
    while (rounds-- > 0) {
        double start = now_us();
        ask(socket, "GET", target);
        printf("%.1f\n", now_us() - start);
    }
}

static void start_often(int rounds, const char *socket, const char *service, const char *stopped, int count) {
    while (rounds-- > 0) {
        double start = now_us();
        change(socket, "start", service);
        printf("%.1f\n", (now_us() - start) / count);
        change(socket, "stop", stopped);
    }
}

int main(int argc, char **argv) {
    const char *what = argc > 1 ? argv[1] : "";
    if (strcmp(what, "pause") == 0)
        for (;;) pause();
    int rounds = argc > 2 ? atoi(argv[2]) : 0;
    if (strcmp(what, "spawn") == 0 && argc > 3) spawn_often(rounds, argv + 3, 0);
    else if (strcmp(what, "session") == 0 && argc > 3) spawn_often(rounds, argv + 3, 1);
    else if (strcmp(what, "run") == 0 && argc > 3) run_often(rounds, argv + 3);
    else if (strcmp(what, "get") == 0 && argc == 5) get_often(rounds, argv[3], argv[4]);
    else if (strcmp(what, "start") == 0 && argc == 5) start_often(rounds, argv[3], argv[4], argv[4], 1);
    else if (strcmp(what, "burst") == 0 && argc == 7) start_often(rounds, argv[3], argv[4], argv[5], atoi(argv[6]));
    else return 2;
    return 0;
}
