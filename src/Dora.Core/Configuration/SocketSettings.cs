namespace Dora.Core.Configuration;

/// <summary>A socket that is opened for a service and kept open while the service is not running.</summary>
/// <param name="Kind">Its family and type.</param>
/// <param name="Address">Port number for tcp, absolute path for unix.</param>
public sealed record SocketSettings(SocketKind Kind, string Address);
