using Dora.Core.Configuration;
using Dora.Core.Linux;

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

    private static string StoreName(string service, SocketSettings socket) => $"listen:{service}:{socket.Kind}:{socket.Address}";

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
                Sys.BindUnix(fd, settings.Address).ThrowIfError("bind", settings.Address);
                break;
            default:
                throw new System.Diagnostics.UnreachableException();
        }
        if (settings.Kind != SocketKind.UnixDatagram) Sys.Listen(fd, Backlog).ThrowIfError("listen on", settings.Address);
        store.Put(name, fd);
        return fd;
    }

    public void Dispose()
    {
        foreach (var fd in _open.Values) fd.Dispose();
        _open.Clear();
    }
}
