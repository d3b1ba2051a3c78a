using Dora.Init.Modules;

namespace Dora.Init.Tests.Modules;

/// <summary>A /lib/modules/RELEASE of a test's own.</summary>
internal sealed class ModuleFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("pandora-modules-").FullName;

    public ModuleDirectory Modules => new(Path);

    public ModuleFolder With(string file, string content)
    {
        File.WriteAllText(System.IO.Path.Combine(Path, file), content);
        return this;
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
