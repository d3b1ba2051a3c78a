using Dora.Core.Configuration.Yaml;

namespace Dora.Core.Configuration.Forwarding;

/// <summary>How lines travel.</summary>
internal enum ForwardProtocol
{
    /// <summary>RFC 5426: a datagram for each line. Nobody tells whether it has come.</summary>
    Udp,

    /// <summary>RFC 6587.</summary>
    Tcp,

    /// <summary>RFC 5425.</summary>
    Tls,
}

/// <summary>One item of <c>forward</c> in log.yaml: to whom lines are sent, which, and how.</summary>
internal sealed class ForwardTarget
{
    public const string Forms = "udp://SERVER[:PORT], tcp://SERVER[:PORT] or tls://SERVER[:PORT]";

    // IANA's; for plain TCP, which has none, the port that all implementations listen on.
    private static readonly (string Word, ForwardProtocol Protocol, int Port)[] s_protocols =
        [("udp://", ForwardProtocol.Udp, 514), ("tcp://", ForwardProtocol.Tcp, 514), ("tls://", ForwardProtocol.Tls, 6514)];

    internal static readonly IReadOnlyList<SettingKey<ForwardTarget>> Keys =
    [
        Key("name", "word", "required", "What it is called: the service is log-forward@NAME.", (target, value) => target.Name = value.MountName()),
        Key("to", Forms, "required", "The server; ports 514 and, for tls, 6514.", (target, value) => value.ForwardPlace(target)),
        Key("select", LogSelector.Forms, "everything", "Which lines.", (target, value) => target.Selector = value.Selector()),
        Key("format", "rfc5424 or rfc3164", "rfc5424", "How a line is written.", (target, value) => target.IsLegacy = value.Choice([("rfc5424", false), ("rfc3164", true)])),
        Key("framing", "octets or lines", "octets", "With tcp and tls: each message has its length in front of it, or ends with a newline (RFC 6587).",
            (target, value) => target.IsCounted = value.Choice([("octets", true), ("lines", false)])),
        Key("ca", "absolute path", "", "With tls, required: the certificates (PEM) that the server's must come from.", (target, value) => target.Authority = value.AbsolutePath()),
        Key("certificate", "absolute path", "", "With tls: our own certificate (PEM), where the server asks for one.", (target, value) => target.Certificate = value.AbsolutePath()),
        Key("key", "absolute path", "", "The private key of the certificate (PEM).", (target, value) => target.PrivateKey = value.AbsolutePath()),
        Key("server-name", "word", "the server", "With tls: the name that the server's certificate must have.", (target, value) => target.CertificateName = value.Line(253)),
    ];

    public string Name { get; private set; } = "";
    public ForwardProtocol Protocol { get; private set; }

    /// <summary>Name or address, without brackets.</summary>
    public string Server { get; private set; } = "";

    public int Port { get; private set; }
    public LogSelector Selector { get; private set; } = LogSelector.Everything;

    /// <summary>RFC 3164.</summary>
    public bool IsLegacy { get; private set; }

    /// <summary>Octet counting.</summary>
    public bool IsCounted { get; private set; } = true;

    public string? Authority { get; private set; }
    public string? Certificate { get; private set; }
    public string? PrivateKey { get; private set; }
    public string? CertificateName { get; private set; }

    public override string ToString() => $"{s_protocols[(int)Protocol].Word}{(Server.Contains(':') ? $"[{Server}]" : Server)}:{Port}";

    /// <summary>Null, or what is wrong with the text.</summary>
    internal string? TakePlace(string text)
    {
        foreach (var (word, protocol, usual) in s_protocols)
        {
            if (!text.StartsWith(word, StringComparison.Ordinal)) continue;
            string rest = text[word.Length..];
            int port = usual;
            if (ServerName.Take(ref rest, ref port, out string server) is { } problem) return problem;
            if (rest.Length > 0) return $"'{Printable.Text(rest)}' behind the server is not :PORT";
            (Protocol, Server, Port) = (protocol, server, port);
            return null;
        }
        return $"is not one of {Forms}";
    }

    /// <summary>One item; null, and said, where it cannot be used.</summary>
    internal static ForwardTarget? Read(YamlMapping mapping, string path, List<ForwardTarget> others, ProblemList problems)
    {
        int before = problems.Count;
        var start = mapping.Entries.Count > 0 ? mapping.Entries[0].Key.Position : mapping.Position;
        var given = new Dictionary<string, Position>();
        var target = MappingReader.Read(mapping, path + ".", Keys, new ForwardTarget(), problems, given);
        if (problems.Count > before) return null;
        if (target.Contradiction(given, others) is { } message) problems.Add(start, $"{path}: {message}");
        return problems.Count == before ? target : null;
    }

    private string? Contradiction(Dictionary<string, Position> given, List<ForwardTarget> others)
    {
        if (!given.ContainsKey("name")) return "name: is missing";
        if (!given.ContainsKey("to")) return $"to: is missing: {Forms}";
        if (Protocol is ForwardProtocol.Tls != (Authority is not null)) return Authority is null ? "ca: is missing: without it nobody could tell the server from another" : "ca: is for tls";
        if (Protocol is not ForwardProtocol.Tls && (Certificate ?? PrivateKey ?? CertificateName) is not null) return "certificate, key and server-name: are for tls";
        if (Certificate is null != PrivateKey is null) return "certificate and key: go together";
        if (Protocol is ForwardProtocol.Udp && given.ContainsKey("framing")) return "framing: is for tcp and tls";
        foreach (var other in others)
            if (other.Name == Name) return $"name: '{Name}' is there twice";
        return others.Count >= ForwardFile.MostTargets ? $"there are more than {ForwardFile.MostTargets} targets" : null;
    }

    private static SettingKey<ForwardTarget> Key(string name, string form, string @default, string summary, Action<ForwardTarget, SettingValue> apply) =>
        new(name, form, @default, summary, (target, value) =>
        {
            apply(target, value);
            return target;
        });
}
