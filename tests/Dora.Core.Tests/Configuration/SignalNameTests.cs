using Dora.Core.Configuration;
using Xunit;

namespace Dora.Core.Tests.Configuration;

public class SignalNameTests
{
    [Theory]
    [InlineData("TERM", 15)]
    [InlineData("SIGTERM", 15)]
    [InlineData("sigusr1", 10)]
    [InlineData("RTMIN+3", 37)]
    [InlineData("SIGRTMAX-1", 63)]
    public void Signal_is_known(string text, int number)
    {
        Assert.True(SignalName.TryParse(text, out int found));
        Assert.Equal(number, found);
        Assert.True(SignalName.TryParse(SignalName.Of(number), out int back));
        Assert.Equal(number, back);
    }

    [Theory]
    [InlineData("")]
    [InlineData("SIGSIGTERM")]
    [InlineData("RTMIN+31")]
    [InlineData("RTMIN+")]
    [InlineData("RTMIN-1")]
    [InlineData("9")]
    public void Other_words_are_not_signals(string text) => Assert.False(SignalName.TryParse(text, out _));
}
