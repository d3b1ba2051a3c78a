namespace Dora.Init.Manager.Control;

/// <summary>The caps of the control server. Tests shorten the times.</summary>
internal sealed record ControlLimits
{
    public int MaxConnections { get; init; } = 64;

    /// <summary>
    /// How many of them are kept for callers who may change things, so that a user without rights who opens connections
    /// as fast as they are closed cannot lock root out.
    /// </summary>
    public int Reserved { get; init; } = 16;

    /// <summary>From the first byte of a request, or from the end of the one before, until it is complete.</summary>
    public TimeSpan RequestTime { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Until an answer has been taken by the client.</summary>
    public TimeSpan WriteTime { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a client that sent nonsense may go on sending before it is cut off.</summary>
    public TimeSpan LingerTime { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How often deadlines are looked at while there are connections.</summary>
    public TimeSpan SweepInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The longest <c>wait</c> that may be asked for.</summary>
    public static TimeSpan MaxWait => TimeSpan.FromMinutes(5);
}
