namespace Dora.Core.Protocol;

/// <summary>What <see cref="HttpChunks.Feed"/> found.</summary>
internal enum HttpChunksResult
{
    /// <summary>All bytes were taken.</summary>
    NeedMore,

    /// <summary>The piece handed out is content; call again with what is left.</summary>
    Data,

    /// <summary>The last chunk and its trailer are read.</summary>
    End,

    Malformed,

    /// <summary>Trailer fields beyond the caps of <see cref="HttpFields"/>.</summary>
    TrailerTooLarge,
}

/// <summary>
/// Undoes the chunked coding (RFC 9112 7.1). Sizes have 1 to 8 hexadecimal digits, a size line at most 256 bytes;
/// extensions are ignored; the trailer is checked and dropped.
/// </summary>
internal sealed class HttpChunks
{
    private const int MaxSizeLine = 256;

    private enum State { Size, Data, DataEnd, Trailer, End }

    private State _state;
    private HttpLine _line;
    private long _left;
    private int _trailerBytes;
    private HttpFields? _trailer;

    /// <summary>
    /// Takes bytes until content is found or more are needed; <paramref name="data"/> is the part of
    /// <paramref name="bytes"/> that is content.
    /// </summary>
    public HttpChunksResult Feed(ReadOnlySpan<byte> bytes, out int consumed, out ReadOnlySpan<byte> data)
    {
        consumed = 0;
        data = default;
        while (_state != State.End)
        {
            if (_state == State.Data && _left > 0)
            {
                int count = (int)Math.Min(_left, bytes.Length - consumed);
                if (count == 0) return HttpChunksResult.NeedMore;
                data = bytes.Slice(consumed, count);
                consumed += count;
                _left -= count;
                return HttpChunksResult.Data;
            }
            if (_state == State.Data) _state = State.DataEnd;

            int limit = _state switch
            {
                State.Size => MaxSizeLine,
                State.DataEnd => 0,
                _ => HttpFields.MaxBytes - _trailerBytes,
            };
            var result = _line.Feed(bytes[consumed..], limit, out int taken);
            consumed += taken;
            if (result == HttpLineResult.NeedMore) return HttpChunksResult.NeedMore;
            if (result == HttpLineResult.TooLong && _state == State.Trailer) return HttpChunksResult.TrailerTooLarge;
            if (result != HttpLineResult.Complete || !TakeLine(out bool tooLarge)) return HttpChunksResult.Malformed;
            if (tooLarge) return HttpChunksResult.TrailerTooLarge;
            _line.Reset();
        }
        return HttpChunksResult.End;
    }

    private bool TakeLine(out bool tooLarge)
    {
        tooLarge = false;
        var text = _line.Text;
        switch (_state)
        {
            case State.Size:
                if (!TryReadSize(text, out _left)) return false;
                _state = _left == 0 ? State.Trailer : State.Data;
                return true;
            case State.DataEnd:
                _state = State.Size;
                return true;
            default:
                if (text.IsEmpty)
                {
                    _state = State.End;
                    return true;
                }
                _trailer ??= new HttpFields();
                _trailerBytes += text.Length + 2;
                tooLarge = _trailer.Count == HttpFields.MaxCount || _trailerBytes > HttpFields.MaxBytes;
                return tooLarge || _trailer.TryAdd(text);
        }
    }

    private static bool TryReadSize(ReadOnlySpan<byte> line, out long size)
    {
        size = 0;
        int digits = 0;
        while (digits < line.Length && char.IsAsciiHexDigit((char)line[digits]))
        {
            if (digits == 8) return false;
            size = size << 4 | (uint)HttpTarget.HexValue(line[digits++]);
        }
        if (digits == 0) return false;
        foreach (byte b in line)
            if (b is < 0x20 and not (byte)'\t' or 0x7F) return false;
        // RFC 9112 7.1.1: only an extension may follow, with optional white space before its semicolon.
        var rest = line[digits..].TrimStart(" \t"u8);
        return rest.IsEmpty ? digits == line.Length : rest[0] == ';';
    }
}
