using System.Text;
using Dora.Core.Protocol;
using Dora.Tests.Harness;
using Xunit;

namespace Dora.Core.Tests.Protocol;

public class SessionFrameReaderTests
{
    /// <summary>What frames in pieces of a size come to: data is joined, so the pieces must not matter.</summary>
    private static string Read(byte[] bytes, int piece, bool isFromClient = true)
    {
        var reader = new SessionFrameReader(isFromClient);
        var told = new StringBuilder();
        SessionFrameType? open = null;
        for (int at = 0; at < bytes.Length; at += piece)
        {
            ReadOnlySpan<byte> rest = bytes.AsSpan(at, Math.Min(piece, bytes.Length - at));
            while (true)
            {
                var result = reader.Feed(rest, out int taken, out var data);
                rest = rest[taken..];
                if (result == SessionFrameResult.NeedMore) break;
                if (result == SessionFrameResult.Malformed) return told.Append(" malformed: ").Append(reader.Problem).ToString();
                if (result == SessionFrameResult.Data && open == reader.Type)
                {
                    told.Append(Encoding.Latin1.GetString(data));
                    continue;
                }
                open = result == SessionFrameResult.Data ? reader.Type : null;
                told.Append(' ').Append(result == SessionFrameResult.EndOfInput ? "end" : $"{(int)reader.Type}:")
                    .Append(result == SessionFrameResult.Whole ? Convert.ToHexString(data) : Encoding.Latin1.GetString(data));
            }
        }
        return told.Append(reader.IsInside ? " ..." : "").ToString();
    }

    private static byte[] Frames() =>
    [
        .. SessionFrame.WindowSize(24, 80), .. SessionFrame.Of(SessionFrameType.Input, "ls\n"u8), .. SessionFrame.Of(SessionFrameType.Signal, [2]),
        .. SessionFrame.Of(SessionFrameType.Input, Encoding.ASCII.GetBytes(new string('x', 300))), .. SessionFrame.Of(SessionFrameType.Input, []),
    ];

    [Fact]
    public void The_example_of_the_documentation_is_what_is_written() => Assert.Equal(
        "04000000000000040018005000000000000000036C730A" + "0000000000000000" + "0500000000000002" + "0007",
        Convert.ToHexString([.. SessionFrame.WindowSize(24, 80), .. SessionFrame.Of(SessionFrameType.Input, "ls\n"u8), .. SessionFrame.Of(SessionFrameType.Input, []), .. SessionFrame.Of(SessionFrameType.Exit, [0, 7])]));

    [Fact]
    public void Pieces_of_any_size_are_read_alike()
    {
        byte[] frames = Frames();
        string whole = $" 4:00180050 0:ls\n 6:02 0:{new string('x', 300)} end";
        for (int piece = 1; piece <= frames.Length; piece++) Assert.Equal(whole, Read(frames, piece));
    }

    [Fact]
    public void What_is_cut_off_is_told_up_to_there_and_never_as_something_else()
    {
        byte[] frames = Frames();
        string whole = Read(frames, frames.Length);
        int[] ends = [0, 12, 23, 32, 340, 348];
        for (int length = 0; length <= frames.Length; length++)
        {
            string told = Read(frames[..length], 7);
            bool isInside = Array.IndexOf(ends, length) < 0;
            Assert.Equal(isInside, told.EndsWith(" ...", StringComparison.Ordinal));
            Assert.StartsWith(isInside ? told[..^4] : told, whole);
        }
    }

    [Theory]
    [InlineData("0100000000000000", "a client sends 0")]
    [InlineData("0500000000000002", "a client sends 0")]
    [InlineData("0700000000000000", "a client sends 0")]
    [InlineData("FF00000000000000", "a client sends 0")]
    [InlineData("0001000000000000", "bytes 1 to 3")]
    [InlineData("0000000100000000", "bytes 1 to 3")]
    [InlineData("0000000000010001", "frame of 65537 bytes")]
    [InlineData("00000000FFFFFFFF", "frame of 4294967295 bytes")]
    [InlineData("0400000000000000", "0 bytes of content instead of 4")]
    [InlineData("0400000000000005", "5 bytes of content instead of 4")]
    [InlineData("0600000000000002", "2 bytes of content instead of 1")]
    public void A_client_is_read_strictly(string head, string problem)
    {
        Assert.Contains(problem, Read(Convert.FromHexString(head), 3));
        // For ever: where the next frame begins is not known.
        var reader = new SessionFrameReader(isFromClient: true);
        reader.Feed(Convert.FromHexString(head), out _, out _);
        Assert.Equal(SessionFrameResult.Malformed, reader.Feed(Frames(), out int taken, out _));
        Assert.Equal(0, taken);
    }

    [Fact]
    public void Of_a_server_what_is_not_known_is_passed_over()
    {
        byte[] frames = [.. SessionFrame.Of((SessionFrameType)9, "later"u8), .. SessionFrame.Of(SessionFrameType.Output, "o"u8), .. SessionFrame.Of(SessionFrameType.Error, []),
            .. SessionFrame.Of((SessionFrameType)255, []), .. SessionFrame.Of(SessionFrameType.Message, "m"u8), .. SessionFrame.Of(SessionFrameType.Exit, [1, 9])];
        for (int piece = 1; piece <= frames.Length; piece++) Assert.Equal(" 1:o 3:m 5:0109", Read(frames, piece, isFromClient: false));
    }

    [Fact]
    public void Nonsense_is_read_to_its_end_or_refused_and_each_byte_once()
    {
        var random = new Random(4);
        byte[] whole = Frames();
        for (int round = 0; round < Fuzz.Rounds(20_000); round++)
        {
            byte[] bytes = (byte[])whole.Clone();
            for (int i = random.Next(4); i >= 0; i--) bytes[random.Next(bytes.Length)] = (byte)(random.Next(2) == 0 ? random.Next(8) : random.Next(256));
            if (random.Next(4) == 0) random.NextBytes(bytes);
            bool isFromClient = random.Next(2) == 0;
            string told = Read(bytes, 1 + random.Next(bytes.Length), isFromClient);
            Assert.Equal(Read(bytes, bytes.Length, isFromClient), told);
        }
    }
}
