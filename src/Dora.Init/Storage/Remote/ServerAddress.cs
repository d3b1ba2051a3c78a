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
        if (HostNames.InHosts(Sys.ReadText("/etc/hosts") ?? "", server, out address)) return null;
        // Without a name server nslookup would ask this machine, and wait.
        if (!HostNames.HasNameServer)
            return $"{server}: there is no name server yet; use an address";
        var outcome = ChildProgram.Run(["nslookup", server], limit);
        if (HostNames.InAnswer(outcome.Said, out address)) return null;
        return outcome.Failure is { } failure ? $"{server}: {failure}" : $"{server}: no address is known for this name";
    }

    /// <summary>A connection of TCP that never blocks; null, or what is wrong in words. The socket is the caller's where there is one.</summary>
    public static string? Connect(in RemoteStorageName place, byte[] address, TimeSpan deadline, out FileDescriptor? socket)
    {
        var errno = Sys.ConnectWithin(address, place.Port, deadline, out var made);
        socket = errno == Errno.None ? made : null;
        if (errno != Errno.None) return $"connect to {place.Server} port {place.Port}: {errno.Describe()}";
        Sys.KeepAlive(made);
        _ = Sys.SetSocketOption(made, Libc.IPPROTO_TCP, Libc.TCP_NODELAY, 1);
        return null;
    }
}
