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

    /// <summary>
    /// To syslog, with a folder: keep lines there, too, within these limits (<see cref="StoreLimits"/>, 32 bytes; more are of a newer
    /// program). Sent by a helper of the manager (Manager/Logging/LogFolder), after every Hello; an older syslog ignores it.
    /// </summary>
    StoreFolder = 6,

    /// <summary>
    /// To a syslog that <see cref="KnowsRates"/>, before the streams of a service: how many lines it may have kept, in which time (the id: count, and in
    /// its upper half milliseconds; count 0: no limit; -1: as log.yaml says for all), and its name.
    /// </summary>
    Rate = 7,

    /// <summary>Syslog to manager, before Hello: it understands <see cref="Rate"/>. An older manager ignores it, an older syslog never says it.</summary>
    KnowsRates = 8,
}

/// <summary>
/// One datagram of the channel between manager and syslog. Both ends of the channel outlive both processes (the guard
/// holds them), so any message may be read by a process that was not there when it was sent, and may come twice. Every
/// message therefore says all that it needs, and streams have ids that are never used again.
///
/// Layout: kind (1); for a stream id (8, little endian), source (1), name (the rest), and so for a rate; for a query or limits their bytes.
/// </summary>
internal readonly record struct ChannelMessage(ChannelMessageKind Kind, long StreamId, LogSource Source, string Service, byte[] Query)
{
    public const int MaximumBytes = 512;

    private const int StreamHeadBytes = 10;

    public static ChannelMessage AddStream(long id, LogSource source, string service) =>
        new(ChannelMessageKind.AddStream, id, source, service, []);

    public static ChannelMessage RateOf(string service, Configuration.PollLimit? limit) =>
        new(ChannelMessageKind.Rate, limit is { } rate ? (long)rate.Interval.TotalMilliseconds << 32 | (uint)rate.Count : -1, 0, service, []);

    public static ChannelMessage ForQuery(byte[] query) => new(ChannelMessageKind.Query, 0, 0, "", query);

    public static ChannelMessage StoreFolder(in StoreLimits limits)
    {
        byte[] bytes = new byte[StoreLimits.EncodedBytes];
        limits.Encode(bytes);
        return new(ChannelMessageKind.StoreFolder, 0, 0, "", bytes);
    }

    public static ChannelMessage Sync => new(ChannelMessageKind.Sync, 0, 0, "", []);

    public static ChannelMessage Hello => new(ChannelMessageKind.Hello, 0, 0, "", []);

    public static ChannelMessage KnowsRates => new(ChannelMessageKind.KnowsRates, 0, 0, "", []);

    /// <summary>What <see cref="RateOf"/> was told.</summary>
    public Configuration.PollLimit? Rate => StreamId < 0 ? null : (int)StreamId <= 0 ? default(Configuration.PollLimit) : new((int)StreamId, TimeSpan.FromMilliseconds(StreamId >> 32));

    public static ChannelMessage StreamEnded(long id) => new(ChannelMessageKind.StreamEnded, id, 0, "", []);

    /// <summary>The datagram in <paramref name="buffer"/> of at least <see cref="MaximumBytes"/>.</summary>
    public ReadOnlySpan<byte> Encode(Span<byte> buffer)
    {
        buffer[0] = (byte)Kind;
        switch (Kind)
        {
            case ChannelMessageKind.AddStream or ChannelMessageKind.StreamEnded or ChannelMessageKind.Rate:
                BinaryPrimitives.WriteInt64LittleEndian(buffer[1..], StreamId);
                buffer[9] = (byte)Source;
                return buffer[..(StreamHeadBytes + Encoding.UTF8.GetBytes(Service, buffer[StreamHeadBytes..]))];
            case ChannelMessageKind.Query or ChannelMessageKind.StoreFolder:
                Query.CopyTo(buffer[1..]);
                return buffer[..(1 + Query.Length)];
            case ChannelMessageKind.Sync or ChannelMessageKind.Hello or ChannelMessageKind.KnowsRates:
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
            case ChannelMessageKind.AddStream or ChannelMessageKind.StreamEnded or ChannelMessageKind.Rate:
                if (bytes.Length < StreamHeadBytes) return false;
                message = new(kind, BinaryPrimitives.ReadInt64LittleEndian(bytes[1..]), (LogSource)bytes[9],
                    Encoding.UTF8.GetString(bytes[StreamHeadBytes..]), []);
                return kind != ChannelMessageKind.AddStream || message.Source is LogSource.Output or LogSource.Error;
            case ChannelMessageKind.Query or ChannelMessageKind.StoreFolder:
                message = new(kind, 0, 0, "", bytes[1..].ToArray());
                return kind == ChannelMessageKind.Query || bytes.Length > StoreLimits.EncodedBytes;
            case ChannelMessageKind.Sync or ChannelMessageKind.Hello or ChannelMessageKind.KnowsRates:
                message = new(kind, 0, 0, "", []);
                return bytes.Length == 1;
            default:
                return false; // of a newer or an older program
        }
    }
}
