namespace Dora.Init.Tests.Manager.MachineInfo;

/// <summary>A tree of files as procfs and sysfs have them.</summary>
internal sealed class FakeRoot : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("dora-root-").FullName;

    public FakeRoot Add(string path, string content)
    {
        string full = Path + path;
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(full)!);
        File.WriteAllText(full, content);
        return this;
    }

    public FakeRoot Link(string path, string target)
    {
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(Path + path)!);
        File.CreateSymbolicLink(Path + path, target);
        return this;
    }

    public FakeRoot Folder(string path)
    {
        Directory.CreateDirectory(Path + path);
        return this;
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
