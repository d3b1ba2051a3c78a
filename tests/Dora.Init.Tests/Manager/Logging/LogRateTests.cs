using System.Text;
using Dora.Core.Configuration;
using Dora.Core.Events;
using Dora.Core.Linux;
using Dora.Core.Protocol;
using Dora.Core.Protocol.Json;
using Dora.Syslog;
using Xunit;

namespace Dora.Init.Tests.Manager.Logging;

/// <summary>Limits for those who say too much. The clock is turned by the test: a window is an hour.</summary>
public class LogRateTests : LogFixture
{
    private static readonly PollLimit s_threeInAnHour = new(3, TimeSpan.FromHours(1));
    private long _turned; // hours
    private PollLimit _usual;

    private protected override void BeforeSyslog(LogServer server)
    {
        EventLoop.TestClock = () => Sys.TimeSinceBoot() + TimeSpan.FromHours(Interlocked.Read(ref _turned));
        server.Ring.Rates!.Usual = _usual;
    }

    [Fact]
    public void Lines_beyond_the_limit_are_dropped_and_told_when_its_time_is_over()
    {
        Limit("web", s_threeInAnHour);
        var (output, error) = Open("web");
        Write(output, "1\n2\n3\n4\n5\n");
        WaitForDropped("web", 2);
        Write(error, "6\n"); // one service, one limit
        WaitForDropped("web", 3);
        SyslogThread.Until(() => Server.Ring.NextSequence == 5, "three lines, and that it was started");
        Turn();
        Write(output, "7\n");
        WaitForLines(6);
        Assert.Equal(["1", "2", "3", "3 lines were dropped: more than 3 in 1h", "7"], Texts("web"));
        output.Dispose();
        error.Dispose();
    }

    [Fact]
    public void What_was_dropped_is_told_although_nothing_more_is_said()
    {
        Limit("web", s_threeInAnHour);
        var (output, error) = Open("web");
        Write(output, "1\n2\n3\n4\n");
        WaitForDropped("web", 1);
        Turn();
        WaitForLines(5);
        Assert.Equal("1 line was dropped: more than 3 in 1h", Texts("web")[^1]);
        output.Dispose();
        error.Dispose();
    }

    [Fact]
    public void A_new_syslog_goes_on_counting_and_tells()
    {
        Limit("web", s_threeInAnHour);
        var (output, error) = Open("web");
        Write(output, "1\n2\n3\n4\n");
        WaitForDropped("web", 1);
        StopSyslog();
        Write(output, "5\n");
        StartSyslog();
        WaitForDropped("web", 2);
        Turn();
        SyslogThread.Until(() => Read("web").Contains("2 lines were dropped: more than 3 in 1h"), "the line that tells");
        Assert.Equal(2, Status().Dropped.Single(dropped => dropped.Service == "web").Lines);
        output.Dispose();
        error.Dispose();
    }

    [Fact]
    public void The_usual_limit_is_for_all_and_a_service_may_have_none()
    {
        StopSyslog();
        _usual = s_threeInAnHour;
        StartSyslog();
        Limit("free", PollLimit.None);
        var (free, freeError) = Open("free");
        var (bound, boundError) = Open("bound");
        Write(free, "1\n2\n3\n4\n5\n");
        Write(bound, "1\n2\n3\n4\n5\n");
        WaitForDropped("bound", 2);
        SyslogThread.Until(() => Read("free").Count == 5, "all five");
        Assert.Equal(3, Texts("bound").Count);
        Assert.Equal("3/1h", Assert.Single(Status().Dropped).Limit);
        foreach (var fd in new[] { free, freeError, bound, boundError }) fd.Dispose();
    }

    [Fact]
    public void Users_who_are_in_no_service_are_limited_whatever_they_call_themselves()
    {
        StopSyslog();
        _usual = s_threeInAnHour;
        StartSyslog();
        for (int i = 0; i < 8; i++) SendDatagram($"<13>tool{i}: text {i}");
        string user = $"uid {Libc_uid()}";
        WaitForDropped(user, 5);
        Turn();
        SyslogThread.Until(() => Read("syslog").Contains($"5 lines of {user} were dropped: more than 3 in 1h"), "the line that tells");
    }

