namespace Dora.Core.Protocol;

/// <summary>What <see cref="HttpLine.Feed"/> found.</summary>
internal enum HttpLineResult
{
    /// <summary>All bytes were taken, the line goes on.</summary>
    NeedMore,

    Complete,

    /// <summary>Longer than allowed.</summary>
    TooLong,

    /// <summary>A line feed without carriage return before it, or a carriage return without line feed behind it.</summary>
    BadLineEnd,
}

/// <summary>
/// Collects one line across any number of reads. Lines end with CR LF and with nothing else: a bare LF is where two
/// implementations may disagree about where a request ends, and no client of ours sends it.
/// </summary>
internal struct HttpLine
{
    private byte[]? _buffer;
    private int _length;
    private bool _sawCarriageReturn;

    /// <summary>The line without its end; valid after <see cref="HttpLineResult.Complete"/> until <see cref="Reset"/>.</summary>
    public readonly ReadOnlySpan<byte> Text => _buffer.AsSpan(0, _length);

    /// <summary>Whether nothing of the line has come yet.</summary>
    public readonly bool IsEmpty => _length == 0 && !_sawCarriageReturn;

    public void Reset()
    {
        _length = 0;
        _sawCarriageReturn = false;
    }

    /// <summary>Takes bytes up to and including the line end; <paramref name="limit"/> is for the text without it.</summary>
    public HttpLineResult Feed(ReadOnlySpan<byte> bytes, int limit, out int consumed)
    {
        consumed = 0;
        if (!_sawCarriageReturn)
        {
            int end = bytes.IndexOfAny((byte)'\r', (byte)'\n');
            var part = end < 0 ? bytes : bytes[..end];
            if (_length + part.Length > limit) return HttpLineResult.TooLong;
            Append(part);
            consumed = part.Length;
            if (end < 0) return HttpLineResult.NeedMore;
            if (bytes[end] == '\n') return HttpLineResult.BadLineEnd;
            _sawCarriageReturn = true;
            consumed++;
        }
        if (consumed == bytes.Length) return HttpLineResult.NeedMore;
        if (bytes[consumed] != '\n') return HttpLineResult.BadLineEnd;
        consumed++;
        return HttpLineResult.Complete;
    }

    private void Append(ReadOnlySpan<byte> part)
    {
        if (part.IsEmpty) return;
        _buffer ??= new byte[256];
        if (_length + part.Length > _buffer.Length)
            Array.Resize(ref _buffer, Math.Max(_buffer.Length * 2, _length + part.Length));
        part.CopyTo(_buffer.AsSpan(_length));
        _length += part.Length;
    }
}
