using Dora.Init.Manager.Startup;
using Xunit;

namespace Dora.Init.Tests.Manager.Startup;

public class DevicesCoupledTests
{
    [Theory]
    [InlineData(1, 0, false)]
    [InlineData(2, 0, true)]
    [InlineData(1, 1, true)]
    [InlineData(12, 3, true)]
    public void Somebody_who_runs_or_waits_for_a_disk_goes_first(int running, int blocked, bool isBusy) =>
        Assert.Equal(isBusy, DevicesCoupled.IsBusy($"cpu  1 2 3\nctxt 5\nprocesses 9\nprocs_running {running}\nprocs_blocked {blocked}\nsoftirq 1 2\n"));

    [Fact]
    public void Without_the_lines_nobody_is_in_the_way() => Assert.False(DevicesCoupled.IsBusy(""));
}
