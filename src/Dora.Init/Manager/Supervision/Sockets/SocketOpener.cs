using Dora.Core.Configuration;
using Dora.Core.Linux;

namespace Dora.Init.Manager.Supervision.Sockets;

/// <summary>Opens one socket or FIFO as its settings say. Throws <see cref="LinuxException"/> or <see cref="LaunchException"/>.</summary>
internal static class SocketOpener
{
    private const uint AllPermissions = 0x1FF; // 0777
    private const uint FolderMode = 0x1ED;     // 0755

    public static FileDescriptor Open(SocketSettings settings)
    {
        var fd = settings.Kind switch
        {
            SocketKind.Tcp => OpenIp(settings, Libc.SOCK_STREAM),
            SocketKind.Udp => OpenIp(settings, Libc.SOCK_DGRAM),
            SocketKind.Unix => OpenUnix(settings, Libc.SOCK_STREAM),
            SocketKind.UnixDatagram => OpenUnix(settings, Libc.SOCK_DGRAM),
            SocketKind.UnixSeqpacket => OpenUnix(settings, Libc.SOCK_SEQPACKET),
            SocketKind.Fifo => OpenFifo(settings),
            _ => throw new System.Diagnostics.UnreachableException(),
        };
        // Last: before it nobody can connect, so permissions and owner are in force for the first who does.
        if (settings.HasConnections) Demand(Sys.Listen(fd, settings.Backlog), fd, "listen on", settings);
        return fd;
    }

    /// <summary>Removes what is left at the path of a socket or FIFO that was closed; anything else there is not ours.</summary>
    public static void RemovePath(SocketKind kind, string address)
    {
        if (!address.StartsWith('/') || Sys.Stat(address, out var status, followLinks: false) != Errno.None) return;
        uint type = status.st_mode & Libc.S_IFMT;
        if (type == (kind == SocketKind.Fifo ? Libc.S_IFIFO : Libc.S_IFSOCK)) _ = Sys.Unlink(address);
    }

    private static FileDescriptor OpenIp(SocketSettings settings, int type)
    {
        if (!IpEndpoint.TryParse(settings.Address, out var endpoint)) throw new LaunchException($"{settings.KindWord} {settings.Address}: not an address");
        var errno = Sys.Socket(endpoint.IsV4 ? Libc.AF_INET : Libc.AF_INET6, type, 0, out var fd);
        bool isV4 = endpoint.IsV4;
        if (errno == Errno.EAFNOSUPPORT && endpoint.IsAny && !settings.Ipv6Only)
        {
            // A kernel without IPv6.
            isV4 = true;
            errno = Sys.Socket(Libc.AF_INET, type, 0, out fd);
        }
        errno.ThrowIfError("socket", $"{settings.KindWord} {settings.Address}");

        // For datagrams SO_REUSEADDR would let others take the port away; there is no TIME_WAIT that it is needed for.
        if (type == Libc.SOCK_STREAM) Set(fd, Libc.SOL_SOCKET, Libc.SO_REUSEADDR, 1, settings);
        if (!isV4) Set(fd, Libc.IPPROTO_IPV6, Libc.IPV6_V6ONLY, settings.Ipv6Only ? 1 : 0, settings);
        if (settings.ReusePort) Set(fd, Libc.SOL_SOCKET, Libc.SO_REUSEPORT, 1, settings);
        if (settings.KeepAlive) Set(fd, Libc.SOL_SOCKET, Libc.SO_KEEPALIVE, 1, settings);
        if (settings.FreeBind) Set(fd, isV4 ? Libc.IPPROTO_IP : Libc.IPPROTO_IPV6, isV4 ? Libc.IP_FREEBIND : Libc.IPV6_FREEBIND, 1, settings);
        if (settings.Device is { } device) Demand(Sys.BindToDevice(fd, device), fd, $"bind to interface {device}", settings);
        Demand(Sys.BindIp(fd, endpoint.IsAny ? new byte[isV4 ? 4 : 16] : endpoint.Address, endpoint.Port), fd, "bind", settings);
        return fd;
    }

