namespace Dora.Boot.Tests.Harness;

/// <summary>An empty folder of a test, gone with it.</summary>
sealed class ScratchFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("pandora-scratch-").FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
