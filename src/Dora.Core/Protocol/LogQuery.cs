using System.Buffers.Binary;
using System.Text;

namespace Dora.Core.Protocol;

/// <summary>
/// What a client of <c>GET /v1/logs</c> asks for. The manager hands it to syslog together with the client's connection
/// (SCM_RIGHTS), as one datagram: version (1), flags (bit 0: follow, bit 1: until the end, bit 2: after), lines (int32,
/// little endian), length of the service's name (1 byte), the name in UTF-8; with bit 2, after (int64, little endian).
/// Plain queries have no flag that a syslog from before an upgrade of init would not know.
/// </summary>
/// <param name="Service">Only lines of this service; null is all of them.</param>
/// <param name="Lines">How many of the latest lines come first, 0 to <see cref="MaxLines"/>.</param>
/// <param name="Follow">Whether new lines follow until the client closes.</param>
/// <param name="UntilEnd">With <paramref name="Follow"/>: until nobody has an output of the service any more, and all of it was sent.</param>
/// <param name="After">Instead of the latest lines: those behind this sequence number; 0 is none.</param>
internal sealed record LogQuery(string? Service, int Lines, bool Follow, bool UntilEnd = false, long After = 0)
{
    public const int DefaultLines = 200;
    public const int MaxLines = 100_000;
    public const int MaxEncodedBytes = HeadBytes + byte.MaxValue + sizeof(long);

    private const byte Version = 1;
    private const int HeadBytes = 7;
    private const int FollowFlag = 1, UntilEndFlag = 2, AfterFlag = 4;

    public byte[] Encode()
    {
        int length = Encoding.UTF8.GetByteCount(Service ?? "");
        if (length > byte.MaxValue) throw new ArgumentException("service name is longer than 255 bytes");
        byte[] bytes = new byte[HeadBytes + length + (After > 0 ? sizeof(long) : 0)];
        bytes[0] = Version;
        bytes[1] = (byte)((Follow ? FollowFlag : 0) | (UntilEnd ? UntilEndFlag : 0) | (After > 0 ? AfterFlag : 0));
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(2), Lines);
        bytes[6] = (byte)length;
        Encoding.UTF8.GetBytes(Service ?? "", bytes.AsSpan(HeadBytes));
        if (After > 0) BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(HeadBytes + length), After);
        return bytes;
    }

    /// <summary>False for anything that <see cref="Encode"/> cannot have written.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> bytes, out LogQuery query)
    {
        query = new LogQuery(null, DefaultLines, false);
        if (bytes.Length < HeadBytes || bytes[0] != Version || bytes[1] > (FollowFlag | UntilEndFlag | AfterFlag)) return false;
        bool follow = (bytes[1] & FollowFlag) != 0, untilEnd = (bytes[1] & UntilEndFlag) != 0, hasAfter = (bytes[1] & AfterFlag) != 0;
        int lines = BinaryPrimitives.ReadInt32LittleEndian(bytes[2..]), end = HeadBytes + bytes[6];
        if ((untilEnd && !follow) || lines is < 0 or > MaxLines || bytes.Length != end + (hasAfter ? sizeof(long) : 0)) return false;
        long after = hasAfter ? BinaryPrimitives.ReadInt64LittleEndian(bytes[end..]) : 0;
        if (hasAfter && after <= 0) return false;
        var name = bytes[HeadBytes..end];
        if (!System.Text.Unicode.Utf8.IsValid(name)) return false;
        query = new LogQuery(name.IsEmpty ? null : Encoding.UTF8.GetString(name), lines, follow, untilEnd, after);
        return true;
    }
}