    [Fact]
    public void The_rest_of_a_line_that_is_dropped_is_dropped_too_also_by_the_next_syslog()
    {
        Limit("web", new PollLimit(1, TimeSpan.FromHours(1)));
        var (output, error) = Open("web");
        Write(output, "first\n" + new string('x', 8192) + "more"); // 8192 bytes of a line are given out: dropped
        WaitForDropped("web", 1);
        StopSyslog();
        Turn(); // now a new line would be kept
        StartSyslog();
        Write(output, " of it\nsecond\n");
        SyslogThread.Until(() => Read("web").Contains("second"), "the second line");
        Assert.Equal(["first", "1 line was dropped: more than 1 in 1h", "second"], Texts("web").Where(text => !text.StartsWith("2 lines")).ToArray());
        WaitForDropped("web", 2);
        output.Dispose();
        error.Dispose();
    }

    [Fact]
    public void A_manager_that_knows_of_no_rates_and_a_syslog_that_knows_of_none_get_on()
    {
        // An old manager: it sends no rate, and does not know what KnowsRates is. (Hub ignores unknown kinds; here it is not asked.)
        ManagerThread.Call(() => Hub.RateOf = null);
        var (output, error) = Open("web");
        Write(output, "1\n2\n3\n4\n5\n");
        WaitForLines(6);
        // An old syslog: says Hello alone. It must not be sent what it does not know.
        StopSyslog();
        ManagerThread.Call(Hub.SyslogStopped);
        ManagerThread.Call(() => Hub.RateOf = _ => s_threeInAnHour);
        Span<byte> buffer = stackalloc byte[ChannelMessage.MaximumBytes];
        var channel = ManagerThread.Call(() => Hub.SyslogDescriptors().Single(entry => entry.Name == "channel").Fd);
        while (Sys.Receive(channel, buffer, out _, out var passed, Libc.MSG_DONTWAIT) == Errno.None) passed?.Dispose();
        Sys.Send(channel, ChannelMessage.Hello.Encode(buffer), null).ThrowIfError("send");
        ManagerThread.Until(() => Hub.IsRunning, "hello");
        var kinds = new List<byte>();
        while (Sys.WaitReadable(channel, Sys.TimeSinceBoot() + TimeSpan.FromMilliseconds(200)) == Errno.None)
        {
            Sys.Receive(channel, buffer, out _, out var passed, Libc.MSG_DONTWAIT).ThrowIfError("receive");
            passed?.Dispose();
            kinds.Add(buffer[0]);
        }
        Assert.Equal([(byte)ChannelMessageKind.AddStream, (byte)ChannelMessageKind.AddStream], kinds);
        output.Dispose();
        error.Dispose();
    }

    private static uint Libc_uid() => (uint)int.Parse(File.ReadLines("/proc/self/status").First(line => line.StartsWith("Uid:")).Split('\t')[1]);

    private void Limit(string service, PollLimit limit)
    {
        ManagerThread.Call(() =>
        {
            Hub.RateOf = name => name == service ? limit : null;
            Hub.Resend();
        });
    }

    private void Turn() => Interlocked.Add(ref _turned, 2);

    private List<string> Texts(string service) => SyslogThread.Call(() => Read(service));

    private List<string> Read(string service)
    {
        var texts = new List<string>();
        var position = Server.Ring.Oldest;
        while (Server.Ring.TryRead(ref position, out var entry, out _))
            if (Encoding.UTF8.GetString(entry.Service) == service) texts.Add(Encoding.UTF8.GetString(entry.Text));
        return texts;
    }

    private LogStatus Status()
    {
        using var client = Connect(new LogQuery(null, 0, false) { Status = true });
        string answer = ReadUntil(client, null);
        Assert.StartsWith("HTTP/1.1 200 OK\r\n", answer);
        return JsonMapReader.Read<LogStatus>(Encoding.UTF8.GetBytes(answer[(answer.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..]));
    }

    private void WaitForDropped(string name, long count) =>
        SyslogThread.Until(() => Server.Ring.Rates!.Dropped().Exists(entry => entry.Name == name && entry.Total == count), $"{count} dropped lines of {name}");
}
