using Dora.Tests.Harness;
using Dora.Core.Configuration;
using Xunit;

namespace Dora.Core.Tests.Configuration;

public class DurationTextTests
{
    [Theory]
    [InlineData("500ms", 500)]
    [InlineData("2s", 2_000)]
    [InlineData("2 sec", 2_000)]
    [InlineData("1m30s", 90_000)]
    [InlineData("1m 30s", 90_000)]
    [InlineData("5 min", 300_000)]
    [InlineData("1h", 3_600_000)]
    [InlineData("1d2h3m4s5ms", 93_784_005)]
    [InlineData("1.5s", 1_500)]
    [InlineData("0s", 0)]
    public void Duration_is_read(string text, long milliseconds)
    {
        Assert.True(DurationText.TryParse(text, out var value, out _));
        Assert.Equal(TimeSpan.FromMilliseconds(milliseconds), value);
    }

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("s")]
    [InlineData("5")]
    [InlineData("0")]
    [InlineData("1..5s")]
    [InlineData(".")]
    [InlineData("5S")]
    [InlineData("5 s!")]
    [InlineData("5s 5")]
    [InlineData("+5s")]
    [InlineData("1e3s")]
    [InlineData("٥s")]
    public void Other_text_is_not_a_duration(string text) => Assert.False(DurationText.TryParse(text, out _, out _));

    [Fact]
    public void What_is_formatted_reads_back()
    {
        var random = new Random(7);
        for (int i = 0; i < Fuzz.Rounds(2000); i++)
        {
            var value = TimeSpan.FromMilliseconds(random.NextInt64(0, 1L << random.Next(1, 35)));
            Assert.True(DurationText.TryParse(DurationText.Format(value), out var back, out _), DurationText.Format(value));
            Assert.Equal(value, back);
        }
    }
}
