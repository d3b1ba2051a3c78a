using Dora.Core.Protocol.Json;

namespace Dora.Core.Protocol.Machine;

/// <summary>One open port in <c>GET /v1/machine/ports</c>.</summary>
public sealed class PortInfo : IJsonMapped<PortInfo>
{
    /// <summary><c>tcp</c>, <c>tcp6</c>, <c>udp</c>, <c>udp6</c> or <c>unix</c>.</summary>
    public required string Protocol { get; init; }

    /// <summary>Of IP: the address that it is bound to; <c>0.0.0.0</c> and <c>::</c> are all.</summary>
    public string? Address { get; init; }

    /// <summary>Of IP: the port.</summary>
    public int? Port { get; init; }

    /// <summary>Of a Unix socket: its path, or its name in the abstract namespace behind an <c>@</c>.</summary>
    public string? Path { get; init; }

    /// <summary>Of a Unix socket: <c>stream</c>, <c>datagram</c> or <c>seqpacket</c>.</summary>
    public string? Kind { get; init; }

    /// <summary>A process that has it open; one of the service where there is one.</summary>
    public int? Pid { get; init; }

    /// <summary>Name of that process.</summary>
    public string? Program { get; init; }

    /// <summary>Service of that process, or, where only init has it open, the service that it is kept for.</summary>
    public string? Service { get; init; }

    /// <summary>User who opened it.</summary>
    public int? Uid { get; init; }

    /// <inheritdoc/>
    public static PortInfo Map(JsonMap json, PortInfo? from) => new()
    {
        Protocol = json.RequiredText("protocol", from?.Protocol),
        Address = json.Text("address", from?.Address),
        Port = json.Integer("port", from?.Port),
        Path = json.Text("path", from?.Path),
        Kind = json.Text("kind", from?.Kind),
        Pid = json.Integer("pid", from?.Pid),
        Program = json.Text("program", from?.Program),
        Service = json.Text("service", from?.Service),
        Uid = json.Integer("uid", from?.Uid),
    };
}
