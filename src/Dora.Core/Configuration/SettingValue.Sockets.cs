using System.Globalization;
using System.Text;
using Dora.Core.Configuration.Yaml;
using Dora.Core.Linux;

namespace Dora.Core.Configuration;

// The values of `sockets` and of the keys around it.
internal sealed partial class SettingValue
{
    private const int LongestSocketPath = 107; // sockaddr_un(7), with its NUL
    private const int LongestInterface = 15;   // IFNAMSIZ, with its NUL

    public IReadOnlyList<SocketSettings> Sockets()
    {
        var sockets = new List<SocketSettings>();
        if (node is not YamlList list)
        {
            FailKind(node, "a list such as [tcp: 22]");
            return sockets;
        }
        foreach (var item in list.Items)
        {
            if (item is not YamlMapping mapping) Fail(item, $"expected a socket such as 'tcp: PORT' or 'unix: PATH', found {item.Kind}");
            else if (Socket(mapping) is not { } socket) continue;
            else if (IsThere(sockets, socket)) Fail(Start(mapping), $"{socket.KindWord} {Printable.Text(socket.Address)} is there twice");
            else sockets.Add(socket);
        }
        if (list.Items.Count == 0) Fail("is empty; leave the key out or name a socket");
        if (sockets.Count > MostItems) Fail($"has more than {MostItems} sockets");
        return sockets;
    }

    private SocketSettings? Socket(YamlMapping mapping)
    {
        int kinds = 0;
        foreach (var (name, _) in mapping.Entries)
            foreach (var (word, _) in ServiceWords.SocketKinds)
                if (name.Value == word) kinds++;
        if (kinds > 1)
        {
            Fail(Start(mapping), "one socket an item: begin each with '- '");
            return null;
        }
        int before = problems.Count;
        var given = new Dictionary<string, Position>();
        var socket = MappingReader.Read(mapping, path + ".", SocketKeys.All, new SocketSettings(SocketKind.Tcp, ""), problems, given);
        if (problems.Count == before && kinds == 0) Fail(Start(mapping), $"what is it? write one of {string.Join(", ", Array.ConvertAll(ServiceWords.SocketKinds, choice => choice.Word))}");
        if (problems.Count == before) CheckOptions(socket, given);
        return problems.Count == before ? socket : null;
    }

    /// <summary>Options that mean nothing for this kind of socket.</summary>
    private void CheckOptions(SocketSettings socket, Dictionary<string, Position> given)
    {
        bool hasPath = !socket.IsIp && !socket.IsAbstract;
        foreach (var (key, position) in given)
        {
            string? problem = key switch
            {
                "mode" or "user" or "group" when !hasPath => "is for sockets with a path",
                "backlog" when !socket.HasConnections => "is for sockets with connections",
                "keep-alive" when socket.Kind is not SocketKind.Tcp => "is for tcp",
                "ipv6-only" or "reuse-port" or "free-bind" or "device" when !socket.IsIp => "is for tcp and udp",
                "ipv6-only" when socket.Address.Contains('.') => "makes no sense with an address of IPv4",
                "free-bind" when !socket.Address.Contains(':') => "makes no sense without an address",
                _ => null,
            };
            if (problem is not null) problems.Add(position, $"{path}.{key}: {problem}");
        }
    }

    // Of a mapping that is written without braces inside a list, the parser knows no place.
    private static YamlNode Start(YamlMapping mapping) => mapping.Entries.Count > 0 ? mapping.Entries[0].Key : mapping;

    private static bool IsThere(List<SocketSettings> sockets, SocketSettings socket)
    {
        foreach (var other in sockets)
            if (other.Kind == socket.Kind && other.Address == socket.Address) return true;
        return false;
    }

    /// <summary>Where a socket of this kind is bound to.</summary>
    public string SocketAddress(SocketKind kind)
    {
        bool isIp = kind is SocketKind.Tcp or SocketKind.Udp;
        if (node is not YamlScalar text) FailKind(node, isIp ? "a port (an address of IPv6 needs quotes)" : "a path");
        else if (isIp) CheckEndpoint(text.Value);
        else CheckSocketPath(text, kind);
        return node is YamlScalar { Value: var address } ? address : "";
    }

    private void CheckEndpoint(string text)
    {
        if (IpEndpoint.TryParse(text, out _)) return;
        if (!text.Contains(':')) Fail($"'{Printable.Text(text)}' is not a port from 1 to 65535");
        else Fail($"'{Printable.Text(text)}' is not a port, nor address:port such as 127.0.0.1:80 or '[::1]:80'");
    }

    private void CheckSocketPath(YamlScalar text, SocketKind kind)
    {
        string word = text.Value;
        if (word.StartsWith('@') && kind is SocketKind.Fifo) Fail("a FIFO has a path, no abstract name");
        else if (word == "@") Fail("an abstract name is missing behind '@'");
        else if (!word.StartsWith('@') && !CheckAbsolute(text, word, "the path")) return;
        else if (word.EndsWith('/')) Fail($"'{Printable.Text(word)}' is a directory");
        else if (Encoding.UTF8.GetByteCount(word) > LongestSocketPath) Fail($"the path is longer than {LongestSocketPath} bytes");
    }

    /// <summary>A name in LISTEN_FDNAMES.</summary>
    public string SocketName()
    {
        string name = Line(64);
        foreach (char c in name)
        {
            if (c is > ' ' and < '\x7F' and not ':') continue;
            Fail("has to be printable characters without blanks and ':'");
            break;
        }
        if (node is YamlScalar && name.Length == 0) Fail("is empty");
        return name;
    }

    /// <summary>Permissions of a path.</summary>
    public uint Mode()
    {
        string word = Word("an octal number such as 0660");
        if (node is not YamlScalar) return 0;
        uint value = 0;
        bool isOctal = word.Length is 3 or 4;
        foreach (char c in word)
        {
            if (c is < '0' or > '7') isOctal = false;
            else value = value * 8 + (uint)(c - '0');
        }
        if (isOctal && value <= 0x1FF) return value;
        Fail($"'{Printable.Text(word)}' is not an octal number from 000 to 0777");
        return 0;
    }

    /// <summary>Name of a network interface.</summary>
    public string Device()
    {
        string word = Word("the name of an interface");
        if (node is not YamlScalar) return "";
        bool isName = word.Length is > 0 and <= LongestInterface && word is not ("." or "..");
        foreach (char c in word)
            if (c is <= ' ' or >= '\x7F' or '/' or ':') isName = false;
        if (!isName) Fail($"'{Printable.Text(word)}' is not the name of a network interface, such as eth0");
        return word;
    }

    /// <summary>How often something may happen.</summary>
    public PollLimit PollLimit()
    {
        string word = Word("a limit such as 200/2s");
        if (Configuration.PollLimit.TryParse(word, out var limit) || node is not YamlScalar) return limit;
        Fail($"'{Printable.Text(word)}' is not a limit; write NUMBER/DURATION such as 200/2s (at most 100000, 10ms to 1h), or none");
        return limit;
    }
}
