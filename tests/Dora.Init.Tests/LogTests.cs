using System.Text;
using Dora.Init;
using Xunit;

namespace Dora.Init.Tests;

public class LogTests
{
    [Fact]
    public void A_message_is_one_ended_line_with_its_priority() =>
        Assert.Equal("<3>pandora: a b c\n", Encoding.UTF8.GetString(Log.Record(3, "a\nb\tc")));

    [Fact]
    public void A_long_message_is_cut_between_characters()
    {
        byte[] record = Log.Record(6, new string('é', 2000));
        Assert.InRange(record.Length, 880, 901);
        Assert.DoesNotContain('\uFFFD', Encoding.UTF8.GetString(record));
        Assert.Equal((byte)'\n', record[^1]);
    }
}
