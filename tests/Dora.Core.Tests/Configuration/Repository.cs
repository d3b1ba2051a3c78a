namespace Dora.Core.Tests.Configuration;

/// <summary>Finds files of the checkout that the tests run in.</summary>
internal static class Repository
{
    public static string? Find(string path)
    {
        for (var directory = new DirectoryInfo(AppContext.BaseDirectory); directory is not null; directory = directory.Parent)
        {
            if (!File.Exists(Path.Combine(directory.FullName, "Pandora.sln"))) continue;
            string full = Path.Combine(directory.FullName, path);
            return Path.Exists(full) ? full : null;
        }
        return null;
    }
}
