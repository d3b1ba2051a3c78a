using Dora.Init.Manager.Shutdown;
using Xunit;

namespace Dora.Init.Tests.Manager.Shutdown;

public class EndTimeTests
{
    private static readonly DateTime s_now = new(2026, 11, 21, 22, 30, 0, DateTimeKind.Utc);

    [Theory]
    [InlineData("23:00", "2026-11-21 23:00:00")]
    [InlineData("22:30", "2026-11-22 22:30:00")]
    [InlineData("6:05", "2026-11-22 06:05:00")]
    [InlineData("23:00:30Z", "2026-11-21 23:00:30")]
    [InlineData("2026-12-01T00:00", "2026-12-01 00:00:00")]
    [InlineData("2026-11-21 22:30:01", "2026-11-21 22:30:01")]
    [InlineData("2027-02-28T10:00Z", "2027-02-28 10:00:00")]
    public void A_time_of_day_is_the_next_one_and_a_date_is_that_date(string text, string expected)
    {
        Assert.True(EndTime.TryParseAt(text, s_now, out var at, out _));
        Assert.Equal(expected, $"{at:yyyy-MM-dd HH:mm:ss}");
        Assert.Equal(DateTimeKind.Utc, at.Kind);
    }

    [Theory]
    [InlineData("")]
    [InlineData("24:00")]
    [InlineData("23:60")]
    [InlineData("23")]
    [InlineData("23:0")]
    [InlineData("tomorrow")]
    [InlineData("2026-02-30T10:00")]
    [InlineData("2026-11-21X23:00")]
    [InlineData("-1:00")]
    [InlineData("23:00+01:00")]
    public void What_is_no_time_is_refused(string text)
    {
        Assert.False(EndTime.TryParseAt(text, s_now, out _, out string reason));
        Assert.Contains("is expected", reason);
    }

    [Fact]
    public void What_is_over_or_beyond_a_year_is_refused()
    {
        Assert.False(EndTime.TryParseAt("2026-11-21T22:30", s_now, out _, out string over));
        Assert.Contains("over already", over);
        Assert.False(EndTime.TryParseAt("2028-01-01T00:00", s_now, out _, out string far));
        Assert.Contains("a year", far);
        Assert.False(EndTime.TryParseIn("400d", out _, out far));
        Assert.Contains("a year", far);
        Assert.False(EndTime.TryParseIn("10", out _, out string unit));
        Assert.Contains("write a unit: 10s", unit);
        Assert.True(EndTime.TryParseIn("1h30m", out var delay, out _));
        Assert.Equal(90, delay.TotalMinutes);
    }

    [Fact]
    public void Any_text_is_read_without_harm()
    {
        var random = new Random(5);
        const string alphabet = "0123456789:-TZ +";
        for (int i = 0; i < 50_000; i++)
        {
            var text = new char[random.Next(24)];
            for (int c = 0; c < text.Length; c++) text[c] = alphabet[random.Next(alphabet.Length)];
            if (EndTime.TryParseAt(new string(text), s_now, out var at, out _)) Assert.InRange(at, s_now, s_now + EndTime.Longest);
        }
    }
}
