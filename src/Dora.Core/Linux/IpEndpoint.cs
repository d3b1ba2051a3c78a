using System.Globalization;
using System.Text;

namespace Dora.Core.Linux;

/// <summary>An address of IPv4 or IPv6 and a port. As a text: <c>80</c> (every address), <c>127.0.0.1:80</c>, <c>[::1]:80</c>.</summary>
internal readonly unsafe struct IpEndpoint(byte[] address, int port)
{
    private const int TextSize = 46; // INET6_ADDRSTRLEN

    /// <summary>4 or 16 bytes; empty for every address of both families.</summary>
    public byte[] Address => address;

    /// <summary>1 to 65535.</summary>
    public int Port => port;

    public bool IsAny => address.Length == 0;
    public bool IsV4 => address.Length == 4;

    /// <summary>No sign, no leading zero, no blanks: the same port is always the same text.</summary>
    public static bool TryParse(string text, out IpEndpoint endpoint)
    {
        endpoint = new IpEndpoint([], 0);
        int colon = text.LastIndexOf(':');
        var digits = text.AsSpan(colon + 1);
        if (digits is not [>= '1' and <= '9', ..] || !int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out int port) || port > 65535) return false;
        byte[]? address = [];
        if (colon >= 0) address = text is ['[', ..] && text[colon - 1] == ']'
            ? Parse(Libc.AF_INET6, text[1..(colon - 1)])
            : Parse(Libc.AF_INET, text[..colon]);
        if (address is null) return false;
        endpoint = new IpEndpoint(address, port);
        return true;
    }

    /// <summary>The address as people write it; one of IPv4 that came through a socket of IPv6 is one of IPv4.</summary>
    public static string Format(ReadOnlySpan<byte> address)
    {
        if (address.Length == 16 && address[..12].SequenceEqual((ReadOnlySpan<byte>)[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF])) address = address[12..];
        Span<byte> text = stackalloc byte[TextSize];
        fixed (byte* a = address, t = text)
        {
            if (Libc.inet_ntop(address.Length == 4 ? Libc.AF_INET : Libc.AF_INET6, a, t, TextSize) is null) return "";
        }
        return Encoding.ASCII.GetString(text[..text.IndexOf((byte)0)]);
    }

    /// <summary>An address alone, without brackets: 4 or 16 bytes.</summary>
    public static bool TryParseAddress(string text, out byte[] address)
    {
        address = Parse(text.Contains(':') ? Libc.AF_INET6 : Libc.AF_INET, text) ?? [];
        return address.Length > 0;
    }

    private static byte[]? Parse(int family, string text)
    {
        if (text.Contains('\0')) return null;
        byte[] address = new byte[family == Libc.AF_INET ? 4 : 16];
        fixed (byte* t = new CString(text), a = address)
            return Libc.inet_pton(family, t, a) == 1 ? address : null;
    }
}
