using Dora.Core.Configuration.Schedules;
using Dora.Tests.Harness;
using Xunit;

namespace Dora.Core.Tests.Configuration.Schedules;

public class CronTimesTests
{
    const int WindowMinutes = 2 * 1440;

    /// <summary>
    /// Of the issue: schedules agree with a reference over a hundred thousand random expressions and dates, across DST
    /// rules of at least six zones. The reference walks minute by minute and remembers what the clock has shown.
    /// </summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    [InlineData(8)]
    [InlineData(9)]
    public void The_next_time_is_that_of_a_walk_minute_by_minute(int zoneIndex)
    {
        var sample = SampleZone.All[zoneIndex];
        var rules = new[] { sample.OfPosix(), sample.OfFile(2030), sample.OfFile(2060, hasFooter: false) };
        var changes = sample.Changes(2001, 2057);
        var random = new Random(4711 + zoneIndex);
        int rounds = Fuzz.Rounds(10_000), seen = 0;
        for (int round = 0; round < rounds; round++)
        {
            var expression = new RandomExpression(random, stars: 0.3 + random.Next(3) * 0.3);
            long after = changes.Count > 0 && random.Next(2) == 0
                ? changes[random.Next(changes.Count)] + random.Next(-2 * 86400, 86400)
                : SampleZone.Seconds(new DateTime(2001, 1, 1)) + random.NextInt64(56L * 365 * 86400);
            if (random.Next(3) > 0) after -= after % 60;
            if (CronExpression.Parse(expression.Text, out _, out string problem) is not { } parsed)
            {
                Assert.Equal("never comes: there is no such day in these months", problem);
                continue;
            }
            Assert.Equal(expression.IsRecurring, parsed.IsRecurring);
            long next = CronTimes.Next(parsed, rules[round % rules.Length], after);
            long? expected = Walk(expression, sample, after);
            if (expected is { } time)
            {
                seen++;
                if (next != time) Assert.Fail($"'{expression.Text}' in {sample.Name} after {after}: {next}, and the walk finds {time}");
            }
            else if (next < after - after % 60 + WindowMinutes * 60L) Assert.Fail($"'{expression.Text}' in {sample.Name} after {after}: {next}, and the walk finds none");
        }
        Assert.True(seen > rounds / 3, $"only {seen} of {rounds} came within the walk");
    }

    /// <summary>Offsets of these zones are whole minutes, so the clock's minutes begin with those of UTC.</summary>
    static long? Walk(RandomExpression expression, SampleZone zone, long after)
    {
        long shown = long.MinValue; // the latest minute that the clock has shown
        long start = after / 60 * 60;
        for (long time = start - 2 * 86400; time <= start; time += 60) shown = Math.Max(shown, (time + zone.OffsetAt(time)) / 60);
        for (long time = start + 60; time < start + 60L * WindowMinutes; time += 60)
        {
            long local = (time + zone.OffsetAt(time)) / 60;
            if (expression.IsRecurring)
            {
                if (expression.Matches(DateTime.UnixEpoch.AddMinutes(local))) return time;
                continue;
            }
            for (long minute = Math.Max(shown + 1, local - 1440); minute <= local; minute++)
                if (expression.Matches(DateTime.UnixEpoch.AddMinutes(minute))) return time;
            shown = Math.Max(shown, local);
        }
        return null;
    }

    [Fact]
    public void Days_far_away_are_those_of_a_walk_day_by_day()
    {
        var random = new Random(99);
        for (int round = 0; round < Fuzz.Rounds(1500); round++)
        {
            var expression = new RandomExpression(random, stars: 0.1);
            if (CronExpression.Parse(expression.Text, out _, out _) is not { } parsed) continue;
            var day = new DateTime(1990, 1, 1).AddDays(random.Next(30000));
            long next = CronTimes.Next(parsed, TimeZoneRules.Utc, SampleZone.Seconds(day) - 1);
            int steps = 0;
            while (!expression.IsDay(day) && steps++ < 50 * 366) day = day.AddDays(1);
            Assert.Equal(day, DateTime.UnixEpoch.AddSeconds(next).Date);
        }
    }

