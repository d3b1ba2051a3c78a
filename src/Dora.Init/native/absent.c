// What the runtime would link from the C library and never has a use for in this program.
#include <stddef.h>
#include <stdarg.h>

// Lines of /proc/meminfo and of cgroup files, which the collector sizes its heap by: ours is sized by fixed settings
// (NativeAot.props). "Nothing matched" makes it ask sysconf(3) instead, and see no cgroup.
int sscanf(const char *text, const char *format, ...)
{
    (void)text, (void)format;
    return -1;
}

int __isoc99_sscanf(const char *text, const char *format, ...)
{
    (void)text, (void)format;
    return -1;
}

// A static program has nothing to load.
void *dlopen(const char *file, int mode)
{
    (void)file, (void)mode;
    return NULL;
}

void *dlsym(void *handle, const char *name)
{
    (void)handle, (void)name;
    return NULL;
}

char *dlerror(void)
{
    return (char *)"a static program loads nothing";
}
