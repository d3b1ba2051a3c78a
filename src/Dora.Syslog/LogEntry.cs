using Dora.Core.Protocol;

namespace Dora.Syslog;

/// <summary>One line with all that is known of it. It points into buffers of its maker and lives as long as they do.</summary>
internal ref struct LogEntry
{
    /// <summary>Counts from 1 and never repeats while the machine runs; set by the ring.</summary>
    public long Sequence;

    /// <summary>Microseconds since 1970, and since boot.</summary>
    public long TimeUs, BootUs;

    /// <summary>The process as the kernel knows it, 0 where it does not tell (pipes).</summary>
    public int Pid;

    /// <summary>As in RFC 3164: facility * 8 + severity.</summary>
    public byte Priority;

    public LogSource Source;

    /// <summary>The line goes on the one before of the same source: it was too long, or came with a pause inside.</summary>
    public bool IsContinuation;

    /// <summary>The service, "kernel", or the tag of a sender that belongs to no service; of another machine see <see cref="Receiving.RemoteName"/>.</summary>
    public ReadOnlySpan<byte> Service;

    public ReadOnlySpan<byte> Text;

    public readonly int Severity => Priority & 7;
}
