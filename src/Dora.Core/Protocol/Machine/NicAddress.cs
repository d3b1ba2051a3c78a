using Dora.Core.Protocol.Json;

namespace Dora.Core.Protocol.Machine;

/// <summary>An address of a network interface.</summary>
public sealed class NicAddress : IJsonMapped<NicAddress>
{
    /// <summary><c>192.168.1.2</c>, <c>fe80::1</c>.</summary>
    public required string Address { get; init; }

    /// <summary>Bits that are the network's.</summary>
    public int PrefixLength { get; init; }

    /// <summary><c>v4</c> or <c>v6</c>.</summary>
    public required string Family { get; init; }

    /// <summary><c>global</c>, <c>site</c>, <c>link</c>, <c>host</c>.</summary>
    public required string Scope { get; init; }

    /// <inheritdoc/>
    public static NicAddress Map(JsonMap json, NicAddress? from) => new()
    {
        Address = json.RequiredText("address", from?.Address),
        PrefixLength = json.Integer("prefixLength", from?.PrefixLength) ?? 0,
        Family = json.RequiredText("family", from?.Family),
        Scope = json.RequiredText("scope", from?.Scope),
    };
}
