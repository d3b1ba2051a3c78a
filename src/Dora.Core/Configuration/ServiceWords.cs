namespace Dora.Core.Configuration;

/// <summary>The words that service files use for our enumerations.</summary>
internal static class ServiceWords
{
    public static readonly (string Word, ServiceType Value)[] Types =
        [("daemon", ServiceType.Daemon), ("oneshot", ServiceType.Oneshot), ("group", ServiceType.Group)];

    public static readonly (string Word, InstanceSource Value)[] InstanceSources =
        [("wired-interface", InstanceSource.WiredInterface), ("console", InstanceSource.Console), ("argument", InstanceSource.Argument)];

    public static readonly (string Word, StartCondition Value)[] StartConditions =
        [("boot", StartCondition.Boot), ("demand", StartCondition.Demand)];

    public static readonly (string Word, RestartCondition Value)[] RestartConditions =
        [("always", RestartCondition.Always), ("on-failure", RestartCondition.OnFailure), ("never", RestartCondition.Never)];

    public static readonly (string Word, ReadinessProtocol Value)[] ReadinessProtocols =
        [("none", ReadinessProtocol.None), ("fd", ReadinessProtocol.Descriptor), ("systemd", ReadinessProtocol.Systemd)];

    public static readonly (string Word, bool Value)[] HealthActions = [("restart", true), ("none", false)];

    public static readonly (string Word, SocketKind Value)[] SocketKinds =
        [
            ("tcp", SocketKind.Tcp), ("udp", SocketKind.Udp), ("unix", SocketKind.Unix), ("unix-datagram", SocketKind.UnixDatagram),
            ("unix-seqpacket", SocketKind.UnixSeqpacket), ("fifo", SocketKind.Fifo),
        ];

    public static readonly (string Word, bool Value)[] WhenFull = [("wait", false), ("refuse", true)];
}
