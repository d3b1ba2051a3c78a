using Dora.Core.Protocol;

namespace Dora.Init.Relay;

/// <summary>The last 64 KiB of output, for a client that comes later: bytes in a ring, and which stream they are of.</summary>
internal sealed class Replay
{
    public const int Capacity = 64 * 1024;
    private const int MostPieces = 1024; // alternating streams: a piece costs a head when it is sent again

    private readonly Queue<Piece> _pieces = new();
    private byte[] _ring = [];
    private Piece? _last;
    private int _start, _length;

    private sealed class Piece(SessionFrameType type)
    {
        public SessionFrameType Type { get; } = type;
        public int Length { get; set; }
    }

    /// <summary>The most that <see cref="Frames"/> gives.</summary>
    public const int LongestFrames = Capacity + (MostPieces + Capacity / LongestContent + 1) * SessionFrame.HeadSize;

    private const int LongestContent = 16 * 1024;

    public int Length => _length;

    public void Add(SessionFrameType type, ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > Capacity) bytes = bytes[^Capacity..];
        if (bytes.IsEmpty) return;
        if (_ring.Length == 0) _ring = new byte[Capacity];
        Forget(_length + bytes.Length - Capacity);
        if (_last?.Type != type)
        {
            if (_pieces.Count == MostPieces) Forget(_pieces.Peek().Length);
            _pieces.Enqueue(_last = new Piece(type));
        }
        _last.Length += bytes.Length;
        int end = (_start + _length) % Capacity, first = Math.Min(bytes.Length, Capacity - end);
        bytes[..first].CopyTo(_ring.AsSpan(end));
        bytes[first..].CopyTo(_ring);
        _length += bytes.Length;
    }

    /// <summary>All of it as frames, in order.</summary>
    public byte[] Frames()
    {
        var frames = new byte[LongestFrames];
        int at = 0, from = _start;
        foreach (var piece in _pieces)
        {
            for (int left = piece.Length; left > 0;)
            {
                int count = Math.Min(Math.Min(left, LongestContent), Capacity - from);
                SessionFrame.WriteHead(frames.AsSpan(at), piece.Type, count);
                _ring.AsSpan(from, count).CopyTo(frames.AsSpan(at + SessionFrame.HeadSize));
                at += SessionFrame.HeadSize + count;
                from = (from + count) % Capacity;
                left -= count;
            }
        }
        return frames[..at];
    }

    private void Forget(int count)
    {
        while (count > 0)
        {
            var oldest = _pieces.Peek();
            int part = Math.Min(count, oldest.Length);
            oldest.Length -= part;
            _start = (_start + part) % Capacity;
            _length -= part;
            count -= part;
            if (oldest.Length > 0) continue;
            _pieces.Dequeue();
            if (oldest == _last) _last = null;
        }
    }
}
