using System.Text;

namespace Dora.Init.Manager.Supervision.Readiness;

/// <summary>Names with a limit, the same in every manager.</summary>
internal static class StableName
{
    /// <summary>The name itself if it fits into <paramref name="longest"/> bytes; else a mark and a number that stand for it.</summary>
    public static string Of(string name, int longest)
    {
        if (Encoding.UTF8.GetByteCount(name) <= longest) return name;
        ulong hash = 14695981039346656037; // FNV-1a
        foreach (char c in name) hash = (hash ^ c) * 1099511628211;
        return $"#{hash:x16}";
    }
}
