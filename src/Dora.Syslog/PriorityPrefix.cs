namespace Dora.Syslog;

/// <summary>The priority that a line of a service may begin with: <c>&lt;N&gt;</c> as for systemd, <c>N::</c> as for G8OS.</summary>
internal static class PriorityPrefix
{
    /// <summary>Cuts the prefix off. N is a severity 0 to 7; anything else is text.</summary>
    public static bool TryStrip(ref ReadOnlySpan<byte> line, out int severity)
    {
        severity = 0;
        if (line.Length < 3) return false;
        byte digit;
        int length = 3;
        if (line[0] == (byte)'<' && line[2] == (byte)'>') digit = line[1];
        else if (line[1] == (byte)':' && line[2] == (byte)':') digit = line[0];
        else return false;
        if (digit is < (byte)'0' or > (byte)'7') return false;
        if (line[1] == (byte)':' && line.Length > 3 && line[3] == (byte)' ') length = 4; // G8OS writes "3:: text"
        severity = digit - '0';
        line = line[length..];
        return true;
    }
}
