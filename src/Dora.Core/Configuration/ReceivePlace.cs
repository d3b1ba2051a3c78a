using Dora.Core.Configuration.Yaml;
using Dora.Core.Linux;

namespace Dora.Core.Configuration;

/// <summary>One item of <c>receive</c> in log.yaml: where syslog listens, and who may send.</summary>
internal sealed class ReceivePlace
{
    /// <summary>How the descriptors of such sockets are called.</summary>
    public const string NamePrefix = "receive-";

    internal static readonly IReadOnlyList<SettingKey<ReceivePlace>> Keys =
    [
        Key("udp", "port or address:port", "", "Datagrams (RFC 5426).", (place, value) => place.Socket = Place(SocketKind.Udp, value)),
        Key("tcp", "port or address:port", "", "Connections (RFC 6587).", (place, value) => place.Socket = Place(SocketKind.Tcp, value)),
        Key("from", "list of addresses and ranges", "everybody", "Who may send: 10.0.0.0/8, 192.0.2.7, fd00::/8.", (place, value) => place._from = value.Prefixes()),
    ];

    private List<IpPrefix>? _from;

    public SocketSettings Socket { get; private set; } = new(SocketKind.Udp, "");

    /// <param name="address">4 or 16 bytes; one of IPv4 is never given as one of IPv6.</param>
    public bool Admits(ReadOnlySpan<byte> address)
    {
        if (_from is null) return true;
        foreach (var prefix in _from)
            if (prefix.Holds(address)) return true;
        return false;
    }

    /// <summary>One item; null, and said, where it cannot be used.</summary>
    internal static ReceivePlace? Read(YamlMapping mapping, string path, ProblemList problems)
    {
        int before = problems.Count;
        var given = new Dictionary<string, Position>();
        var place = MappingReader.Read(mapping, path + ".", Keys, new ReceivePlace(), problems, given);
        if (problems.Count == before && given.ContainsKey("udp") == given.ContainsKey("tcp"))
            problems.Add(mapping.Entries.Count > 0 ? mapping.Entries[0].Key.Position : mapping.Position, $"{path}: write one of udp and tcp in each item");
        return problems.Count == before ? place : null;
    }

    // An address that the machine has not yet, or not any more, is no reason not to listen; a name tells one socket from another.
    private static SocketSettings Place(SocketKind kind, SettingValue value)
    {
        string address = value.SocketAddress(kind);
        return new SocketSettings(kind, address)
        {
            Name = $"{NamePrefix}{(kind is SocketKind.Udp ? "udp" : "tcp")}-{address.Replace(':', '_')}", FreeBind = address.Contains(':'),
        };
    }

    private static SettingKey<ReceivePlace> Key(string name, string form, string @default, string summary, Action<ReceivePlace, SettingValue> apply) =>
        new(name, form, @default, summary, (place, value) =>
        {
            apply(place, value);
            return place;
        });
}
