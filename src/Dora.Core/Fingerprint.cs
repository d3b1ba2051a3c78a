namespace Dora.Core;

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

    /// <summary>Of a text by its UTF-16 units: for ASCII the same as of its bytes.</summary>
    public static ulong Of(ReadOnlySpan<char> text)
    {
        ulong hash = 14695981039346656037;
        foreach (char c in text) hash = (hash ^ c) * 1099511628211;
        return hash;
    }

    public static string TextOf(ReadOnlySpan<byte> content) => $"{Of(content):x16}";
}
