using Dora.Core.Configuration;
using Dora.Core.Events;
using Dora.Core.Linux;

namespace Dora.Init.Manager.Supervision.Triggers;

/// <summary>
/// A path, by inotify(7): nobody looks until the kernel says that something has happened.
///
/// Watched is the deepest folder of the path that exists, for the names that come and go in it, and for <c>changed</c> the
/// thing itself as well. When a folder further down appears, the watch moves there. The watch is placed first and the
/// path looked at second, so what appears in between is seen. A file system that is mounted over one of the folders is no
/// event for inotify: the kernel's list of mounts (mountinfo, EPOLLPRI) is listened to besides.
/// </summary>
internal sealed class PathSource(EventLoop loop, string owner, TriggerSettings trigger) : IWorldSource
{
    private const uint Names = Libc.IN_CREATE | Libc.IN_MOVED_TO | Libc.IN_DELETE | Libc.IN_MOVED_FROM;
    private const uint Gone = Libc.IN_DELETE_SELF | Libc.IN_MOVE_SELF;

    private readonly byte[] _buffer = new byte[4096];
    private FileDescriptor? _inotify, _mounts;
    private Watch? _inotifyWatch, _mountsWatch;
    private int _folderWatch = -1;

    public string? Stamp()
    {
        bool isChange = trigger.Kind is TriggerKind.Changed;
        if (Sys.Stat(trigger.Target, out var status) != Errno.None) return isChange ? "absent" : null;
        if (trigger.Kind is TriggerKind.Device && (status.st_mode & Libc.S_IFMT) is not (Libc.S_IFBLK or Libc.S_IFCHR)) return null;
        return isChange
            ? $"{status.st_dev}:{status.st_ino}:{status.st_size}:{status.st_mtime}.{status.st_mtime_nsec}"
            : $"{status.st_dev}:{status.st_ino}";
    }

    public void Listen(Action changed)
    {
        if (_inotify is not null) return;
        Sys.OpenInotify(out var inotify).ThrowIfError("inotify_init1");
        _inotify = inotify;
        _inotifyWatch = loop.Watch(inotify, Libc.EPOLLIN, owner, _ =>
        {
            for (int i = 0; i < 256; i++)
                if (Sys.Read(inotify, _buffer, out int _) != Errno.None) break;
            Happened(changed);
        });
        // Without /proc mounts go unnoticed, and nothing else.
        if (Sys.Open("/proc/self/mountinfo", Libc.O_RDONLY, 0, out var mounts) == Errno.None)
        {
            _mounts = mounts;
            _mountsWatch = loop.Watch(mounts, Libc.EPOLLPRI, owner, _ => Happened(changed));
        }
        Place();
    }

    private void Happened(Action changed)
    {
        Place();
        changed();
    }

    /// <summary>Puts the watches where the path is now.</summary>
    private void Place()
    {
        // Each round goes at least one folder deeper or ends; others may make and remove folders meanwhile.
        for (int round = 0; round < 64; round++)
        {
            string folder = DeepestFolder();
            // Always anew: a folder of the same name may be another one, behind a mount.
            var errno = Sys.AddWatch(_inotify!, folder, Names | Gone, out int watch);
            if (errno == Errno.ENOENT || errno == Errno.ENOTDIR) continue;
            errno.ThrowIfError("watch", folder);
            LeaveOldFolder(watch);
            if (trigger.Kind is TriggerKind.Changed)
                _ = Sys.AddWatch(_inotify!, trigger.Target, Libc.IN_CLOSE_WRITE | Names | Gone, out _);
            if (DeepestFolder() == folder) return;
        }
    }

    private void LeaveOldFolder(int watch)
    {
        if (_folderWatch >= 0 && _folderWatch != watch) _ = Sys.RemoveWatch(_inotify!, _folderWatch);
        _folderWatch = watch;
    }

    private string DeepestFolder()
    {
        string folder = trigger.Target;
        do
        {
            int slash = folder.LastIndexOf('/');
            folder = slash <= 0 ? "/" : folder[..slash];
        }
        while (folder != "/" && (Sys.Stat(folder, out var status) != Errno.None || (status.st_mode & Libc.S_IFMT) != Libc.S_IFDIR));
        return folder;
    }

    public void Rest()
    {
        if (_inotifyWatch is not null) loop.Unwatch(_inotifyWatch);
        if (_mountsWatch is not null) loop.Unwatch(_mountsWatch);
        _inotifyWatch = _mountsWatch = null;
        _inotify?.Dispose();
        _mounts?.Dispose();
        _inotify = _mounts = null;
        _folderWatch = -1;
    }

    public void Dispose() => Rest();
}
