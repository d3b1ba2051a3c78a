namespace Dora.Init.Manager.Control;

/// <summary>What the parameters of <c>POST /v1/exec</c> say; the body says what is run.</summary>
internal sealed record SessionRequest
{
    /// <summary>Of the session; null for one that is made up.</summary>
    public string? Name { get; init; }

    /// <summary>The service in whose surroundings it runs; null for the machine itself.</summary>
    public string? Service { get; init; }

    public bool IsTerminal { get; init; }
    public ushort Rows { get; init; }
    public ushort Columns { get; init; }
    public bool HasInput { get; init; }
    public bool IsDetachable { get; init; }
}
