using System.Text;
using System.Text.Json;
using Dora.Core.Linux;
using Dora.Core.Protocol;
using Dora.Syslog;
using Dora.Syslog.Forwarding;
using Dora.Syslog.Receiving;
using Dora.Tests.Harness;
using Xunit;

namespace Dora.Init.Tests.Syslog.Receiving;

public class RemoteNameTests
{
    private const long Arrived = 1_795_303_201_000_000; // 2026-11-21T23:20:01Z

    [Theory]
    [InlineData("<34>1 2026-11-21T23:20:01Z web1 nginx 12 ID47 [a b=\"]\"] text", "@10.0.0.7 web1 nginx[12]", "text", 34)]
    [InlineData("<4>1 - - - - - - text", "@10.0.0.7", "text", 4)] // the facility of a kernel: of another machine's
    [InlineData("<34>1 2026-11-21T20:00:00.5+01:00 web1 - - - - text", "@10.0.0.7 web1 - 2026-11-21T20:00:00.5+01:00", "text", 34)]
    [InlineData("<13>Nov 21 23:20:01 web1 nginx[12]: text: x", "@10.0.0.7 web1 nginx[12]", "text: x", 13)]
    [InlineData("<13>Nov 21 23:20:01 nginx[12]: text", "@10.0.0.7 - nginx[12]", "text", 13)] // busybox
    [InlineData("<13>Nov 21 23:20:01 nginx: text", "@10.0.0.7 - nginx", "text", 13)]
    [InlineData("<13>2026-11-21T23:20:01.123456+00:00 web1 tool: text", "@10.0.0.7 web1 tool", "text", 13)] // rsyslog's file format
    [InlineData("<13>tool: text", "@10.0.0.7 - tool", "text", 13)]
    [InlineData("just text", "@10.0.0.7", "just text", 13)]
    [InlineData("<999>x", "@10.0.0.7", "<999>x", 13)]
    [InlineData("<13>1 x", "@10.0.0.7", "1 x", 13)]
    [InlineData("", "@10.0.0.7", "", 13)]
    public void What_a_sender_says_of_itself_stands_behind_its_address(string text, string name, string message, int priority)
    {
        var (gotName, gotText, gotPriority) = Parsed(Encoding.UTF8.GetBytes(text));
        Assert.Equal((name, message, priority), (gotName, gotText, gotPriority));
    }

    [Theory]
    [InlineData("@10.0.0.7 web1 nginx[12]", "web1", "nginx[12]", null)]
    [InlineData("@10.0.0.7 - nginx", null, "nginx", null)]
    [InlineData("@10.0.0.7 web1 - 2026-11-21T20:00:00Z", "web1", null, "2026-11-21T20:00:00Z")]
    [InlineData("@10.0.0.7", null, null, null)]
    public void Json_has_the_parts(string name, string? host, string? tag, string? sent)
    {
        var entry = new LogEntry { Source = LogSource.Remote, Service = Encoding.UTF8.GetBytes(name), Text = "t"u8, Sequence = 1 };
        byte[] json = new byte[LogLineWriter.WorstCase(entry)];
        var line = Dora.Core.Protocol.Json.JsonMapReader.Read<LogLine>(json.AsSpan(0, LogLineWriter.Write(entry, json)));
        Assert.Equal(("@10.0.0.7", host, tag, sent, "remote"), (line.Service, line.Host, line.Tag, line.Sent, line.Stream));
    }

    [Fact]
    public void Addresses_are_written_as_people_write_them()
    {
        Span<byte> name = stackalloc byte[255];
        Assert.True(IpEndpoint.TryParseAddress("fd00::7", out byte[] six));
        Assert.Equal("@fd00::7", Encoding.ASCII.GetString(name[..RemoteName.Write(six, name)]));
        Assert.Equal("@10.0.0.7", Encoding.ASCII.GetString(name[..RemoteName.Write([10, 0, 0, 7], name)]));
    }

