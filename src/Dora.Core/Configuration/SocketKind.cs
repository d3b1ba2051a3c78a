namespace Dora.Core.Configuration;

/// <summary>Family and type of a held socket. The names are part of what the guard keeps: they do not change.</summary>
public enum SocketKind
{
    /// <summary>Stream over IP; <c>tcp: 22</c>.</summary>
    Tcp,

    /// <summary>Datagrams over IP; <c>udp: 69</c>.</summary>
    Udp,

    /// <summary>Stream on a path; <c>unix: /run/web.sock</c>.</summary>
    Unix,

    /// <summary>Datagrams on a path; <c>unix-datagram: /dev/log</c>.</summary>
    UnixDatagram,

    /// <summary>Connections with message boundaries on a path; <c>unix-seqpacket: /run/web.sock</c>.</summary>
    UnixSeqpacket,

    /// <summary>A named pipe; <c>fifo: /run/web.fifo</c>.</summary>
    Fifo,
}
