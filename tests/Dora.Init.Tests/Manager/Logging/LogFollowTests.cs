using Dora.Core.Protocol;
using Xunit;

namespace Dora.Init.Tests.Manager.Logging;

/// <summary>Readers that follow the log, quick and slow.</summary>
public sealed class LogFollowTests : LogFixture
{
    [Fact]
    public void Follower_gets_the_tail_and_then_what_comes()
    {
        var (output, error) = Open("web");
        Write(output, "1\n2\n3\n");
        WaitForLines(4);
        using var client = Connect(new LogQuery("web", 2, true));
        Assert.Contains("HTTP/1.1 200 OK\r\n", ReadUntil(client, "\"3\"}\n"));
        Write(output, "4\n");
        Assert.Contains("\"4\"", ReadUntil(client, "\"4\"}\n"));
        Assert.Equal(1, SyslogThread.Call(() => Server.ReaderCount));
        client.Dispose();
        SyslogThread.Until(() => Server.ReaderCount == 0, "a client that is gone is noticed");
        output.Dispose();
        error.Dispose();
    }

    [Fact]
    public void Follower_until_the_end_gets_every_line_and_then_the_end()
    {
        var (output, error) = Open("run-1");
        var (other, otherError) = Open("run-10");
        using var client = Connect(new LogQuery("run-1", 10, true, UntilEnd: true));
        ReadUntil(client, "\r\n\r\n");
        Write(output, "one\n");
        ReadUntil(client, "\"one\"}\n");
        output.Dispose();
        Write(error, "two\nlast");
        error.Dispose();
        ReadUntil(client, "\"last\"}\n");
        SyslogThread.Until(() => Server.ReaderCount == 0, "the reader is done");
        // And who comes later gets them at once, or what is behind a line.
        var all = Query(new LogQuery("run-1", 10, true, UntilEnd: true));
        Assert.Equal(["one", "two", "last"], all.Select(line => line.Message));
        Assert.Equal(["last"], Query(new LogQuery("run-1", 10, true, UntilEnd: true, After: all[1].Sequence!.Value)).Select(line => line.Message));
        other.Dispose();
        otherError.Dispose();
    }

    [Fact]
    public void Follower_that_only_closed_its_sending_side_still_gets_lines()
    {
        var (output, error) = Open("web");
        using var client = Connect(new LogQuery("web", 2, true));
        ReadUntil(client, "\r\n\r\n");
        Assert.Equal(0, shutdown(client.Number, 1));
        Write(output, "still\n");
        ReadUntil(client, "\"still\"}\n");
        output.Dispose();
        error.Dispose();
    }

    [Fact]
    public void Reader_that_is_overtaken_is_told_how_much_it_missed()
    {
        var (output, error) = Open("web");
        using var slow = Connect(new LogQuery("web", 0, true));
        SyslogThread.Until(() => Server.ReaderCount == 1, "it reads");
        for (int i = 0; i < 3000; i++) Write(output, $"{i} {new string('x', 500)}\n");
        Write(output, "end\n");
        WaitForLines(3002);
        Assert.Matches("\"service\":\"syslog\".*[0-9]+ lines were overwritten before this reader took them", ReadUntil(slow, "\"end\"}\n"));
        output.Dispose();
        error.Dispose();
    }

    [System.Runtime.InteropServices.DllImport("libc")] private static extern int shutdown(int fd, int how);
}