    [Fact]
    public void Nothing_that_is_sent_is_taken_for_another_address_or_runs_over()
    {
        var random = new Random(5);
        string[] pieces = ["<13>", "1 ", "- ", "@10.0.0.8 ", "Nov 21 23:20:01 ", "2026-11-21T23:20:01Z ", "a", "[", "]", ":", " ", "\t", "\u001b", new string('h', 300), "é", "[x y=\"", "\""];
        byte[] target = new byte[1 << 17];
        for (int i = 0; i < Fuzz.Rounds(20_000); i++)
        {
            byte[] bytes = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, random.Next(14)).Select(_ => pieces[random.Next(pieces.Length)])));
            if (i % 5 == 0) random.NextBytes(bytes);
            byte[] name = new byte[255];
            int length = RemoteName.Write([10, 0, 0, 7], name);
            var message = SyslogMessage.ParseRemote(bytes);
            Assert.InRange(message.Priority, 0, 191);
            var entry = new LogEntry { Source = LogSource.Remote, Service = name.AsSpan(0, RemoteName.Write(name, length, message, Arrived)), Text = message.Text, Priority = (byte)message.Priority };
            RemoteName.Split(entry.Service, out var address, out _, out _, out _);
            Assert.Equal("@10.0.0.7", Encoding.ASCII.GetString(address));
            Assert.True(LogRing.Matches("@10.0.0.7"u8, entry.Service));
            Assert.False(LogRing.Matches("@10.0.0"u8, entry.Service) || LogRing.Matches("@10.0.0.8"u8, entry.Service));
            using var json = JsonDocument.Parse(target.AsMemory(0, LogLineWriter.Write(entry, target)));
            Assert.Equal("@10.0.0.7", json.RootElement.GetProperty("service").GetString());
        }
    }

    [Fact]
    public void Tags_and_processes_of_every_length_have_room_or_are_left_out()
    {
        for (int tag = 0; tag < 70; tag++)
        {
            for (int process = 0; process < 70; process++)
            {
                string Word(int length, char letter) => length == 0 ? "-" : new string(letter, length);
                var (name, text, _) = Parsed(Encoding.ASCII.GetBytes($"<13>1 - - {Word(tag, 't')} {Word(process, 'p')} - - x"));
                Assert.Equal("x", text);
                bool hasRoom = process > 0 && Math.Max(tag, 1) + process + 2 <= 64;
                string told = (hasRoom ? $"{Word(tag, 't')}[{Word(process, 'p')}]" : Word(Math.Min(tag, 64), 't')) is var both && both != "-" ? " - " + both : "";
                Assert.Equal("@10.0.0.7" + told, name);
            }
        }
    }

    [Theory]
    [InlineData("@10.0.0.7", "web1", "nginx[12]", null, "<13>1 2026-11-21T23:20:01.000Z web1 nginx 12 - [meta sequenceId=\"7\"] text")]
    [InlineData("@10.0.0.7", null, null, "2026-11-20T01:00:00Z", "<13>1 2026-11-20T01:00:00Z 10.0.0.7 - - - [meta sequenceId=\"7\"] text")]
    [InlineData("@10.0.0.7", "w", "odd]", null, "<13>1 2026-11-21T23:20:01.000Z w odd] - - [meta sequenceId=\"7\"] text")]
    public void A_relay_passes_on_in_the_senders_name(string service, string? host, string? tag, string? sent, string expected)
    {
        var line = new LogLine("2026-11-21T23:20:01.000Z", 1, service, null, "remote", 5, "text") { Facility = 1, Sequence = 7, Host = host, Tag = tag, Sent = sent };
        Assert.Equal(expected, Encoding.UTF8.GetString(ForwardedLine.Write(line, "relay", false, null)));
    }

    [Fact]
    public void Nothing_goes_in_circles()
    {
        var loops = new ForwardLoops { Target = "192.0.2.7" };
        LogLine From(string service, string stream) => new("", 1, service, null, stream, 5, "text");
        Assert.True(loops.WouldLoop(From("@127.0.0.1", "remote")));
        Assert.True(loops.WouldLoop(From("@192.0.2.7", "remote")));
        Assert.False(loops.WouldLoop(From("@192.0.2.8", "remote")));
        Assert.False(loops.WouldLoop(From("web", "output")));
        Assert.False(loops.WouldLoop(From("@127.0.0.1", "syslog"))); // a tag of this machine
    }

    private static (string, string, int) Parsed(byte[] bytes)
    {
        byte[] name = new byte[255];
        var message = SyslogMessage.ParseRemote(bytes);
        int length = RemoteName.Write(name, RemoteName.Write([10, 0, 0, 7], name), message, Arrived);
        return (Encoding.UTF8.GetString(name, 0, length), Encoding.UTF8.GetString(message.Text), message.Priority);
    }
}

public class AllowedSendersTests
{
    [Fact]
    public void Everybody_or_those_of_the_list()
    {
        Assert.True(new AllowedSenders(null).Hold([1, 2, 3, 4]) && new AllowedSenders(null).Hold(new byte[16]));
        var some = new AllowedSenders(["10.0.0.0/8", "fd00::/8"]);
        Assert.True(some.Hold([10, 200, 3, 4]) && !some.Hold([11, 2, 3, 4]) && !some.Hold(new byte[16]));
        Assert.False(new AllowedSenders([]).Hold([1, 2, 3, 4]));
    }
}
