using Dora.Core.Configuration.Forwarding;
using Dora.Core.Linux;

namespace Dora.Syslog.Forwarding;

/// <summary>
/// A connection to a target. With TLS it is a pair of sockets to openssl(1), a process that has the network, the certificates and the
/// key; this one is as it is with plain TCP.
/// </summary>
internal sealed class ForwardLink : IDisposable
{
    private static readonly string[] s_folders = ["/usr/bin", "/bin", "/usr/sbin", "/sbin"];
    private static readonly TimeSpan s_connect = TimeSpan.FromSeconds(10), s_lookUp = TimeSpan.FromSeconds(10);

    private readonly FileDescriptor _socket;
    private readonly int _helper; // 0: none

    private ForwardLink(FileDescriptor socket, int helper = 0) => (_socket, _helper) = (socket, helper);

    public int Number => _socket.Number;

    /// <summary>The other side's address; null with TLS, where a helper has the connection.</summary>
    public string? Peer => _helper == 0 && Sys.PeerAddress(_socket, out string address, out _) == Errno.None ? address : null;

    /// <summary>Bytes that were written and that the other side has not confirmed (TCP), or its helper has not taken (TLS).</summary>
    public long Unconfirmed => Sys.UnsentBytes(_socket, out int count) == Errno.None ? count : 0;

    public static ForwardLink? Open(ForwardTarget target, out string problem)
    {
        if (target.Protocol is ForwardProtocol.Tls) return OpenTls(target, out problem);
        problem = Find(target.Server, out byte[] address) ?? "";
        if (problem.Length > 0) return null;
        var errno = target.Protocol is ForwardProtocol.Tcp
            ? Sys.ConnectWithin(address, target.Port, Sys.TimeSinceBoot() + s_connect, out var socket) : OpenUdp(address, target.Port, out socket);
        if (errno != Errno.None)
        {
            problem = errno.Describe();
            return null;
        }
        if (target.Protocol is ForwardProtocol.Tcp) Sys.KeepAlive(socket);
        return new ForwardLink(socket);
    }

    /// <summary>EAGAIN: not now.</summary>
    public Errno Write(ReadOnlySpan<byte> bytes, out int count) => Sys.Write(_socket, bytes, out count);

    /// <summary>Takes what the other side says, which nobody needs; false when it is gone.</summary>
    public bool Drain()
    {
        Span<byte> nothing = stackalloc byte[1024];
        var errno = Sys.Read(_socket, nothing, out int count);
        return errno == Errno.EAGAIN || (errno == Errno.None && count > 0);
    }

    public void Dispose()
    {
        _socket.Dispose();
        if (_helper == 0) return;
        _ = Sys.Kill(_helper, Libc.SIGKILL);
        _ = Sys.WaitFor(_helper);
    }

    private static Errno OpenUdp(byte[] address, int port, out FileDescriptor socket)
    {
        var errno = Sys.Socket(address.Length == 4 ? Libc.AF_INET : Libc.AF_INET6, Libc.SOCK_DGRAM | Libc.SOCK_NONBLOCK, 0, out socket);
        if (errno == Errno.None && (errno = Sys.ConnectIp(socket, address, port)) != Errno.None) socket.Dispose();
        return errno;
    }

    /// <summary>An address as it is, /etc/hosts, then nslookup of busybox: a static program has no resolver.</summary>
    private static string? Find(string server, out byte[] address)
    {
        if (IpEndpoint.TryParseAddress(server, out address) || HostNames.InHosts(Sys.ReadText("/etc/hosts") ?? "", server, out address)) return null;
        if (!HostNames.HasNameServer) return $"{server}: there is no name server yet; use an address";
        if (Sys.Pipe(out var said, out var output, 0) is var errno && errno != Errno.None) return $"{server}: pipe: {errno.Describe()}";
        using (said)
        {
            string? problem = Start(["nslookup", server], null, output, out int pid);
            output.Dispose();
            if (problem is not null) return problem;
            var deadline = Sys.TimeSinceBoot() + s_lookUp;
            var answer = new byte[4096];
            int length = 0;
            while (length < answer.Length && Sys.WaitReadable(said, deadline) == Errno.None && Sys.Read(said, answer.AsSpan(length), out int count) == Errno.None && count > 0) length += count;
            _ = Sys.Kill(pid, Libc.SIGKILL);
            _ = Sys.WaitFor(pid);
            return HostNames.InAnswer(System.Text.Encoding.UTF8.GetString(answer, 0, length), out address) ? null : $"{server}: no address is known for this name";
        }
    }

    private static ForwardLink? OpenTls(ForwardTarget target, out string problem)
    {
        Sys.SocketPair(Libc.SOCK_STREAM, out var ours, out var helpers).ThrowIfError("socketpair");
        string place = target.Server.Contains(':') ? $"[{target.Server}]:{target.Port}" : $"{target.Server}:{target.Port}";
        string name = target.CertificateName ?? target.Server;
        bool isAddress = IpEndpoint.TryParseAddress(name, out _);
        // -quiet: its standard streams are the connection's content and nothing else (no letter is a command). What it has against a
        // certificate it says on stderr, which is our log.
        List<string> command =
        [
            "openssl", "s_client", "-quiet", "-connect", place, "-CAfile", target.Authority!, "-verify_return_error", isAddress ? "-verify_ip" : "-verify_hostname", name,
        ];
        if (!isAddress) command.AddRange(["-servername", name]);
        if (target.Certificate is { } certificate) command.AddRange(["-cert", certificate, "-key", target.PrivateKey!]);
        problem = Start(command, helpers, helpers, out int pid) ?? "";
        helpers.Dispose();
        if (problem.Length == 0 && Sys.SetNonBlocking(ours) == Errno.None) return new ForwardLink(ours, pid);
        ours.Dispose();
        return null;
    }

    private static string? Start(List<string> command, FileDescriptor? input, FileDescriptor output, out int pid)
    {
        pid = 0;
        foreach (string folder in s_folders)
        {
            if (!Sys.Exists($"{folder}/{command[0]}")) continue;
            var errno = Sys.Spawn($"{folder}/{command[0]}", command, ["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/"], input, output, out pid);
            return errno == Errno.None ? null : $"start {command[0]}: {errno.Describe()}";
        }
        return $"{command[0]}: this program is not there";
    }
}
