namespace Dora.Syslog;

/// <summary>Takes one line, without its end.</summary>
internal delegate void LineHandler(ReadOnlySpan<byte> line, bool isContinuation);

/// <summary>
/// Cuts a stream of bytes into lines, whatever pieces it comes in. A line longer than
/// <see cref="LogRing.MaximumText"/> is cut, between two characters of UTF-8 where there are such, and goes on as a
/// continuation. The CR of a CR LF is dropped.
/// </summary>
internal sealed class LineSplitter
{
    private const int Limit = LogRing.MaximumText;

    private byte[] _partial = [];
    private int _length;
    private bool _isContinuation;

    /// <summary>A line has begun and not ended.</summary>
    public bool HasPartial => _length > 0;

    public void Feed(ReadOnlySpan<byte> bytes, LineHandler handler)
    {
        while (!bytes.IsEmpty)
        {
            int newline = bytes.IndexOf((byte)'\n');
            var piece = newline < 0 ? bytes : bytes[..newline];
            if (piece.Length > Limit - _length)
            {
                int taken = Limit - _length;
                Keep(piece[..taken]);
                bytes = bytes[taken..];
                EmitFull(handler);
            }
            else if (newline < 0)
            {
                Keep(piece);
                return;
            }
            else
            {
                bytes = bytes[(newline + 1)..];
                if (_length > 0)
                {
                    Keep(piece);
                    piece = _partial.AsSpan(0, _length);
                }
                EmitEnd(piece, handler);
            }
        }
    }

    /// <summary>Gives out what has no end yet; what follows is its continuation.</summary>
    public void Flush(LineHandler handler)
    {
        if (_length == 0) return;
        int length = _length;
        _length = 0;
        handler(_partial.AsSpan(0, length), _isContinuation);
        _isContinuation = true;
        Shrink();
    }

    private void EmitEnd(ReadOnlySpan<byte> line, LineHandler handler)
    {
        bool isContinuation = _isContinuation;
        _length = 0;
        _isContinuation = false;
        if (line.EndsWith("\r"u8)) line = line[..^1];
        // The end of a line whose text was given out already is no line of its own.
        if (!isContinuation || !line.IsEmpty) handler(line, isContinuation);
        Shrink();
    }

    private void EmitFull(LineHandler handler)
    {
        int cut = CharacterBoundary(_partial.AsSpan(0, _length));
        handler(_partial.AsSpan(0, cut), _isContinuation);
        _isContinuation = true;
        _partial.AsSpan(cut, _length - cut).CopyTo(_partial);
        _length -= cut;
    }

    /// <summary>The length without a character of UTF-8 that has begun at the end and is not complete.</summary>
    private static int CharacterBoundary(ReadOnlySpan<byte> bytes)
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

    private void Keep(ReadOnlySpan<byte> bytes)
    {
        if (_partial.Length < _length + bytes.Length)
        {
            int size = Math.Max(256, _partial.Length);
            while (size < _length + bytes.Length) size *= 2;
            Array.Resize(ref _partial, Math.Min(size, Limit));
        }
        bytes.CopyTo(_partial.AsSpan(_length));
        _length += bytes.Length;
    }

    private void Shrink()
    {
        // Dozens of streams: none keeps 8 KiB for one long line of long ago.
        if (_length == 0 && _partial.Length > 1024) _partial = [];
    }
}
