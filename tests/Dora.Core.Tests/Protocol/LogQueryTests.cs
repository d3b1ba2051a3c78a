using Dora.Tests.Harness;
using Dora.Core.Protocol;
using Xunit;

namespace Dora.Core.Tests.Protocol;

public class LogQueryTests
{
    [Theory]
    [InlineData(null, 0, false)]
    [InlineData("sshd@é", LogQuery.MaxLines, true)]
    [InlineData("run-1", 5, true, true)]
    [InlineData("run-1", 5, true, true, long.MaxValue)]
    [InlineData(null, 5, false, false, 1)]
    public void Query_survives_the_way_to_syslog(string? service, int lines, bool follow, bool untilEnd = false, long after = 0)
    {
        var query = new LogQuery(service, lines, follow, untilEnd, after);
        byte[] bytes = query.Encode();
        Assert.True(bytes.Length <= LogQuery.MaxEncodedBytes);
        Assert.True(LogQuery.TryDecode(bytes, out var decoded));
        Assert.Equal(query, decoded);
        for (int length = 0; length < bytes.Length; length++) Assert.False(LogQuery.TryDecode(bytes.AsSpan(0, length), out _));
        Assert.False(LogQuery.TryDecode([.. bytes, 0], out _));
    }

    [Fact]
    public void All_that_can_be_asked_for_at_once_fits_into_a_message()
    {
        var query = new LogQuery(new string('s', 255), LogQuery.MaxLines, true, true, long.MaxValue)
        {
            Priority = 3, SinceUs = 1, UntilUs = long.MaxValue, Grep = new string('é', 64), IgnoreCase = true, Kernel = true, Boot = new string('a', 32), Boots = true,
        };
        byte[] bytes = query.Encode();
        Assert.Equal(LogQuery.MaxEncodedBytes, bytes.Length);
        Assert.True(bytes.Length < ChannelMessage.MaximumBytes);
        Assert.True(LogQuery.TryDecode(bytes, out var decoded));
        Assert.Equal(query, decoded);
        for (int length = 0; length < bytes.Length; length++) Assert.False(LogQuery.TryDecode(bytes.AsSpan(0, length), out _));
        foreach (var one in new[] { new LogQuery(null, 1, false) { Priority = 0 }, new(null, 1, false) { Grep = "x" }, new(null, 1, false) { Boot = "-1" }, new(null, 1, false) { Kernel = true } })
        {
            Assert.True(LogQuery.TryDecode(one.Encode(), out decoded));
            Assert.Equal(one, decoded);
            Assert.Equal(8, one.Encode()[1]);
        }
    }

    [Fact]
    public void Only_what_Encode_writes_is_decoded()
    {
        var random = new Random(7);
        for (int round = 0; round < Fuzz.Rounds(100_000); round++)
        {
            byte[] bytes = new byte[random.Next(50)];
            random.NextBytes(bytes);
            byte flags = (byte)random.Next(17);
            int name = bytes.Length - ((flags & 4) != 0 ? 15 : 7) - ((flags & 8) != 0 ? 22 : 0);
            if (bytes.Length > 6) (bytes[0], bytes[1], bytes[4], bytes[5], bytes[6]) = (1, flags, 0, 0, (byte)Math.Max(name, 0));
            if ((flags & 8) != 0 && name >= 0)
            {
                // A boot of one byte and a text of one.
                var more = bytes.AsSpan(bytes.Length - 22);
                (more[0], more[1], more[9], more[17], more[18], more[19], more[20], more[21]) = ((byte)random.Next(9), (byte)random.Next(9), 0, 0, 1, (byte)'a', 1, (byte)'b');
            }
            if (LogQuery.TryDecode(bytes, out var query)) Assert.Equal(bytes, query.Encode());
        }
    }
}
