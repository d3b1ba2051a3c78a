using Dora.Tests.Harness;
using System.Text;
using System.Text.Json;
using Dora.Core.Configuration;
using Dora.Core.Protocol;
using Dora.Syslog;
using Xunit;

namespace Dora.Init.Tests.Syslog;

public sealed class SyslogMessageTests
{
    [Theory]
    [InlineData("<38>Nov 21 03:55:35 sshd[123]: Accepted publickey", 38, "sshd", 123, "Accepted publickey")] // glibc
    [InlineData("<13>Nov  1 03:55:35 root: hello\n", 13, "root", 0, "hello")] // busybox logger
    [InlineData("<13>Nov 21 03:55:35 box root[7]: hello: world", 13, "root", 7, "hello: world")] // logger --rfc3164
    [InlineData("<13>1 2026-11-21T03:55:35.000001+00:00 box root 42 - [timeQuality tz=\"1\" x=\"a]\\\"b\"] hi", 13, "root", 42, "hi")]
    [InlineData("<165>1 - - - - - -", 165, "", 0, "")]
    [InlineData("<165>1 2003-08-24T05:14:15.000003-07:00 h myproc 8710 - - \uFEFF%% text", 165, "myproc", 8710, "%% text")]
    [InlineData("<14>2026-11-21T03:55:35.123Z app[1]: iso time", 14, "app", 1, "iso time")]
    [InlineData("<30>Nov 21 03:55:35 tag:", 30, "tag", 0, "")]
    [InlineData("<3>from a kern facility", 11, "", 0, "from a kern facility")]
    [InlineData("no priority at all", 13, "", 0, "no priority at all")]
    [InlineData("<999>x", 13, "", 0, "<999>x")]
    [InlineData("<>x", 13, "", 0, "<>x")]
    [InlineData("<13>see http://host/", 13, "", 0, "see http://host/")]
    [InlineData("<13>a sentence: with a colon", 13, "", 0, "a sentence: with a colon")]
    [InlineData("<13>1 no header after all", 13, "", 0, "1 no header after all")]
    [InlineData("<13>Nov 21 03:55:35 : no tag", 13, "", 0, "no tag")] // musl without openlog
    [InlineData("<13>Nov 21 03:55:35 [7]: no tag", 13, "", 7, "no tag")]
    [InlineData("<13>: text", 13, "", 0, ": text")]
    [InlineData("<13>[7]: text", 13, "", 0, "[7]: text")]
    [InlineData("", 13, "", 0, "")]
    [InlineData("<13>dropbear[5]: x\0\n", 13, "dropbear", 5, "x")]
    public void Messages_of_real_programs_are_taken_apart(string datagram, int priority, string tag, int pid, string text)
    {
        var message = SyslogMessage.Parse(Encoding.UTF8.GetBytes(datagram), "box.example.org"u8);
        Assert.Equal(priority, message.Priority);
        Assert.Equal(tag, Encoding.UTF8.GetString(message.Tag));
        Assert.Equal(pid, message.ClaimedPid);
        Assert.Equal(text, Encoding.UTF8.GetString(message.Text));
    }

    [Theory]
    [InlineData("<192>x", 13, "<192>x")]
    [InlineData("<191>x", 191, "x")]
    [InlineData("<-1>x", 13, "<-1>x")]
    [InlineData("<4294967301>x", 13, "<4294967301>x")]
    [InlineData("<13", 13, "<13")]
    [InlineData("<13>", 13, "")]
    [InlineData("<13><14>x", 13, "<14>x")]
    public void Forged_priorities_are_text(string datagram, int priority, string text)
    {
        var message = SyslogMessage.Parse(Encoding.UTF8.GetBytes(datagram), default);
        Assert.Equal((priority, text), (message.Priority, Encoding.UTF8.GetString(message.Text)));
    }

    [Fact]
    public void Junk_of_any_length_is_kept_as_text()
    {
        var random = new Random(2);
        for (int i = 0; i < Fuzz.Rounds(2_000); i++)
        {
            byte[] bytes = new byte[i == 0 ? 1 << 20 : random.Next(3000)];
            random.NextBytes(bytes);
            if (bytes.Length > 0 && bytes[0] == '<') bytes[0] = 0xFF;
            bool hasPriority = random.Next(2) == 0;
            var message = SyslogMessage.Parse([.. hasPriority ? "<30>"u8 : default, .. bytes], default);
            Assert.Equal(hasPriority ? 30 : 13, message.Priority);
            // All of it but a header that it may happen to have, and the ends of lines behind it.
            var all = bytes.AsSpan().TrimEnd("\0\r\n "u8);
            Assert.True(all.EndsWith(message.Text));
            if (message.Tag.IsEmpty && i > 0) Assert.True(message.Text.Length == all.Length || message.Text.Length <= all.Length - 16);
        }
    }

