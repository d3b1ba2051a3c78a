using System.Text;
using Dora.Syslog;
using Xunit;

namespace Dora.Init.Tests.Syslog;

public sealed class LineCutterTests
{
    [Fact]
    public void Same_lines_come_out_at_every_chunking()
    {
        byte[] input = Encoding.UTF8.GetBytes("one\n\ntwo\r\nünïcödé\nlast");
        string[] expected = ["one", "", "two", "ünïcödé", "last"];
        for (int first = 0; first <= input.Length; first++)
            for (int second = first; second <= input.Length; second++)
                Assert.Equal(expected, Split(input, first, second).Select(l => l.Text));
    }

    [Fact]
    public void Long_line_goes_on_in_marked_lines_cut_between_characters()
    {
        string text = new string('x', LogRing.MaximumText - 1) + "€" + new string('y', 20);
        var lines = Split(Encoding.UTF8.GetBytes(text + "\nnext\n"));
        Assert.Equal([(new string('x', LogRing.MaximumText - 1), false), ("€" + new string('y', 20), true), ("next", false)], lines);
    }

    [Fact]
    public void Line_of_exactly_the_limit_is_whole()
    {
        string text = new('x', LogRing.MaximumText);
        Assert.Equal([(text, false), ("b", false)], Split(Encoding.UTF8.GetBytes(text + "\nb\n")));
    }

    [Fact]
    public void Flushed_line_goes_on_as_a_continuation_and_its_bare_end_is_no_line()
    {
        var source = new Source();
        source.Feed("login: "u8);
        Assert.Empty(source.Lines);
        source.Flush();
        source.Feed("\nab"u8);
        source.Flush();
        source.Feed("cd\nnew\n"u8);
        var lines = source.Lines.Select(line => (Encoding.UTF8.GetString(line.Bytes), line.Continued));
        Assert.Equal([("login: ", false), ("ab", false), ("cd", true), ("new", false)], lines);
    }

    [Fact]
    public void Random_bytes_in_random_pieces_are_kept()
    {
        for (int seed = 0; seed < 50; seed++)
        {
            var random = new Random(seed);
            byte[] input = new byte[random.Next(60_000)];
            random.NextBytes(input);
            // Long runs without a newline too.
            if (seed % 2 == 0) for (int i = 0; i < input.Length; i++) if (input[i] == '\n' && random.Next(40) != 0) input[i] = 0xE2;
            List<(byte[] Bytes, bool Continued)> whole = [], pieces = [];
            Feed(input, input.Length + 1, whole, random);
            Feed(input, 3000, pieces, random);
            Assert.Equal(whole.Select(l => (Convert.ToHexString(l.Bytes), l.Continued)), pieces.Select(l => (Convert.ToHexString(l.Bytes), l.Continued)));
            Assert.All(whole, l => Assert.True(l.Bytes.Length <= LogRing.MaximumText));
            var joined = new MemoryStream();
            foreach (var (bytes, continued) in whole)
            {
                if (!continued && joined.Length > 0) joined.WriteByte((byte)'\n');
                joined.Write(bytes);
            }
            Assert.Equal(Strip(input), Strip(joined.ToArray()));
        }
    }

    private static byte[] Strip(byte[] bytes) => [.. bytes.Where(b => b is not ((byte)'\r' or (byte)'\n'))];

    private static void Feed(byte[] input, int maximum, List<(byte[], bool)> into, Random random)
    {
        var source = new Source();
        for (int at = 0; at < input.Length;)
        {
            int count = Math.Min(maximum > input.Length ? input.Length : random.Next(1, maximum), input.Length - at);
            source.Feed(input.AsSpan(at, count));
            at += count;
        }
        source.Flush();
        into.AddRange(source.Lines);
    }

    private static List<(string Text, bool)> Split(byte[] input, params int[] cuts)
    {
        var source = new Source();
        int at = 0;
        foreach (int cut in cuts.Append(input.Length))
        {
            source.Feed(input.AsSpan(at, cut - at));
            at = cut;
        }
        source.Flush();
        return [.. source.Lines.Select(line => (Encoding.UTF8.GetString(line.Bytes), line.Continued))];
    }

    /// <summary>What a pipe does: it keeps what has no end.</summary>
    private sealed class Source
    {
        private byte[] _kept = [];
        private bool _goesOn;

        public List<(byte[] Bytes, bool Continued)> Lines { get; } = [];

        public void Feed(ReadOnlySpan<byte> bytes) => Cut([.. _kept, .. bytes], false);

        public void Flush() => Cut(_kept, true);

        private void Cut(byte[] bytes, bool isEnd)
        {
            var cutter = new LineCutter(bytes, _goesOn);
            while (cutter.Next(isEnd)) Lines.Add((cutter.Line.ToArray(), cutter.IsContinuation));
            (_kept, _goesOn) = (cutter.Rest.ToArray(), cutter.GoesOn);
        }
    }
}
