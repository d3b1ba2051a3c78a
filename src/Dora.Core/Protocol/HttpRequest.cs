namespace Dora.Core.Protocol;

/// <summary>A whole request.</summary>
internal sealed record HttpRequest
{
    /// <summary>As sent: methods are case-sensitive.</summary>
    public required string Method { get; init; }

    public required HttpTarget Target { get; init; }

    /// <summary>0 or 1, of HTTP/1.x.</summary>
    public required int MinorVersion { get; init; }

    public required HttpFields Fields { get; init; }
    public required byte[] Body { get; init; }

    /// <summary>Whether the client wants the connection to stay open.</summary>
    public required bool KeepAlive { get; init; }
}
