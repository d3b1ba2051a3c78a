using Dora.Core.Events;
using Dora.Core.Linux;

namespace Dora.Init.Manager.Supervision.Readiness;

/// <summary>
/// Waits for a file without polling: inotify on its folder, or on the deepest folder above it that is there. The watch
/// is set first and the file looked for second, so that one that comes in between is seen. A file that was there before
/// the launch (a pid file of an earlier run) counts only once it is another one or has been written to.
/// </summary>
internal sealed class FileAppearance : IDisposable
{
    private const uint Events = Libc.IN_CREATE | Libc.IN_MOVED_TO | Libc.IN_MODIFY | Libc.IN_CLOSE_WRITE | Libc.IN_ATTRIB | Libc.IN_DELETE_SELF | Libc.IN_MOVE_SELF;
    private readonly EventLoop _loop;
    private readonly string _owner, _path;
    private readonly string? _mark;
    private readonly Action _seen;
    private FileDescriptor? _inotify;
    private Watch? _watch;

    public FileAppearance(EventLoop loop, string owner, string path, string? mark, Action seen)
    {
        _loop = loop;
        _owner = owner;
        _path = path;
        _mark = mark;
        _seen = seen;
    }

    /// <summary>What tells the file that is there now from any other; null if there is none.</summary>
    public static string? MarkOf(string path) =>
        Sys.Stat(path, out var status) == Errno.None ? $"{status.st_dev}:{status.st_ino}:{status.st_mtime}.{status.st_mtime_nsec}:{status.st_size}" : null;

    public void Begin() => Look();

    private void Look()
    {
        // A folder that appears between the watch above it and the look at it is found by going round once more.
        string folder = "";
        for (string now = Folder(); now != folder; now = Folder())
        {
            folder = now;
            Close();
            var errno = Sys.OpenInotify(out var inotify);
            if (errno == Errno.None && (errno = Sys.AddWatch(inotify, folder, Events, out _)) != Errno.None) inotify.Dispose();
            if (errno == Errno.ENOENT)
            {
                folder = ""; // gone again: look for the one above
                continue;
            }
            if (errno != Errno.None)
            {
                Log.Error($"{_owner}: watch {folder}: {errno.Describe()}: {_path} is not waited for");
                return;
            }
            _inotify = inotify;
            _watch = _loop.Watch(inotify, Libc.EPOLLIN, _owner, _ => Happened());
        }
        if (MarkOf(_path) is not { } mark || mark == _mark) return;
        Close();
        _seen();
    }

    private void Happened()
    {
        Span<byte> events = stackalloc byte[4096];
        while (Sys.Read(_inotify!, events, out int count) == Errno.None && count > 0)
        {
            // What happened does not matter: the file is looked at.
        }
        Look();
    }

    private string Folder()
    {
        string folder = _path;
        do folder = folder[..Math.Max(folder.LastIndexOf('/'), 0)];
        while (folder.Length > 0 && !IsFolder(folder));
        return folder.Length == 0 ? "/" : folder;
    }

    private static bool IsFolder(string path) => Sys.Stat(path, out var status) == Errno.None && (status.st_mode & Libc.S_IFMT) == Libc.S_IFDIR;

    private void Close()
    {
        if (_watch is not null) _loop.Unwatch(_watch);
        _watch = null;
        _inotify?.Dispose();
        _inotify = null;
    }

    public void Dispose() => Close();
}
