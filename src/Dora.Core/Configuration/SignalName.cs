using Dora.Core.Linux;

namespace Dora.Core.Configuration;

/// <summary>Signals by name, as signal(7) has them for x86-64 and arm64.</summary>
internal static class SignalName
{
    public const int Default = Libc.SIGTERM;

    private static readonly (string Name, int Number)[] s_signals =
    [
        ("HUP", Libc.SIGHUP), ("INT", Libc.SIGINT), ("QUIT", Libc.SIGQUIT), ("ILL", Libc.SIGILL), ("TRAP", Libc.SIGTRAP),
        ("ABRT", Libc.SIGABRT), ("BUS", Libc.SIGBUS), ("FPE", Libc.SIGFPE), ("KILL", Libc.SIGKILL), ("USR1", Libc.SIGUSR1),
        ("SEGV", Libc.SIGSEGV), ("USR2", Libc.SIGUSR2), ("PIPE", Libc.SIGPIPE), ("ALRM", Libc.SIGALRM), ("TERM", Libc.SIGTERM),
        ("STKFLT", Libc.SIGSTKFLT), ("CHLD", Libc.SIGCHLD), ("CONT", Libc.SIGCONT), ("STOP", Libc.SIGSTOP), ("TSTP", Libc.SIGTSTP),
        ("TTIN", Libc.SIGTTIN), ("TTOU", Libc.SIGTTOU), ("URG", Libc.SIGURG), ("XCPU", Libc.SIGXCPU), ("XFSZ", Libc.SIGXFSZ),
        ("VTALRM", Libc.SIGVTALRM), ("PROF", Libc.SIGPROF), ("WINCH", Libc.SIGWINCH), ("IO", Libc.SIGIO), ("PWR", Libc.SIGPWR),
        ("SYS", Libc.SIGSYS),
    ];

    public static IReadOnlyList<string> All { get; } = Array.ConvertAll(s_signals, signal => signal.Name);

    /// <summary><c>TERM</c>, <c>SIGTERM</c>, <c>term</c>, and the real-time signals <c>RTMIN+3</c> and <c>RTMAX-1</c>.</summary>
    public static bool TryParse(string text, out int number)
    {
        number = 0;
        string name = text.ToUpperInvariant();
        if (name.StartsWith("SIG", StringComparison.Ordinal)) name = name[3..];
        foreach (var (known, value) in s_signals)
            if (known == name) number = value;
        if (number == 0 && name is ['R', 'T', 'M', 'I', 'N', '+', .. var up] && Offset(up) is { } above) number = 34 + above;
        if (number == 0 && name is ['R', 'T', 'M', 'A', 'X', '-', .. var down] && Offset(down) is { } below) number = 64 - below;
        return number != 0;
    }

    /// <summary><c>TERM</c> for 15; the number itself where there is no name.</summary>
    public static string Of(int number)
    {
        foreach (var (name, value) in s_signals)
            if (value == number) return name;
        return number is >= 34 and <= 64 ? $"RTMIN+{number - 34}" : number.ToString();
    }

    // The C library keeps 32 and 33: RTMIN is 34, RTMAX is 64.
    private static int? Offset(string digits) =>
        digits.Length is 1 or 2 && int.TryParse(digits, System.Globalization.NumberStyles.None, null, out int value) && value <= 30
            ? value : null;
}
