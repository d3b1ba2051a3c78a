using Dora.Core.Protocol;
using Xunit;

namespace Dora.Init.Tests.Manager.Logging;

/// <summary>A reader that takes nothing; how long it may do so is short here.</summary>
public sealed class LogSlowReaderTests() : LogFixture(TimeSpan.FromSeconds(3))
{
    [Fact]
    public void Slow_reader_is_dropped_and_holds_nobody_up()
    {
        var (output, error) = Open("web");
        using var slow = Connect(new LogQuery(null, 0, true));
        using var quick = Connect(new LogQuery(null, 0, true));
        SyslogThread.Until(() => Server.ReaderCount == 2, "both read");
        string text = new('x', 1000);
        for (int i = 0; i < 3000; i++)
        {
            Write(output, $"{i} {text}\n");
            if (i % 20 == 19) ReadUntil(quick, $"\"{i} {text}\"}}\n");
        }
        SyslogThread.Until(() => Server.ReaderCount == 1, "the slow reader is dropped");
        Write(output, "end\n");
        ReadUntil(quick, "\"end\"}\n");
        output.Dispose();
        error.Dispose();
    }
}