    /// <summary>What the essay promises, by name, in Berlin in 2026.</summary>
    [Theory]
    [InlineData("30 2 * * *", "2026-03-28T02:00:00Z", "2026-03-29T01:00:00Z 2026-03-30T00:30:00Z")] // skipped: at once behind the gap
    [InlineData("0,30 2 * * *", "2026-03-28T02:00:00Z", "2026-03-29T01:00:00Z 2026-03-30T00:00:00Z")] // two in one gap are one
    [InlineData("0 3 * * *", "2026-03-28T03:00:00Z", "2026-03-29T01:00:00Z 2026-03-30T01:00:00Z")]
    [InlineData("30 2 * * *", "2026-10-24T02:00:00Z", "2026-10-25T00:30:00Z 2026-10-26T01:30:00Z")] // shown twice: once
    [InlineData("*/30 * * * *", "2026-03-29T00:15:00Z", "2026-03-29T00:30:00Z 2026-03-29T01:00:00Z 2026-03-29T01:30:00Z")]
    [InlineData("*/30 * * * *", "2026-10-24T23:45:00Z", "2026-10-25T00:00:00Z 2026-10-25T00:30:00Z 2026-10-25T01:00:00Z 2026-10-25T01:30:00Z")]
    [InlineData("30 * * * *", "2026-03-29T00:00:00Z", "2026-03-29T00:30:00Z 2026-03-29T01:30:00Z")] // 02:30 is nowhere
    [InlineData("30 2 29 3 *", "2026-01-01T00:00:00Z", "2026-03-29T01:00:00Z 2027-03-29T00:30:00Z")]
    [InlineData("@daily", "2026-10-24T12:00:00Z", "2026-10-24T22:00:00Z 2026-10-25T23:00:00Z")]
    public void Changes_of_the_clock_are_as_cron_promises(string expression, string after, string expected)
    {
        var zone = SampleZone.All[2].OfPosix();
        long time = SampleZone.Seconds(DateTime.Parse(after, null, System.Globalization.DateTimeStyles.AdjustToUniversal));
        string[] words = expected.Split(' ');
        for (int i = 0; i < words.Length; i++)
        {
            time = CronTimes.Next(Parsed(expression), zone, time);
            words[i] = DateTime.UnixEpoch.AddSeconds(time).ToString("yyyy-MM-ddTHH:mm:ssZ");
        }
        Assert.Equal(expected, string.Join(' ', words));
    }

    [Fact]
    public void A_day_that_a_zone_skips_is_done_at_its_end()
    {
        // Apia crossed the date line: behind the 29th of December 2011 came the 31st.
        long change = SampleZone.Seconds(new DateTime(2011, 12, 30, 10, 0, 0));
        var zone = TimeZoneRules.OfFile(SampleZone.Tzif([-36000, 50400], [(change, 1)], ""), out _)!;
        Assert.Equal(change, CronTimes.Next(Parsed("0 12 30 12 *"), zone, change - 86400));
        Assert.Equal(change + 12 * 3600, CronTimes.Next(Parsed("0 12 * * *"), zone, change));
        Assert.Equal(change + 12 * 3600, CronTimes.Next(Parsed("0 12 * * *"), zone, change + 1));
        // And back: Manila had one day twice in 1844; what was done on the first is not done on the second.
        var back = TimeZoneRules.OfFile(SampleZone.Tzif([50400, -36000], [(change, 1)], ""), out _)!;
        Assert.Equal(change + 2 * 86400 - 12 * 3600, CronTimes.Next(Parsed("0 12 * * *"), back, change - 12 * 3600));
    }

    [Fact]
    public void Zones_that_are_off_by_seconds_have_minutes_of_their_own()
    {
        var zone = TimeZoneRules.OfFile(SampleZone.Tzif([3208], [], ""), out _)!; // Berlin before 1893: 0:53:28
        Assert.Equal(-3208, CronTimes.Next(Parsed("* * * * *"), zone, -3209));
        Assert.Equal(-3208 + 60, CronTimes.Next(Parsed("* * * * *"), zone, -3208));
        Assert.Equal(-3208, CronTimes.Next(Parsed("0 0 1 1 *"), zone, -86400));
    }

    [Fact]
    public void The_rarest_is_found_and_what_has_no_times_has_none()
    {
        long after = SampleZone.Seconds(new DateTime(2072, 3, 1));
        Assert.Equal(new DateTime(2112, 2, 29), DateTime.UnixEpoch.AddSeconds(CronTimes.Next(Parsed("0 0 * 2 MON#5"), TimeZoneRules.Utc, after)));
        Assert.Equal(new DateTime(2104, 2, 29), DateTime.UnixEpoch.AddSeconds(CronTimes.Next(Parsed("* * 29 2 *"), SampleZone.All[0].OfPosix(), SampleZone.Seconds(new DateTime(2096, 3, 1)))));
        Assert.Equal(CronExpression.Never, CronTimes.Next(Parsed("@reboot"), TimeZoneRules.Utc, 0));
    }

    [Fact]
    public void Any_clock_is_answered()
    {
        var random = new Random(5);
        for (int i = 0; i < 2000; i++)
        {
            long after = random.NextInt64(-1L << 40, 1L << 40);
            foreach (string text in new[] { "*/7 * * * *", "30 2 * * *", "0 0 29 2 *" })
                foreach (var sample in SampleZone.All)
                {
                    long next = CronTimes.Next(Parsed(text), sample.OfPosix(), after);
                    Assert.InRange(next, after + 1, after + 9L * 366 * 86400);
                }
        }
    }

    static CronExpression Parsed(string text) => CronExpression.Parse(text, out _, out string problem) ?? throw new InvalidOperationException(problem);
}
