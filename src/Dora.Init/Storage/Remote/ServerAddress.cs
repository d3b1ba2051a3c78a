using Dora.Core.Configuration;
using Dora.Core.Linux;

namespace Dora.Init.Storage.Remote;

/// <summary>
/// The address of a server by its name. This program is static and has no resolver of the C library, so: an address
/// as it is, then /etc/hosts, then `nslookup` of busybox, a child with a deadline, which asks the name servers that
/// the lease of DHCP brought (/run/resolv.conf).
/// </summary>
internal static class ServerAddress
{
    public static string? Find(string server, TimeSpan limit, out byte[] address)
    {
        if (IpEndpoint.TryParseAddress(server, out address)) return null;
        if (InHosts(Sys.ReadText("/etc/hosts") ?? "", server, out address)) return null;
        // Without a name server nslookup would ask this machine, and wait.
        if (Sys.ReadText("/etc/resolv.conf") is not { } resolver || !resolver.Contains("nameserver", StringComparison.Ordinal))
            return $"{server}: there is no name server yet; use an address";
        var outcome = ChildProgram.Run(["nslookup", server], limit);
        if (InAnswer(outcome.Said, out address)) return null;
        return outcome.Failure is { } failure ? $"{server}: {failure}" : $"{server}: no address is known for this name";
    }

    /// <summary>A connection of TCP that never blocks; null, or what is wrong in words. The socket is the caller's where there is one.</summary>
    public static string? Connect(in RemoteStorageName place, byte[] address, TimeSpan deadline, out FileDescriptor? socket)
    {
        string where = $"connect to {place.Server} port {place.Port}";
        socket = null;
        var errno = Sys.Socket(address.Length == 4 ? Libc.AF_INET : Libc.AF_INET6, Libc.SOCK_STREAM | Libc.SOCK_NONBLOCK, 0, out var made);
        if (errno != Errno.None) return $"{where}: {errno.Describe()}";
        errno = Sys.ConnectIp(made, address, place.Port);
        if (errno == Errno.EINPROGRESS)
        {
            Span<Libc.pollfd> fds = [new Libc.pollfd { fd = made.Number, events = (short)Libc.EPOLLOUT }];
            do errno = Sys.Poll(fds, deadline);
            while (errno == Errno.EINTR);
            if (errno == Errno.None) errno = fds[0].revents == 0 ? Errno.ETIMEDOUT : Sys.SocketError(made);
        }
        if (errno != Errno.None)
        {
            made.Dispose();
            return $"{where}: {errno.Describe()}";
        }
        socket = made;
        // A link that dies in silence while nobody asks for anything is noticed, too.
        _ = Sys.SetSocketOption(made, Libc.SOL_SOCKET, Libc.SO_KEEPALIVE, 1);
        _ = Sys.SetSocketOption(made, Libc.IPPROTO_TCP, Libc.TCP_KEEPIDLE, 20);
        _ = Sys.SetSocketOption(made, Libc.IPPROTO_TCP, Libc.TCP_KEEPINTVL, 5);
        _ = Sys.SetSocketOption(made, Libc.IPPROTO_TCP, Libc.TCP_KEEPCNT, 3);
        _ = Sys.SetSocketOption(made, Libc.IPPROTO_TCP, Libc.TCP_NODELAY, 1);
        return null;
    }

    internal static bool InHosts(string hosts, string server, out byte[] address)
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
    internal static bool InAnswer(string said, out byte[] address)
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
