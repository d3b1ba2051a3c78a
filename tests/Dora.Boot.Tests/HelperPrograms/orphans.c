/* orphans COUNT: makes that many processes whose parent is gone when they end, 32 at a time. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    long count = argc > 1 ? atol(argv[1]) : 0;
    for (long made = 0; made < count; made += 32) {
        pid_t parent = fork();
        if (parent < 0) {
            perror("fork");
            return 1;
        }
        if (parent == 0) {
            for (int i = 0; i < 32; i++) {
                pid_t child = fork();
                if (child == 0) {
                    /* Some end before their parent does, most behind it. */
                    usleep((unsigned)(i * 500));
                    _exit(i);
                }
                if (child < 0) _exit(1);
            }
            _exit(0);
        }
        int status;
        if (waitpid(parent, &status, 0) != parent || status != 0) {
            fprintf(stderr, "orphans: a parent failed (status %d) after %ld\n", status, made);
            return 1;
        }
    }
    return 0;
}
