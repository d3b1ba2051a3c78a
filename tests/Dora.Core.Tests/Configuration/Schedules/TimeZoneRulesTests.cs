using Dora.Core.Configuration.Schedules;
using Dora.Tests.Harness;
using Xunit;

namespace Dora.Core.Tests.Configuration.Schedules;

public class TimeZoneRulesTests
{
    [Fact]
    public void Rules_and_files_say_what_the_law_says()
    {
        foreach (var sample in SampleZone.All)
            foreach (var rules in new[] { sample.OfPosix(), sample.OfFile(2020), sample.OfFile(2060, hasFooter: false) })
                foreach (long change in sample.Changes(2000, 2059))
                {
                    foreach (long time in new[] { change - 1, change, change + 1, change + 86400 * 40 }) Assert.Equal(sample.OffsetAt(time), rules.OffsetAt(time, out _));
                    _ = rules.OffsetAt(change - 1, out long until);
                    Assert.Equal(change, until);
                }
    }

    [Fact]
    public void The_host_s_own_files_say_what_its_library_says()
    {
        if (!Directory.Exists(ZoneDirectory.Place)) return; // tzdata is not on every host; the others are tested from bytes of our own
        var random = new Random(11);
        foreach (string name in new[] { "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia", "Africa/Casablanca", "America/Sao_Paulo", "Asia/Tehran" })
        {
            if (!File.Exists($"{ZoneDirectory.Place}/{name}")) continue;
            var rules = ZoneDirectory.Find(name, out string problem);
            Assert.True(rules is not null, $"{name}: {problem}");
            var theirs = TimeZoneInfo.FindSystemTimeZoneById(name);
            for (int i = 0; i < 500; i++)
            {
                long time = random.NextInt64(0, 2_100_000_000);
                Assert.Equal((int)theirs.GetUtcOffset(DateTimeOffset.FromUnixTimeSeconds(time)).TotalSeconds, rules.OffsetAt(time, out long until));
                Assert.True(until > time);
            }
        }
    }

    [Theory]
    [InlineData("Mars/Olympus")]
    [InlineData("Europe/../../etc/passwd")]
    [InlineData("/etc/localtime")]
    [InlineData("../zoneinfo/UTC")]
    [InlineData("Europe//Berlin")]
    [InlineData("Europe/")]
    [InlineData("")]
    [InlineData("CET-1CEST,M3.5.0")]
    [InlineData("CET-1CEST,M13.5.0,M10.5.0")]
    [InlineData("CET-25")]
    [InlineData("C-1")]
    [InlineData("<C>-1")]
    [InlineData("CET-1CEST,M3.5.0,M10.5.0/168")]
    [InlineData("CET-1CEST,J0,J5")]
    public void A_zone_that_is_none_is_told(string name)
    {
        Assert.Null(ZoneDirectory.Find(name, out string problem));
        Assert.Contains("UTC and rules such as CET-1CEST,M3.5.0,M10.5.0/3 need no file", problem);
    }

    [Fact]
    public void Files_of_a_folder_are_zones_by_their_names()
    {
        string folder = Directory.CreateTempSubdirectory("pandora-zones-").FullName;
        try
        {
            Directory.CreateDirectory($"{folder}/Europe");
            File.WriteAllBytes($"{folder}/Europe/Berlin", SampleZone.Tzif([3600], [], "CET-1"));
            File.WriteAllText($"{folder}/zone.tab", "x");
            File.WriteAllText($"{folder}/Text", "text");
            Assert.Equal(3600, ZoneDirectory.Find("Europe/Berlin", out _, folder)!.OffsetAt(0, out _));
            Assert.Null(ZoneDirectory.Find("Text", out string problem, folder));
            Assert.Equal("it is no time zone file (TZif)", problem);
            Assert.Null(ZoneDirectory.Find("Europe", out problem, folder));
            Assert.Contains("EISDIR", problem);
            Assert.Null(ZoneDirectory.Find("Mars", out problem, folder));
            Assert.StartsWith("there is no such zone below", problem);
            Assert.Null(ZoneDirectory.Find("Mars", out problem, folder + "/none"));
            Assert.StartsWith("there are no zones on this machine", problem);
            Assert.Equal(3600, ZoneDirectory.Find("CET-1CEST,M3.5.0,M10.5.0/3", out _, folder)!.OffsetAt(0, out _));
            Assert.Same(TimeZoneRules.Utc, ZoneDirectory.Find("UTC", out _, folder + "/none"));
        }
        finally
        {
            Directory.Delete(folder, true);
        }
    }

