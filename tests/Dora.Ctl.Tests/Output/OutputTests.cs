using System.Text;
using Dora.Core.Protocol;
using Dora.Core.Client;
using Dora.Ctl.Output;
using Xunit;

namespace Dora.Ctl.Tests.Output;

public class OutputTests
{
    [Theory]
    [InlineData("plain\ttext é", "plain\ttext é")]
    [InlineData("\e[2Jgone", "\\x1b[2Jgone")]
    [InlineData("a\r\nb\u009b1m\u007f", "a\\x0d\\x0ab\\x9b1m\\x7f")]
    [InlineData("\u202egpj.exe", "\\u202egpj.exe")]
    public void Control_characters_are_made_visible(string text, string expected) => Assert.Equal(expected, Sanitizer.Clean(text));

    [Theory]
    [InlineData(0, "0 s")]
    [InlineData(59, "59 s")]
    [InlineData(60, "1 min")]
    [InlineData(3600, "1 h")]
    [InlineData(3660, "1 h 1 min")]
    [InlineData(86400 * 2 + 3600, "2 d 1 h")]
    [InlineData(-5, "0 s")]
    public void Durations_are_readable(int seconds, string expected) => Assert.Equal(expected, Words.Duration(TimeSpan.FromSeconds(seconds)));

    [Fact]
    public void The_end_of_a_process_is_told_in_words()
    {
        Assert.Equal("exited with code 3", Words.Exit(new LastExit { Kind = LastExit.Exited, Code = 3 }));
        Assert.Equal("killed by signal 9 (KILL)", Words.Exit(new LastExit { Kind = LastExit.Signaled, Signal = 9 }));
        Assert.Equal("killed for want of memory (oom, signal 9)", Words.Exit(new LastExit { Kind = LastExit.Oom, Signal = 9 }));
        Assert.Equal("killed for want of memory (oom, exit code 137)", Words.Exit(new LastExit { Kind = LastExit.Oom, Code = 137 }));
    }

    [Theory]
    [InlineData("ssdh", "sshd")]
    [InlineData("web", null)]
    [InlineData("syslg", "syslog")]
    public void Nearest_word_is_found(string typed, string? expected) => Assert.Equal(expected, Words.Nearest(typed, ["sshd", "syslog", "dhcp@eth0"]));

    [Fact]
    public void Lines_are_cut_wherever_the_pieces_end()
    {
        byte[] text = Encoding.UTF8.GetBytes("one\n\ntwo\nrest");
        for (int step = 1; step <= text.Length; step++)
        {
            var lines = new List<string>();
            var splitter = new LineSplitter(line => lines.Add(Encoding.UTF8.GetString(line)));
            for (int at = 0; at < text.Length; at += step) splitter.Feed(text.AsSpan(at, Math.Min(step, text.Length - at)));
            Assert.Equal(["one", "", "two"], lines);
        }
    }

    [Fact]
    public void Outcome_tells_what_changed()
    {
        var change = new ChangeInfo { Id = "1", Verb = "start", Status = ChangeInfo.Done, Before = "running", After = "running" };
        Assert.Equal("web: nothing to do, it is running", ServiceDetails.Outcome(change, "start", "web"));
        Assert.Equal("web: restarted, it was running and is running", ServiceDetails.Outcome(change, "restart", "web"));
    }
}
