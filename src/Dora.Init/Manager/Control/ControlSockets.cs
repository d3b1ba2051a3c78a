using Dora.Core.Events;
using Dora.Core.Linux;

namespace Dora.Init.Manager.Control;

/// <summary>
/// The API's sockets in the file system: the one for everybody, and one at which nobody, not even root, may do more than read,
/// in a folder of its own that can be bind-mounted over /run/dora in a chroot.
///
/// They outlive the manager in the guard's store. A socket whose name was removed (an overeager clean-up of /run) is made anew as
/// soon as the kernel says so (inotify), and all of them are on SIGUSR1 to PID 1, which needs no name. Something else in a socket's
/// place is somebody's intention and left alone. Connections that were taken in go on in any case.
/// </summary>
internal sealed class ControlSockets(ControlServer server, IDescriptorStore store, uint? operatorGroup)
{
    private const uint Gone = Libc.IN_DELETE | Libc.IN_MOVED_FROM | Libc.IN_DELETE_SELF | Libc.IN_MOVE_SELF;
    private const uint FolderMode = 0x1ED, SocketMode = 0x1B6; // 0755; 0666: what one may do is decided by SO_PEERCRED

    private readonly Place[] _places =
    [
        new("/run/dora", "control", Access.Admin),
        new("/run/dora/read", "control-read", Access.Read),
    ];

    private FileDescriptor? _inotify;

    private sealed class Place(string folder, string storeName, Access most)
    {
        public string Folder => folder;
        public string Path { get; } = folder + "/dora.sock";
        public string StoreName => storeName;
        public Access Most => most;
        public FileDescriptor? Socket { get; set; }
        public ControlListener? Listener { get; set; }
    }

    /// <summary>Takes up the last manager's sockets, or makes them; throws if the first cannot be made.</summary>
    public void Open()
    {
        foreach (var place in _places)
        {
            if (!store.Restored.TryGetValue(place.StoreName, out var kept) && place.Most == Access.Admin) Bind(place).ThrowIfError("listen on", place.Path);
            else if (kept is not null) Serve(place, kept);
        }
        var errno = Sys.OpenInotify(out _inotify);
        if (errno != Errno.None) server.Report($"watch: {errno.Describe()}: a socket that is removed stays so until SIGUSR1 to PID 1");
        else server.Loop.Watch(_inotify, Libc.EPOLLIN, "control", _ => SomethingIsGone());
        Look();
    }

    /// <summary>All of them anew, whatever is in their place.</summary>
    public void Recreate()
    {
        foreach (var place in _places) BindOrReport(place);
        WatchFolders();
    }

    private void SomethingIsGone()
    {
        Span<byte> events = stackalloc byte[4096];
        while (Sys.Read(_inotify!, events, out int count) == Errno.None && count > 0)
        {
            // What has gone does not matter: the sockets are looked for.
        }
        Look();
    }

    // First watched, then looked at: what is removed in between is seen.
    private void Look()
    {
        WatchFolders();
        bool hasBound = false;
        foreach (var place in _places)
        {
            if (Sys.Exists(place.Path)) continue;
            if (place.Socket is not null) server.Report($"{place.Path}: was removed: made anew");
            BindOrReport(place);
            hasBound = true;
        }
        if (hasBound) WatchFolders();
    }

    private void WatchFolders()
    {
        if (_inotify is null) return;
        foreach (var place in _places) _ = Sys.AddWatch(_inotify, place.Folder, Gone, out _);
    }

    private void BindOrReport(Place place)
    {
        var errno = Bind(place);
        if (errno != Errno.None) server.Report($"{place.Path}: cannot be made: {errno.Describe()}; mend it and send SIGUSR1 to PID 1");
    }

    private Errno Bind(Place place)
    {
        var errno = Sys.MakeDirectories(place.Folder, FolderMode);
        if (errno != Errno.None || (errno = Sys.Socket(Libc.AF_UNIX, Libc.SOCK_STREAM | Libc.SOCK_NONBLOCK, 0, out var socket)) != Errno.None) return errno;
        _ = Sys.Unlink(place.Path);
        errno = Sys.BindUnix(socket, place.Path);
        if (errno == Errno.None) errno = Sys.ChangeMode(place.Path, SocketMode);
        if (errno == Errno.None) errno = Sys.Listen(socket, 64);
        if (errno != Errno.None)
        {
            socket.Dispose();
            return errno;
        }
        store.Put(place.StoreName, socket);
        Serve(place, socket);
        return Errno.None;
    }

    private void Serve(Place place, FileDescriptor socket)
    {
        // Whoever connected to the old one and waits in its line is taken in.
        place.Listener?.Accept();
        place.Listener?.Dispose();
        place.Socket?.Dispose();
        place.Socket = socket;
        place.Listener = new ControlListener(server, socket, operatorGroup, place.Most);
    }
}
