using Dora.Core.Protocol;
using Xunit;

namespace Dora.Core.Tests.Protocol;

public class LogTimeTests
{
    [Theory]
    [InlineData("2026-11-21T23:20:01Z", 1_795_303_201_000_000)]
    [InlineData("2026-11-21T23:20:01.5Z", 1_795_303_201_500_000)]
    [InlineData("2026-11-21T23:20:01.1234567Z", 1_795_303_201_123_456)]
    [InlineData("2026-11-22T01:20:01+02:00", 1_795_303_201_000_000)]
    [InlineData("2026-11-21T17:50:01.25-05:30", 1_795_303_201_250_000)]
    [InlineData("1795303201", 1_795_303_201_000_000)]
    [InlineData("1795303201.75", 1_795_303_201_750_000)]
    [InlineData("0", 1)]
    public void Moment_is_read(string text, long expected)
    {
        Assert.True(LogTime.TryParse(text, isEnd: false, out long time));
        Assert.Equal(expected, time);
    }

    [Fact]
    public void End_is_the_last_microsecond_of_what_is_said()
    {
        Assert.True(LogTime.TryParse("1795303201", isEnd: true, out long time));
        Assert.Equal(1_795_303_201_999_999, time);
        Assert.True(LogTime.TryParse("1795303201.25", isEnd: true, out time));
        Assert.Equal(1_795_303_201_259_999, time);
    }

    [Theory]
    [InlineData("")]
    [InlineData("yesterday")]
    [InlineData("-1")]
    [InlineData("2026-11-21")]
    [InlineData("2026-02-29T00:00:00Z")]
    [InlineData("2026-11-21T24:00:00Z")]
    [InlineData("2026-11-21T23:20:01")]
    [InlineData("2026-11-21T23:20:01.Z")]
    [InlineData("2026-11-21T23:20:01+0200")]
    [InlineData("999999999999999999")]
    [InlineData("1969-12-31T23:59:59Z")]
    public void Anything_else_is_none(string text) => Assert.False(LogTime.TryParse(text, isEnd: false, out _));

    [Fact]
    public void Junk_does_not_throw()
    {
        var random = new Random(1);
        const string alphabet = "0123456789-:.TZ+ x";
        for (int i = 0; i < 50_000; i++)
        {
            var text = new char[random.Next(30)];
            for (int k = 0; k < text.Length; k++) text[k] = alphabet[random.Next(alphabet.Length)];
            if (LogTime.TryParse(new string(text), random.Next(2) == 0, out long time)) Assert.True(time > 0);
        }
    }
}
