using Dora.Core.Configuration;
using Dora.Init.Manager.Supervision;
using Xunit;

namespace Dora.Init.Tests.Manager.Supervision;

/// <summary>Limits are written to the files of a folder: any folder will do.</summary>
public sealed class CgroupLimitsTests : IDisposable
{
    private static readonly Identity s_root = new("root", 0, 0, [], "/root", "/bin/sh");
    private readonly string _folder = Directory.CreateTempSubdirectory("dora-cgroup-").FullName;

    [Fact]
    public void Values_go_to_their_files_and_a_missing_one_stops_nothing()
    {
        foreach (string file in new[] { "memory.max", "pids.max" }) File.WriteAllText(Path.Combine(_folder, file), "");
        CgroupLimits.Apply(_folder, Service("cgroup: {memory.max: 64M, io.max: [a, b], pids.max: 100}\n"), s_root);
        Assert.Equal("64M", File.ReadAllText(Path.Combine(_folder, "memory.max")));
        Assert.Equal("100", File.ReadAllText(Path.Combine(_folder, "pids.max")));
        Assert.False(File.Exists(Path.Combine(_folder, "io.max")));
    }

    [Fact]
    public void A_file_that_cannot_be_written_is_told_with_its_value()
    {
        Directory.CreateDirectory(Path.Combine(_folder, "memory.max"));
        var failure = Assert.Throws<LaunchException>(() => CgroupLimits.Apply(_folder, Service("cgroup: {memory.max: 64M}\n"), s_root));
        Assert.Equal("cgroup: memory.max: write '64M': is a directory (EISDIR)", failure.Message);
    }

    private static ServiceSettings Service(string settings) => ServiceFileReader.Read("web.yaml", "command: /bin/web\n" + settings).Settings!;

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
