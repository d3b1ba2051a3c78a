using System.Buffers.Binary;
using System.Text;

namespace Dora.Core.Protocol;

/// <summary>
/// What a client of <c>GET /v1/logs</c> asks for. The manager hands it to syslog together with the client's connection
/// (SCM_RIGHTS), as one datagram: version (1), flags (bit 0: follow, bit 1: until the end), lines (int32, little endian), length of the
/// service's name (1 byte), the name in UTF-8.
/// </summary>
/// <param name="Service">Only lines of this service; null is all of them.</param>
/// <param name="Lines">How many of the latest lines come first, 0 to <see cref="MaxLines"/>.</param>
/// <param name="Follow">Whether new lines follow until the client closes.</param>
/// <param name="UntilEnd">With <paramref name="Follow"/>: until nobody has an output of the service any more, and all of it was sent.</param>
internal sealed record LogQuery(string? Service, int Lines, bool Follow, bool UntilEnd = false)
{
    public const int DefaultLines = 200;
    public const int MaxLines = 100_000;
    public const int MaxEncodedBytes = HeadBytes + byte.MaxValue;

    private const byte Version = 1;
    private const int HeadBytes = 7;

    public byte[] Encode()
    {
        int length = Encoding.UTF8.GetByteCount(Service ?? "");
        if (length > byte.MaxValue) throw new ArgumentException("service name is longer than 255 bytes");
        byte[] bytes = new byte[HeadBytes + length];
        bytes[0] = Version;
        bytes[1] = (byte)((Follow ? 1 : 0) | (UntilEnd ? 2 : 0));
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(2), Lines);
        bytes[6] = (byte)length;
        Encoding.UTF8.GetBytes(Service ?? "", bytes.AsSpan(HeadBytes));
        return bytes;
    }

    /// <summary>False for anything that <see cref="Encode"/> cannot have written.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> bytes, out LogQuery query)
    {
        query = new LogQuery(null, DefaultLines, false);
        if (bytes.Length < HeadBytes || bytes[0] != Version || bytes[1] is 2 or > 3) return false;
        int lines = BinaryPrimitives.ReadInt32LittleEndian(bytes[2..]);
        if (lines is < 0 or > MaxLines || bytes.Length != HeadBytes + bytes[6]) return false;
        var name = bytes[HeadBytes..];
        if (!System.Text.Unicode.Utf8.IsValid(name)) return false;
        query = new LogQuery(name.IsEmpty ? null : Encoding.UTF8.GetString(name), lines, (bytes[1] & 1) != 0, (bytes[1] & 2) != 0);
        return true;
    }
}
