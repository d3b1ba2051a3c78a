namespace Dora.Core.Configuration;

/// <summary>How a service says that it is ready.</summary>
public enum ReadinessProtocol
{
    /// <summary>Ready as soon as its program runs.</summary>
    None,

    /// <summary>It writes a newline to the descriptor whose number is in NOTIFY_FD (the protocol of s6).</summary>
    Descriptor,

    /// <summary>It sends READY=1 and more to the socket that is named in NOTIFY_SOCKET (sd_notify(3)).</summary>
    Systemd,
}
