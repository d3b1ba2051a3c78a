using Dora.Core.Linux;
using Dora.Core.Protocol;
using Xunit;

namespace Dora.Init.Tests.Manager.Logging;

/// <summary>Syslog or the manager ends and starts again, and no line is lost.</summary>
public sealed class LogRestartTests : LogFixture
{
    [Fact]
    public void New_syslog_gets_every_pipe_and_keeps_the_lines_of_the_old_one()
    {
        var (output, error) = Open("web");
        Write(output, "before\n");
        WaitForLines(2);
        StopSyslog();
        ManagerThread.Call(() => Hub.SyslogStopped());
        Assert.False(Serve(new LogQuery(null, 1, false), out var refused));
        refused.Dispose();
        Write(output, "meanwhile\n");
        Write(error, "died\n");
        error.Dispose();
        SendDatagram("<30>Nov 21 03:55:35 tool[1]: sent meanwhile");
        StartSyslog();
        Write(output, "after\n");
        WaitForLines(7);
        Assert.Equal(["after", "before", "died", "meanwhile"], Query(new LogQuery("web", 10, false)).Select(l => l.Message).Order());
        Assert.Equal("sent meanwhile", Assert.Single(Query(new LogQuery("tool", 10, false))).Message);
        output.Dispose();
        ManagerThread.Until(() => Hub.PipeCount == 0, "all pipes end");
    }

    [Fact]
    public void An_orderly_end_leaves_no_line_half_read_and_what_comes_after_it_to_the_next()
    {
        var (output, error) = Open("web");
        Write(output, "whole\nbegun, ");
        WaitForLines(2);
        SyslogThread.Until(() => Server.HasPartial, "half a line");
        Write(output, "ended\nunread\nbegun again, ");
        Write(error, "beside\n");
        SyslogThread.Until(() => Server.Ring.NextSequence > 5 && Server.HasPartial, "half a line again");
        LeaveSyslog(() => Write(output, "and ended\nfor the next\n"));
        SendDatagram("<30>Nov 21 03:55:35 tool[1]: sent meanwhile");
        StartSyslog();
        WaitForLines(9);
        Assert.Equal(["whole", "begun, ended", "unread", "begun again, and ended", "for the next"],
            Query(new LogQuery("web", 10, false)).Where(line => line.Stream == "output").Select(line => line.Message));
        Assert.Equal("beside", Assert.Single(Query(new LogQuery("web", 10, false)), line => line.Stream == "error").Message);
        Assert.Equal("sent meanwhile", Assert.Single(Query(new LogQuery("tool", 10, false))).Message);
        output.Dispose();
        error.Dispose();
    }

    [Fact]
    public void A_line_whose_writer_is_in_the_middle_of_it_is_waited_for_no_longer_than_ever()
    {
        var (output, error) = Open("web");
        Write(output, "for ever");
        SyslogThread.Until(() => Server.HasPartial, "half a line");
        Assert.InRange(LeaveSyslog().TotalSeconds, 0, 10);
        Write(output, " and ever\n");
        StartSyslog();
        WaitForLines(4);
        Assert.Equal("for ever and ever", string.Concat(Query(new LogQuery("web", 10, false)).Select(line => line.Message)));
        output.Dispose();
        error.Dispose();
    }

    [Fact]
    public void Who_leaves_is_not_kept_by_a_line_without_end()
    {
        var (output, error) = Open("web");
        Sys.SetNonBlocking(output).ThrowIfError("fcntl");
        using var stop = new CancellationTokenSource();
        var writer = new Thread(() =>
        {
            byte[] text = new byte[4096];
            text.AsSpan().Fill((byte)'x');
            while (!stop.IsCancellationRequested) _ = Sys.Write(output, text, out _);
        });
        writer.Start();
        SyslogThread.Until(() => Server.HasPartial, "half a line");
        Assert.InRange(LeaveSyslog().TotalSeconds, 0, 10);
        stop.Cancel();
        writer.Join();
        output.Dispose();
        error.Dispose();
    }

    [Fact]
    public void New_manager_takes_over_and_syslog_does_not_notice()
    {
        var (output, error) = Open("web");
        Write(output, "one\n");
        WaitForLines(2);
        StopManager();
        Write(output, "two\n");
        error.Dispose(); // ends with no manager there
        WaitForLines(3);
        StartManager();
        ManagerThread.Until(() => Hub.PipeCount == 1, "the pipe that ended meanwhile is forgotten");
        Write(output, "three\n");
        WaitForLines(4);
        Assert.Equal(["one", "two", "three"], Query(new LogQuery("web", 10, false)).Select(l => l.Message));
        var (second, secondError) = Open("web");
        Write(second, "four\n");
        WaitForLines(5);
        foreach (var fd in new[] { output, second, secondError }) fd.Dispose();
        ManagerThread.Until(() => Hub.PipeCount == 0, "all pipes end");
    }

    [Fact]
    public void Restarting_service_without_syslog_keeps_a_bounded_number_of_pipes()
    {
        StopSyslog();
        for (int i = 0; i < 300; i++)
        {
            var (output, error) = Open("crash");
            Write(output, i + "\n");
            output.Dispose();
            error.Dispose();
        }
        Assert.Equal(16, ManagerThread.Call(() => Hub.PipeCount));
        Assert.NotEmpty(Warnings);
        StartSyslog();
        ManagerThread.Until(() => Hub.PipeCount == 0, "all are read");
        Assert.Equal("299", Query(new LogQuery("crash", 10, false))[^1].Message);
    }

    [Fact]
    public void Hundreds_of_streams_pass_a_channel_that_nobody_reads()
    {
        StopSyslog();
        var ends = Enumerable.Range(0, 400).Select(i => Open("s" + i)).ToList();
        foreach (var (output, _) in ends) Write(output, "hi\n");
        StartSyslog();
        WaitForLines(402); // two starts of syslog
        foreach (var (output, error) in ends)
        {
            output.Dispose();
            error.Dispose();
        }
        ManagerThread.Until(() => Hub.PipeCount == 0, "all are read to their end");
    }
}
