using Dora.Init.Boot;
using Dora.Init.Manager.Startup;
using Xunit;

namespace Dora.Init.Tests.Boot;

public class StageTimesTests
{
    [Fact]
    public void What_boot_writes_the_manager_reads()
    {
        string text = StageTimes.Line("kernel", TimeSpan.Zero, TimeSpan.FromMilliseconds(5), "")
            + StageTimes.Line("boot medium found", TimeSpan.FromMicroseconds(7), TimeSpan.FromMicroseconds(9), "label\tA\nB");
        var stages = BootStages.Parse(text);
        Assert.Equal(2, stages.Count);
        Assert.Equal(("kernel", "kernel", TimeSpan.FromMilliseconds(5)), (stages[0].Name, stages[0].Phase, stages[0].End));
        Assert.Equal(("boot medium found", "initramfs", "label A B"), (stages[1].Name, stages[1].Phase, stages[1].Detail));
    }

    [Theory]
    [InlineData("")]
    [InlineData("a\tb\tc\td\n")]
    [InlineData("a\t1\n")]
    [InlineData("a\t-1\t2\tx\n")]
    [InlineData("a\t1\t9223372036854775807\tx\n")]
    public void Lines_of_another_form_are_passed_over(string text) => Assert.Empty(BootStages.Parse(text));

    [Fact]
    public void Free_memory_is_read_from_meminfo()
    {
        Assert.Equal(2048 << 10, ImageCopied.Bytes("MemTotal: 4096 kB\nMemAvailable:       2048 kB\n", "MemAvailable:"));
        Assert.Equal(0, ImageCopied.Bytes("MemAvailable: many kB\n", "MemAvailable:"));
        Assert.Equal(0, ImageCopied.Bytes("", "MemAvailable:"));
    }
}
