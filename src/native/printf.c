/*
 * printf(3) as far as a program here has a use for it. What the runtime and the C library format in a running program are
 * addresses (inet_ntop), paths (cgroups) and numbers; the library's own machinery for that brings floating point, wide characters and
 * locales, 110 kB in each program. Strings, characters and whole numbers are all that is understood: with width, '0', and a
 * precision for strings.
 *
 * The functions with two underscores are the library's own, behind which its other members stand (sprintf, inet_ntop, asprintf). Output
 * to a stream is dropped: that is last words of the runtime and the library on a stderr that is nowhere for a process which the
 * kernel or init has started. (An exception that nobody caught is told by write(2), and by us.)
 */
#define _GNU_SOURCE
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

struct buffer {
    char *at;
    size_t size, length; /* what fits with its NUL, and what would have been written */
};

static void put(struct buffer *to, const char *text, size_t count)
{
    for (; count > 0; count--, text++, to->length++)
        if (to->length + 1 < to->size)
            to->at[to->length] = *text;
}

static void pad(struct buffer *to, char fill, size_t width, size_t count)
{
    for (; width > count; width--)
        put(to, &fill, 1);
}

static size_t number_in(const char **text)
{
    size_t value = 0;
    for (; **text >= '0' && **text <= '9'; ++*text)
        value = value * 10 + (size_t)(**text - '0');
    return value;
}

/* The digits end at END; where they begin. */
static char *digits_of(char *end, char kind, uint64_t value, int is_negative)
{
    unsigned base = kind == 'x' || kind == 'X' || kind == 'p' ? 16 : kind == 'o' ? 8 : 10;
    do
        *--end = (kind == 'X' ? "0123456789ABCDEF" : "0123456789abcdef")[value % base];
    while (value /= base);
    if (is_negative)
        *--end = '-';
    return end;
}

static int format_into(char *at, size_t size, const char *format, va_list arguments)
{
    struct buffer to = { at, size, 0 };
    for (const char *p = format; *p; p++) {
        if (*p != '%' || *++p == '%') {
            put(&to, p, 1);
            continue;
        }
        char digits[24], fill = ' ';
        size_t longest = SIZE_MAX;
        int is_wide = 0;
        if (*p == '0')
            fill = *p++;
        size_t width = number_in(&p);
        if (*p == '.') {
            p++;
            longest = *p == '*' ? (p++, (size_t)va_arg(arguments, int)) : number_in(&p);
        }
        for (; *p == 'l' || *p == 'z' || *p == 'j' || *p == 't' || *p == 'h'; p++)
            is_wide |= *p != 'h';
        if (*p == 0)
            break;
        if (*p == 's') {
            const char *text = va_arg(arguments, const char *);
            size_t count = text ? strnlen(text, longest) : 0;
            pad(&to, ' ', width, count);
            put(&to, text, count);
        } else if (*p == 'c') {
            digits[0] = (char)va_arg(arguments, int);
            pad(&to, ' ', width, 1);
            put(&to, digits, 1);
        } else {
            int is_signed = *p == 'd' || *p == 'i';
            int64_t value = is_wide || *p == 'p' ? va_arg(arguments, int64_t)
                : is_signed ? va_arg(arguments, int) : (int64_t)va_arg(arguments, unsigned);
            int is_negative = is_signed && value < 0;
            char *end = digits + sizeof digits;
            char *text = digits_of(end, *p, is_negative ? 0 - (uint64_t)value : (uint64_t)value, is_negative);
            if (is_negative && fill == '0') { /* the sign comes before the zeros */
                put(&to, text++, 1);
                width -= width > 0;
            }
            if (*p == 'p')
                put(&to, "0x", 2);
            pad(&to, fill, width, (size_t)(end - text));
            put(&to, text, (size_t)(end - text));
        }
    }
    if (size > 0)
        at[to.length < size ? to.length : size - 1] = 0;
    return (int)to.length;
}

int __vsnprintf_internal(char *at, size_t size, const char *format, va_list arguments, unsigned flags)
{
    (void)flags;
    return format_into(at, size, format, arguments);
}

int __vsprintf_internal(char *at, size_t size, const char *format, va_list arguments, unsigned flags)
{
    (void)flags;
    return format_into(at, size, format, arguments);
}

int __vasprintf_internal(char **text, const char *format, va_list arguments, unsigned flags)
{
    (void)flags;
    va_list again;
    va_copy(again, arguments);
    size_t size = (size_t)format_into(NULL, 0, format, arguments) + 1;
    *text = malloc(size);
    int length = *text ? format_into(*text, size, format, again) : -1;
    va_end(again);
    return length;
}

int __vfprintf_internal(FILE *stream, const char *format, va_list arguments, unsigned flags)
{
    (void)stream, (void)format, (void)arguments, (void)flags;
    return -1;
}

int __vfwprintf_internal(FILE *stream, const wchar_t *format, va_list arguments, unsigned flags)
{
    (void)stream, (void)format, (void)arguments, (void)flags;
    return -1;
}
