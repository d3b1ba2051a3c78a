using Dora.Core.Events;
using Dora.Core.Linux;

namespace Dora.Init.Manager.Control;

/// <summary>
/// A client that gets pieces as they come, for as long as it takes them. It took the connection over from
/// <see cref="ControlConnection"/>, which is over; what the client sends is not read.
///
/// A slow reader is dropped, never waited for: when more than <see cref="QueueLimit"/> is unread, or nothing was taken for
/// <see cref="Patience"/>. A client is gone when both directions are shut (EPOLLHUP), which Unix sockets report by themselves.
/// </summary>
internal sealed class ControlStream : IDisposable
{
    public const int QueueLimit = 256 * 1024;
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly EventLoop _loop;
    private readonly FileDescriptor _fd;
    private readonly Watch _watch;
    private readonly Action<ControlStream> _ended;
    private byte[] _queue = [];
    private int _start, _end;
    private bool _isWaiting, _isClosed;

    /// <param name="loop">The manager's.</param>
    /// <param name="fd">The connection, non-blocking; owned from here on.</param>
    /// <param name="ended">Called once, when the client is gone or was dropped.</param>
    public ControlStream(EventLoop loop, FileDescriptor fd, Action<ControlStream> ended)
    {
        _loop = loop;
        _fd = fd;
        _ended = ended;
        _watch = loop.Watch(fd, 0, "stream", OnEvents);
    }

    /// <summary>When the client last took something, or had nothing to take.</summary>
    public TimeSpan LastProgress { get; private set; } = EventLoop.Now;

    /// <summary>When something was last sent, for signs of life.</summary>
    public TimeSpan LastSent { get; private set; } = EventLoop.Now;

    public bool IsStuck => _isWaiting && EventLoop.Now - LastProgress > Patience;

    public void Push(ReadOnlySpan<byte> bytes)
    {
        if (_isClosed) return;
        if (_end - _start + bytes.Length > QueueLimit)
        {
            Dispose();
            return;
        }
        Add(bytes);
        LastSent = EventLoop.Now;
        if (!_isWaiting) Flush();
    }

    private void Add(ReadOnlySpan<byte> bytes)
    {
        if (_start == _end) _start = _end = 0;
        if (_end + bytes.Length > _queue.Length)
        {
            int length = _end - _start;
            byte[] larger = length + bytes.Length > _queue.Length ? new byte[Math.Max(length + bytes.Length, 2 * _queue.Length)] : _queue;
            _queue.AsSpan(_start, length).CopyTo(larger);
            (_queue, _start, _end) = (larger, 0, length);
        }
        bytes.CopyTo(_queue.AsSpan(_end));
        _end += bytes.Length;
    }

    private void OnEvents(uint events)
    {
        if ((events & (Libc.EPOLLHUP | Libc.EPOLLERR)) != 0) Dispose();
        else if (_isWaiting) Flush();
    }

    private void Flush()
    {
        while (_start < _end)
        {
            var errno = Sys.Write(_fd, _queue.AsSpan(_start, _end - _start), out int count);
            if (errno == Errno.EAGAIN)
            {
                Wait(true);
                return;
            }
            if (errno != Errno.None)
            {
                Dispose();
                return;
            }
            _start += count;
            LastProgress = EventLoop.Now;
        }
        Wait(false);
    }

    private void Wait(bool isWaiting)
    {
        if (_isWaiting == isWaiting) return;
        _isWaiting = isWaiting;
        if (!isWaiting)
        {
            // Whoever was slow once need not be again, and there may be many.
            _queue = [];
            _start = _end = 0;
        }
        _loop.Change(_watch, isWaiting ? Libc.EPOLLOUT : 0);
    }

    public void Dispose()
    {
        if (_isClosed) return;
        _isClosed = true;
        _loop.Unwatch(_watch);
        _fd.Dispose();
        _ended(this);
    }
}
