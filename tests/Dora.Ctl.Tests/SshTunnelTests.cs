using System.Net.Sockets;
using Dora.Ctl.Remote;
using Xunit;

namespace Dora.Ctl.Tests;

/// <summary>When the socket that ssh makes can be used; the tunnel itself is the boot layer's.</summary>
public sealed class SshTunnelTests
{
    [Fact]
    public void A_socket_is_ready_when_it_is_listened_on_and_not_when_it_is_there()
    {
        string path = Path.Combine(Directory.CreateTempSubdirectory("dora-tunnel-").FullName, "s ");
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(path));
        Assert.False(IsListening(path));
        socket.Listen();
        Assert.True(IsListening(path));
        Assert.True(IsListening(path + "-of-another-namespace"));
        Directory.Delete(Path.GetDirectoryName(path)!, recursive: true);
    }

    private static bool IsListening(string path) => SshTunnel.IsListening(File.ReadAllText("/proc/net/unix"), path);
}
