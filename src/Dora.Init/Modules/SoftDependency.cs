using System.Text;

namespace Dora.Init.Modules;

/// <summary>A line of modules.softdep: <c>softdep MODULE pre: A B post: C</c>.</summary>
internal sealed record SoftDependency(string Module, IReadOnlyList<string> Before, IReadOnlyList<string> After)
{
    public static bool TryRead(ReadOnlySpan<byte> line, out SoftDependency dependency)
    {
        dependency = null!;
        if (!line.StartsWith("softdep "u8)) return false;
        string[] words = Encoding.UTF8.GetString(line).Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (words.Length < 2) return false;
        var before = new List<string>();
        var after = new List<string>();
        List<string>? list = null;
        for (int i = 2; i < words.Length; i++)
        {
            if (words[i] == "pre:") list = before;
            else if (words[i] == "post:") list = after;
            else list?.Add(ModuleName.Normalize(words[i]));
        }
        dependency = new SoftDependency(ModuleName.Normalize(words[1]), before, after);
        return true;
    }
}
