using System.Text;
using Dora.Core.Protocol;

namespace Dora.Syslog;

/// <summary>Which lines a query wants. The same for lines in the ring and in files.</summary>
internal sealed class LogFilter(LogQuery query)
{
    private readonly byte[] _service = Encoding.UTF8.GetBytes(query.Service ?? "");
    private readonly byte[] _grep = Pattern(query);
    private readonly long _until = query.UntilUs > 0 ? query.UntilUs : long.MaxValue;

    public ReadOnlySpan<byte> Service => _service;

    public bool Matches(in LogEntry entry) =>
        LogRing.Matches(_service, entry.Service) && entry.Severity <= query.Priority && entry.TimeUs >= query.SinceUs && entry.TimeUs <= _until
        && (!query.Kernel || entry.Source == LogSource.Kernel) && (_grep.Length == 0 || Holds(entry.Text));

    private bool Holds(ReadOnlySpan<byte> text)
    {
        if (!query.IgnoreCase) return text.IndexOf(_grep) >= 0;
        byte first = _grep[0], other = first is >= (byte)'a' and <= (byte)'z' ? (byte)(first - 32) : first;
        while (text.Length >= _grep.Length)
        {
            int at = text[..(text.Length - _grep.Length + 1)].IndexOfAny(first, other);
            if (at < 0) return false;
            int same = 1;
            while (same < _grep.Length && Lower(text[at + same]) == _grep[same]) same++;
            if (same == _grep.Length) return true;
            text = text[(at + 1)..];
        }
        return false;
    }

    // As the text: a to z only, or what is not ASCII would not be found even as it was written.
    private static byte[] Pattern(LogQuery query)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(query.Grep ?? "");
        for (int i = 0; i < bytes.Length && query.IgnoreCase; i++) bytes[i] = Lower(bytes[i]);
        return bytes;
    }

    private static byte Lower(byte b) => b is >= (byte)'A' and <= (byte)'Z' ? (byte)(b + 32) : b;
}
