using Dora.Core;
using Dora.Core.Configuration;
using Dora.Core.Linux;
using Dora.Init.Guard;

namespace Dora.Init.Manager.Supervision.Sockets;

/// <summary>
/// The sockets and FIFOs of services. They are opened once, kept by the guard, and found again by a new manager: a
/// client that connects while a service, or the manager, is being started again waits in the backlog and is served.
///
/// The name in the guard's store says all that a socket was made from: service, kind, address, and a hash of its options
/// where they are not the usual ones. So whichever manager looks, one that was made from other settings is seen to be
/// stale, and is closed before its successor is opened (they may have the same port).
/// A manager that dies between bind and Put, or between Remove and unlink, leaves a path that nobody listens on: the
/// next one to open it removes it first.
/// </summary>
internal sealed class HeldSockets(IDescriptorStore store) : IDisposable
{
    private const string Prefix = "listen:";
    private readonly Dictionary<string, FileDescriptor> _open = [];

    /// <summary>Sockets of a service in the order of its file, opened if need be; throws <see cref="LinuxException"/> or <see cref="LaunchException"/>.</summary>
    /// <param name="settings">Of the service.</param>
    /// <param name="problem">Told of one that cannot be opened, and the others are used; null: that is an exception.</param>
    public IReadOnlyList<(string Name, FileDescriptor Fd)> Of(ServiceSettings settings, Action<string>? problem = null)
    {
        CloseStale(settings);
        if (settings.Sockets.Count == 0) return [];
        var result = new List<(string, FileDescriptor)>(settings.Sockets.Count);
        foreach (var socket in settings.Sockets)
        {
            string name = StoreName(settings.Name, socket);
            if (!_open.TryGetValue(name, out var fd) && store.Restored.TryGetValue(name, out fd)) _open.Add(name, fd);
            if (fd is not null && !IsReachable(socket))
            {
                Log.Warn($"{settings.Name}: {socket.Address} has been removed: making it again");
                Close(name, socket.Kind, socket.Address);
                fd = null;
            }
            if (fd is null)
            {
                try
                {
                    fd = SocketOpener.Open(socket);
                }
                catch (LinuxException exception) when (problem is not null)
                {
                    problem(exception.Message);
                    continue;
                }
                _open.Add(name, fd);
                store.Put(name, fd);
            }
            result.Add((socket.DescriptorName, fd));
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
    public void Close(string service)
    {
        foreach (string name in NamesWith($"{Prefix}{service}:")) CloseByName(name);
    }

    /// <summary>Closes those of services that <paramref name="isUsed"/> does not want any more; asked by name of the service.</summary>
    public void CloseUnused(Predicate<string> isUsed)
    {
        foreach (string name in NamesWith(Prefix))
            if (!isUsed(ServiceIn(name))) CloseByName(name);
    }

    /// <summary>Every socket that is open, by its name in the guard's store.</summary>
    public IReadOnlyDictionary<string, FileDescriptor> Open => _open;

    /// <summary>The service in such a name.</summary>
    public static string ServiceIn(string storeName) => storeName[Prefix.Length..storeName.IndexOf(':', Prefix.Length)];

    /// <summary>Those that an earlier file of the service asked for, or asked for otherwise.</summary>
    private void CloseStale(ServiceSettings settings)
    {
        foreach (string name in NamesWith($"{Prefix}{settings.Name}:"))
        {
            bool isCurrent = false;
            foreach (var socket in settings.Sockets) isCurrent |= StoreName(settings.Name, socket) == name;
            if (isCurrent) continue;
            Log.Info($"{settings.Name}: socket {name[(Prefix.Length + settings.Name.Length + 1)..]} is not wanted any more, or otherwise: closing it");
            CloseByName(name);
        }
    }

    private List<string> NamesWith(string prefix)
    {
        var names = new List<string>();
        foreach (string name in _open.Keys)
            if (name.StartsWith(prefix, StringComparison.Ordinal)) names.Add(name);
        foreach (string name in store.Restored.Keys)
            if (name.StartsWith(prefix, StringComparison.Ordinal) && !_open.ContainsKey(name)) names.Add(name);
        return names;
    }

    // listen:SERVICE:KIND:ADDRESS[#OPTIONS]; of one that was too long for that, the path stays behind.
    private void CloseByName(string name)
    {
        string rest = name[(name.IndexOf(':', Prefix.Length) + 1)..];
        int colon = rest.IndexOf(':');
        string kind = colon < 0 ? "" : rest[..colon], address = colon < 0 ? "" : rest[(colon + 1)..];
        int options = address.Length - OptionsSize;
        if (options > 0 && address[options] == '#') address = address[..options];
        Close(name, kind == nameof(SocketKind.Fifo) ? SocketKind.Fifo : SocketKind.Unix, address);
    }

    private void Close(string name, SocketKind kind, string address)
    {
        _ = _open.TryGetValue(name, out var fd) || store.Restored.TryGetValue(name, out fd);
        if (fd is null) return;
        _open.Remove(name);
        store.Remove(name);
        fd.Dispose();
        SocketOpener.RemovePath(kind, address);
    }

    /// <summary>Somebody may have removed its path: then nobody can connect, whoever holds it.</summary>
    private static bool IsReachable(SocketSettings socket) => socket.IsIp || socket.IsAbstract || Sys.Exists(socket.Address);

    private const int OptionsSize = 17; // '#' and 16 digits

    /// <summary>The guard keeps names of limited length, and the address of a Unix socket may be nearly as long.</summary>
    internal static string StoreName(string service, SocketSettings socket)
    {
        string name = $"{Prefix}{service}:{socket.Kind}:{socket.Address}";
        // The name of the descriptor makes no other socket of it.
        if (socket with { Name = null } != new SocketSettings(socket.Kind, socket.Address)) name += Hash(Options(socket));
        if (System.Text.Encoding.UTF8.GetByteCount(name) <= GuardRecord.LongestName) return name;
        return $"{Prefix}{service}:{Hash(name)}";
    }

    private static string Options(SocketSettings socket) =>
        $"{socket.Mode}/{socket.User}/{socket.Group}/{socket.Backlog}/{socket.Ipv6Only}/{socket.ReusePort}/{socket.FreeBind}/{socket.KeepAlive}/{socket.Device}";

    private static string Hash(string text) => $"#{Fingerprint.Of(text):x16}";

    public void Dispose()
    {
        foreach (var fd in _open.Values) fd.Dispose();
        _open.Clear();
    }
}