    [Fact]
    public void No_datagram_breaks_the_parser()
    {
        byte[][] seeds =
        [
            [.. "<13>1 2026-11-21T03:55:35Z box root 42 - [a b=\"c\"] hi"u8], [.. "<38>Nov 21 03:55:35 sshd[123]: Accepted"u8],
            [.. "6,339,5140900,-;text\n KEY=x"u8],
        ];
        var random = new Random(1);
        for (int i = 0; i < Fuzz.Rounds(100_000); i++)
        {
            byte[] bytes = [.. seeds[i % 3]];
            for (int hits = random.Next(6); hits > 0; hits--) bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            var cut = bytes.AsSpan(0, random.Next(bytes.Length + 1));
            var message = SyslogMessage.Parse(cut, "box"u8);
            Assert.InRange(message.Priority, 8, 191);
            Assert.True(message.Text.Length + message.Tag.Length <= cut.Length);
            _ = KernelRecord.TryParse(cut, out _);
            CgroupPath.Parse(cut);
            ReadOnlySpan<byte> line = cut;
            _ = PriorityPrefix.TryStrip(ref line, out int severity);
            Assert.InRange(severity, 0, 7);
            _ = ChannelMessage.TryDecode(cut, out _);
        }
    }
}

public sealed class KernelRecordTests
{
    [Fact]
    public void Record_is_taken_apart()
    {
        Assert.True(KernelRecord.TryParse("6,339,5140900,-;NET: Registered\n SUBSYSTEM=net\n"u8, out var record));
        Assert.Equal((6, 339L, 5140900L, false, false), (record.Priority, record.Sequence, record.BootUs, record.IsContinuation, record.IsFromProcess));
        Assert.Equal("NET: Registered", Encoding.UTF8.GetString(record.Text));
        Assert.True(KernelRecord.TryParse("14,1,2,c,caller=T1;pandora: up"u8, out record));
        Assert.True(record.IsContinuation && record.IsFromProcess);
    }

    [Theory]
    [InlineData("")]
    [InlineData("6,339;text")]
    [InlineData("x,1,2,-;text")]
    [InlineData("6,-1,2,-;text")]
    [InlineData("6,1,2,-")]
    public void What_is_no_record_is_refused(string text) => Assert.False(KernelRecord.TryParse(Encoding.UTF8.GetBytes(text), out _));
}

public sealed class PriorityPrefixTests
{
    [Theory]
    [InlineData("<3>bad", true, 3, "bad")]
    [InlineData("1::output", true, 6, "output")]
    [InlineData("2:: error output", true, 4, "error output")]
    [InlineData("4::operator", true, 5, "operator")]
    [InlineData("7::warning", true, 4, "warning")]
    [InlineData("8::error", true, 3, "error")]
    [InlineData("9::critical", true, 2, "critical")]
    [InlineData("10::disk.size@sda:12.5|A", true, 7, "disk.size@sda:12.5|A")]
    [InlineData("20::{}", true, 6, "{}")]
    [InlineData("8::", true, 3, "")]
    [InlineData("20:::", false, 0, "20:::")]
    [InlineData("0::x", false, 0, "0::x")]
    [InlineData("11::x", false, 0, "11::x")]
    [InlineData("31::x", false, 0, "31::x")]
    [InlineData("100::x", false, 0, "100::x")]
    [InlineData("::1 localhost", false, 0, "::1 localhost")]
    [InlineData("12:", false, 0, "12:")]
    [InlineData("<8>x", false, 0, "<8>x")]
    [InlineData("<33>x", false, 0, "<33>x")]
    [InlineData("a::b", false, 0, "a::b")]
    [InlineData("3:", false, 0, "3:")]
    [InlineData("", false, 0, "")]
    public void Prefix_sets_the_severity(string text, bool has, int severity, string rest)
    {
        ReadOnlySpan<byte> line = Encoding.UTF8.GetBytes(text);
        Assert.Equal(has, PriorityPrefix.TryStrip(ref line, out int found));
        Assert.Equal(severity, found);
        Assert.Equal(rest, Encoding.UTF8.GetString(line));
    }
}

