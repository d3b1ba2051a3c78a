/* The smallest machine: /init that echoes lines of the console and ends the machine when told how. */
#include <stdio.h>
#include <string.h>
#include <sys/reboot.h>
#include <unistd.h>

int main(void)
{
    char line[128];
    setvbuf(stdout, NULL, _IONBF, 0);
    printf("\033[1mtoy\033[0m: ready\n");
    while (fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\r\n")] = 0;
        if (strcmp(line, "poweroff") == 0) reboot(RB_POWER_OFF);
        if (strcmp(line, "reboot") == 0) reboot(RB_AUTOBOOT);
        if (strcmp(line, "die") == 0) return 1;
        printf("toy: got %s\n", line);
    }
    for (;;) pause();
}
