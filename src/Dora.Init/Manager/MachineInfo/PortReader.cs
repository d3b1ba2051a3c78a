using Dora.Core.Linux;
using Dora.Core.Protocol.Machine;
using Dora.Core.Protocol;

namespace Dora.Init.Manager.MachineInfo;

/// <summary>
/// Sockets that others can reach: those that listen, and those of UDP and Unix datagrams that are bound. /proc/net has
/// them with the number of their inode, by which /proc/PID/fd tells who has them open. Only those of our own network
/// namespace.
/// </summary>
internal sealed class PortReader(string root)
{
    private const string Listening = "0A", Unconnected = "07"; // TCP_LISTEN, TCP_CLOSE of net/tcp_states.h
    private const long AcceptsConnections = 0x10000; // __SO_ACCEPTCON of linux/net.h

    private Collected<PortInfo> _ports;
    private readonly List<string> _inodes = []; // of each of _ports
    private readonly Dictionary<string, int> _owners = []; // by inode; 0 where none is known
    private readonly Dictionary<string, string> _services = [];

    /// <param name="root">Where procfs is.</param>
    /// <param name="kept">Which service init holds a socket open for, by inode.</param>
    public static IReadOnlyList<PortInfo> Read(string root, IReadOnlyDictionary<string, string> kept)
    {
        var reader = new PortReader(root);
        reader.TakeIp("tcp", Listening);
        reader.TakeIp("tcp6", Listening);
        reader.TakeIp("udp", Unconnected);
        reader.TakeIp("udp6", Unconnected);
        reader.TakeUnix(SystemText.Table($"{root}/proc/net/unix"));
        return reader.WithOwners(kept);
    }

    internal PortInfo[] Found => _ports.ToArray();

    private void TakeIp(string protocol, string state) => TakeIp(SystemText.Table($"{root}/proc/net/{protocol}"), protocol, state);

    /// <summary>SL LOCAL REMOTE STATE QUEUES TIMER RETRANSMITS UID TIMEOUT INODE ..., addresses as words of the machine in hexadecimal.</summary>
    internal void TakeIp(string table, string protocol, string state)
    {
        foreach (var line in table.AsSpan().EnumerateLines())
        {
            var rest = line;
            SystemText.NextWord(ref rest);
            var local = SystemText.NextWord(ref rest);
            var remote = SystemText.NextWord(ref rest);
            if (!SystemText.NextWord(ref rest).SequenceEqual(state)) continue;
            // A UDP socket that has a peer hears nobody else.
            int remoteColon = remote.IndexOf(':'), colon = local.IndexOf(':');
            if (remoteColon < 0 || remote[..remoteColon].IndexOfAnyExcept('0') >= 0 || !TryAddress(local[..Math.Max(colon, 0)], out string address)
                || !SystemText.TryDigits(local[(colon + 1)..], 16, out long port) || port > 65535) continue;
            for (int i = 0; i < 3; i++) SystemText.NextWord(ref rest);
            int uid = (int)SystemText.NextNumber(ref rest);
            SystemText.NextWord(ref rest);
            _ports.Add(new PortInfo { Protocol = protocol, Address = address, Port = (int)port, Uid = uid });
            _inodes.Add(SystemText.NextWord(ref rest).ToString());
        }
    }

    /// <summary>Each word of four bytes has the order of the machine, which is little endian here.</summary>
    private static bool TryAddress(ReadOnlySpan<char> text, out string address)
    {
        address = "";
        if (text.Length is not (8 or 32)) return false;
        Span<byte> bytes = stackalloc byte[text.Length / 2];
        for (int i = 0; i < bytes.Length; i++)
        {
            if (!SystemText.TryDigits(text.Slice(i * 2, 2), 16, out long value)) return false;
            bytes[(i & ~3) + 3 - (i & 3)] = (byte)value;
        }
        address = IpEndpoint.Format(bytes);
        return true;
    }

    /// <summary>NUM REFCOUNT PROTOCOL FLAGS TYPE STATE INODE [PATH]; a path may hold blanks, and begins with '@' in the abstract namespace.</summary>
    internal void TakeUnix(string table)
    {
        foreach (var line in table.AsSpan().EnumerateLines())
        {
            var rest = line;
            if (!SystemText.NextWord(ref rest).EndsWith(":")) continue; // the heading, or the rest of a path with a line end
            SystemText.NextWord(ref rest);
            SystemText.NextWord(ref rest);
            var flags = SystemText.NextWord(ref rest);
            var type = SystemText.NextWord(ref rest);
            SystemText.NextWord(ref rest);
            string inode = SystemText.NextWord(ref rest).ToString();
            bool listens = SystemText.TryDigits(flags, 16, out long bits) && (bits & AcceptsConnections) != 0;
            string path = rest.Length > 1 ? rest[1..].ToString() : "";
            if (inode is "" or "0" || path.Length == 0 || !(listens || type is "0002")) continue;
            _ports.Add(new PortInfo { Protocol = "unix", Path = path, Kind = type switch { "0001" => "stream", "0002" => "datagram", "0005" => "seqpacket", _ => null } });
            _inodes.Add(inode);
        }
    }

    private PortInfo[] WithOwners(IReadOnlyDictionary<string, string> kept)
    {
        FindOwners();
        var result = new PortInfo[_ports.Count];
        for (int i = 0; i < result.Length; i++)
        {
            var port = _ports[i];
            int owner = _owners.GetValueOrDefault(_inodes[i]);
            result[i] = new PortInfo
            {
                Protocol = port.Protocol,
                Address = port.Address,
                Port = port.Port,
                Path = port.Path,
                Kind = port.Kind,
                Uid = port.Uid,
                Pid = owner > 0 ? owner : null,
                Program = owner > 0 ? ProcessReader.Stat($"{root}/proc/{owner.ToString()}")?.Name : null,
                Service = _services.GetValueOrDefault(_inodes[i]) ?? kept.GetValueOrDefault(_inodes[i]),
            };
        }
        return result;
    }

    /// <summary>For each socket we look for: the first process of a service that has it, or the first at all.</summary>
    private void FindOwners()
    {
        foreach (string inode in _inodes) _owners[inode] = 0;
        foreach (int pid in ProcessReader.Pids(root))
        {
            string folder = $"{root}/proc/{pid.ToString()}";
            if (Sys.ListDirectory($"{folder}/fd", out var descriptors, int.MaxValue) != Errno.None) continue;
            string? service = null;
            bool isAsked = false;
            foreach (string descriptor in descriptors)
            {
                if (Sys.ReadLink($"{folder}/fd/{descriptor}", out string target) != Errno.None || Inode(target) is not { } inode || !_owners.TryGetValue(inode, out int owner)) continue;
                if (!isAsked && Sys.ReadFile($"{folder}/cgroup", out var cgroup) == Errno.None && CgroupPath.Parse(cgroup) is { IsEmpty: false } found)
                    service = System.Text.Encoding.UTF8.GetString(found);
                isAsked = true;
                if (owner != 0 && (service is null || _services.ContainsKey(inode))) continue;
                _owners[inode] = pid;
                if (service is not null) _services[inode] = service;
            }
        }
    }

    /// <summary><c>socket:[12345]</c>.</summary>
    private static string? Inode(string target) => target.StartsWith("socket:[", StringComparison.Ordinal) && target[^1] == ']' ? target[8..^1] : null;
}
