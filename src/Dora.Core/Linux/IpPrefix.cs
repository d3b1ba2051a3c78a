using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Dora.Core.Linux;

/// <summary>A range of addresses: <c>10.0.0.0/8</c>, <c>fd00::/8</c>, or one address alone.</summary>
internal sealed class IpPrefix(byte[] address, int bits)
{
    /// <summary>False for what is neither, also where bits are set behind the prefix.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out IpPrefix? prefix)
    {
        prefix = null;
        int slash = text.IndexOf('/');
        if (!IpEndpoint.TryParseAddress(slash < 0 ? text : text[..slash], out byte[] address)) return false;
        int bits = address.Length * 8;
        if (slash >= 0 && (!int.TryParse(text.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out bits) || bits > address.Length * 8)) return false;
        for (int i = bits; i < address.Length * 8; i++)
            if ((address[i >> 3] >> (7 - (i & 7)) & 1) != 0) return false;
        prefix = new IpPrefix(address, bits);
        return true;
    }

    /// <param name="other">4 or 16 bytes.</param>
    public bool Holds(ReadOnlySpan<byte> other)
    {
        if (other.Length != address.Length) return false;
        for (int i = 0; i < bits; i += 8)
            if (((other[i >> 3] ^ address[i >> 3]) & 0xFF << Math.Max(8 - (bits - i), 0) & 0xFF) != 0) return false;
        return true;
    }
}
