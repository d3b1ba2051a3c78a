using System.Text;
using Dora.Core.Protocol;
using Dora.Syslog.Forwarding;
using Xunit;

namespace Dora.Init.Tests.Syslog.Forwarding;

public class ForwardedLineTests
{
    static string Write(LogLine line, bool isLegacy = false, bool? isCounted = null) => Encoding.UTF8.GetString(ForwardedLine.Write(line, "box", isLegacy, isCounted));

    static LogLine Line(string service = "web", int? pid = null, string message = "hello", string time = "2026-11-05T03:55:35.123Z") =>
        new(time, 12, service, pid, "output", 6, message) { Facility = 3, Sequence = 7 };

    [Fact]
    public void Rfc_5424() => Assert.Equal("<30>1 2026-11-05T03:55:35.123Z box web - - [meta sequenceId=\"7\"] hello", Write(Line()));

    [Fact]
    public void Fields_have_visible_ascii_only_and_a_bound() =>
        Assert.Equal($"<30>1 2026-11-05T03:55:35.123Z box {"a?b??" + new string('x', 43)} 12 - [meta sequenceId=\"7\"] ü", Write(Line("a bü\n" + new string('x', 300), 12, "ü")));

    [Fact]
    public void Rfc_3164() => Assert.Equal("<30>Nov  5 03:55:35 box web[12]: hello", Write(Line(pid: 12), isLegacy: true));

    [Fact]
    public void A_time_that_is_none_is_no_reason_to_lose_the_line() => Assert.Equal("<30>Jan  1 00:00:00 box web: hello", Write(Line(time: "later"), isLegacy: true));

    [Theory]
    [InlineData(null, "<30>Nov  5 03:55:35 box web: ü\nb")]
    [InlineData(true, "33 <30>Nov  5 03:55:35 box web: ü\nb")]
    [InlineData(false, "<30>Nov  5 03:55:35 box web: ü b\n")]
    public void Frames_count_octets_or_end_with_a_newline(bool? isCounted, string expected) => Assert.Equal(expected, Write(Line(message: "ü\nb"), true, isCounted));

    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 1)]
    [InlineData(2147483647, 2147483647)]
    [InlineData(2147483648, 1)]
    public void The_number_begins_anew_at_its_bound(long sequence, long expected) => Assert.Equal(expected, ForwardedLine.SequenceId(sequence));

    [Fact]
    public void A_position_is_of_one_boot_and_goes_on_to_the_next_and_a_damaged_file_is_none()
    {
        string folder = Directory.CreateTempSubdirectory().FullName;
        try
        {
            const string first = "aaaaaaaa-0000-0000-0000-000000000001", second = "bbbbbbbb-0000-0000-0000-000000000002";
            var position = new ForwardPosition("a", folder, first) { Sequence = 42 };
            Assert.False(position.IsSaved);
            Assert.Equal(Dora.Core.Linux.Errno.None, position.Save());
            Assert.True(position.IsSaved);
            Assert.Equal((42, null), (new ForwardPosition("a", folder, first).Sequence, new ForwardPosition("a", folder, first).EarlierBoot));

            // Another boot finishes what the first has left over, then those in between, then its own.
            var later = new ForwardPosition("a", folder, second);
            Assert.Equal((42, "aaaaaaaa"), (later.Sequence, later.EarlierBoot));
            Assert.True(later.IsSaved);
            later.GoOn(["99999999", "aaaaaaaa", "cccccccc", "bbbbbbbb"]);
            Assert.Equal((0, "cccccccc", false), (later.Sequence, later.EarlierBoot, later.IsSaved));
            later.Sequence = 7;
            Assert.Equal(Dora.Core.Linux.Errno.None, later.Save());
            later = new ForwardPosition("a", folder, second);
            Assert.Equal((7, "cccccccc"), (later.Sequence, later.EarlierBoot));
            later.GoOn(["cccccccc", "bbbbbbbb"]);
            Assert.Equal((0, null), (later.Sequence, later.EarlierBoot));

            // Its files are gone: the oldest that are there have come after it.
            later = new ForwardPosition("a", folder, second);
            later.GoOn(["dddddddd", "bbbbbbbb"]);
            Assert.Equal("dddddddd", later.EarlierBoot);
            foreach (string text in new[] { "", first, first + " x", first + " -4", first + " 99999999999999999999", first + " 4 2", "\0\0", "../../.. 4", "aaaa 4", new string('a', 300) + " 4" })
            {
                File.WriteAllText(Path.Combine(folder, "a"), text);
                Assert.Equal((0, null), (new ForwardPosition("a", folder, first).Sequence, new ForwardPosition("a", folder, first).EarlierBoot));
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
