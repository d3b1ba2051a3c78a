using Dora.Core.Protocol;
using Xunit;

namespace Dora.Init.Tests.Manager.Logging;

/// <summary>Followers of a quiet log; how long it may be quiet is short here.</summary>
public sealed class LogSignOfLifeTests : LogFixture
{
    private protected override TimeSpan SignOfLife => TimeSpan.FromMilliseconds(100);

    [Fact]
    public void Who_follows_a_quiet_log_gets_empty_lines_and_then_what_comes()
    {
        var (output, error) = Open("web");
        using var client = Connect(new LogQuery("web", 0, true));
        Assert.EndsWith("\r\n\r\n\n", ReadUntil(client, "\n\n"));
        Assert.Equal("\n", ReadUntil(client, "\n"));
        Write(output, "hello\n");
        Assert.Contains("\"hello\"", ReadUntil(client, "\"hello\"}\n"));
        output.Dispose();
        error.Dispose();
    }
}
