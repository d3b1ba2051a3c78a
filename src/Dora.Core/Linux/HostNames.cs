namespace Dora.Core.Linux;

/// <summary>Names of hosts where there is no resolver of the C library: /etc/hosts, and what busybox's nslookup answers.</summary>
internal static class HostNames
{
    /// <summary>Whether there is anybody to ask: without one nslookup would ask this machine, and wait.</summary>
    public static bool HasNameServer => Sys.ReadText("/etc/resolv.conf")?.Contains("nameserver", StringComparison.Ordinal) ?? false;

    public static bool InHosts(string hosts, string server, out byte[] address)
    {
        foreach (string line in hosts.Split('\n'))
        {
            int comment = line.IndexOf('#');
            string[] words = (comment < 0 ? line : line[..comment]).Split([' ', '\t', '\r'], StringSplitOptions.RemoveEmptyEntries);
            for (int i = 1; i < words.Length; i++)
                if (words[i].Equals(server, StringComparison.OrdinalIgnoreCase) && IpEndpoint.TryParseAddress(words[0], out address)) return true;
        }
        address = [];
        return false;
    }

    /// <summary>
    /// The first address of IPv4, or else of IPv6, behind a line `Name:`; what is before it is the name server's own.
    /// Forms seen: `Address: 10.0.0.1`, `Address 1: 10.0.0.1 host.example`.
    /// </summary>
    public static bool InAnswer(string said, out byte[] address)
    {
        address = [];
        bool isAnswer = false;
        foreach (string line in said.Split('\n'))
        {
            if (line.StartsWith("Name:", StringComparison.Ordinal)) isAnswer = true;
            if (!isAnswer || !line.StartsWith("Address", StringComparison.Ordinal)) continue;
            int colon = line.IndexOf(':');
            string[] words = colon < 0 ? [] : line[(colon + 1)..].Split([' ', '\t', '\r'], StringSplitOptions.RemoveEmptyEntries);
            if (words.Length == 0 || !IpEndpoint.TryParseAddress(words[0], out var found)) continue;
            if (address.Length == 0 || (address.Length == 16 && found.Length == 4)) address = found;
        }
        return address.Length > 0;
    }
}
