namespace Dora.Core.Configuration.Forwarding;

/// <summary>
/// Which lines are meant, as syslog.conf(5) writes it: <c>*.info;mail,news.none;authpriv.*</c>. Parts apply from left to right;
/// a severity means itself and what is more urgent, <c>=</c> in front of it only itself, <c>!</c> takes away what it would have given,
/// <c>none</c> takes the facility away.
/// </summary>
internal sealed class LogSelector
{
    public const string Forms = "FACILITY.SEVERITY;... as in syslog.conf";
    private const int LongestText = 1000;
    private const byte All = 0xFF;

    // The index is the number (syslog(3), RFC 5424 section 6.2.1).
    private static readonly string[] s_facilities =
    [
        "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp",
        "ntp", "audit", "alert", "clock", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
    ];

    private static readonly string[] s_severities = ["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"];

    // What old files still have.
    private static readonly (string Old, string Name)[] s_oldNames = [("security", "auth"), ("panic", "emerg"), ("error", "err"), ("warn", "warning")];

    private readonly byte[] _severities; // by facility, a bit for each severity

    private LogSelector(byte[] severities) => _severities = severities;

    /// <summary>Every line.</summary>
    public static LogSelector Everything { get; } = new([.. Enumerable.Repeat(All, s_facilities.Length)]);

    /// <param name="priority">facility * 8 + severity.</param>
    public bool Selects(int priority) => (priority >> 3) is >= 0 and var facility && facility < _severities.Length && (_severities[facility] >> (priority & 7) & 1) != 0;

    public static bool TryParse(string text, out LogSelector selector, out string problem)
    {
        selector = Everything;
        var severities = new byte[s_facilities.Length];
        problem = "";
        if (text.Length > LongestText) problem = $"is longer than {LongestText} characters";
        foreach (string part in text.Split(';', StringSplitOptions.TrimEntries))
        {
            if (problem.Length > 0) return false;
            problem = Apply(part, severities) ?? "";
        }
        if (problem.Length > 0) return false;
        selector = new LogSelector(severities);
        return true;
    }

    private static string? Apply(string part, byte[] severities)
    {
        int dot = part.LastIndexOf('.');
        if (dot < 1) return $"'{Printable.Text(part)}' is not FACILITY.SEVERITY, such as *.info or auth.none";
        string severity = part[(dot + 1)..];
        bool isTaken = severity.StartsWith('!');
        if (isTaken) severity = severity[1..];
        bool isAlone = severity.StartsWith('=');
        if (isAlone) severity = severity[1..];
        byte bits;
        if (severity == "*") bits = All;
        else if (severity == "none" && !isTaken && !isAlone) (bits, isTaken) = (All, true);
        else if (IndexOf(s_severities, severity) is >= 0 and var level) bits = (byte)(isAlone ? 1 << level : (1 << (level + 1)) - 1);
        else return $"'{Printable.Text(severity)}' is not one of {string.Join(", ", s_severities)}, none, *";
        foreach (string name in part[..dot].Split(',', StringSplitOptions.TrimEntries))
        {
            int facility = name == "*" ? -1 : IndexOf(s_facilities, name);
            if (facility < 0 && name != "*") return $"'{Printable.Text(name)}' is not one of {string.Join(", ", s_facilities)}, *";
            for (int i = 0; i < severities.Length; i++)
                if (facility < 0 || facility == i) severities[i] = (byte)(isTaken ? severities[i] & ~bits : severities[i] | bits);
        }
        return null;
    }

    private static int IndexOf(string[] names, string name)
    {
        foreach (var (old, now) in s_oldNames)
            if (name == old) name = now;
        return Array.IndexOf(names, name);
    }
}
