using System.Buffers.Binary;
using System.Text;

namespace Dora.Core.Protocol;

internal enum ChannelMessageKind : byte
{
    /// <summary>Manager to syslog, with the read end of a pipe: read lines of this service from it. A known id changes nothing.</summary>
    AddStream = 1,

    /// <summary>Manager to syslog, with the connection of an HTTP client: answer this query on it and close it.</summary>
    Query = 2,

    /// <summary>Manager to syslog: say Hello, so that a new manager learns that somebody listens.</summary>
    Sync = 3,

    /// <summary>Syslog to manager: a process that has no streams yet, or an answer to Sync. All streams are wanted.</summary>
    Hello = 4,

    /// <summary>Syslog to manager: every writer of the stream is gone and all it wrote is in the ring; forget it.</summary>
    StreamEnded = 5,
}

/// <summary>
/// One datagram of the channel between manager and syslog. Both ends of the channel outlive both processes (the guard
/// holds them), so any message may be read by a process that was not there when it was sent, and may come twice. Every
/// message therefore says all that it needs, and streams have ids that are never used again.
///
/// Layout: kind (1); for a stream id (8, little endian), source (1), name (the rest); for a query its bytes.
/// </summary>
internal readonly record struct ChannelMessage(ChannelMessageKind Kind, long StreamId, LogSource Source, string Service, byte[] Query)
{
    public const int MaximumBytes = 512;

    private const int StreamHeadBytes = 10;

    public static ChannelMessage AddStream(long id, LogSource source, string service) =>
        new(ChannelMessageKind.AddStream, id, source, service, []);

    public static ChannelMessage ForQuery(byte[] query) => new(ChannelMessageKind.Query, 0, 0, "", query);

    public static ChannelMessage Sync => new(ChannelMessageKind.Sync, 0, 0, "", []);

    public static ChannelMessage Hello => new(ChannelMessageKind.Hello, 0, 0, "", []);

    public static ChannelMessage StreamEnded(long id) => new(ChannelMessageKind.StreamEnded, id, 0, "", []);

    /// <summary>The datagram in <paramref name="buffer"/> of at least <see cref="MaximumBytes"/>.</summary>
    public ReadOnlySpan<byte> Encode(Span<byte> buffer)
    {
        buffer[0] = (byte)Kind;
        switch (Kind)
        {
            case ChannelMessageKind.AddStream or ChannelMessageKind.StreamEnded:
                BinaryPrimitives.WriteInt64LittleEndian(buffer[1..], StreamId);
                buffer[9] = (byte)Source;
                return buffer[..(StreamHeadBytes + Encoding.UTF8.GetBytes(Service, buffer[StreamHeadBytes..]))];
            case ChannelMessageKind.Query:
                Query.CopyTo(buffer[1..]);
                return buffer[..(1 + Query.Length)];
            case ChannelMessageKind.Sync or ChannelMessageKind.Hello:
                return buffer[..1];
            default:
                throw new System.Diagnostics.UnreachableException($"channel message {Kind}");
        }
    }

    public static bool TryDecode(ReadOnlySpan<byte> bytes, out ChannelMessage message)
    {
        message = default;
        if (bytes.IsEmpty) return false;
        var kind = (ChannelMessageKind)bytes[0];
        switch (kind)
        {
            case ChannelMessageKind.AddStream or ChannelMessageKind.StreamEnded:
                if (bytes.Length < StreamHeadBytes) return false;
                message = new(kind, BinaryPrimitives.ReadInt64LittleEndian(bytes[1..]), (LogSource)bytes[9],
                    Encoding.UTF8.GetString(bytes[StreamHeadBytes..]), []);
                return kind == ChannelMessageKind.StreamEnded || message.Source is LogSource.Output or LogSource.Error;
            case ChannelMessageKind.Query:
                message = new(kind, 0, 0, "", bytes[1..].ToArray());
                return true;
            case ChannelMessageKind.Sync or ChannelMessageKind.Hello:
                message = new(kind, 0, 0, "", []);
                return bytes.Length == 1;
            default:
                return false; // of a newer or an older program
        }
    }
}
