using Dora.Init.Manager.Supervision;
using Xunit;

namespace Dora.Init.Tests.Manager.Supervision;

public sealed class CgroupUsageTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("dora-usage-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private void Write(string file, string text) => File.WriteAllText(Path.Combine(_folder, file), text);

    [Fact]
    public void Every_controller_that_is_there_is_read()
    {
        Write("cpu.stat", "usage_usec 1234567\nuser_usec 1000000\nsystem_usec 234567\n");
        Write("memory.current", "4096000\n");
        Write("memory.peak", "8192000\n");
        Write("pids.current", "3\n");
        Write("io.stat", "8:0 rbytes=1000 wbytes=20 rios=1 wios=1 dbytes=0 dios=0\n8:16 rbytes=24 wbytes=1 rios=1\n");
        Assert.Equal(new CgroupUsage(1234, 4096000, 8192000, 3, 1024, 21), CgroupUsage.Read(_folder));
    }

    [Fact]
    public void What_is_not_counted_is_absent()
    {
        Assert.Equal(default, CgroupUsage.Read(_folder));
        Write("cpu.stat", "user_usec 5\n");
        Write("memory.current", "max\n");
        Write("io.stat", "");
        Assert.Equal(new CgroupUsage(null, null, null, null, 0, 0), CgroupUsage.Read(_folder));
    }

    [Theory]
    [InlineData("usage_usec", null)]
    [InlineData("usage_usecs 5", null)]
    [InlineData("usage_usec -5", null)]
    [InlineData("usage_usec 99999999999999999999", null)]
    [InlineData("x\nusage_usec 7", 7L)]
    public void Lines_that_do_not_fit_are_left_out(string text, long? expected) => Assert.Equal(expected, CgroupUsage.Field(text, "usage_usec"));
}
