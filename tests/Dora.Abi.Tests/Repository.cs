namespace Dora.Abi.Tests;

static class Repository
{
    /// <summary>The root of the working tree: the nearest folder above the test assembly that holds Pandora.sln.</summary>
    public static string Root { get; } = Find();

    static string Find()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "Pandora.sln"))) return folder.FullName;
        throw new DirectoryNotFoundException($"no Pandora.sln above {AppContext.BaseDirectory}");
    }
}
