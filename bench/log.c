/*
 * bench/log's other half: programs that log, and the count of what has arrived.
 *
 *   log write FOLDER FIRST WRITERS LINES RATE SINK   WRITERS processes, numbered from FIRST, that write LINES lines each
 *   log count WRITERS LINES                          stdin: how many different lines of theirs are there, how many again
 *
 * SINK: stdout; unix:PATH, datagrams as syslog(3) sends them; fifo:PATH, of which writer N takes PATH.N; journal:PATH,
 * journald's stream socket with the words that sd_journal_stream_fd(3) begins with. RATE is lines a second of each writer, 0 as
 * fast as they are taken. One write(2) or send(2) a line of 100 bytes, as programs do that write lines.
 *
 * Each writer makes FOLDER/ready.N, begins when FOLDER/go is there, and leaves FOLDER/done.N: begin and end (us), lines that were
 * refused. So whoever starts them, and one by one, they begin together.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char mark[] = "bench=";
static const char *folder;

static _Noreturn void die(const char *what) {
    fprintf(stderr, "log: %s: %s\n", what, strerror(errno));
    exit(1);
}

static long long now_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}

static void sleep_until(long long us) {
    struct timespec t = { .tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000 };
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR) {}
}

/* Under its name at once: whoever sees the file sees all of it. */
static void leave(const char *name, int number, const char *text) {
    char path[300], new[320];
    snprintf(path, sizeof path, "%s/%s.%d", folder, name, number);
    snprintf(new, sizeof new, "%s.new", path);
    FILE *file = fopen(new, "w");
    if (!file || fputs(text, file) < 0 || fclose(file) != 0 || rename(new, path) < 0) die(path);
}

static int connected(const char *path, int type) {
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) < 0) die(path);
    return fd;
}

static int open_sink(const char *sink, int number) {
    char text[300];
    int fd;
    if (strcmp(sink, "stdout") == 0) return 1;
    if (strncmp(sink, "unix:", 5) == 0) return connected(sink + 5, SOCK_DGRAM);
    if (strncmp(sink, "fifo:", 5) == 0) {
        snprintf(text, sizeof text, "%s.%d", sink + 5, number);
        if ((fd = open(text, O_WRONLY)) < 0) die(text);
        return fd;
    }
    if (strncmp(sink, "journal:", 8) != 0) die(sink);
    fd = connected(sink + 8, SOCK_STREAM);
    int length = snprintf(text, sizeof text, "load-%d\n\n6\n0\n0\n0\n0\n", number);
    if (write(fd, text, (size_t)length) != length) die(sink);
    return fd;
}

static int put(int fd, const char *line, size_t length) {
    while (length > 0) {
        ssize_t count = write(fd, line, length);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return 0;
        line += count;
        length -= (size_t)count;
    }
    return 1;
}

static void write_lines(int number, int lines, int rate, const char *sink) {
    static const char pad[] = "a line of ordinary length, such as a program writes that has something to tell, ends here...";
    char line[256], text[100];
    int fd = open_sink(sink, number), refused = 0, head = 0;
    int is_datagram = strncmp(sink, "unix:", 5) == 0;
    if (is_datagram) {
        time_t t = time(NULL);
        head = (int)strftime(line, sizeof line, "<30>%b %e %H:%M:%S ", localtime(&t));
        head += snprintf(line + head, sizeof line - (size_t)head, "load[%d]: ", (int)getpid());
    }
    leave("ready", number, "");
    snprintf(text, sizeof text, "%s/go", folder);
    while (access(text, F_OK) != 0) usleep(1000);
    long long begin = now_us();
    for (int i = 0; i < lines; i++) {
        if (rate > 0) sleep_until(begin + i * 1000000LL / rate);
        int length = head + snprintf(line + head, sizeof line - (size_t)head, "%s%02d:%08d %s", mark, number, i, pad);
        line[head + 99] = '\n';
        length = head + 100;
        if (!put(fd, line, (size_t)(is_datagram ? length - 1 : length))) refused++;
    }
    snprintf(text, sizeof text, "%lld %lld %d\n", begin, now_us(), refused);
    leave("done", number, text);
    /* Of a sender that is gone nobody can say who it was. */
    if (is_datagram) sleep(2);
}

static int count_lines(int writers, int lines) {
    unsigned char *seen = calloc((size_t)writers, (size_t)lines);
    long long found = 0, again = 0;
    char *line = NULL;
    size_t room = 0;
    if (!seen) die("calloc");
    while (getline(&line, &room, stdin) > 0) {
        const char *at = strstr(line, mark);
        int writer, number;
        if (!at || sscanf(at + sizeof mark - 1, "%d:%d", &writer, &number) != 2) continue;
        if (writer < 0 || writer >= writers || number < 0 || number >= lines) continue;
        unsigned char *one = seen + (size_t)writer * (size_t)lines + number;
        if (*one) again++;
        else found++;
        *one = 1;
    }
    printf("%lld %lld\n", found, again);
    return 0;
}

int main(int argc, char **argv) {
    const char *what = argc > 1 ? argv[1] : "";
    if (strcmp(what, "count") == 0 && argc == 4) return count_lines(atoi(argv[2]), atoi(argv[3]));
    if (strcmp(what, "write") != 0 || argc != 8) return 2;
    folder = argv[2];
    signal(SIGPIPE, SIG_IGN);
    for (int i = 0; i < atoi(argv[4]); i++) {
        pid_t pid = fork();
        if (pid < 0) die("fork");
        if (pid == 0) {
            write_lines(atoi(argv[3]) + i, atoi(argv[5]), atoi(argv[6]), argv[7]);
            return 0;
        }
    }
    while (wait(NULL) > 0 || errno == EINTR) {}
    return 0;
}
