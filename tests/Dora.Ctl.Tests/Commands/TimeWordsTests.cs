using Dora.Ctl.Commands;
using Xunit;

namespace Dora.Ctl.Tests.Commands;

public class TimeWordsTests
{
    private static readonly DateTime s_now = new(2026, 11, 21, 23, 20, 1, DateTimeKind.Utc);

    [Theory]
    [InlineData("now", "2026-11-21T23:20:01Z")]
    [InlineData("today", "2026-11-21T00:00:00Z")]
    [InlineData("yesterday", "2026-11-20T00:00:00Z")]
    [InlineData("10:00", "2026-11-21T10:00:00Z")]
    [InlineData("10:00:05", "2026-11-21T10:00:05Z")]
    [InlineData("2026-11-21 10:00", "2026-11-21T10:00:00Z")]
    [InlineData("2026-11-21", "2026-11-21T00:00:00Z")]
    [InlineData("2026-11-21T10:00", "2026-11-21T10:00:00Z")]
    [InlineData("10 min ago", "2026-11-21T23:10:01Z")]
    [InlineData("2 days 1 hour ago", "2026-11-19T22:20:01Z")]
    [InlineData("1h30m ago", "2026-11-21T21:50:01Z")]
    [InlineData("-1h", "2026-11-21T22:20:01Z")]
    [InlineData("5m", "2026-11-21T23:15:01Z")]
    [InlineData("1h30m", "2026-11-21T21:50:01Z")]
    [InlineData("-1.5h", "2026-11-21T21:50:01Z")]
    [InlineData("@1795303201", "1795303201")]
    [InlineData("2026-11-22T01:20:01+02:00", "2026-11-22T01:20:01+02:00")]
    public void Words_become_a_moment(string text, string expected) => Assert.Equal(expected, TimeWords.Parse(text, s_now));

    [Theory]
    [InlineData("")]
    [InlineData("-")]
    [InlineData("-h")]
    [InlineData("10")]
    [InlineData("10 parsecs ago")]
    [InlineData("ago")]
    [InlineData("tomorrow")]
    [InlineData("@")]
    [InlineData("25:00")]
    [InlineData("2026-02-30")]
    [InlineData("-99999999999w")]
    public void Anything_else_is_none(string text) => Assert.Null(TimeWords.Parse(text, s_now));
}
