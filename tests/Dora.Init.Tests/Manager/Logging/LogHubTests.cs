using System.Diagnostics;
using System.Text;
using Dora.Core.Linux;
using Dora.Core.Protocol;
using Xunit;

namespace Dora.Init.Tests.Manager.Logging;

/// <summary>From the pipes of services to the lines that a query tells.</summary>
public sealed class LogHubTests : LogFixture
{
    [Fact]
    public void Lines_of_a_service_are_told_with_stream_and_priority()
    {
        var (output, error) = Open("web");
        Write(output, "hello\n<2>critical\n");
        WaitForLines(3);
        Write(error, "oops\n");
        WaitForLines(4);
        var lines = Query(new LogQuery("web", 10, false));
        Assert.Equal(["output 6 hello", "output 2 critical", "error 4 oops"], lines.Select(l => $"{l.Stream} {l.Priority} {l.Message}"));
        Assert.All(lines, l => Assert.True(l.BootMs > 0 && l.Service == "web" && l.Pid is null));
        output.Dispose();
        error.Dispose();
        ManagerThread.Until(() => Hub.PipeCount == 0, "the pipes of a process that is gone are forgotten");
        Assert.DoesNotContain(Store.Names, n => n.Contains("web"));
    }

    [Fact]
    public void Line_without_end_comes_after_a_pause_and_at_the_end()
    {
        var (output, error) = Open("web");
        Write(output, "password: ");
        WaitForLines(2);
        Write(error, "last words");
        error.Dispose();
        WaitForLines(3);
        output.Dispose();
        Assert.Equal(["password: ", "last words"], Query(new LogQuery("web", 10, false)).Select(l => l.Message));
    }

    [Fact]
    public void Writer_at_full_speed_does_not_starve_others()
    {
        var (flood, floodError) = Open("flood");
        var (quiet, quietError) = Open("quiet");
        using var stop = new CancellationTokenSource();
        var writer = new Thread(() =>
        {
            byte[] lines = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("spam\n", 10_000)));
            while (!stop.IsCancellationRequested) Sys.Write(flood, lines, out _);
        });
        using var client = Connect(new LogQuery("quiet", 0, true));
        ReadUntil(client, "\r\n\r\n");
        writer.Start();
        var watch = Stopwatch.StartNew();
        for (int i = 0; i < 20; i++)
        {
            Write(quiet, $"i am {i}\n");
            // Nor does it push lines out before a reader that keeps up could take them.
            Assert.DoesNotContain("overwritten", ReadUntil(client, $"\"i am {i}\"}}\n"));
        }
        stop.Cancel();
        writer.Join();
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(10), $"20 lines took {watch.Elapsed}");
        foreach (var fd in new[] { flood, floodError, quiet, quietError }) fd.Dispose();
    }
}
