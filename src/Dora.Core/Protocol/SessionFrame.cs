using System.Buffers.Binary;

namespace Dora.Core.Protocol;

/// <summary>What a frame of an interactive session carries; the first byte of its head.</summary>
internal enum SessionFrameType : byte
{
    /// <summary>To the command's stdin; an empty frame is its end.</summary>
    Input = 0,

    /// <summary>From the command's stdout, or from its terminal.</summary>
    Output = 1,

    /// <summary>From the command's stderr.</summary>
    Error = 2,

    /// <summary>What the relay itself has to say, for people.</summary>
    Message = 3,

    /// <summary>Size of the client's terminal: rows and columns, 16 bits each.</summary>
    WindowSize = 4,

    /// <summary>How the command ended: 0 and its exit code, or 1 and the signal; the last frame.</summary>
    Exit = 5,

    /// <summary>A signal for the command: its number, one byte.</summary>
    Signal = 6,
}

/// <summary>
/// Frames of an interactive session, as Docker has them for attached containers (8 bytes: type, three zeros, length as
/// a big-endian number of 32 bits), with types of our own from 4 on. docs/protocol.md has an example in hexadecimal.
/// </summary>
internal static class SessionFrame
{
    public const int HeadSize = 8;

    /// <summary>No frame carries more; a longer one is refused.</summary>
    public const int LongestContent = 64 * 1024;

    /// <summary>The value of the Upgrade field.</summary>
    public const string Protocol = "dora-frames";

    /// <summary>Fields of the answer 101.</summary>
    public const string NameField = "Dora-Session", TerminalField = "Dora-Terminal", DetachableField = "Dora-Detachable";

    public const byte Exited = 0, Signaled = 1;

    public const int WindowSizeLength = 4, ExitLength = 2, SignalLength = 1;

    /// <summary>The terminal is told by nobody: what a terminal of old had.</summary>
    public const ushort UsualRows = 24, UsualColumns = 80;

    public static void WriteHead(Span<byte> head, SessionFrameType type, int length)
    {
        head[0] = (byte)type;
        head[1] = head[2] = head[3] = 0;
        BinaryPrimitives.WriteInt32BigEndian(head[4..], length);
    }

    public static byte[] Of(SessionFrameType type, ReadOnlySpan<byte> content)
    {
        var frame = new byte[HeadSize + content.Length];
        WriteHead(frame, type, content.Length);
        content.CopyTo(frame.AsSpan(HeadSize));
        return frame;
    }

    public static byte[] WindowSize(ushort rows, ushort columns)
    {
        Span<byte> content = stackalloc byte[WindowSizeLength];
        BinaryPrimitives.WriteUInt16BigEndian(content, rows);
        BinaryPrimitives.WriteUInt16BigEndian(content[2..], columns);
        return Of(SessionFrameType.WindowSize, content);
    }

    public static (ushort Rows, ushort Columns) ReadWindowSize(ReadOnlySpan<byte> content) =>
        (BinaryPrimitives.ReadUInt16BigEndian(content), BinaryPrimitives.ReadUInt16BigEndian(content[2..]));
}
