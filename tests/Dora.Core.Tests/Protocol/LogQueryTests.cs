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
    public void Only_what_Encode_writes_is_decoded()
    {
        var random = new Random(7);
        for (int round = 0; round < Fuzz.Rounds(100_000); round++)
        {
            byte[] bytes = new byte[random.Next(24)];
            random.NextBytes(bytes);
            byte flags = (byte)random.Next(9);
            int name = bytes.Length - ((flags & 4) != 0 ? 15 : 7);
            if (bytes.Length > 6) (bytes[0], bytes[1], bytes[4], bytes[5], bytes[6]) = (1, flags, 0, 0, (byte)Math.Max(name, 0));
            if (LogQuery.TryDecode(bytes, out var query)) Assert.Equal(bytes, query.Encode());
        }
    }
}
