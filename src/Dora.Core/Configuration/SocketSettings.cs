namespace Dora.Core.Configuration;

/// <summary>A socket (or FIFO) that is opened for a service and kept open while the service is not running.</summary>
/// <param name="Kind">Its family and type.</param>
/// <param name="Address">For tcp and udp a port, or an address and a port; for the rest an absolute path, or <c>@name</c> of an abstract Unix socket.</param>
public sealed record SocketSettings(SocketKind Kind, string Address)
{
    /// <summary>What LISTEN_FDNAMES calls it; <c>name</c>; null is its address.</summary>
    public string? Name { get; init; }

    /// <summary>Permissions of its path, octal; <c>mode</c>.</summary>
    public uint Mode { get; init; } = 0x180; // 0600

    /// <summary>Who owns its path; <c>user</c>; null is root.</summary>
    public string? User { get; init; }

    /// <summary>Group of its path; <c>group</c>; null is root.</summary>
    public string? Group { get; init; }

    /// <summary>Connections that may wait to be taken; <c>backlog</c>.</summary>
    public int Backlog { get; init; } = 128;

    /// <summary>IPv6 alone, where IPv4 would be served too; <c>ipv6-only</c>.</summary>
    public bool Ipv6Only { get; init; }

    /// <summary>Others may bind to the same port and share the traffic; <c>reuse-port</c>.</summary>
    public bool ReusePort { get; init; }

    /// <summary>May be bound before the machine has the address; <c>free-bind</c>.</summary>
    public bool FreeBind { get; init; }

    /// <summary>The kernel finds out about peers that have vanished; <c>keep-alive</c>.</summary>
    public bool KeepAlive { get; init; }

    /// <summary>The only network interface that it takes traffic from; <c>device</c>.</summary>
    public string? Device { get; init; }

    /// <summary>Of a place where syslog listens: who may send, addresses and ranges of them; null is everybody.</summary>
    internal IReadOnlyList<string>? From { get; init; }

    /// <summary>As the kernel's abstract namespace has it, without a file.</summary>
    internal bool IsAbstract => Address.StartsWith('@');

    internal bool IsIp => Kind is SocketKind.Tcp or SocketKind.Udp;

    /// <summary>Whether connections are made to it.</summary>
    internal bool HasConnections => Kind is SocketKind.Tcp or SocketKind.Unix or SocketKind.UnixSeqpacket;

    /// <summary>The word that service files have for <see cref="Kind"/>.</summary>
    internal string KindWord
    {
        get
        {
            foreach (var (word, kind) in ServiceWords.SocketKinds)
                if (kind == Kind) return word;
            throw new System.Diagnostics.UnreachableException();
        }
    }

    /// <summary>For LISTEN_FDNAMES, where ':' stands between names.</summary>
    internal string DescriptorName => Name ?? Address.Replace(':', '_');
}
