namespace Dora.Syslog;

/// <summary>A reader's place in a <see cref="LogRing"/>.</summary>
internal struct LogPosition
{
    /// <summary>Bytes ever written before the next record.</summary>
    public ulong Offset;

    /// <summary>The sequence number that comes next.</summary>
    public long Sequence;
}
