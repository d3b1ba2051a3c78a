using Dora.Init.Guard;
using Xunit;

namespace Dora.Init.Tests.Guard;

public class CtrlAltDelTests
{
    private static int ForcedAt(params double[] seconds)
    {
        var keys = new CtrlAltDel();
        for (int i = 0; i < seconds.Length; i++)
            if (keys.Press(TimeSpan.FromSeconds(seconds[i]))) return i + 1;
        return 0;
    }

    [Fact]
    public void Seven_within_two_seconds_force() => Assert.Equal(7, ForcedAt(10, 10.1, 10.2, 10.3, 10.4, 10.5, 12.0));

    [Fact]
    public void Six_do_not() => Assert.Equal(0, ForcedAt(10, 10.1, 10.2, 10.3, 10.4, 10.5));

    [Fact]
    public void Seven_over_more_than_two_seconds_do_not() => Assert.Equal(0, ForcedAt(10, 10.1, 10.2, 10.3, 10.4, 10.5, 12.1));

    [Fact]
    public void The_last_seven_count_whatever_was_before() => Assert.Equal(9, ForcedAt(0, 5, 10, 10.1, 10.2, 10.3, 10.4, 10.5, 11));
}
