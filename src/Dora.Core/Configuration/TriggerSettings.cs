namespace Dora.Core.Configuration;

/// <summary>What starts a service by itself; <c>on</c>.</summary>
/// <param name="Kind">What is waited for.</param>
/// <param name="Target">The path of it; empty for the network.</param>
public sealed record TriggerSettings(TriggerKind Kind, string Target);

/// <summary>Kinds of <see cref="TriggerSettings"/>.</summary>
public enum TriggerKind
{
    /// <summary>There is something of this name.</summary>
    Path,

    /// <summary>The file, or what the folder holds, has changed.</summary>
    Changed,

    /// <summary>There is a device of this name.</summary>
    Device,

    /// <summary>An interface other than loopback has a carrier.</summary>
    Carrier,

    /// <summary>An interface other than loopback has a carrier and an address beyond its own link.</summary>
    Network,
}
