namespace Dora.Ctl.Tests;

/// <summary>The tree that the tests were built from. Paths in the binaries are none of this machine.</summary>
internal static class Repository
{
    public static string Root { get; } = Find();

    public static string File(string path) => Path.Combine(Root, path);

    private static string Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (System.IO.File.Exists(Path.Combine(folder.FullName, "docs/protocol.md"))) return folder.FullName;
        throw new InvalidOperationException("the tests run outside of the repository");
    }
}
