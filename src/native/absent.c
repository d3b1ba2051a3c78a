// What the runtime would link from the C library and never has a use for in this program.
#include <stddef.h>
#include <string.h>
#include <strings.h>

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

// Messages of the C library in other languages: it looks for catalogues otherwise.
char *__dcgettext(const char *domain, const char *text, int category)
{
    (void)domain, (void)category;
    return (char *)text;
}

// The C library has each of these eight times, for generations of processors; they are called a few times at start.
static int lower(int c)
{
    return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
}

int strncasecmp(const char *a, const char *b, size_t count)
{
    for (; count > 0; a++, b++, count--) {
        int difference = lower((unsigned char)*a) - lower((unsigned char)*b);
        if (difference != 0 || *a == 0)
            return difference;
    }
    return 0;
}

int strcasecmp(const char *a, const char *b)
{
    return strncasecmp(a, b, (size_t)-1);
}

char *strncat(char *to, const char *from, size_t count)
{
    char *end = to;
    while (*end)
        end++;
    while (count-- > 0 && *from)
        *end++ = *from++;
    *end = 0;
    return to;
}

char *strcat(char *to, const char *from)
{
    return strncat(to, from, (size_t)-1);
}

char *strncpy(char *to, const char *from, size_t count)
{
    size_t i = 0;
    for (; i < count && from[i]; i++)
        to[i] = from[i];
    for (; i < count; i++)
        to[i] = 0;
    return to;
}
