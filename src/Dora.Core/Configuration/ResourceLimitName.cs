using System.Globalization;

namespace Dora.Core.Configuration;

/// <summary>A limit of setrlimit(2): its name in prlimit(1), its number, and whether it counts bytes.</summary>
internal sealed record ResourceLimitName(string Name, int Number, bool IsBytes)
{
    private const string Unlimited = "unlimited";

    // Numbers of asm-generic/resource.h: x86-64 and arm64.
    public static readonly IReadOnlyList<ResourceLimitName> All =
    [
        new("cpu", 0, false), new("fsize", 1, true), new("data", 2, true), new("stack", 3, true), new("core", 4, true),
        new("rss", 5, true), new("nproc", 6, false), new("nofile", 7, false), new("memlock", 8, true), new("as", 9, true),
        new("locks", 10, false), new("sigpending", 11, false), new("msgqueue", 12, true), new("nice", 13, false),
        new("rtprio", 14, false), new("rttime", 15, false),
    ];

    public static IEnumerable<string> Names
    {
        get
        {
            foreach (var limit in All) yield return limit.Name;
        }
    }

    public static ResourceLimitName? Find(string name)
    {
        foreach (var limit in All)
            if (limit.Name == name) return limit;
        return null;
    }

    /// <summary><c>1024</c>, <c>64M</c>, <c>unlimited</c>, or <c>soft:hard</c> of these.</summary>
    public bool TryParse(string text, out ResourceLimit limit, out string reason)
    {
        limit = default;
        int colon = text.IndexOf(':');
        string soft = colon < 0 ? text : text[..colon];
        string hard = colon < 0 ? text : text[(colon + 1)..];
        if (!TryParseOne(soft, out ulong softValue, out reason) || !TryParseOne(hard, out ulong hardValue, out reason)) return false;
        if (softValue > hardValue)
        {
            reason = "has a soft limit above the hard one";
            return false;
        }
        limit = new ResourceLimit(softValue, hardValue);
        return true;
    }

    private bool TryParseOne(string text, out ulong value, out string reason)
    {
        value = ulong.MaxValue;
        reason = IsBytes
            ? "is not a limit: write bytes, with K, M or G for larger units, or unlimited, or soft:hard"
            : "is not a limit: write a number, or unlimited, or soft:hard";
        if (text == Unlimited) return true;
        int shift = text is [.., var suffix] ? suffix switch { 'K' => 10, 'M' => 20, 'G' => 30, _ => 0 } : 0;
        if (shift > 0 && !IsBytes)
        {
            reason = "is not a limit: it is no number of bytes, so K, M and G mean nothing here";
            return false;
        }
        if (!ulong.TryParse(shift > 0 ? text[..^1] : text, NumberStyles.None, CultureInfo.InvariantCulture, out ulong amount)) return false;
        // RLIM_INFINITY is the largest number: above the largest signed one a value can only be a mistake.
        if (amount > (ulong)long.MaxValue >> shift)
        {
            reason = "is too large; write unlimited";
            return false;
        }
        value = amount << shift;
        return true;
    }
}
