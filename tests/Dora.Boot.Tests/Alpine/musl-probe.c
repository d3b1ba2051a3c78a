/* Shows what its loader has mapped. Linked as Alpine links programs: its C library is libc.musl-x86_64.so.1. */
#include <stdio.h>

int main(void)
{
    char line[512];
    FILE *maps = fopen("/proc/self/maps", "r");
    if (!maps) return 1;
    while (fgets(line, sizeof line, maps)) fputs(line, stdout);
    return 0;
}
