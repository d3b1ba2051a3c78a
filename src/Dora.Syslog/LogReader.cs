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
/// What the ring does not hold any more, a process of its own reads from the files and writes to the same connection
/// (<see cref="Store.StoreHistory"/>); until it is through, nothing is sent from here.
///
/// A client is gone on EPOLLHUP, both directions closed, which Unix sockets report by themselves. EPOLLRDHUP would also
/// come for one that only has no more to send (<c>curl</c> never, <c>nc -N</c> at once) and still reads.
/// </summary>
internal sealed class LogReader
{
    private const int RoundsPerWakeUp = 16;
    private const int UsualBatch = 16 * 1024;
    private const int MostHistories = 8;

    private readonly LogServer _server;
    private readonly FileDescriptor _connection;
    private readonly Watch _watch;
    private readonly LogFilter _filter;
    private readonly LogQuery _query;
    private readonly bool _follows, _untilEnd;
    private readonly long _endSequence;
    private FileDescriptor? _history; // open while another process answers from files
    private Watch? _historyWatch;
    private int _histories;
    private LogPosition _position;
    private byte[] _pending; // from _sent to _pendingEnd is still to be sent; kept for re-use
    private int _sent, _pendingEnd;
    private uint _events;
    private TimeSpan _lastProgress = EventLoop.Now;
    private bool _isClosed;

    /// <param name="server">Whose it is.</param>
    /// <param name="connection">The client's; ours from here on.</param>
    /// <param name="query">What is asked for.</param>
    /// <param name="isInFilesOnly">It is about another boot: the ring has nothing of it.</param>
    public LogReader(LogServer server, FileDescriptor connection, LogQuery query, bool isInFilesOnly)
    {
        _server = server;
        _connection = connection;
        _query = query;
        _filter = new LogFilter(query);
        _follows = query.Follow && !isInFilesOnly;
        _untilEnd = query.UntilEnd;
        long missing = 0;
        _position = isInFilesOnly ? server.Ring.Newest : query.After > 0 ? server.Ring.Behind(query.After) : Tail(out missing);
        _endSequence = _follows ? long.MaxValue : server.Ring.NextSequence;
        _pending = HttpResponse.StreamHead(HttpResponse.Ndjson);
        _pendingEnd = _pending.Length;
        _watch = server.Loop.Watch(connection, 0, "reader", OnEvents);
        if (isInFilesOnly) ReadFiles(query, long.MaxValue, withHead: true);
        else if (query.After > 0 && query.After + 1 < server.Ring.FirstSequence) ReadFiles(query with { Lines = LogQuery.MaxLines }, server.Ring.FirstSequence, withHead: true);
        else if (missing > 0) ReadFiles(query with { Lines = (int)missing }, server.Ring.FirstSequence, withHead: true);
    }

    /// <summary>Where the last of the lines that are wanted begin in the ring, and how many of them may be in files.</summary>
    private LogPosition Tail(out long missing)
    {
        var ring = _server.Ring;
        missing = 0;
        if (_query.Lines == 0) return ring.Newest;
        var position = ring.Oldest;
        int matching = 0;
        long oldest = 0;
        while (ring.TryRead(ref position, out var entry, out _))
        {
            if (oldest == 0) oldest = entry.TimeUs;
            if (_filter.Matches(entry)) matching++;
        }
        // Of other boots too, if times are asked for. Who waits for the end of a command has it from its beginning.
        bool areOlder = ring.FirstSequence > 1 || _query.SinceUs > 0 || _query.UntilUs > 0;
        if (areOlder && !_untilEnd && matching < _query.Lines && (_query.SinceUs == 0 || oldest > _query.SinceUs)) missing = _query.Lines == LogQuery.MaxLines ? LogQuery.MaxLines : _query.Lines - matching;
        position = ring.Oldest;
        while (matching > _query.Lines && ring.TryRead(ref position, out var entry, out _))
            if (_filter.Matches(entry)) matching--;
        return position;
    }

