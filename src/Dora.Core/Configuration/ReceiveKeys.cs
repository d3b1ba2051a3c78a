namespace Dora.Core.Configuration;

/// <summary>The keys of one item of <c>receive</c> in log.yaml: where syslog listens, and who may send.</summary>
internal static class ReceiveKeys
{
    /// <summary>How the descriptors of such sockets are called.</summary>
    public const string NamePrefix = "receive-";

    public static readonly IReadOnlyList<SettingKey<SocketSettings>> All =
    [
        SocketKeys.All[0], // tcp
        SocketKeys.All[1], // udp
        new("from", "list of addresses and ranges", "everybody", "Who may send: 10.0.0.0/8, 192.0.2.7, fd00::/8.", (s, v) => s with { From = v.AddressRanges() }),
    ];

    /// <summary>As it is opened: an address that the machine has not yet, or not any more, is no reason not to listen; a name tells one socket from another.</summary>
    public static SocketSettings Named(SocketSettings place) => place with
    {
        Name = $"{NamePrefix}{place.KindWord}-{place.Address.Replace(':', '_')}", FreeBind = place.Address.Contains(':'),
    };
}