    [Fact]
    public void Summer_that_never_ends_and_rules_by_the_day_of_the_year_hold()
    {
        var always = TimeZoneRules.OfPosix("XXX3EDT4,0/0,J365/23")!; // RFC 8536, 3.3.1
        for (int year = 2019; year < 2026; year++)
            foreach (long time in new[] { Seconds(year, 1, 1, 3), Seconds(year, 1, 1, 4), Seconds(year, 1, 1, 5), Seconds(year, 7, 1, 0), Seconds(year, 12, 31, 23) })
                Assert.Equal(-14400, always.OffsetAt(time, out _));
        var julian = TimeZoneRules.OfPosix("AAA0BBB,J60/0,J300/0")!; // the first of March, in any year
        foreach (int year in new[] { 2023, 2024 })
        {
            Assert.Equal(0, julian.OffsetAt(Seconds(year, 3, 1, 0) - 1, out _));
            Assert.Equal(3600, julian.OffsetAt(Seconds(year, 3, 1, 0), out _));
        }
        var zero = TimeZoneRules.OfPosix("AAA0BBB,59/0,299/0")!; // the sixtieth day
        Assert.Equal(3600, zero.OffsetAt(Seconds(2024, 2, 29, 0), out _));
        Assert.Equal(0, zero.OffsetAt(Seconds(2023, 2, 28, 23), out _));
        Assert.Equal(3600, zero.OffsetAt(Seconds(2023, 3, 1, 0), out _));
    }

    [Fact]
    public void Files_that_lie_are_refused_or_harmless()
    {
        var sample = SampleZone.All[2];
        var file = SampleZone.Tzif([sample.Standard, sample.Summer], sample.Changes(2000, 2020).Select((at, i) => (at, (i + 1) & 1)), sample.Posix);
        Assert.NotNull(TimeZoneRules.OfFile(file, out _));
        for (int length = 0; length < file.Length; length++) Assert.Null(TimeZoneRules.OfFile(file.AsSpan(0, length), out _));
        var daily = CronExpression.Parse("30 2 * * *", out _, out _)!;
        var often = CronExpression.Parse("*/7 * 29 2 *", out _, out _)!;
        var random = new Random(3);
        for (int round = 0; round < Fuzz.Rounds(30_000); round++)
        {
            var damaged = (byte[])file.Clone();
            for (int i = random.Next(1, 6); i > 0; i--) damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            if (TimeZoneRules.OfFile(damaged, out string problem) is not { } rules)
            {
                Assert.NotEqual("", problem);
                continue;
            }
            long after = random.NextInt64(-3_000_000_000, 6_000_000_000);
            Assert.True(CronTimes.Next(daily, rules, after) > after);
            Assert.True(CronTimes.Next(often, rules, after) > after);
        }
    }

    [Fact]
    public void Nonsense_is_no_rule()
    {
        const string letters = "CETS<>+-0123456789,./:MJ";
        var random = new Random(8);
        for (int round = 0; round < Fuzz.Rounds(200_000); round++)
        {
            var text = ("CET-1CEST,M3.5.0,M10.5.0/3"[..random.Next(27)]).ToCharArray().Concat(Enumerable.Range(0, random.Next(12)).Select(_ => letters[random.Next(letters.Length)])).ToArray();
            if (TimeZoneRules.OfPosix(new string(text)) is not { } rules) continue;
            long time = random.NextInt64(-1L << 36, 1L << 36);
            Assert.InRange(rules.OffsetAt(time, out long until), -PosixZone.Furthest + 1, PosixZone.Furthest - 1);
            Assert.True(until > time);
        }
    }

    static long Seconds(int year, int month, int day, int hour) => SampleZone.Seconds(new DateTime(year, month, day, hour, 0, 0));
}
