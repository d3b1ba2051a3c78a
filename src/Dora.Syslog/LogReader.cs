using Dora.Core.Events;
using Dora.Core.Linux;
using Dora.Core.Protocol;

namespace Dora.Syslog;

/// <summary>
/// The client of one query, on the connection that the manager passed on.
///
/// The ring is the buffer: a reader is a place in it. Lines become JSON in a buffer that all readers share, and only
/// what the socket did not take is kept (at most that buffer's size) until it does. A reader that the writers overtake
/// is told how many lines it missed and goes on with the oldest; one that takes nothing at all for
/// <see cref="LogServer.ReaderPatience"/> is dropped. So no reader, however slow, holds anything up.
///
/// A client is gone on EPOLLHUP, both directions closed, which Unix sockets report by themselves. EPOLLRDHUP would also
/// come for one that only has no more to send (<c>curl</c> never, <c>nc -N</c> at once) and still reads.
/// </summary>
internal sealed class LogReader
{
    private const int RoundsPerWakeUp = 16;
    private const int UsualBatch = 16 * 1024;

    private readonly LogServer _server;
    private readonly FileDescriptor _connection;
    private readonly Watch _watch;
    private readonly byte[] _service;
    private readonly bool _follows, _untilEnd;
    private readonly long _endSequence;
    private LogPosition _position;
    private byte[] _pending; // from _sent to _pendingEnd is still to be sent; kept for re-use
    private int _sent, _pendingEnd;
    private uint _events;
    private TimeSpan _lastProgress = EventLoop.Now;
    private bool _isClosed;

    public LogReader(LogServer server, FileDescriptor connection, byte[] service, LogQuery query)
    {
        _server = server;
        _connection = connection;
        _service = service;
        _follows = query.Follow;
        _untilEnd = query.UntilEnd;
        _position = query.After > 0 ? server.Ring.Behind(query.After) : server.Ring.Tail(query.Lines, service);
        _endSequence = query.Follow ? long.MaxValue : server.Ring.NextSequence;
        _pending = HttpResponse.StreamHead(HttpResponse.Ndjson);
        _pendingEnd = _pending.Length;
        _watch = server.Loop.Watch(connection, 0, "reader", OnEvents);
    }

    /// <summary>Sends what can be sent now; called when there may be new lines.</summary>
    public void Pump()
    {
        if (_isClosed || (_events & Libc.EPOLLOUT) != 0) return; // epoll will tell
        Send();
    }

    /// <summary>The socket does not take what there is.</summary>
    public bool IsBehind => (_events & Libc.EPOLLOUT) != 0;

    public bool IsStuck(TimeSpan since) => IsBehind && _lastProgress <= since;

    /// <summary>An empty line for one who follows and has heard nothing since <paramref name="since"/>: whatever is in between must not take the connection for dead.</summary>
    public void GiveSignOfLife(TimeSpan since)
    {
        if (!_follows || _isClosed || IsBehind || _lastProgress > since) return;
        // One byte into an empty buffer; where that fails the end of the client is reported by itself.
        if (Sys.Write(_connection, "\n"u8, out _) == Errno.None) _lastProgress = EventLoop.Now;
    }

    public bool Follows => _follows;

    public void Close()
    {
        if (_isClosed) return;
        _isClosed = true;
        _server.Loop.Unwatch(_watch);
        // What the client sent too much would turn our close into a reset, and the last lines would be lost to it.
        Span<byte> rest = stackalloc byte[1024];
        for (int i = 0; i < 64 && Sys.Read(_connection, rest, out int count) == Errno.None && count > 0; i++) { }
        _connection.Dispose();
    }

    private void OnEvents(uint events)
    {
        if ((events & (Libc.EPOLLHUP | Libc.EPOLLERR)) != 0) _server.EndReader(this);
        else Send();
    }

    private void Send()
    {
        for (int round = 0; round < RoundsPerWakeUp; round++)
        {
            ReadOnlySpan<byte> bytes = _pending.AsSpan(_sent, _pendingEnd - _sent);
            bool isKept = !bytes.IsEmpty;
            if (!isKept)
            {
                bytes = _server.Scratch.AsSpan(0, Fill(_server.Scratch, out bool isAtEnd));
                if (bytes.IsEmpty)
                {
                    if (isAtEnd && (!_follows || (_untilEnd && !_server.HasStreamOf(_service)))) _server.EndReader(this);
                    else Wait(0);
                    return;
                }
            }
            var errno = Sys.Write(_connection, bytes, out int count);
            if (errno is not (Errno.None or Errno.EAGAIN))
            {
                _server.EndReader(this);
                return;
            }
            if (count > 0) _lastProgress = EventLoop.Now;
            if (isKept) Taken(count);
            else if (count < bytes.Length) KeepForLater(bytes[count..]);
            if (count < bytes.Length) break;
        }
        // There is more, or may be: others first.
        Wait(Libc.EPOLLOUT);
    }

    private void Taken(int count)
    {
        _sent += count;
        // There may be many readers, and long lines are rare.
        if (_sent == _pendingEnd && _pending.Length > UsualBatch) (_pending, _sent, _pendingEnd) = ([], 0, 0);
    }

    private void KeepForLater(ReadOnlySpan<byte> bytes)
    {
        if (_pending.Length < bytes.Length) _pending = new byte[Math.Max(bytes.Length, UsualBatch)];
        bytes.CopyTo(_pending);
        _sent = 0;
        _pendingEnd = bytes.Length;
    }

    /// <summary>Lines of up to <see cref="UsualBatch"/> in all, or a single longer one.</summary>
    private int Fill(Span<byte> target, out bool isAtEnd)
    {
        int length = 0;
        isAtEnd = false;
        while (true)
        {
            var next = _position;
            if (!_server.Ring.TryRead(ref next, out var entry, out long lost) || entry.Sequence >= _endSequence)
            {
                isAtEnd = true;
                return length;
            }
            bool isWanted = LogRing.Matches(_service, entry.Service);
            int needed = (isWanted ? LogLineWriter.WorstCase(entry) : 0) + (lost > 0 ? 1024 : 0);
            if (needed > (length == 0 ? target.Length : UsualBatch - length)) return length;
            if (lost > 0) length += WriteLost(lost, entry, target[length..]);
            if (isWanted) length += LogLineWriter.Write(entry, target[length..]);
            _position = next;
        }
    }

    private static int WriteLost(long lost, in LogEntry next, Span<byte> target)
    {
        Span<byte> text = stackalloc byte[96];
        System.Text.Unicode.Utf8.TryWrite(text, $"{lost} lines were overwritten before this reader took them", out int length);
        return LogLineWriter.Write(new LogEntry
        {
            Sequence = next.Sequence - 1, TimeUs = next.TimeUs, BootUs = next.BootUs, Priority = LogServer.OwnPriority,
            Source = LogSource.Self, Service = "syslog"u8, Text = text[..length],
        }, target);
    }

    private void Wait(uint events)
    {
        if (events == Libc.EPOLLOUT) _server.WantSweep();
        if (_events == events) return;
        _events = events;
        _server.Loop.Change(_watch, events);
    }
}
