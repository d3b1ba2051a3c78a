namespace Dora.Core.Configuration;

/// <summary>The keys of one item of <c>sockets</c>: what it is, and then its options.</summary>
internal static class SocketKeys
{
    public static readonly IReadOnlyList<SettingKey<SocketSettings>> All =
    [
        Kind(SocketKind.Tcp, "port or address:port", "Stream over IP."),
        Kind(SocketKind.Udp, "port or address:port", "Datagrams over IP."),
        Kind(SocketKind.Unix, "path or @name", "Unix socket, stream."),
        Kind(SocketKind.UnixDatagram, "path or @name", "Unix socket, datagrams."),
        Kind(SocketKind.UnixSeqpacket, "path or @name", "Unix socket, connections with message boundaries."),
        Kind(SocketKind.Fifo, "path", "Named pipe."),
        new("name", "word", "its address", "What LISTEN_FDNAMES calls it.", (s, v) => s with { Name = v.SocketName() }),
        new("mode", "octal number", "0600", "Permissions of its path.", (s, v) => s with { Mode = v.Mode() }),
        new("user", "name or number", "root", "Who owns its path.", (s, v) => s with { User = v.Account() }),
        new("group", "name or number", "root", "The group of its path.", (s, v) => s with { Group = v.Account() }),
        new("backlog", "number from 1 to 65535", "128", "Connections that may wait to be taken.", (s, v) => s with { Backlog = v.Integer(1, 65535) }),
        new("ipv6-only", "true or false", "false", "Not IPv4 too.", (s, v) => s with { Ipv6Only = v.Boolean() }),
        new("reuse-port", "true or false", "false", "Others may bind to the same port and share the traffic.", (s, v) => s with { ReusePort = v.Boolean() }),
        new("free-bind", "true or false", "false", "May be bound before the machine has the address.", (s, v) => s with { FreeBind = v.Boolean() }),
        new("keep-alive", "true or false", "false", "The kernel finds out about peers that have vanished.", (s, v) => s with { KeepAlive = v.Boolean() }),
        new("device", "name of an interface", "", "The only network interface that it takes traffic from.", (s, v) => s with { Device = v.Device() }),
    ];

    private static SettingKey<SocketSettings> Kind(SocketKind kind, string form, string summary) =>
        new(new SocketSettings(kind, "").KindWord, form, "", summary, (s, v) => s with { Kind = kind, Address = v.SocketAddress(kind) });
}
