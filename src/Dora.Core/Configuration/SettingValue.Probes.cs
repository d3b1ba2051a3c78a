using System.Globalization;
using Dora.Core.Configuration.Yaml;

namespace Dora.Core.Configuration;

// The values of `ready` and `health`.
internal sealed partial class SettingValue
{
    public ProbeSettings Ready() =>
        Probe(ProbeKeys.Ready, "one of tcp, unix, http, file and command", TimeSpan.FromMilliseconds(200), threshold: 1);

    public ProbeSettings Health() =>
        Probe(ProbeKeys.Health, "one of tcp, unix, http and command", TimeSpan.FromSeconds(30), threshold: 3);

    private ProbeSettings Probe(IReadOnlyList<SettingKey<ProbeSettings>> keys, string what, TimeSpan interval, int threshold)
    {
        var probe = new ProbeSettings { Interval = interval, Timeout = TimeSpan.FromSeconds(5), Threshold = threshold };
        if (node is not YamlMapping mapping)
        {
            FailKind(node, "a mapping such as {tcp: 80}");
            return probe;
        }
        var given = new Dictionary<string, Position>();
        probe = MappingReader.Read(mapping, path + ".", keys, probe, problems, given);
        // With a key that is not known, it is that one which should have said it.
        if (probe.Kind is ProbeKind.None && !HasChoice(given) && given.Count == mapping.Entries.Count) Fail($"says nothing to look at; write {what}");
        if (probe.Kind is ProbeKind.File && (given.ContainsKey("interval") || given.ContainsKey("timeout")))
            Fail("a file is waited for without tries; leave out 'interval' and 'timeout'");
        return probe;
    }

    private static bool HasChoice(Dictionary<string, Position> given) =>
        given.ContainsKey("tcp") || given.ContainsKey("unix") || given.ContainsKey("http") || given.ContainsKey("file") || given.ContainsKey("command");

    /// <summary>One thing is looked at: a second one is a problem.</summary>
    public void Chosen(ProbeSettings probe, ProbeKind kind)
    {
        if (probe.Kind is ProbeKind.None) probe.Kind = kind;
        else Fail("a second thing to look at; one is enough");
    }

    /// <summary>An absolute path that fits into a socket's address.</summary>
    public string SocketPath()
    {
        string path = Word("an absolute path");
        if (node is YamlScalar && CheckAbsolute(node, path, "the path") && System.Text.Encoding.UTF8.GetByteCount(path) > LongestSocketPath)
            Fail($"the path is longer than {LongestSocketPath} bytes");
        return path;
    }

    /// <summary><c>http://localhost:8080/health</c>: this machine alone, for no name is looked up.</summary>
    public void LoopbackAddress(ProbeSettings probe)
    {
        const string Scheme = "http://";
        string text = Word("an address such as http://localhost:8080/health");
        if (node is not YamlScalar) return;
        if (!text.StartsWith(Scheme, StringComparison.Ordinal) || text.Length > 1024)
        {
            Fail($"'{Printable.Text(text)}' is not an address such as http://localhost:8080/health");
            return;
        }
        string rest = text[Scheme.Length..];
        int slash = rest.IndexOf('/');
        string authority = slash < 0 ? rest : rest[..slash];
        probe.Path = slash < 0 ? "/" : rest[slash..];
        foreach (char c in probe.Path)
        {
            if (c is > ' ' and < '\u007F' and not '#') continue;
            Fail("the path may hold printable characters of ASCII only, and no '#'; write others as %XX");
            return;
        }
        string host = authority, port = "80";
        int colon = authority.LastIndexOf(':');
        if (colon >= 0 && !authority.EndsWith(']')) (host, port) = (authority[..colon], authority[(colon + 1)..]);
        if (host is not ("localhost" or "127.0.0.1" or "[::1]"))
            Fail($"'{Printable.Text(host)}' is not this machine; write localhost, 127.0.0.1 or [::1]");
        else if (!int.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out int number) || number is < 1 or > 65535)
            Fail($"'{Printable.Text(port)}' is not a port from 1 to 65535");
        else probe.Port = number;
    }
}
