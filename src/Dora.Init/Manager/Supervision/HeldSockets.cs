using Dora.Core.Configuration;
using Dora.Core.Linux;
using Dora.Init.Guard;

namespace Dora.Init.Manager.Supervision;

/// <summary>
/// The listening sockets of services. They are opened once, kept by the guard, and found again by a new manager: a
/// client that connects while a service, or the manager, is being started again waits in the backlog and is served.
/// </summary>
internal sealed class HeldSockets(IDescriptorStore store) : IDisposable
{
    private const int Backlog = 128;
    private readonly Dictionary<string, FileDescriptor> _open = [];

    /// <summary>Sockets of a service in the order of its file, opened if need be; throws <see cref="LinuxException"/>.</summary>
    public IReadOnlyList<(string Name, FileDescriptor Fd)> Of(ServiceSettings settings)
    {
        if (settings.Sockets.Count == 0) return [];
        var result = new List<(string, FileDescriptor)>(settings.Sockets.Count);
        foreach (var socket in settings.Sockets)
        {
            string name = StoreName(settings.Name, socket);
            if (!_open.TryGetValue(name, out var fd)) _open.Add(name, fd = Restore(name) ?? Open(name, socket));
            result.Add((socket.Address, fd));
        }
        return result;
    }

    /// <summary>Whether any of them is open, or was kept by the guard.</summary>
    public bool IsKept(ServiceSettings settings)
    {
        foreach (var socket in settings.Sockets)
        {
            string name = StoreName(settings.Name, socket);
            if (_open.ContainsKey(name) || store.Restored.ContainsKey(name)) return true;
        }
        return false;
    }

    /// <summary>Closes those of a service that was stopped: its clients are refused from now on.</summary>
    public void Close(ServiceSettings settings)
    {
        foreach (var socket in settings.Sockets)
        {
            string name = StoreName(settings.Name, socket);
            store.Remove(name);
            if (_open.Remove(name, out var fd)) fd.Dispose();
            if (socket.Kind is SocketKind.Unix or SocketKind.UnixDatagram) _ = Sys.Unlink(socket.Address);
        }
    }

    /// <summary>The guard keeps names of limited length, and the address of a Unix socket may be nearly as long.</summary>
    internal static string StoreName(string service, SocketSettings socket)
    {
        string name = $"listen:{service}:{socket.Kind}:{socket.Address}";
        if (System.Text.Encoding.UTF8.GetByteCount(name) <= GuardRecord.LongestName) return name;
        ulong hash = 14695981039346656037; // FNV-1a: the same in every manager, which string.GetHashCode is not
        foreach (char c in name) hash = (hash ^ c) * 1099511628211;
        return $"listen:{service}:#{hash:x16}";
    }

    private FileDescriptor? Restore(string name) => store.Restored.GetValueOrDefault(name);

    private FileDescriptor Open(string name, SocketSettings settings)
    {
        FileDescriptor fd;
        switch (settings.Kind)
        {
            case SocketKind.Tcp:
                Sys.BindAnyAddress(Libc.SOCK_STREAM, int.Parse(settings.Address), out fd).ThrowIfError("bind tcp port", settings.Address);
                break;
            case SocketKind.Unix:
            case SocketKind.UnixDatagram:
                int type = settings.Kind == SocketKind.Unix ? Libc.SOCK_STREAM : Libc.SOCK_DGRAM;
                Sys.Socket(Libc.AF_UNIX, type | Libc.SOCK_NONBLOCK, 0, out fd).ThrowIfError("socket");
                _ = Sys.Unlink(settings.Address); // one left by an earlier life would make bind fail
                ThrowAndClose(Sys.BindUnix(fd, settings.Address), fd, "bind", settings.Address);
                break;
            default:
                throw new System.Diagnostics.UnreachableException();
        }
        if (settings.Kind != SocketKind.UnixDatagram) ThrowAndClose(Sys.Listen(fd, Backlog), fd, "listen on", settings.Address);
        store.Put(name, fd);
        return fd;
    }

    private static void ThrowAndClose(Errno errno, FileDescriptor fd, string operation, string address)
    {
        if (errno == Errno.None) return;
        fd.Dispose();
        throw new LinuxException(errno, operation, address);
    }

    public void Dispose()
    {
        foreach (var fd in _open.Values) fd.Dispose();
        _open.Clear();
    }
}
