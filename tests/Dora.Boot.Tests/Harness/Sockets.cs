using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Dora.Boot.Tests.Harness;

static class Sockets
{
    /// <summary>Connects to a Unix socket that its owner may only be about to make.</summary>
    public static Socket ConnectUnix(string path, TimeSpan limit)
    {
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            try
            {
                socket.Connect(new UnixDomainSocketEndPoint(path));
                return socket;
            }
            catch (SocketException e)
            {
                socket.Dispose();
                if (Stopwatch.GetElapsedTime(start) > limit) throw new TimeoutException($"{path}: {e.Message}, after {limit.TotalSeconds} s");
                Thread.Sleep(20);
            }
        }
    }

    /// <summary>A loopback port that is free now. Another process may take it before it is used: the caller tries again.</summary>
    public static int FreePort()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)listener.LocalEndPoint!).Port;
    }

    /// <summary>The first line that a server at a loopback port says by itself, or null when it says none in time.</summary>
    public static string? Banner(int port, TimeSpan limit)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveTimeout = (int)limit.TotalMilliseconds };
        try
        {
            socket.Connect(IPAddress.Loopback, port);
            var buffer = new byte[256];
            int count = socket.Receive(buffer);
            return count == 0 ? null : Encoding.ASCII.GetString(buffer, 0, count).TrimEnd();
        }
        catch (SocketException)
        {
            return null; // refused, reset or silent: nobody there yet
        }
    }
}
