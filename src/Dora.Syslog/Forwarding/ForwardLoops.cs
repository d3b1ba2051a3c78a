using Dora.Core.Linux;
using Dora.Core.Protocol;

namespace Dora.Syslog.Forwarding;

/// <summary>
/// What another machine has sent is passed on, but not in circles: not what this machine has sent to itself, and not to the machine that it came from. So a
/// machine that forwards to itself has each of its lines twice, and two that forward to each other have the lines of both. A greater circle is the
/// operator's to see: nothing in a syslog message says where it has been.
/// </summary>
internal sealed class ForwardLoops
{
    private const int Most = 1000;
    private readonly Dictionary<string, bool> _areOurs = [];

    /// <summary>The address of the target; null where it is not known.</summary>
    public string? Target { get; set; }

    public bool WouldLoop(LogLine line)
    {
        if (!ForwardedLine.IsRemote(line)) return false;
        string address = line.Service[1..];
        return address == Target || IsOurs(address);
    }

    private bool IsOurs(string address)
    {
        if (_areOurs.TryGetValue(address, out bool isOurs)) return isOurs;
        if (_areOurs.Count == Most) _areOurs.Clear();
        return _areOurs[address] = CanBind(address);
    }

    // bind(2): the kernel knows which addresses are the machine's.
    private static bool CanBind(string text)
    {
        if (!IpEndpoint.TryParseAddress(text, out byte[] address)) return false;
        if (Sys.Socket(address.Length == 4 ? Libc.AF_INET : Libc.AF_INET6, Libc.SOCK_DGRAM, 0, out var socket) != Errno.None) return false;
        using (socket) return Sys.BindIp(socket, address, 0) == Errno.None;
    }
}
