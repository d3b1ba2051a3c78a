namespace Dora.Syslog;

/// <summary>The priority that a line of a service may begin with: <c>&lt;N&gt;</c> as for systemd, <c>N::</c> as for G8OS (Zero-OS).</summary>
internal static class PriorityPrefix
{
    // G8OS numbers kinds, not severities: 1 output, 2 error output, 3 for the users, 4 for the operator, 5 log,
    // 6 log (structured), 7 warning, 8 error, 9 critical, 10 statistics; from 20 on results, which are data.
    private static ReadOnlySpan<byte> SeverityOfLevel => [0, 6, 4, 5, 5, 6, 6, 4, 3, 2, 7];
    private const int Result = 20, LastResult = 30, Informational = 6;

    /// <summary>Cuts the prefix off. Anything but <c>&lt;0&gt;</c> to <c>&lt;7&gt;</c> and the levels that G8OS has is text.</summary>
    public static bool TryStrip(ref ReadOnlySpan<byte> line, out int severity)
    {
        severity = 0;
        if (line.Length < 3) return false;
        if (line[0] == (byte)'<' && line[2] == (byte)'>')
        {
            if (line[1] is < (byte)'0' or > (byte)'7') return false;
            severity = line[1] - '0';
            line = line[3..];
            return true;
        }
        int level = 0, length = 0;
        while (length < 2 && line[length] is >= (byte)'0' and <= (byte)'9') level = level * 10 + line[length++] - '0';
        // ":::" opens several lines, which are lines of their own here.
        if (length == 0 || !line[length..].StartsWith("::"u8) || line[length..].StartsWith(":::"u8)) return false;
        if (level is >= 1 and <= 10) severity = SeverityOfLevel[level];
        else if (level is >= Result and <= LastResult) severity = Informational;
        else return false;
        line = line[(length + 2)..];
        if (line.StartsWith(" "u8)) line = line[1..]; // "3:: text"
        return true;
    }
}
