namespace Dora.Syslog.Receiving;

/// <summary>What is known of a message of which a part was given out already; nothing between two messages.</summary>
internal struct FrameState
{
    /// <summary>A part was given out.</summary>
    public bool HasBegun;

    /// <summary>Its length stood in front of it; else it ends with a newline.</summary>
    public bool IsCounted;

    /// <summary>Bytes of a counted one that are still to come.</summary>
    public int Rest;

    /// <summary>Bytes that were given out, and that were not because it is too long.</summary>
    public int Kept, CutOff;
}
