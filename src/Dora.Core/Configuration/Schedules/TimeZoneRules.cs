using System.Buffers.Binary;
using System.Text;

namespace Dora.Core.Configuration.Schedules;

/// <summary>
/// What a zone's clocks show: how far they are from UTC, and when that changes. Read from a TZif file (RFC 8536), of which
/// nothing is believed before it is checked, or from a rule of POSIX. TimeZoneInfo is too large for init.
/// </summary>
internal sealed class TimeZoneRules
{
    public const int LargestFile = 64 << 10;

    private const int HeaderSize = 44;

    private readonly long[] _times; // of the changes, rising
    private readonly int[] _offsets; // before the first, and behind each
    private readonly PosixZone? _rule; // behind the last

    private TimeZoneRules(long[] times, int[] offsets, PosixZone? rule) => (_times, _offsets, _rule) = (times, offsets, rule);

    public static TimeZoneRules Utc { get; } = new([], [0], null);

    public static TimeZoneRules? OfPosix(string text) => PosixZone.Parse(text) is { } rule ? new([], [0], rule) : null;

    /// <summary>Seconds east of UTC, and until when (exclusive) that holds; the pieces join, but neighbours may be alike.</summary>
    public int OffsetAt(long time, out long until)
    {
        int index = 0; // how many have come
        for (int beyond = _times.Length; index < beyond;)
        {
            int middle = (index + beyond) / 2;
            if (_times[middle] <= time) index = middle + 1;
            else beyond = middle;
        }
        if (index == _times.Length && _rule is not null) return _rule.OffsetAt(time, out until);
        until = index < _times.Length ? _times[index] : long.MaxValue;
        return _offsets[index];
    }

    /// <summary>Null, with the cause, if it is no such file.</summary>
    public static TimeZoneRules? OfFile(ReadOnlySpan<byte> file, out string problem)
    {
        problem = "it is no time zone file (TZif)";
        if (!Header(file, out var counts)) return null;
        int width = 4;
        if (file[4] >= '2')
        {
            long skipped = HeaderSize + Size(counts, width);
            if (skipped > file.Length || !Header(file[(int)skipped..], out counts)) return null;
            file = file[(int)skipped..];
            width = 8;
        }
        problem = "it is damaged";
        if (HeaderSize + Size(counts, width) > file.Length || counts.Types is < 1 or > 256) return null;
        if (counts.Leaps > 0)
        {
            problem = "it counts leap seconds, which clocks of this machine do not";
            return null;
        }
        var block = file[HeaderSize..];
        var times = new long[counts.Times];
        var offsets = new int[counts.Times + 1];
        var types = block[(counts.Times * (width + 1))..];
        if (!Offset(types, 0, out offsets[0])) return null;
        for (int i = 0; i < times.Length; i++)
        {
            var at = block[(i * width)..];
            times[i] = width == 8 ? BinaryPrimitives.ReadInt64BigEndian(at) : BinaryPrimitives.ReadInt32BigEndian(at);
            if (i > 0 && times[i] <= times[i - 1]) return null;
            int type = block[counts.Times * width + i];
            if (type >= counts.Types || !Offset(types, type, out offsets[i + 1])) return null;
        }
        PosixZone? rule = null;
        var footer = file[(int)(HeaderSize + Size(counts, width))..];
        if (width == 8)
        {
            int end = footer.Length > 0 && footer[0] == '\n' ? footer[1..].IndexOf((byte)'\n') : -1;
            if (end < 0 || end > PosixZone.Longest || (end > 0 && (rule = PosixZone.Parse(Encoding.Latin1.GetString(footer.Slice(1, end)))) is null)) return null;
        }
        problem = "";
        return new(times, offsets, rule);
    }

    private static bool Header(ReadOnlySpan<byte> file, out (int Marks, int Leaps, int Times, int Types, int Names) counts)
    {
        counts = default;
        if (file.Length < HeaderSize || !file.StartsWith("TZif"u8)) return false;
        Span<int> values = stackalloc int[6];
        for (int i = 0; i < 6; i++)
        {
            values[i] = BinaryPrimitives.ReadInt32BigEndian(file[(20 + 4 * i)..]);
            if (values[i] is < 0 or > LargestFile) return false;
        }
        counts = (values[0] + values[1], values[2], values[3], values[4], values[5]);
        return true;
    }

    private static long Size((int Marks, int Leaps, int Times, int Types, int Names) counts, int width) =>
        (long)counts.Times * (width + 1) + counts.Types * 6L + counts.Names + counts.Leaps * (width + 4L) + counts.Marks;

    private static bool Offset(ReadOnlySpan<byte> types, int type, out int offset)
    {
        offset = BinaryPrimitives.ReadInt32BigEndian(types[(type * 6)..]);
        return offset is > -PosixZone.Furthest and < PosixZone.Furthest;
    }
}
