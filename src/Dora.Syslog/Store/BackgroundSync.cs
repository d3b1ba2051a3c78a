using Dora.Core.Events;
using Dora.Core.Linux;

namespace Dora.Syslog.Store;

/// <summary>
/// Writes files through (fsync, fdatasync) while lines go on being written: a disk that is busy with other people's data may take seconds for
/// it, of which the ring holds but a part. The kernel does it (io_submit(2), since Linux 4.18); without a thread here, and where it cannot, the caller does
/// it himself and waits. What was begun is done even if we are killed.
/// </summary>
internal sealed class BackgroundSync : IDisposable
{
    private readonly EventLoop _loop;
    private readonly Action<Errno>?[] _then = new Action<Errno>?[8];
    private readonly nint _requests;
    private readonly FileDescriptor? _ended;
    private readonly Watch? _watch;
    private bool _isOver;

    public BackgroundSync(EventLoop loop)
    {
        _loop = loop;
        if (Sys.MakeRequests(_then.Length, out _requests, out var ended) != Errno.None) return;
        _ended = ended;
        _watch = loop.Watch(ended, Libc.EPOLLIN, "written through", _ => OnEnds());
    }

    /// <summary>Calls <paramref name="then"/> when all that was written to the file before is on the disk; false: it cannot be done so.</summary>
    public bool Begin(FileDescriptor file, bool dataOnly, Action<Errno> then)
    {
        int place = Array.IndexOf(_then, null);
        if (_ended is null || _isOver || place < 0 || Sys.RequestSync(_requests, _ended, file, dataOnly, place) != Errno.None) return false;
        _then[place] = then;
        return true;
    }

    /// <summary>Waits for what was begun, of which nobody is told any more.</summary>
    public void Dispose()
    {
        if (_ended is null || _isOver) return;
        _isOver = true;
        _loop.Unwatch(_watch!);
        Sys.EndRequests(_requests);
        _ended.Dispose();
    }

    private void OnEnds()
    {
        Span<byte> count = stackalloc byte[8];
        _ = Sys.Read(_ended!, count, out int _);
        while (!_isOver && Sys.TryEndOfRequest(_requests, out int place, out var errno))
        {
            var then = _then[place]!;
            _then[place] = null;
            then(errno);
        }
    }
}
