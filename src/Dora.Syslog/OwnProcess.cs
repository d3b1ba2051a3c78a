using System.Globalization;
using Dora.Core.Linux;

namespace Dora.Syslog;

/// <summary>
/// This program once more, as a child of the same user, for what may take its time: a disk, a slow reader. It is handed descriptors, whose
/// numbers follow the word that says what it is for, and other arguments behind them. Nobody waits for it (SIGCHLD is ignored);
/// what it has to say it says on what it was handed, and the end of that is its end.
/// </summary>
internal static class OwnProcess
{
    /// <summary>Why it could not be started, or null. The descriptors remain the caller's.</summary>
    public static string? Start(string purpose, ReadOnlySpan<FileDescriptor> passed, params ReadOnlySpan<string> arguments)
    {
        var copies = new List<FileDescriptor>();
        var all = new List<string> { "syslog", purpose };
        var errno = Errno.None;
        foreach (var fd in passed)
        {
            if (errno != Errno.None || (errno = Sys.DuplicateForChild(fd, out var copy)) != Errno.None) break;
            copies.Add(copy);
            all.Add(copy.Number.ToString(CultureInfo.InvariantCulture));
        }
        foreach (string argument in arguments) all.Add(argument);
        if (errno == Errno.None) errno = Sys.Spawn("/proc/self/exe", all, [], out _);
        foreach (var copy in copies) copy.Dispose();
        return errno == Errno.None ? null : $"start {purpose}: {errno.Describe()}";
    }

    /// <summary>In the child: descriptor and the arguments behind it.</summary>
    public static FileDescriptor Passed(ref ReadOnlySpan<string> arguments)
    {
        var fd = new FileDescriptor(int.Parse(arguments[0], NumberStyles.None, CultureInfo.InvariantCulture));
        arguments = arguments[1..];
        Sys.CloseOnExecute(fd);
        return fd;
    }
}