public sealed class CgroupPathTests
{
    [Theory]
    [InlineData("0::/dora/services/sshd@3 (deleted)\n", "sshd@3")]
    [InlineData("0::/dora/services/web/worker (deleted)\n", "web")]
    [InlineData("0::/ (deleted)\n", "")]
    [InlineData("0::/dora/services/dhcp@eth0\n", "dhcp@eth0")]
    [InlineData("4:memory:/x\n0::/dora/services/web/worker/1\n", "web")]
    [InlineData("0::/dora/sessions/7\n", "7")]
    [InlineData("0::/dora/slices/builds/runner@1/worker\n", "runner@1")]
    [InlineData("0::/dora/slices/builds\n", "")]
    [InlineData("0::/dora/slices\n", "")]
    [InlineData("0::/services/web", "web")]
    [InlineData("1:name=systemd:/services/liar\n0::/user.slice\n", "")]
    [InlineData("0::/dora/services\n", "")]
    [InlineData("0::/\n", "")]
    [InlineData("", "")]
    public void Service_is_found_in_the_unified_path(string content, string name) =>
        Assert.Equal(name, Encoding.UTF8.GetString(CgroupPath.Parse(Encoding.UTF8.GetBytes(content))));
}

public sealed class ChannelMessageTests
{
    [Fact]
    public void A_rate_is_what_was_said()
    {
        var buffer = new byte[ChannelMessage.MaximumBytes];
        foreach (PollLimit? rate in new PollLimit?[] { null, PollLimit.None, new(1, TimeSpan.FromMilliseconds(10)), new(100_000, TimeSpan.FromHours(1)) })
        {
            Assert.True(ChannelMessage.TryDecode(ChannelMessage.RateOf("a@b", rate).Encode(buffer), out var decoded));
            Assert.Equal((ChannelMessageKind.Rate, "a@b", rate), (decoded.Kind, decoded.Service, decoded.Rate));
        }
    }

    [Fact]
    public void What_is_encoded_is_decoded()
    {
        ChannelMessage[] messages =
        [
            ChannelMessage.AddStream(1L << 60, LogSource.Error, "dhcp@eth0"), ChannelMessage.StreamEnded(5),
            ChannelMessage.Hello, ChannelMessage.Sync, ChannelMessage.KnowsRates,
            ChannelMessage.RateOf("web", new PollLimit(100_000, TimeSpan.FromHours(1))), ChannelMessage.RateOf("web", null), ChannelMessage.RateOf("web", PollLimit.None),
        ];
        var buffer = new byte[ChannelMessage.MaximumBytes];
        foreach (var message in messages)
        {
            Assert.True(ChannelMessage.TryDecode(message.Encode(buffer), out var decoded));
            Assert.Equal(message with { Query = decoded.Query }, decoded);
        }
        var query = new LogQuery("web", 5, true);
        Assert.True(ChannelMessage.TryDecode(ChannelMessage.ForQuery(query.Encode()).Encode(buffer), out var got));
        Assert.True(LogQuery.TryDecode(got.Query, out var back));
        Assert.Equal(query, back);
    }
}

public sealed class LogLineWriterTests
{
    private static readonly JsonSerializerOptions s_options = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    [Fact]
    public void Any_bytes_become_a_line_of_valid_json()
    {
        var random = new Random(3);
        for (int i = 0; i < Fuzz.Rounds(5000); i++)
        {
            byte[] text = new byte[random.Next(i == 0 ? LogRing.MaximumText : 60)];
            if (i % 3 == 0) random.NextBytes(text);
            else for (int k = 0; k < text.Length; k++) text[k] = (byte)random.Next(32);
            var entry = new LogEntry { Text = text, Service = "web"u8, Sequence = i, TimeUs = random.NextInt64(), Source = LogSource.Output };
            byte[] target = new byte[LogLineWriter.WorstCase(entry)];
            int length = LogLineWriter.Write(entry, target);
            Assert.Equal(length - 1, Array.IndexOf(target, (byte)'\n'));
            using var json = JsonDocument.Parse(target.AsMemory(0, length));
            Assert.Equal("web", json.RootElement.GetProperty("service").GetString());
        }
    }

    [Fact]
    public void Line_reads_as_the_protocols_type()
    {
        var entry = new LogEntry
        {
            Text = [.. "a\"b\\ü\t"u8, 0xFF, 0x1B], Service = "web"u8, Pid = 7, Priority = 30, BootUs = 1_500_000,
            TimeUs = 1_000_000, Source = LogSource.Syslog, Sequence = 5,
        };
        byte[] target = new byte[LogLineWriter.WorstCase(entry)];
        int length = LogLineWriter.Write(entry, target);
        var line = JsonSerializer.Deserialize<LogLine>(target.AsSpan(0, length), s_options);
        Assert.Equal(new LogLine("1970-01-01T00:00:01.000Z", 1500, "web", 7, "syslog", 6, "a\"b\\ü\t\\xff\u001b") { Facility = 3, Sequence = 5 }, line);
    }
}
