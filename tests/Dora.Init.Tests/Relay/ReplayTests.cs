using System.Text;
using Dora.Core.Protocol;
using Dora.Init.Relay;
using Xunit;

namespace Dora.Init.Tests.Relay;

public class ReplayTests
{
    private static List<(SessionFrameType Type, string Text)> Frames(Replay replay)
    {
        var frames = new List<(SessionFrameType, string)>();
        var reader = new SessionFrameReader(isFromClient: false);
        ReadOnlySpan<byte> rest = replay.Frames();
        while (reader.Feed(rest, out int taken, out var data) == SessionFrameResult.Data)
        {
            frames.Add((reader.Type, Encoding.Latin1.GetString(data)));
            rest = rest[taken..];
        }
        Assert.False(reader.IsInside);
        return frames;
    }

    [Fact]
    public void Pieces_of_one_stream_are_joined_and_streams_keep_their_order()
    {
        var replay = new Replay();
        Assert.Empty(replay.Frames());
        foreach (var (type, text) in (ReadOnlySpan<(SessionFrameType, string)>)[(SessionFrameType.Output, "a"), (SessionFrameType.Output, "b"), (SessionFrameType.Error, ""), (SessionFrameType.Error, "c"), (SessionFrameType.Output, "d")])
            replay.Add(type, Encoding.ASCII.GetBytes(text));
        Assert.Equal([(SessionFrameType.Output, "ab"), (SessionFrameType.Error, "c"), (SessionFrameType.Output, "d")], Frames(replay));
    }

    [Fact]
    public void The_last_64_KiB_stay_whatever_the_pieces_are()
    {
        var random = new Random(1);
        foreach (int largest in (int[])[1, 7, 16 * 1024, 100 * 1024])
        {
            var replay = new Replay();
            var output = new StringBuilder();
            var error = new StringBuilder();
            for (int total = 0; total < 300 * 1024 && (largest > 1 || total < 80 * 1024);)
            {
                byte[] piece = new byte[1 + random.Next(largest)];
                random.NextBytes(piece);
                bool isError = random.Next(3) == 0;
                replay.Add(isError ? SessionFrameType.Error : SessionFrameType.Output, piece);
                (isError ? error : output).Append(Encoding.Latin1.GetString(piece));
                total += piece.Length;
            }
            byte[] bytes = replay.Frames();
            Assert.InRange(bytes.Length, 1, Replay.LongestFrames);
            Assert.InRange(replay.Length, 1, Replay.Capacity);
            if (largest > 1024) Assert.Equal(Replay.Capacity, replay.Length); // else there are too many pieces
            var frames = Frames(replay);
            Assert.EndsWith(string.Concat(frames.Where(frame => frame.Type == SessionFrameType.Output).Select(frame => frame.Text)), output.ToString());
            Assert.EndsWith(string.Concat(frames.Where(frame => frame.Type == SessionFrameType.Error).Select(frame => frame.Text)), error.ToString());
            Assert.Equal(replay.Length, frames.Sum(frame => frame.Text.Length));
        }
    }
}
