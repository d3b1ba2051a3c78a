using Dora.Core.Protocol.Json;

namespace Dora.Core.Protocol.Machine;

/// <summary>One network interface in <c>GET /v1/machine/nics</c>.</summary>
public sealed class NicInfo : IJsonMapped<NicInfo>
{
    /// <summary><c>eth0</c>.</summary>
    public required string Name { get; init; }

    /// <summary>Number of the interface.</summary>
    public int Index { get; init; }

    /// <summary><c>ethernet</c>, <c>loopback</c>, <c>wireless</c>, <c>bridge</c>, <c>bond</c>, <c>vlan</c>, <c>veth</c>, <c>tun</c> ...</summary>
    public required string Type { get; init; }

    /// <summary>Hardware address.</summary>
    public string? Mac { get; init; }

    /// <summary>Largest packet.</summary>
    public int MtuBytes { get; init; }

    /// <summary><c>up</c>, <c>down</c>, <c>unknown</c> (the driver does not tell), <c>lowerlayerdown</c> ...</summary>
    public required string OperState { get; init; }

    /// <summary>Whether there is somebody at the other end; null while it is switched off.</summary>
    public bool? Carrier { get; init; }

    /// <summary>Speed of the link; null where there is none.</summary>
    public long? SpeedMbit { get; init; }

    /// <summary><c>full</c> or <c>half</c>.</summary>
    public string? Duplex { get; init; }

    /// <summary>Driver in the kernel.</summary>
    public string? Driver { get; init; }

    /// <summary>Bridge or bond that it is part of.</summary>
    public string? Master { get; init; }

    /// <summary>Its addresses.</summary>
    public IReadOnlyList<NicAddress> Addresses { get; init; } = [];

    /// <summary>Since it is there.</summary>
    public long ReceivedBytes { get; init; }

    /// <summary>Since it is there.</summary>
    public long ReceivedPackets { get; init; }

    /// <summary>Packets that came damaged.</summary>
    public long ReceiveErrors { get; init; }

    /// <summary>Packets that there was no room for.</summary>
    public long ReceiveDropped { get; init; }

    /// <summary>Since it is there.</summary>
    public long SentBytes { get; init; }

    /// <summary>Since it is there.</summary>
    public long SentPackets { get; init; }

    /// <summary>Packets that could not be sent.</summary>
    public long SendErrors { get; init; }

    /// <summary>Packets that there was no room for.</summary>
    public long SendDropped { get; init; }

    /// <inheritdoc/>
    public static NicInfo Map(JsonMap json, NicInfo? from) => new()
    {
        Name = json.RequiredText("name", from?.Name),
        Index = json.Integer("index", from?.Index) ?? 0,
        Type = json.RequiredText("type", from?.Type),
        Mac = json.Text("mac", from?.Mac),
        MtuBytes = json.Integer("mtuBytes", from?.MtuBytes) ?? 0,
        OperState = json.RequiredText("operState", from?.OperState),
        Carrier = json.Flag("carrier", from?.Carrier),
        SpeedMbit = json.Number("speedMbit", from?.SpeedMbit),
        Duplex = json.Text("duplex", from?.Duplex),
        Driver = json.Text("driver", from?.Driver),
        Master = json.Text("master", from?.Master),
        Addresses = json.Members("addresses", from?.Addresses) ?? [],
        ReceivedBytes = json.Number("receivedBytes", from?.ReceivedBytes) ?? 0,
        ReceivedPackets = json.Number("receivedPackets", from?.ReceivedPackets) ?? 0,
        ReceiveErrors = json.Number("receiveErrors", from?.ReceiveErrors) ?? 0,
        ReceiveDropped = json.Number("receiveDropped", from?.ReceiveDropped) ?? 0,
        SentBytes = json.Number("sentBytes", from?.SentBytes) ?? 0,
        SentPackets = json.Number("sentPackets", from?.SentPackets) ?? 0,
        SendErrors = json.Number("sendErrors", from?.SendErrors) ?? 0,
        SendDropped = json.Number("sendDropped", from?.SendDropped) ?? 0,
    };
}