    private static FileDescriptor OpenUnix(SocketSettings settings, int type)
    {
        var (uid, gid) = OwnerOf(settings);
        Sys.Socket(Libc.AF_UNIX, type, 0, out var fd).ThrowIfError("socket", settings.Address);
        if (settings.IsAbstract)
        {
            Demand(Sys.BindAbstract(fd, settings.Address), fd, "bind", settings);
            return fd;
        }
        MakeFolderOf(settings.Address);
        RemovePath(settings.Kind, settings.Address); // one left by an earlier life would make bind fail
        // By umask, not afterwards: a datagram socket is open to everyone from its bind on.
        uint before = Sys.SetUmask(AllPermissions & ~settings.Mode);
        var errno = Sys.BindUnix(fd, settings.Address);
        Sys.SetUmask(before);
        Demand(errno, fd, "bind", settings);
        ChangeOwner(settings, uid, gid, fd);
        return fd;
    }

    private static FileDescriptor OpenFifo(SocketSettings settings)
    {
        var (uid, gid) = OwnerOf(settings);
        MakeFolderOf(settings.Address);
        uint before = Sys.SetUmask(0);
        var errno = Sys.MakeNode(settings.Address, Libc.S_IFIFO | settings.Mode, 0, 0);
        Sys.SetUmask(before);
        errno.ThrowIfErrorBut(Errno.EEXIST, "make FIFO", settings.Address);
        // For reading and writing: with a writer of its own it never ends, however often clients come and go.
        Sys.Open(settings.Address, Libc.O_RDWR | Libc.O_NONBLOCK | Libc.O_NOFOLLOW, 0, out var fd).ThrowIfError("open", settings.Address);
        if (Sys.Stat($"/proc/self/fd/{fd.Number}", out var status) != Errno.None || (status.st_mode & Libc.S_IFMT) != Libc.S_IFIFO)
        {
            fd.Dispose();
            throw new LaunchException($"{settings.Address} is there and is no FIFO");
        }
        if (errno == Errno.EEXIST) Demand(Sys.ChangeMode(settings.Address, settings.Mode), fd, "chmod", settings);
        ChangeOwner(settings, uid, gid, fd);
        Demand(Sys.SetBlocking(fd), fd, "fcntl", settings);
        return fd;
    }

    private static (uint Uid, uint Gid) OwnerOf(SocketSettings settings)
    {
        if (settings.User is null && settings.Group is null) return (0, 0);
        var accounts = UserDatabase.Load();
        uint uid = 0, gid = 0;
        if (settings.User is { } user)
            uid = accounts.FindUser(user)?.Uid ?? (AccountName.TryParseNumber(user, out uint number) ? number
                : throw new LaunchException($"{settings.Address}: user {user}: there is no such user in /etc/passwd"));
        if (settings.Group is { } group)
            gid = accounts.FindGroup(group)?.Gid ?? (AccountName.TryParseNumber(group, out uint number) ? number
                : throw new LaunchException($"{settings.Address}: group {group}: there is no such group in /etc/group"));
        return (uid, gid);
    }

    private static void ChangeOwner(SocketSettings settings, uint uid, uint gid, FileDescriptor fd)
    {
        if (uid != 0 || gid != 0) Demand(Sys.ChangeOwner(settings.Address, uid, gid), fd, "chown", settings);
    }

    private static void MakeFolderOf(string path)
    {
        string folder = path[..path.LastIndexOf('/')];
        if (folder.Length > 0) Sys.MakeDirectories(folder, FolderMode).ThrowIfError("make folder", folder);
    }

    private static void Set(FileDescriptor fd, int level, int option, int value, SocketSettings settings) =>
        Demand(Sys.SetSocketOption(fd, level, option, value), fd, $"socket option {level}/{option}", settings);

    private static void Demand(Errno errno, FileDescriptor fd, string operation, SocketSettings settings)
    {
        if (errno == Errno.None) return;
        fd.Dispose();
        throw new LinuxException(errno, operation, settings.IsIp ? $"{settings.KindWord} {settings.Address}" : settings.Address);
    }
}
