using System.Text;
using Dora.Syslog.Receiving;
using Dora.Tests.Harness;
using Xunit;

namespace Dora.Init.Tests.Syslog.Receiving;

public class FrameCutterTests
{
    [Theory]
    [InlineData("<13>a\n<14>b\n", "<13>a|<14>b|")]
    [InlineData("5 <13>a6 <14>bc", "<13>a|<14>bc|")]
    [InlineData("5 <13>a\n6 <14>bc\n<15>d\n5 <13>e", "<13>a|<14>bc|<15>d|<13>e|")] // both, and a newline that is not counted
    [InlineData("<13>a\r\n<14>b\0<15>c\n", "<13>a\r|<14>b|<15>c|")]
    [InlineData("7 <13>a\nb8 <14>cdef", "<13>a\nb|<14>cdef|")] // counted: newlines are a part of it
    [InlineData("12 angry men\n00 <1>x\n007 <13>a\n0\n", "12 angry men|00 <1>x|007 <13>a|0|")] // no lengths
    [InlineData("1732240000123456789012 <13>text\n", "1732240000123456789012 <13>text|")]
    [InlineData("\n\n\0\r\n", "")]
    [InlineData("<13>half", "")]
    [InlineData("12 <13>half", "")]
    [InlineData("12 ", "")]
    [InlineData("12", "")]
    public void Messages_are_told_apart(string text, string expected) => Assert.Equal(expected, Whole(text, isEnd: false));

    [Theory]
    [InlineData("<13>half", "<13>half|")]
    [InlineData("12 <13>half", "<13>half|")]
    [InlineData("12 ", "12 |")]
    [InlineData("12", "12|")]
    public void At_the_end_half_a_message_is_one(string text, string expected) => Assert.Equal(expected, Whole(text, isEnd: true));

    [Theory]
    [InlineData("1000000000 <13>a")]
    [InlineData("999999999999999 <13>a")]
    [InlineData("<13>a\n16777217 <")]
    public void A_length_that_none_can_have_is_broken(string text)
    {
        var cutter = new FrameCutter(Encoding.ASCII.GetBytes(text), default);
        while (cutter.Next(isEnd: true)) { }
        Assert.True(cutter.IsBroken);
    }

    [Theory]
    [InlineData(1 << 20)]
    [InlineData(FrameCutter.LongestFrame)]
    [InlineData(FrameCutter.Longest + 1)]
    [InlineData(FrameCutter.Longest)]
    public void Of_a_long_message_so_much_is_given_out_and_the_rest_is_counted(int length)
    {
        foreach (bool isCounted in new[] { true, false })
        {
            byte[] message = Encoding.ASCII.GetBytes("<13>" + new string('x', length - 4));
            byte[] bytes = isCounted ? [.. Encoding.ASCII.GetBytes($"{length} "), .. message, .. "5 <13>b"u8] : [.. message, (byte)'\n', .. "5 <13>b"u8];
            var messages = Feed(bytes, 5000, isEnd: false, out int most);
            Assert.Equal(2, messages.Count);
            Assert.Equal((Math.Min(length, FrameCutter.Longest), Math.Max(length - FrameCutter.Longest, 0)), (messages[0].Bytes.Length, messages[0].CutOff));
            Assert.Equal("<13>b", Encoding.ASCII.GetString(messages[1].Bytes));
            // Nothing has to have room for it.
            Assert.InRange(most, 1, FrameCutter.Enough + 5000);
        }
    }

    [Fact]
    public void However_it_comes_it_is_the_same()
    {
        var random = new Random(11);
        string[] pieces = ["<13>", "1 ", "5 <13>a", "12 <34>1 - - -", "\n", "\0", "9", "999999999 <", "0", " ", "text", "é", "中", "\r\n", "300 <13>"];
        for (int i = 0; i < Fuzz.Rounds(3000); i++)
        {
            var input = new MemoryStream();
            for (int k = random.Next(40); k > 0; k--)
            {
                if (random.Next(4) == 0)
                {
                    byte[] junk = new byte[random.Next(random.Next(20) == 0 ? 150_000 : 60)];
                    if (random.Next(2) == 0) random.NextBytes(junk);
                    else junk.AsSpan().Fill((byte)'y');
                    input.Write(junk);
                }
                else input.Write(Encoding.UTF8.GetBytes(pieces[random.Next(pieces.Length)]));
            }
            byte[] bytes = input.ToArray();
            var whole = Feed(bytes, int.MaxValue, isEnd: true, out _);
            var parts = Feed(bytes, random.Next(3) == 0 ? 1 + random.Next(3) : random.Next(1, 70_000), isEnd: true, out int most);
            Assert.Equal(whole.Select(m => (Convert.ToHexString(m.Bytes), m.CutOff)), parts.Select(m => (Convert.ToHexString(m.Bytes), m.CutOff)));
            Assert.InRange(most, 0, FrameCutter.Enough + 70_000);
        }
    }

    private static string Whole(string text, bool isEnd) =>
        string.Concat(Feed(Encoding.UTF8.GetBytes(text), int.MaxValue, isEnd, out _).Select(m => Encoding.UTF8.GetString(m.Bytes) + "|"));

    /// <summary>As a connection does: what is not taken is seen again with what has come since.</summary>
    private static List<(byte[] Bytes, int CutOff)> Feed(byte[] bytes, int step, bool isEnd, out int most)
    {
        var messages = new List<(byte[], int)>();
        var message = new MemoryStream();
        FrameState state = default;
        most = 0;
        int taken = 0, there = 0;
        while (true)
        {
            bool isLast = there == bytes.Length && isEnd;
            most = Math.Max(most, there - taken);
            var cutter = new FrameCutter(bytes.AsSpan(taken, there - taken), state);
            while (cutter.Next(isLast))
            {
                Assert.Equal(cutter.IsFirst, message.Length == 0);
                Assert.False(cutter.Part.IsEmpty && cutter.CutOff == 0);
                message.Write(cutter.Part);
                if (!cutter.IsLast) continue;
                messages.Add((message.ToArray(), cutter.CutOff));
                message = new MemoryStream();
            }
            Assert.True(state.HasBegun || cutter.State.HasBegun || !cutter.State.IsCounted);
            bool hasTaken = cutter.Rest.Length < there - taken;
            taken = there - cutter.Rest.Length;
            state = cutter.State;
            if (cutter.IsBroken) return messages;
            if (there == bytes.Length)
            {
                if (!isLast || !hasTaken) { if (isLast || !isEnd) return messages; }
                if (isLast && taken == bytes.Length) return messages;
            }
            there = (int)Math.Min((long)there + step, bytes.Length);
        }
    }
}
