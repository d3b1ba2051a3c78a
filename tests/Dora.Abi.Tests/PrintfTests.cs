namespace Dora.Abi.Tests;

/// <summary>native/printf.c against the C library's: what it understands it writes as that does, byte for byte.</summary>
public class PrintfTests
{
    static readonly string[] s_calls =
    [
        "64, \"plain\"", "64, \"\"", "64, \"100 %%\"", "64, \"%u.%u.%u.%u\", 1, 22, 255, 0", "64, \"%x:%x\", 0xfe80, 1", "64, \"%s/%s\", \"a\", \"bb\"",
        "5, \"%s/%s\", \"aaaa\", \"bb\"", "1, \"%d\", 55", "0, \"%s\", \"q\"", "64, \"%d %i %ld %lld\", -5, 7, -9999999999L, LLONG_MIN", "64, \"%08x|%4d|%3s|%c|%5c\", 0xbeef, -3, \"a\", 'x', 'y'",
        "64, \"%04d|%03d\", -3, 12345", "64, \"%.3s|%.*s\", \"abcdef\", 2, \"xyz\"", "64, \"%zu %lu %lx %X %o\", (size_t)-1, ULONG_MAX, 0xabcdefUL, 0xABCu, 8", "64, \"%hx %hu\", 0x12, 77", "64, \"%p\", (void *)0x1234",
        "64, \"%jd %td\", (intmax_t)-1, (ptrdiff_t)5", "8, \"%10d\", 3", "64, \"node%d/cpulist\", 3",
    ];

    [Fact]
    public void What_it_understands_it_writes_as_the_C_library_does()
    {
        string source = Path.Combine(Repository.Root, "src/native/printf.c");
        var program = new CProgram($$"""
            #define __vsnprintf_internal ours_vsnprintf
            #define __vsprintf_internal ours_vsprintf
            #define __vasprintf_internal ours_vasprintf
            #define __vfprintf_internal ours_vfprintf
            #define __vfwprintf_internal ours_vfwprintf
            #include "{{source}}"
            #include <limits.h>
            static int ours(char *at, size_t size, const char *format, ...)
            {
                va_list arguments;
                va_start(arguments, format);
                int length = ours_vsnprintf(at, size, format, arguments, 0);
                va_end(arguments);
                return length;
            }
            #pragma clang diagnostic ignored "-Wformat"
            #pragma clang diagnostic ignored "-Wformat-zero-length"
            #define SAME(...) ({ char x[64], y[64]; memset(x, 1, 64); memset(y, 1, 64); int n = snprintf(x, __VA_ARGS__), m = ours(y, __VA_ARGS__); n == m && memcmp(x, y, 64) == 0; })
            """);
        for (int i = 0; i < s_calls.Length; i++) program.Ask($"call-{i}", $"SAME({s_calls[i]})");
        var answers = program.Answers();
        Assert.Equal(s_calls.Length, answers.Count);
        Assert.Empty(s_calls.Where((_, i) => answers[$"call-{i}"] != 1));
    }
}
