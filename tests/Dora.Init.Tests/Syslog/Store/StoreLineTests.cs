using System.Text;
using Dora.Core.Protocol;
using Dora.Syslog;
using Dora.Syslog.Store;
using Xunit;

namespace Dora.Init.Tests.Syslog.Store;

public class StoreLineTests
{
    private const long Time = 1_795_303_201_123_456; // 2026-11-21T23:20:01.123456Z

    [Fact]
    public void Line_is_for_people_and_grep()
    {
        Assert.Equal("2026-11-21T23:20:01.123456Z 12.000042 4711 daemon.info output web[12]: it's \"up\" at C:\\x\\ü\n",
            Written("web", "it's \"up\" at C:\\x\\ü"u8.ToArray(), 12));
    }

    [Theory]
    [InlineData("a\u001b[2Jb\0\n\r\u007f", "a\\x1b[2Jb\\x00\\x0a\\x0d\\x7f")]
    [InlineData("tab\tstays", "tab\tstays")]
    [InlineData("\\x41 \\\\x41 \\x4", "\\x5cx41 \\\\x5cx41 \\x4")]
    [InlineData("\u009b2J \u00e9 \u4e2d", "\\xc2\\x9b2J \u00e9 \u4e2d")]
    public void What_a_terminal_obeys_is_escaped(string text, string expected) =>
        Assert.EndsWith($": {expected}\n", Written("web", Encoding.UTF8.GetBytes(text), 0));

    [Theory]
    [InlineData("", "-")]
    [InlineData("-", "\\x2d")]
    [InlineData("a b[1]: c", "a\\x20b\\x5b1]\\x3a\\x20c")]
    public void Service_is_one_word(string service, string expected) =>
        Assert.Contains($" output {expected}: t\n", Written(service, "t"u8.ToArray(), 0));

    [Theory]
    [InlineData("@fd00::7 web1 nginx[12]", "@fd00::7 web1 nginx[12]")]
    [InlineData("@fd00:: web1: x:", "@fd00:\\x3a web1\\x3a x\\x3a")]
    [InlineData("@10.0.0.7 w\tb \\x41", "@10.0.0.7 w\\x09b \\x5cx41")]
    public void Another_machine_is_written_with_its_own_words(string name, string expected)
    {
        byte[] target = new byte[StoreLine.Longest];
        var entry = new LogEntry { Sequence = 1, Source = LogSource.Remote, Service = Encoding.UTF8.GetBytes(name), Text = "t"u8 };
        Assert.EndsWith($" remote {expected}: t\n", Encoding.UTF8.GetString(target, 0, StoreLine.Write(entry, target)));
    }

    [Fact]
    public void Everything_that_is_written_is_parsed_back()
    {
        var random = new Random(7);
        string[] pieces = ["\\", "x4", "1f", "\\x", " ", ":", ": ", "[", "]", "-", "é", "\u009b", "中", "\t", "\n", "abc", "+"];
        byte[] target = new byte[StoreLine.Longest], scratch = new byte[StoreLine.Longest];
        for (int i = 0; i < 20_000; i++)
        {
            byte[] service = Bytes(6, 255), text = Bytes(12, i % 500 == 0 ? LogRing.MaximumText : 300);
            var entry = new LogEntry
            {
                Sequence = random.NextInt64(1, long.MaxValue), TimeUs = random.NextInt64(0, 253402300799_999999), BootUs = random.NextInt64(0, 1L << 52),
                Pid = random.Next(3) == 0 ? 0 : random.Next(), Priority = (byte)random.Next(256), Source = (LogSource)random.Next(1, 7),
                IsContinuation = random.Next(2) == 0, Service = service, Text = text,
            };
            if (entry.Source == LogSource.Remote) entry.Pid = 0; // it is a part of the tag there
            Assert.True(StoreLine.WorstCase(entry) <= StoreLine.Longest);
            int length = StoreLine.Write(entry, target);
            Assert.True(length <= StoreLine.WorstCase(entry));
            var line = target.AsSpan(0, length - 1);
            Assert.Equal((byte)'\n', target[length - 1]);
            Assert.DoesNotContain((byte)'\n', line.ToArray());
            Assert.True(StoreLine.TryParse(line, scratch, out var back), Encoding.Latin1.GetString(line));
            Assert.Equal((entry.Sequence, entry.TimeUs, entry.BootUs, entry.Pid, entry.Priority, entry.Source, entry.IsContinuation),
                (back.Sequence, back.TimeUs, back.BootUs, back.Pid, back.Priority, back.Source, back.IsContinuation));
            Assert.True(back.Service.SequenceEqual(service));
            Assert.True(back.Text.SequenceEqual(text));
            // A line that was cut is none, or a shorter text; one that was damaged must not throw.
            _ = StoreLine.TryParse(line[..random.Next(line.Length)], scratch, out _);
            line[random.Next(line.Length)] = (byte)random.Next(256);
            _ = StoreLine.TryParse(line, scratch, out _);
        }

        byte[] Bytes(int most, int longest)
        {
            var bytes = new List<byte>();
            for (int n = random.Next(most + 1); n > 0; n--)
                if (random.Next(3) == 0) for (int k = random.Next(longest == LogRing.MaximumText ? 1000 : 8); k > 0; k--) bytes.Add((byte)random.Next(256));
                else bytes.AddRange(Encoding.UTF8.GetBytes(pieces[random.Next(pieces.Length)]));
            return [.. bytes.Take(longest)];
        }
    }

    [Fact]
    public void Junk_is_no_line()
    {
        var random = new Random(3);
        byte[] scratch = new byte[1000];
        for (int i = 0; i < 50_000; i++)
        {
            byte[] junk = new byte[random.Next(200)];
            random.NextBytes(junk);
            Assert.False(StoreLine.TryParse(junk, scratch, out _));
        }
        foreach (string line in new[]
                 {
                     "2026-02-30T23:20:01.123456Z 1.000000 1 daemon.info output web: t", "2026-11-21T23:20:01.123456Z 1.000000 -1 daemon.info output web: t",
                     "2026-11-21T23:20:01.123456Z 1.000000 1 daemon.much output web: t", "2026-11-21T23:20:01.123456Z 1.000000 1 daemon.info ? web: t",
                     "2026-11-21T23:20:01.123456Z 1.000000 1 daemon.info output web[1: t", "2026-11-21T23:20:01.123456Z 1.000000 1 daemon.info output web",
                     "2026-11-21T23:20:01.123456Z 1.000000 99999999999999999999 daemon.info output web: t", "# pandora log 1 boot=1 opened=1 after=0",
                 })
            Assert.False(StoreLine.TryParse(Encoding.UTF8.GetBytes(line), scratch, out _), line);
    }

    private static string Written(string service, byte[] text, int pid)
    {
        byte[] target = new byte[2000];
        int length = StoreLine.Write(new LogEntry
        {
            Sequence = 4711, TimeUs = Time, BootUs = 12_000_042, Pid = pid, Priority = 30, Source = LogSource.Output,
            Service = Encoding.UTF8.GetBytes(service), Text = text,
        }, target);
        return Encoding.UTF8.GetString(target, 0, length);
    }
}
