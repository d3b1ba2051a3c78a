using System.Globalization;

namespace Dora.Core.Configuration;

/// <summary>SERVER[:PORT] at the beginning of a text: a name, an address of IPv4, or one of IPv6 in brackets.</summary>
internal static class ServerName
{
    /// <summary>Cuts both off; <paramref name="port"/> stays as it is where none is written. Null, or what is wrong.</summary>
    public static string? Take(ref string rest, ref int port, out string server)
    {
        if (TakeName(ref rest, out server) is { } problem) return problem;
        // A port is digits between the server and what follows; an export of NFS comes behind a colon of its own.
        if (rest is not [':', >= '0' and <= '9', ..]) return null;
        int end = 1;
        while (end < rest.Length && char.IsAsciiDigit(rest[end])) end++;
        if (!int.TryParse(rest.AsSpan(1, end - 1), NumberStyles.None, CultureInfo.InvariantCulture, out port) || port is 0 or > 65535)
            return $"{rest[1..end]} is not a port: 1 to 65535";
        rest = rest[end..];
        return null;
    }

    private static string? TakeName(ref string rest, out string server)
    {
        server = "";
        if (rest.StartsWith('['))
        {
            int end = rest.IndexOf(']');
            if (end < 0) return "the bracket of the address is not closed: [2001:db8::1]";
            server = rest[1..end];
            rest = rest[(end + 1)..];
            // No zone: which interface is the one is not known before boot.
            return server.Contains(':') && !server.Contains('%') && IsAddress(server) ? null : $"[{Printable.Text(server)}] is not an address of IPv6";
        }
        int length = rest.AsSpan().IndexOfAny(':', '/');
        server = length < 0 ? rest : rest[..length];
        rest = rest[server.Length..];
        if (server.Length == 0) return "the server is missing";
        if (LooksLikeV6(server, rest)) return "an address of IPv6 goes in brackets: [2001:db8::1]";
        bool isNumeric = true;
        foreach (char c in server) isNumeric &= char.IsAsciiDigit(c) || c == '.';
        if (isNumeric) return IsAddress(server) ? null : $"{Printable.Text(server)} is not an address: four numbers up to 255";
        return IsDomainName(server) ? null : $"'{Printable.Text(server)}' is not the name of a server";
    }

    // The first part of an address without brackets is a name of a host, too (fe80, 2001); what follows is not a port.
    private static bool LooksLikeV6(string first, string rest)
    {
        foreach (char c in first)
            if (!char.IsAsciiHexDigit(c)) return false;
        int slash = rest.IndexOf('/');
        string others = slash < 0 ? rest : rest[..slash];
        return others.StartsWith("::", StringComparison.Ordinal) || others.TrimEnd(':').AsSpan().Count(':') >= 2;
    }

    private static bool IsAddress(string text) => Dora.Core.Linux.IpEndpoint.TryParseAddress(text, out _);

    private static bool IsDomainName(string text)
    {
        if (text.Length > 253) return false;
        foreach (string label in text.Split('.'))
        {
            if (label.Length is 0 or > 63 || label[0] == '-' || label[^1] == '-') return false;
            foreach (char c in label)
                if (!char.IsAsciiLetterOrDigit(c) && c is not '-' and not '_') return false;
        }
        return true;
    }
}
