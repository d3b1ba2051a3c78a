namespace Dora.Core.Configuration.Sources;

/// <summary>
/// FNV-1a of 64 bits: tells whether something is what it was, the same in every process (string.GetHashCode is not). No
/// protection against somebody who wants two things to look alike.
/// </summary>
internal static class Fingerprint
{
    public static ulong Of(ReadOnlySpan<byte> content)
    {
        ulong hash = 14695981039346656037;
        foreach (byte b in content) hash = (hash ^ b) * 1099511628211;
        return hash;
    }

    public static string TextOf(ReadOnlySpan<byte> content) => $"{Of(content):x16}";
}
