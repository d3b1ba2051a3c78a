using Dora.Core.Configuration.Schedules;
using Dora.Tests.Harness;
using Xunit;

namespace Dora.Core.Tests.Configuration.Schedules;

public class CronExpressionTests
{
    [Theory]
    [InlineData("61 * * * *", 1, "minute: '61' is not between 0 and 59")]
    [InlineData("* 24 * * *", 3, "hour: '24' is not between 0 and 23")]
    [InlineData("* * 0 * *", 5, "day: '0' is not between 1 and 31")]
    [InlineData("* * * 13 *", 7, "month: '13' is not between 1 and 12 or JAN to DEC")]
    [InlineData("* * * * 8", 9, "weekday: '8' is not between 0 and 7 or SUN to SAT")]
    [InlineData("* * * FOO *", 7, "month: 'FOO' is not between 1 and 12 or JAN to DEC")]
    [InlineData("0,15,60 * * * *", 6, "minute: '60' is not between 0 and 59")]
    [InlineData("  5-1 * * * *", 3, "minute: '5-1' runs backwards")]
    [InlineData("*/0 * * * *", 1, "minute: '0' is not a step between 1 and 60")]
    [InlineData("*/61 * * * *", 1, "minute: '61' is not a step between 1 and 60")]
    [InlineData("*/x * * * *", 1, "minute: 'x' is not a step between 1 and 60")]
    [InlineData("1,,2 * * * *", 3, "minute: a value is missing beside a comma")]
    [InlineData("-5 * * * *", 1, "minute: '-5' is not between 0 and 59")]
    [InlineData("? * * * *", 1, "minute: '?' is not between 0 and 59")]
    [InlineData("* * 32W * *", 5, "day: '32W' is not between 1 and 31")]
    [InlineData("* * W * *", 5, "day: 'W' is not between 1 and 31")]
    [InlineData("* * * * L", 9, "weekday: 'L' needs a day in front, such as 5L or FRIL")]
    [InlineData("* * * * 9L", 9, "weekday: '9' is not between 0 and 7 or SUN to SAT")]
    [InlineData("* * * * MON#6", 9, "weekday: 'MON#6' does not say which one of the month: 1 to 5, as in MON#2")]
    [InlineData("* * * *", 1, "has 4 fields; five are expected: minute hour day month weekday")]
    [InlineData("0 * * * * *", 1, "has 6 fields; five are expected: minute hour day month weekday")]
    [InlineData("", 1, "is empty; five fields are expected: minute hour day month weekday")]
    [InlineData("0 0 30 2 *", 1, "never comes: there is no such day in these months")]
    [InlineData("0 0 31 4,6,9,11 *", 1, "never comes: there is no such day in these months")]
    [InlineData("0 0 31W feb *", 1, "never comes: there is no such day in these months")]
    [InlineData("@dayly", 1, "'@dayly' is not one of @reboot, @hourly, @daily, @midnight, @weekly, @monthly, @yearly, @annually; did you mean '@daily'?")]
    public void What_is_wrong_is_told_with_its_column(string text, int column, string problem)
    {
        Assert.Null(CronExpression.Parse(text, out int at, out string why));
        Assert.Equal((column, problem), (at, why));
    }

    [Theory]
    [InlineData("0 0 30 2 MON")] // either will do
    [InlineData("0 0 29 2 *")]
    [InlineData("0 0 ? * FRI-MON")]
    [InlineData("0 0 * * 5-7")]
    [InlineData("0 0 * * 7")]
    [InlineData("0-59/10,3 */60 * * *", true)]
    [InlineData("*/24 */24 L,15W,LW,3-7/2 jan-dec/3 5L,MON#2,wed")]
    [InlineData("@Weekly")]
    public void What_is_right_is_read(string text, bool isWrong = false)
    {
        Assert.Equal(isWrong, CronExpression.Parse(text, out _, out string problem) is null);
        Assert.Equal(isWrong, problem.Length > 0);
    }

    [Theory]
    [InlineData("@hourly", "0 * * * *")]
    [InlineData("@daily", "0 0 * * *")]
    [InlineData("@midnight", "0 0 * * *")]
    [InlineData("@weekly", "0 0 * * SUN")]
    [InlineData("@monthly", "0 0 1 * *")]
    [InlineData("@yearly", "0 0 1 1 *")]
    [InlineData("@annually", "0 0 1 1 *")]
    public void Macros_are_their_fields(string macro, string fields)
    {
        long a = 1_800_000_000, b = a;
        for (int i = 0; i < 30; i++)
        {
            a = CronTimes.Next(CronExpression.Parse(macro, out _, out _)!, TimeZoneRules.Utc, a);
            b = CronTimes.Next(CronExpression.Parse(fields, out _, out _)!, TimeZoneRules.Utc, b);
            Assert.Equal(b, a);
        }
    }

    [Fact]
    public void A_field_of_days_that_begins_with_a_star_restricts_the_other_one()
    {
        // crontab(5): "*/2" is no restriction by itself, so Mondays of odd days; "1-31/2" is, so odd days and Mondays.
        var both = CronExpression.Parse("0 0 */2 * MON", out _, out _)!;
        var either = CronExpression.Parse("0 0 1-31/2 * MON", out _, out _)!;
        long start = SampleZone.Seconds(new DateTime(2026, 6, 1)); // a Monday
        Assert.Equal(new DateTime(2026, 6, 15), At(both, start));
        Assert.Equal(new DateTime(2026, 6, 3), At(either, start));

        static DateTime At(CronExpression expression, long after) => DateTime.UnixEpoch.AddSeconds(CronTimes.Next(expression, TimeZoneRules.Utc, after));
    }

    [Fact]
    public void Nonsense_is_answered_with_a_place_and_a_cause()
    {
        const string letters = "0123456789*/,-LW#?@ \tJANMONsun\0\u00e9:";
        var random = new Random(7);
        for (int round = 0; round < Fuzz.Rounds(200_000); round++)
        {
            var text = new char[random.Next(0, 24)];
            for (int i = 0; i < text.Length; i++) text[i] = letters[random.Next(letters.Length)];
            string line = new(text);
            var parsed = CronExpression.Parse(line, out int column, out string problem);
            Assert.InRange(column, 1, line.Length + 1);
            Assert.Equal(parsed is null, problem.Length > 0);
            Assert.DoesNotContain('\n', problem);
            if (parsed is { IsReboot: false }) Assert.NotEqual(CronExpression.Never, CronTimes.Next(parsed, TimeZoneRules.Utc, 0));
        }
        Assert.Null(CronExpression.Parse(new string('*', 5000), out _, out string tooLong));
        Assert.Contains("longer than", tooLong);
    }
}
