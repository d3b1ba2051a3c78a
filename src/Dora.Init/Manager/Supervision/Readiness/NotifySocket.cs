using Dora.Core.Events;
using Dora.Core.Linux;

namespace Dora.Init.Manager.Supervision.Readiness;

/// <summary>
/// The datagram socket on which one service speaks sd_notify(3); its path is the service's NOTIFY_SOCKET. One for each
/// run of a service, so that nothing an earlier run has said is taken for the present one.
///
/// Kept by the guard, and read in two steps, for the manager may be killed between any two instructions: a datagram is
/// looked at (MSG_PEEK), what it means is carried out, the state is saved, and only then is it taken out of the queue.
/// A manager that dies in between leaves it for the next one, which carries it out again; each of its statements may be
/// repeated without harm. A sender that waits for BARRIER=1 thereby waits until what it said is saved.
///
/// Each datagram costs a look into /proc and perhaps a write of the state, so a service that talks without end is heard
/// <see cref="MostInASecond"/> times a second; the rest waits in its queue, and then it does. What others send to it does
/// not count: it is thrown away as it comes, so that nobody can keep a service from being heard.
///
/// Who speaks is told by the kernel (SCM_CREDENTIALS) and has to be a process in the service's cgroup. The socket itself
/// is open to all users of the machine, as processes of a service may be of several.
/// </summary>
internal sealed class NotifySocket : IDisposable
{
    private const string Folder = "/run/dora/notify";
    private const int MostAtOnce = 64;
    private const int MostInASecond = 200;

    private readonly Supervisor _supervisor;
    private readonly string _service;
    private readonly FileDescriptor _socket;
    private readonly Action<NotifyMessage, int, List<FileDescriptor>> _said;
    private readonly Predicate<int> _isOurs;
    private readonly Action<string> _refused;
    private readonly Watch _watch;
    private TimeSpan _second;
    private int _heard; // in that second
    private bool _isHeadDone; // the first of the queue has been carried out and waits to be taken out
    private bool _isDisposed;

    private NotifySocket(Supervisor supervisor, string service, FileDescriptor socket, Predicate<int> isOurs,
        Action<NotifyMessage, int, List<FileDescriptor>> said, Action<string> refused)
    {
        _supervisor = supervisor;
        _service = service;
        _socket = socket;
        _isOurs = isOurs;
        _said = said;
        _refused = refused;
        _watch = supervisor.Loop.Watch(socket, Libc.EPOLLIN, service, _ => Look());
    }

    public static string PathOf(string service) => $"{Folder}/{StableName.Of(service, 107 - Folder.Length - 1)}";

    /// <summary>Opens it anew, in place of one that an earlier run had; throws <see cref="LinuxException"/>.</summary>
    public static NotifySocket Open(Supervisor supervisor, string service, Predicate<int> isOurs,
        Action<NotifyMessage, int, List<FileDescriptor>> said, Action<string> refused)
    {
        string path = PathOf(service);
        Sys.MakeDirectories(Folder, 0x1ED).ThrowIfError("make folder", Folder);
        Sys.Socket(Libc.AF_UNIX, Libc.SOCK_DGRAM | Libc.SOCK_NONBLOCK, 0, out var socket).ThrowIfError("socket");
        try
        {
            Sys.SetSocketOption(socket, Libc.SOL_SOCKET, Libc.SO_PASSCRED, 1).ThrowIfError("setsockopt", path);
            _ = Sys.Unlink(path);
            Sys.BindUnix(socket, path).ThrowIfError("bind", path);
            Sys.ChangeMode(path, 0x1B6).ThrowIfError("chmod", path); // 0666
            supervisor.Store.Put(StoreName(service), socket);
            return new NotifySocket(supervisor, service, socket, isOurs, said, refused);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>The one that the last manager left; null if there is none.</summary>
    public static NotifySocket? Restore(Supervisor supervisor, string service, Predicate<int> isOurs,
        Action<NotifyMessage, int, List<FileDescriptor>> said, Action<string> refused) =>
        supervisor.TakeRestored(StoreName(service)) is { } socket ? new NotifySocket(supervisor, service, socket, isOurs, said, refused) : null;

    /// <summary>
    /// Carries out all that has been said, before something is decided that it could change: an end, or a deadline, that
    /// came in the same moment.
    /// </summary>
    public void Drain()
    {
        TakeOut();
        for (int i = 0; i < MostAtOnce && !_isDisposed && Receive(0); i++)
        {
            // All of it in the order in which it was said.
        }
    }

    private void Look()
    {
        if (_isHeadDone || IsTooMuch()) return;
        // From here on it is the next save that lets it go, whatever comes of it.
        _isHeadDone = true;
        _supervisor.AfterSave(TakeOut);
        if (!Receive(Libc.MSG_PEEK)) _isHeadDone = false;
    }

    private bool IsTooMuch()
    {
        var now = EventLoop.Now;
        if (now - _second >= TimeSpan.FromSeconds(1)) (_second, _heard) = (now, 0);
        if (_heard < MostInASecond) return false;
        _supervisor.Loop.Change(_watch, 0);
        _supervisor.Loop.At(_second + TimeSpan.FromSeconds(1), _service, () =>
        {
            if (!_isDisposed) _supervisor.Loop.Change(_watch, Libc.EPOLLIN);
        });
        return true;
    }

    private void TakeOut()
    {
        if (!_isHeadDone || _isDisposed) return;
        _isHeadDone = false;
        Span<byte> nothing = stackalloc byte[1];
        var passed = new List<FileDescriptor>();
        _ = Sys.ReceiveNotification(_socket, nothing, out _, out _, passed, out _, 0);
        Close(passed);
    }

    /// <summary>One datagram; false when there is none.</summary>
    private bool Receive(int flags)
    {
        Span<byte> buffer = stackalloc byte[NotifyMessage.LongestBytes];
        var passed = new List<FileDescriptor>();
        var errno = Sys.ReceiveNotification(_socket, buffer, out int count, out var sender, passed, out bool isTruncated, flags);
        if (errno != Errno.None) return false;
        try
        {
            if (!_isOurs(sender.pid)) _refused($"a notification of process {sender.pid} (uid {sender.uid}) is refused: it is not in the service's cgroup, or gone already");
            else if (isTruncated) _refused($"a notification of more than {NotifyMessage.LongestBytes} bytes, or with more descriptors than there is room for (process {sender.pid}), is refused");
            else
            {
                _heard++;
                var message = NotifyMessage.Parse(buffer[..count]);
                if (message.Problem is { } problem) _refused($"in a notification of process {sender.pid}: {problem}");
                _said(message, sender.pid, passed);
            }
        }
        finally
        {
            Close(passed);
        }
        return true;
    }

    private static void Close(List<FileDescriptor> passed)
    {
        foreach (var fd in passed) fd.Dispose();
    }

    private static string StoreName(string service) => $"sd_notify:{service}";

    /// <summary>The run is over.</summary>
    public void Dispose()
    {
        if (_isDisposed) return;
        _isDisposed = true;
        _supervisor.Loop.Unwatch(_watch);
        _supervisor.Store.Remove(StoreName(_service));
        _socket.Dispose();
        _ = Sys.Unlink(PathOf(_service));
    }
}
