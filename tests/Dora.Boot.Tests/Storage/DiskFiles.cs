using Dora.Boot.Tests.Harness;

namespace Dora.Boot.Tests.Storage;

/// <summary>A folder of disk images of one test, sparse, gone with it.</summary>
sealed class DiskFiles : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("pandora-disks-").FullName;

    public string Folder => _folder;

    public string this[string name] => Path.Combine(_folder, name);

    /// <summary>An empty disk.</summary>
    public string Empty(string name, long megabytes = 1024)
    {
        string path = this[name];
        using var file = File.Create(path);
        file.SetLength(megabytes << 20);
        return path;
    }

    public void Grow(string name, long megabytes)
    {
        using var file = File.OpenWrite(this[name]);
        file.SetLength(megabytes << 20);
    }

    /// <summary>All that is on it, holes included.</summary>
    public string Hash(string name) => Programs.Run(TimeSpan.FromMinutes(2), "sha256sum", this[name]).Expect()[..64];

    /// <summary>Bytes that the host keeps of it.</summary>
    public long Allocated(string name) => long.Parse(Programs.Run(TimeSpan.FromMinutes(1), "stat", "-c", "%b", this[name]).Expect()) * 512;

    /// <summary>The partition of a claimed disk as a file of its own: what the host's tools can check.</summary>
    public string Partition(string name)
    {
        string path = this[name] + ".part";
        long end = new FileInfo(this[name]).Length / (1 << 20) - 1;
        Programs.Run(TimeSpan.FromMinutes(2), "dd", $"if={this[name]}", $"of={path}", "bs=1M", "skip=1", $"count={end - 1}", "conv=sparse", "status=none").Expect();
        return path;
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
