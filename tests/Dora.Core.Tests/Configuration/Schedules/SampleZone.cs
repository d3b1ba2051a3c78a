using System.Buffers.Binary;
using System.Text;
using Dora.Core.Configuration.Schedules;

namespace Dora.Core.Tests.Configuration.Schedules;

/// <summary>
/// A zone twice: as a rule of POSIX, or as the bytes of a TZif file, and as moments that were worked out here, in UTC, day
/// by day, from what its law says.
/// </summary>
sealed record SampleZone(string Name, string Posix, int Standard, int Summer, Func<int, (DateTime Begins, DateTime Ends)>? Law)
{
    public static readonly SampleZone[] All =
    [
        new("UTC", "UTC0", 0, 0, null),
        new("Kolkata", "IST-5:30", 19800, 0, null),
        new("Berlin", "CET-1CEST,M3.5.0,M10.5.0/3", 3600, 7200, y => (Last(y, 3, 0).AddHours(1), Last(y, 10, 0).AddHours(1))),
        new("New_York", "EST5EDT,M3.2.0,M11.1.0", -18000, -14400, y => (Nth(y, 3, 0, 2).AddHours(7), Nth(y, 11, 0, 1).AddHours(6))),
        new("Sydney", "AEST-10AEDT,M10.1.0,M4.1.0/3", 36000, 39600, y => (Nth(y, 10, 0, 1).AddHours(-8), Nth(y, 4, 0, 1).AddHours(-8))),
        new("Lord_Howe", "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", 37800, 39600, y => (Nth(y, 10, 0, 1).AddHours(-8.5), Nth(y, 4, 0, 1).AddHours(-9))),
        new("Santiago", "<-04>4<-03>,M9.1.6/24,M4.1.6/24", -14400, -10800, y => (Nth(y, 9, 6, 1).AddHours(28), Nth(y, 4, 6, 1).AddHours(27))),
        new("Havana", "CST5CDT,M3.2.0/0,M11.1.0/1", -18000, -14400, y => (Nth(y, 3, 0, 2).AddHours(5), Nth(y, 11, 0, 1).AddHours(5))),
        new("Nuuk", "<-02>2<-01>,M3.5.0/-1,M10.5.0/0", -7200, -3600, y => (Last(y, 3, 0).AddHours(1), Last(y, 10, 0).AddHours(1))),
        new("Dublin", "IST-1GMT0,M10.5.0,M3.5.0/1", 3600, 0, y => (Last(y, 10, 0).AddHours(1), Last(y, 3, 0).AddHours(1))),
    ];

    readonly Dictionary<int, (long Begins, long Ends)> _years = [];

    public int OffsetAt(long time)
    {
        if (Law is null) return Standard;
        int year = DateTime.UnixEpoch.AddSeconds(time).Year;
        if (!_years.TryGetValue(year, out var law))
        {
            var (begins, ends) = Law(year);
            _years[year] = law = (Seconds(begins), Seconds(ends));
        }
        bool isSummer = law.Begins < law.Ends ? time >= law.Begins && time < law.Ends : time >= law.Begins || time < law.Ends;
        return isSummer ? Summer : Standard;
    }

    /// <summary>When it changes, in some years.</summary>
    public List<long> Changes(int from, int to)
    {
        var list = new List<long>();
        for (int year = from; Law is not null && year <= to; year++)
        {
            var (begins, ends) = Law(year);
            list.AddRange([Seconds(begins), Seconds(ends)]);
        }
        list.Sort();
        return list;
    }

    public TimeZoneRules OfPosix() => TimeZoneRules.OfPosix(Posix)!;

    /// <summary>As a file that lists the changes up to a year, and has the rule for what comes then.</summary>
    public TimeZoneRules OfFile(int until, bool hasFooter = true)
    {
        var file = Tzif([Standard, Summer], Changes(1999, until).Select(at => (at, OffsetAt(at) == Standard ? 0 : 1)), hasFooter ? Posix : "");
        return TimeZoneRules.OfFile(file, out string problem) ?? throw new InvalidOperationException(problem);
    }

    public static byte[] Tzif(int[] offsets, IEnumerable<(long At, int Type)> changes, string footer)
    {
        var all = changes.ToArray();
        var file = new List<byte>();
        foreach (int width in new[] { 4, 8 })
        {
            var block = width == 4 ? [] : all;
            file.AddRange("TZif2"u8);
            file.AddRange(new byte[15]);
            foreach (int count in new[] { 0, 0, 0, block.Length, offsets.Length, 4 }) Put(count, 4);
            foreach (var (at, _) in block) Put(at, width);
            foreach (var (_, type) in block) file.Add((byte)type);
            foreach (int offset in offsets)
            {
                Put(offset, 4);
                file.AddRange([0, 0]);
            }
            file.AddRange("XXX\0"u8);
        }
        file.AddRange(Encoding.ASCII.GetBytes($"\n{footer}\n"));
        return [.. file];

        void Put(long value, int width)
        {
            var bytes = new byte[8];
            BinaryPrimitives.WriteInt64BigEndian(bytes, value);
            file.AddRange(bytes[(8 - width)..]);
        }
    }

    public static long Seconds(DateTime utc) => (utc.Ticks - DateTime.UnixEpoch.Ticks) / TimeSpan.TicksPerSecond;

    static DateTime Nth(int year, int month, int weekday, int nth)
    {
        var day = new DateTime(year, month, 1);
        while (true)
        {
            if ((int)day.DayOfWeek == weekday && --nth == 0) return day;
            day = day.AddDays(1);
        }
    }

    static DateTime Last(int year, int month, int weekday)
    {
        var day = new DateTime(year, month, DateTime.DaysInMonth(year, month));
        while ((int)day.DayOfWeek != weekday) day = day.AddDays(-1);
        return day;
    }
}
