namespace Dora.Syslog;

/// <summary>
/// Cuts bytes into lines. One longer than <see cref="LogRing.MaximumText"/> is cut, between two characters of UTF-8 where
/// there are such, and goes on as a continuation. The CR of a CR LF is dropped. It keeps nothing: what has no end yet is
/// left in <see cref="Rest"/>, and whether a line goes on is told by who looks at the bytes next.
/// </summary>
internal ref struct LineCutter(ReadOnlySpan<byte> bytes, bool goesOn = false)
{
    private const int Limit = LogRing.MaximumText;

    /// <summary>What has not been given out.</summary>
    public ReadOnlySpan<byte> Rest = bytes;

    /// <summary>The line that was found, and whether it goes on another one.</summary>
    public ReadOnlySpan<byte> Line;
    public bool IsContinuation;

    /// <summary>What comes next belongs to the line that was given out last.</summary>
    public bool GoesOn = goesOn;

    /// <summary>Finds the next line; with <paramref name="isEnd"/> also one that has no end.</summary>
    public bool Next(bool isEnd)
    {
        while (!Rest.IsEmpty)
        {
            IsContinuation = GoesOn;
            int newline = (Rest.Length > Limit ? Rest[..(Limit + 1)] : Rest).IndexOf((byte)'\n');
            if (newline < 0)
            {
                if (Rest.Length <= Limit && !isEnd) return false;
                int cut = Rest.Length > Limit ? CharacterBoundary(Rest[..Limit]) : Rest.Length;
                Line = Rest[..cut];
                Rest = Rest[cut..];
                GoesOn = true;
                return true;
            }
            Line = Rest[..newline];
            Rest = Rest[(newline + 1)..];
            GoesOn = false;
            if (Line.EndsWith("\r"u8)) Line = Line[..^1];
            // The end of a line whose text was given out already is no line of its own.
            if (!IsContinuation || !Line.IsEmpty) return true;
        }
        return false;
    }

    /// <summary>The length without a character of UTF-8 that has begun at the end and is not complete.</summary>
    public static int CharacterBoundary(ReadOnlySpan<byte> bytes)
    {
        for (int back = 1; back <= 3 && back < bytes.Length; back++)
        {
            byte b = bytes[^back];
            if ((b & 0xC0) == 0x80) continue; // a later byte of a character
            int needed = b >= 0xF0 ? 4 : b >= 0xE0 ? 3 : b >= 0xC0 ? 2 : 1;
            return needed > back ? bytes.Length - back : bytes.Length;
        }
        return bytes.Length; // no UTF-8
    }
}
