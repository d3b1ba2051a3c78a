namespace Dora.Core.Configuration;

/// <summary>Family and type of a held socket.</summary>
public enum SocketKind
{
    /// <summary>Stream on every address of IPv4 and IPv6; <c>tcp: 22</c>.</summary>
    Tcp,

    /// <summary>Stream on a path; <c>unix: /run/web.sock</c>.</summary>
    Unix,

    /// <summary>Datagrams on a path; <c>unix-datagram: /dev/log</c>.</summary>
    UnixDatagram,
}
