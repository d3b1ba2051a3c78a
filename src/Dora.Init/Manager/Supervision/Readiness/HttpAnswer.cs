namespace Dora.Init.Manager.Supervision.Readiness;

/// <summary>The first line of an HTTP answer; nothing behind it matters to a health check. Pure.</summary>
internal static class HttpAnswer
{
    /// <summary>
    /// False: more bytes are needed (never when <paramref name="isComplete"/>: no more will come). True: the status, or
    /// a fault in words.
    /// </summary>
    public static bool TryReadStatus(ReadOnlySpan<byte> text, bool isComplete, out int status, out string? fault)
    {
        const int Needed = 13; // "HTTP/1.1 200" and one more
        status = 0;
        fault = null;
        var beginning = "HTTP/1."u8;
        int compared = Math.Min(text.Length, beginning.Length);
        bool isHttp = text[..compared].SequenceEqual(beginning[..compared]);
        if (isHttp && text.Length < Needed && !isComplete) return false;
        if (isHttp && text.Length >= Needed && char.IsAsciiDigit((char)text[7]) && text[8] == ' ' && text[12] is (byte)' ' or (byte)'\r' or (byte)'\n')
        {
            for (int i = 9; i < 12; i++)
            {
                if (!char.IsAsciiDigit((char)text[i])) isHttp = false;
                status = status * 10 + text[i] - '0';
            }
            if (isHttp) return true;
        }
        fault = text.IsEmpty ? "no answer to http" : "the answer is not http";
        return true;
    }
}
