using System.Buffers.Binary;
using System.Text;

namespace Dora.Core.Protocol;

/// <summary>
/// What a client of <c>GET /v1/logs</c> asks for. The manager hands it to syslog together with the client's connection
/// (SCM_RIGHTS), as one datagram: version (1), flags (bit 0: follow, bit 1: until the end, bit 2: after), lines (int32,
/// little endian), length of the service's name (1 byte), the name in UTF-8; with bit 2, after (int64, little endian); with bit 3, which is set where one
/// of these is asked for: least severity (1), flags (1; bit 0: kernel, bit 1: grep ignores case, bit 2: boots, bit 3: status), since and until (int64 each), length (1)
/// and text of the boot, length (1) and text of what is looked for.
/// Plain queries have no flag that an older syslog would not know.
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
    public const int LongestGrep = 128, LongestBoot = 32;
    public const int MaxEncodedBytes = HeadBytes + byte.MaxValue + sizeof(long) + MoreBytes + LongestBoot + LongestGrep;

    private const byte Version = 1;
    private const int HeadBytes = 7;
    private const int FollowFlag = 1, UntilEndFlag = 2, AfterFlag = 4, MoreFlag = 8;
    private const int KernelFlag = 1, IgnoreCaseFlag = 2, BootsFlag = 4, StatusFlag = 8;
    private const int MoreBytes = 20;
    private const byte Debug = 7;

    /// <summary>This severity and more urgent ones; 7 is all.</summary>
    public int Priority { get; init; } = Debug;

    /// <summary>Microseconds since 1970 of the first and the last moment that are wanted; 0 is no bound.</summary>
    public long SinceUs { get; init; }

    public long UntilUs { get; init; }

    /// <summary>Only lines that hold this text, at most <see cref="LongestGrep"/> bytes of UTF-8.</summary>
    public string? Grep { get; init; }

    /// <summary>a to z count as A to Z.</summary>
    public bool IgnoreCase { get; init; }

    /// <summary>Only the kernel's.</summary>
    public bool Kernel { get; init; }

    /// <summary><c>-1</c> is the boot before this one, and so on; <c>0</c> this one; otherwise how its id begins.</summary>
    public string? Boot { get; init; }

    /// <summary>Not lines: which boots there are lines of.</summary>
    public bool Boots { get; init; }

    /// <summary>Not lines: how the log is (<see cref="LogStatus"/>).</summary>
    public bool Status { get; init; }

    private bool HasMore => Status || Priority != Debug || SinceUs > 0 || UntilUs > 0 || Grep is not null || IgnoreCase || Kernel || Boot is not null || Boots;

    public byte[] Encode()
    {
        int length = Encoding.UTF8.GetByteCount(Service ?? "");
        if (length > byte.MaxValue) throw new ArgumentException("service name is longer than 255 bytes");
        byte[] boot = Encoding.UTF8.GetBytes(Boot ?? ""), grep = Encoding.UTF8.GetBytes(Grep ?? "");
        if (boot.Length > LongestBoot || grep.Length > LongestGrep) throw new ArgumentException("boot or text is too long");
        int more = HeadBytes + length + (After > 0 ? sizeof(long) : 0);
        byte[] bytes = new byte[more + (HasMore ? MoreBytes + boot.Length + grep.Length : 0)];
        bytes[0] = Version;
        bytes[1] = (byte)((Follow ? FollowFlag : 0) | (UntilEnd ? UntilEndFlag : 0) | (After > 0 ? AfterFlag : 0) | (HasMore ? MoreFlag : 0));
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(2), Lines);
        bytes[6] = (byte)length;
        Encoding.UTF8.GetBytes(Service ?? "", bytes.AsSpan(HeadBytes));
        if (After > 0) BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(HeadBytes + length), After);
        if (!HasMore) return bytes;
        var rest = bytes.AsSpan(more);
        rest[0] = (byte)Priority;
        rest[1] = (byte)((Kernel ? KernelFlag : 0) | (IgnoreCase ? IgnoreCaseFlag : 0) | (Boots ? BootsFlag : 0) | (Status ? StatusFlag : 0));
        BinaryPrimitives.WriteInt64LittleEndian(rest[2..], SinceUs);
        BinaryPrimitives.WriteInt64LittleEndian(rest[10..], UntilUs);
        rest[18] = (byte)boot.Length;
        boot.CopyTo(rest[19..]);
        rest[19 + boot.Length] = (byte)grep.Length;
        grep.CopyTo(rest[(MoreBytes + boot.Length)..]);
        return bytes;
    }

    /// <summary>False for anything that <see cref="Encode"/> cannot have written.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> bytes, out LogQuery query)
    {
        query = new LogQuery(null, DefaultLines, false);
        if (bytes.Length < HeadBytes || bytes[0] != Version || bytes[1] > (FollowFlag | UntilEndFlag | AfterFlag | MoreFlag)) return false;
        bool follow = (bytes[1] & FollowFlag) != 0, untilEnd = (bytes[1] & UntilEndFlag) != 0, hasAfter = (bytes[1] & AfterFlag) != 0;
        int lines = BinaryPrimitives.ReadInt32LittleEndian(bytes[2..]), end = HeadBytes + bytes[6];
        if ((untilEnd && !follow) || lines is < 0 or > MaxLines || bytes.Length < end + (hasAfter ? sizeof(long) : 0)) return false;
        long after = hasAfter ? BinaryPrimitives.ReadInt64LittleEndian(bytes[end..]) : 0;
        if (hasAfter && after <= 0) return false;
        var name = bytes[HeadBytes..end];
        if (!System.Text.Unicode.Utf8.IsValid(name)) return false;
        query = new LogQuery(name.IsEmpty ? null : Encoding.UTF8.GetString(name), lines, follow, untilEnd, after);
        var rest = bytes[(end + (hasAfter ? sizeof(long) : 0))..];
        return (bytes[1] & MoreFlag) == 0 ? rest.IsEmpty : TryDecodeMore(rest, ref query);
    }

    private static bool TryDecodeMore(ReadOnlySpan<byte> rest, ref LogQuery query)
    {
        if (rest.Length < MoreBytes || rest[0] > Debug || rest[1] > (KernelFlag | IgnoreCaseFlag | BootsFlag | StatusFlag) || rest[18] > LongestBoot) return false;
        int grepAt = MoreBytes + rest[18];
        if (rest.Length < grepAt || rest[grepAt - 1] > LongestGrep || rest.Length != grepAt + rest[grepAt - 1]) return false;
        long since = BinaryPrimitives.ReadInt64LittleEndian(rest[2..]), until = BinaryPrimitives.ReadInt64LittleEndian(rest[10..]);
        var boot = rest[19..(grepAt - 1)];
        var grep = rest[grepAt..];
        if (since < 0 || until < 0 || !System.Text.Unicode.Utf8.IsValid(boot) || !System.Text.Unicode.Utf8.IsValid(grep)) return false;
        query = query with
        {
            Priority = rest[0], Kernel = (rest[1] & KernelFlag) != 0, IgnoreCase = (rest[1] & IgnoreCaseFlag) != 0, Boots = (rest[1] & BootsFlag) != 0,
            Status = (rest[1] & StatusFlag) != 0,
            SinceUs = since, UntilUs = until, Boot = boot.IsEmpty ? null : Encoding.UTF8.GetString(boot), Grep = grep.IsEmpty ? null : Encoding.UTF8.GetString(grep),
        };
        return query.HasMore;
    }
}
