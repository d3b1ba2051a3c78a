#ifndef CLIENT_H
#define CLIENT_H
#include <stddef.h>

/* Says "PROGRAM: WHAT: the words of errno" and ends. Whatever fails in a bench's client ends it. */
_Noreturn void die(const char *what);

/* CLOCK_MONOTONIC in microseconds. */
double now_us(void);

/* A connection to a Unix socket. */
int connect_to(const char *path);

void send_all(int fd, const char *text, size_t length);

/* The whole answer to one request on a connection of its own, as dora asks. It stays valid until the next one. */
const char *ask(const char *path, const char *method, const char *target);

/* One change of a service, from the request to the answer that it is done. */
void change(const char *path, const char *verb, const char *service);

#endif
