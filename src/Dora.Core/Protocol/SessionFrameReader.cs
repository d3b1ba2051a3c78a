using System.Buffers.Binary;

namespace Dora.Core.Protocol;

/// <summary>What <see cref="SessionFrameReader.Feed"/> came to.</summary>
internal enum SessionFrameResult
{
    /// <summary>All bytes are taken; nothing to do yet.</summary>
    NeedMore,

    /// <summary>A piece of <see cref="SessionFrameReader.Type"/>: stdin, output or words.</summary>
    Data,

    /// <summary>The empty frame of stdin: it has ended.</summary>
    EndOfInput,

    /// <summary>A whole frame of fixed size: window size, exit or signal.</summary>
    Whole,

    /// <summary><see cref="SessionFrameReader.Problem"/> says why; where the next frame begins is not known any more.</summary>
    Malformed,
}

/// <summary>
/// Reads frames from bytes that come in pieces of any size; no input or output of its own. Content is handed on as it
/// comes, so a frame of 64 KiB needs no buffer here. Strict towards clients: a type that is not theirs, or bytes that must
/// be zero and are not, end the session. Towards a server it passes over types that it does not know.
/// </summary>
internal sealed class SessionFrameReader(bool isFromClient)
{
    private readonly byte[] _head = new byte[SessionFrame.HeadSize];
    private readonly byte[] _small = new byte[SessionFrame.WindowSizeLength];
    private int _headLength, _smallLength, _left;

    /// <summary>The type of the frame that the last result is of.</summary>
    public SessionFrameType Type { get; private set; }

    /// <summary>In words, for whoever sent it.</summary>
    public string? Problem { get; private set; }

    /// <summary>Whether a frame has begun and not ended.</summary>
    public bool IsInside => _headLength > 0;

    /// <summary>
    /// Takes as many bytes as the next result needs; <paramref name="data"/> is its content, which for data lies in
    /// <paramref name="bytes"/>. To be called again with the rest, until it wants more.
    /// </summary>
    public SessionFrameResult Feed(ReadOnlySpan<byte> bytes, out int taken, out ReadOnlySpan<byte> data)
    {
        taken = 0;
        data = default;
        if (Problem is not null) return SessionFrameResult.Malformed;
        while (taken < bytes.Length)
        {
            if (_headLength < SessionFrame.HeadSize)
            {
                int part = Math.Min(SessionFrame.HeadSize - _headLength, bytes.Length - taken);
                bytes.Slice(taken, part).CopyTo(_head.AsSpan(_headLength));
                taken += part;
                _headLength += part;
                if (_headLength < SessionFrame.HeadSize) return SessionFrameResult.NeedMore;
                if (!TryTakeHead()) return SessionFrameResult.Malformed;
                if (_left > 0) continue;
                _headLength = 0;
                if (Type == SessionFrameType.Input) return SessionFrameResult.EndOfInput;
                continue;
            }
            int count = Math.Min(_left, bytes.Length - taken);
            var piece = bytes.Slice(taken, count);
            taken += count;
            _left -= count;
            if (_left == 0) _headLength = 0;
            if (LengthOf(Type) is null)
            {
                if (!IsKnown(Type)) continue;
                data = piece;
                return SessionFrameResult.Data;
            }
            piece.CopyTo(_small.AsSpan(_smallLength));
            _smallLength += count;
            if (_left > 0) continue;
            data = _small.AsSpan(0, _smallLength);
            _smallLength = 0;
            return SessionFrameResult.Whole;
        }
        return SessionFrameResult.NeedMore;
    }

    private bool TryTakeHead()
    {
        Type = (SessionFrameType)_head[0];
        uint length = BinaryPrimitives.ReadUInt32BigEndian(_head.AsSpan(4));
        Problem = isFromClient && !IsFromClient(Type) ? $"frame of type {_head[0]}: a client sends 0 (stdin), 4 (window size) and 6 (signal)"
            : (_head[1] | _head[2] | _head[3]) != 0 ? "frame: bytes 1 to 3 of its head are not zero"
            : length > SessionFrame.LongestContent ? $"frame of {length} bytes: more than {SessionFrame.LongestContent}"
            : LengthOf(Type) is { } expected && length != expected ? $"frame of type {_head[0]}: {length} bytes of content instead of {expected}"
            : null;
        _left = Problem is null ? (int)length : 0;
        return Problem is null;
    }

    private static bool IsFromClient(SessionFrameType type) => type is SessionFrameType.Input or SessionFrameType.WindowSize or SessionFrameType.Signal;

    private static bool IsKnown(SessionFrameType type) => type <= SessionFrameType.Signal;

    // null: of any length.
    private static int? LengthOf(SessionFrameType type) => type switch
    {
        SessionFrameType.WindowSize => SessionFrame.WindowSizeLength,
        SessionFrameType.Exit => SessionFrame.ExitLength,
        SessionFrameType.Signal => SessionFrame.SignalLength,
        _ => null,
    };
}
