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
    public void An_orderly_end_leaves_half_a_line_to_the_next()
    {
        var (output, error) = Open("web");
        Write(output, "whole\nbegun, ");
        WaitForLines(2);
        SyslogThread.Until(() => Server.HasPartial, "half a line");
        Write(output, "ended\nbegun again, ");
        Write(error, "beside\n");
        SyslogThread.Until(() => Server.Ring.NextSequence > 4 && Server.HasPartial, "half a line again");
        LeaveSyslog();
        Write(output, "and ended\nfor the next\n");
        SendDatagram("<30>Nov 21 03:55:35 tool[1]: sent meanwhile");
        StartSyslog();
        WaitForLines(8);
        Assert.Equal(["whole", "begun, ended", "begun again, and ended", "for the next"],
            Query(new LogQuery("web", 10, false)).Where(line => line.Stream == "output").Select(line => line.Message));
        Assert.Equal("beside", Assert.Single(Query(new LogQuery("web", 10, false)), line => line.Stream == "error").Message);
        Assert.Equal("sent meanwhile", Assert.Single(Query(new LogQuery("tool", 10, false))).Message);
        output.Dispose();
        error.Dispose();
    }

    [Fact]
    public void A_line_that_was_given_out_in_part_goes_on_with_the_next_syslog()
    {
        var (output, error) = Open("web");
        Write(output, "<2>for ever");
        WaitForLines(2);
        LeaveSyslog();
        Write(output, " and ever\nnew\n");
        StartSyslog();
        WaitForLines(5);
        Assert.Equal([("for ever", 2), (" and ever", 2), ("new", 6)], Query(new LogQuery("web", 10, false)).Select(line => (line.Message, line.Priority)));
        Assert.Equal([true, false], new[] { 4, 5 }.Select(IsContinued));
        output.Dispose();
        error.Dispose();
    }

    [Fact]
    public void A_small_pipe_full_of_half_a_line_is_emptied()
    {
        var (output, error) = Open("web");
        Assert.True(Libc.fcntl(output.Number, Libc.F_SETPIPE_SZ, 4096) >= 4096);
        string text = string.Concat(Enumerable.Range(0, 60_000).Select(i => (char)('a' + i % 26)));
        Write(output, text + "\n"); // blocks until there is room again and again, and has no end for long
        SyslogThread.Until(() => Server.Ring.NextSequence > 8 && !Server.HasPartial, "all of it");
        Assert.Equal(text, string.Concat(Query(new LogQuery("web", 100, false)).Select(line => line.Message)));
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
    public void What_runs_of_a_job_have_left_behind_keeps_its_output()
    {
        var open = new List<FileDescriptor>();
        for (int i = 0; i < 40; i++)
        {
            var (output, error) = Open("job");
            open.Add(output);
            open.Add(error);
        }
        ManagerThread.Until(() => Server.StreamCount == 80, "syslog reads all of them");
        Assert.Equal(80, ManagerThread.Call(() => Hub.PipeCount));
        Assert.Empty(Warnings);
        Write(open[0], "still here\n");
        WaitForLines(2);
        // Without an end all the same.
        for (int i = 0; i < 100; i++)
        {
            var (output, error) = Open("job");
            open.Add(output);
            open.Add(error);
        }
        Assert.Equal(256, ManagerThread.Call(() => Hub.PipeCount));
        Assert.Contains("job: 256 outputs of processes", Warnings[0]);
        foreach (var fd in open) fd.Dispose();
    }

    [Fact]
    public void Restarting_service_without_syslog_keeps_a_bounded_number_of_pipes()
    {
        StopSyslog();
        ManagerThread.Call(() => Hub.SyslogStopped());
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

    private bool IsContinued(int sequence) => SyslogThread.Call(() =>
    {
        var position = Server.Ring.Behind(sequence - 1);
        Assert.True(Server.Ring.TryRead(ref position, out var entry, out _));
        return entry.IsContinuation;
    });
}