    /// <summary>Another process answers on the connection, and we go on when it is through.</summary>
    private void ReadFiles(LogQuery query, long before, bool withHead)
    {
        if (_server.Files is not { } files) return;
        Sys.Pipe(out var done, out var theirs, Libc.O_NONBLOCK).ThrowIfError("pipe");
        using (theirs)
        {
            string? failure = _server.StartHistory(_connection, files.Folder, theirs, query, before, withHead);
            if (failure is not null)
            {
                done.Dispose();
                _server.Note($"store: {failure}: a reader gets what is in RAM only");
                return;
            }
        }
        _histories++;
        _history = done;
        if (withHead) _pending = [];
        if (withHead) _pendingEnd = 0;
        _historyWatch = _server.Loop.Watch(done, Libc.EPOLLIN, "history", _ => FilesAreRead());
        // Where the lines from the files end, those of the ring begin.
        if (_position.Sequence < before && before < long.MaxValue) _position = new LogPosition { Offset = 0, Sequence = before };
        if (_position.Sequence >= _server.Ring.FirstSequence) _position = _server.Ring.Behind(_position.Sequence - 1);
    }

    private void FilesAreRead()
    {
        Span<byte> word = stackalloc byte[1];
        bool isWhole = Sys.Read(_history!, word, out int count) == Errno.None && count == 1;
        EndHistory();
        if (!isWhole)
        {
            _server.EndReader(this); // the client is gone, takes nothing, or was refused
            return;
        }
        // What the ring has lost meanwhile is in the files by now; one who reads more slowly than others write is told some day.
        long first = _server.Ring.FirstSequence;
        if (_position.Sequence < Math.Min(first, _endSequence) && _histories < MostHistories)
            ReadFiles(_query with { After = _position.Sequence - 1, Lines = LogQuery.MaxLines, SinceUs = 0, UntilUs = 0, Boot = null, Follow = false, UntilEnd = false }, first, withHead: false);
        if (_history is null) Send();
    }

    private void EndHistory()
    {
        if (_history is null) return;
        _server.Loop.Unwatch(_historyWatch!);
        _history.Dispose();
        _history = null;
    }

    /// <summary>Sends what can be sent now; called when there may be new lines.</summary>
    public void Pump()
    {
        if (_isClosed || _history is not null || (_events & Libc.EPOLLOUT) != 0) return; // epoll will tell
        Send();
    }

    /// <summary>The socket does not take what there is.</summary>
    public bool IsBehind => (_events & Libc.EPOLLOUT) != 0;

    public bool IsStuck(TimeSpan since) => IsBehind && _lastProgress <= since;

    /// <summary>An empty line for one who follows and has heard nothing since <paramref name="since"/>: whatever is in between must not take the connection for dead.</summary>
    public void GiveSignOfLife(TimeSpan since)
    {
        if (!_follows || _isClosed || _history is not null || IsBehind || _lastProgress > since) return;
        // One byte into an empty buffer; where that fails the end of the client is reported by itself.
        if (Sys.Write(_connection, "\n"u8, out _) == Errno.None) _lastProgress = EventLoop.Now;
    }

    public bool Follows => _follows;

    /// <summary>Another process reads files for it.</summary>
    public bool ReadsFiles => _history is not null;

    public void Close()
    {
        if (_isClosed) return;
        _isClosed = true;
        EndHistory();
        _server.Loop.Unwatch(_watch);
        // What the client sent too much would turn our close into a reset, and the last lines would be lost to it.
        Span<byte> rest = stackalloc byte[1024];
        for (int i = 0; i < 64 && Sys.Read(_connection, rest, out int count) == Errno.None && count > 0; i++) { }
        _connection.Dispose();
    }

    private void OnEvents(uint events)
    {
        if ((events & (Libc.EPOLLHUP | Libc.EPOLLERR)) != 0) _server.EndReader(this);
        else if (_history is null) Send();
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
                    if (isAtEnd && (!_follows || (_untilEnd && !_server.HasStreamOf(_filter.Service)))) _server.EndReader(this);
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
            bool isWanted = _filter.Matches(entry);
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
