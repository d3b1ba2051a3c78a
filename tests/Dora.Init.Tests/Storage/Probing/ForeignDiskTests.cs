using System.Diagnostics;
using Dora.Core.Linux;
using Dora.Init.Storage.Disks;
using Dora.Init.Storage.Probing;
using Dora.Tests.Harness;
using Xunit;

namespace Dora.Init.Tests.Storage.Probing;

/// <summary>"A table-driven test over real images made by the real tools proves 'never touched'": here by the decision, in the boot tests by machines.</summary>
public sealed class ForeignDiskTests : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("pandora-disks-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    sealed class FileDisk(string path) : IDiskContent, IDisposable
    {
        readonly FileStream _file = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, 0);

        public long SizeBytes => _file.Length;

        public Errno Read(long offset, Span<byte> buffer)
        {
            if (offset < 0 || offset > _file.Length - buffer.Length) return Errno.EINVAL;
            _file.Position = offset;
            _file.ReadExactly(buffer);
            return Errno.None;
        }

        public void Dispose() => _file.Dispose();
    }

    public static TheoryData<string> Images()
    {
        var names = new TheoryData<string>();
        foreach (var image in DiskImages.All) names.Add(image.Name);
        return names;
    }

    [Theory]
    [MemberData(nameof(Images))]
    public void A_disk_of_somebody_else_is_named_and_left_alone(string name)
    {
        var image = DiskImages.All.Single(i => i.Name == name);
        string path = image.Create(_folder);
        Assert.Equal(DiskImages.Size, new FileInfo(path).Length);
        using var disk = new FileDisk(path);
        var found = ContentProbe.Look(disk);
        Assert.True(found.Kind is ContentKind.Foreign or ContentKind.Unsure && found.Reason.Contains(image.Words), $"{found.Kind}: {found.Reason}");
        if (name.Contains("by hand") && image.Blkid is { } type) Assert.Equal(type, Blkid(path));
        Assert.Equal(found, ContentProbe.Look(disk));
        // What a boot says of it after a shorter look.
        var quick = ContentProbe.Look(disk, isQuick: true);
        Assert.Equal((found.Kind, found.Reason), (quick.Kind, quick.Reason));
    }

    static string Blkid(string path)
    {
        var start = new ProcessStartInfo("blkid", ["-p", "-o", "value", "-s", "TYPE", path]) { RedirectStandardOutput = true };
        start.Environment["PATH"] = "/usr/sbin:/sbin:/usr/bin:/bin";
        using var process = Process.Start(start)!;
        string output = process.StandardOutput.ReadToEnd().Trim();
        process.WaitForExit();
        return output;
    }
}
