using System.Text;
using Dora.Core.Linux;

namespace Dora.Init;

/// <summary>
/// Messages of every role, to /dev/kmsg: one place from the first stage of boot to the last line before power-off, in
/// order with the kernel's own. The kernel prints them on every console by its log level, so that <c>quiet</c> leaves
/// errors there and the rest in the log; syslog reads them from the same place. A message is one write and one line.
/// Without /dev/kmsg they go to /dev/console, and without that nowhere: a message must never be what fails.
/// </summary>
internal static class Log
{
    // syslog(3): levels as the kernel's KERN_*
    private const int Emergency = 0, Err = 3, Warning = 4, Informational = 6, DebugLevel = 7;

    /// <summary>The kernel refuses a record beyond some 976 bytes.</summary>
    private const int LongestBytes = 900;

    private static FileDescriptor? s_kernel;

    /// <summary><c>pandora.debug</c>: whether <see cref="Debug"/> says anything.</summary>
    public static bool IsDebug { get; set; }

    public static void Debug(string text)
    {
        if (IsDebug) Write(DebugLevel, text);
    }

    public static void Info(string text) => Write(Informational, text);
    public static void Warn(string text) => Write(Warning, text);
    public static void Error(string text) => Write(Err, text);

    /// <summary>What people at the console should see also with <c>quiet</c>, and what is no error: how the end of the machine goes on.</summary>
    public static void Announce(string text) => Write(Err, text);

    /// <summary>For a dead end: on every console, whatever its log level.</summary>
    public static void Fatal(string text) => Write(Emergency, text);

    /// <summary>After a change of root or of /dev: the next message opens the device anew.</summary>
    public static void Reopen()
    {
        s_kernel?.Dispose();
        s_kernel = null;
    }

    /// <summary>Stands in for the kernel's log on the thread of a test; nothing else sets it.</summary>
    [ThreadStatic]
    internal static Action<string>? TestSink;

    private static void Write(int level, string text)
    {
        if (TestSink is { } sink)
        {
            sink(text);
            return;
        }
        byte[] record = Record(level, text);
        // O_APPEND is for a plain file in its place (a test, a container), which several processes write to.
        if (s_kernel is null && Sys.Open("/dev/kmsg", Libc.O_WRONLY | Libc.O_APPEND | Libc.O_NOCTTY, 0, out var kernel) == Errno.None)
            s_kernel = kernel;
        if (s_kernel is not null && Sys.Write(s_kernel, record, out _) == Errno.None) return;
        if (Sys.Open("/dev/console", Libc.O_WRONLY | Libc.O_NOCTTY | Libc.O_NONBLOCK, 0, out var console) != Errno.None) return;
        using (console) _ = Sys.Write(console, Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(record)[3..^1] + "\r\n"), out _);
    }

    /// <summary>
    /// <c>&lt;6&gt;pandora: text</c> and its line end: one line, bounded, without other control characters. The kernel
    /// keeps a record without a line end open, for a continuation, and shows it to nobody until the next one is written:
    /// every last message (an offer, a power-off) would be missing for as long as nothing follows it.
    /// </summary>
    internal static byte[] Record(int level, string text)
    {
        string line = $"<{level}>pandora: {text}";
        var bytes = new byte[Encoding.UTF8.GetMaxByteCount(Math.Min(line.Length, LongestBytes)) + 1];
        int length = Encoding.UTF8.GetBytes(line.AsSpan(0, Math.Min(line.Length, LongestBytes)), bytes);
        if (length > LongestBytes)
        {
            length = LongestBytes;
            while ((bytes[length] & 0xC0) == 0x80) length--; // not in the middle of a character
        }
        for (int i = 0; i < length; i++)
            if (bytes[i] < ' ' || bytes[i] == 0x7F) bytes[i] = (byte)' ';
        bytes[length] = (byte)'\n';
        return bytes[..(length + 1)];
    }
}
