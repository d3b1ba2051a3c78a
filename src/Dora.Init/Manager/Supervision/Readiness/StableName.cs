using System.Text;
using Dora.Core;

namespace Dora.Init.Manager.Supervision.Readiness;

/// <summary>Names with a limit, the same in every manager.</summary>
internal static class StableName
{
    /// <summary>The name itself if it fits into <paramref name="longest"/> bytes; else a mark and a number that stand for it.</summary>
    public static string Of(string name, int longest)
    {
        return Encoding.UTF8.GetByteCount(name) <= longest ? name : $"#{Fingerprint.Of(name):x16}";
    }
}
