using Dora.Init.Guard;
using Xunit;

namespace Dora.Init.Tests.Guard;

public class WatchdogTests
{
    [Theory]
    [InlineData("", 60)]
    [InlineData("quiet pandora.watchdog=30", 30)]
    [InlineData("pandora.watchdog=off", null)]
    [InlineData("pandora.watchdog=0", null)]
    [InlineData("pandora.watchdog=30 pandora.watchdog=off", null)]
    [InlineData("\"pandora.watchdog=90\" panic=3", 90)]
    public void The_command_line_says_after_how_many_seconds(string commandLine, int? seconds)
    {
        Assert.Equal(seconds, Watchdog.Wanted(commandLine, out string? problem));
        Assert.Null(problem);
    }

    [Theory]
    [InlineData("pandora.watchdog")]
    [InlineData("pandora.watchdog=")]
    [InlineData("pandora.watchdog=2")]
    [InlineData("pandora.watchdog=3601")]
    [InlineData("pandora.watchdog=-1")]
    [InlineData("pandora.watchdog=soon")]
    public void What_makes_no_sense_is_reported_and_the_default_used(string commandLine)
    {
        Assert.Equal(60, Watchdog.Wanted(commandLine, out string? problem));
        Assert.Contains("off or seconds from 3 to 3600", problem);
    }

    [Fact]
    public void Any_text_is_read_without_harm()
    {
        var random = new Random(7);
        const string alphabet = "pandor.wtchg=off\"0123456789 -\n";
        for (int i = 0; i < 5000; i++)
        {
            var text = new char[random.Next(80)];
            for (int c = 0; c < text.Length; c++) text[c] = alphabet[random.Next(alphabet.Length)];
            _ = Watchdog.Wanted(new string(text), out _);
        }
    }
}
