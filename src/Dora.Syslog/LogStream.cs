using Dora.Core.Events;
using Dora.Core.Linux;
using Dora.Core.Protocol;

namespace Dora.Syslog;

/// <summary>
/// One pipe of a service: its standard output or error.
///
/// The pipe is the only memory of what has no end yet: it is looked at, whole lines are taken out (exactly once,
/// LogRing.Taking.cs), and half a line stays until its end comes, until <see cref="LogServer.LinePatience"/> is over, until
/// it is as long as a line can be, or until it fills a small pipe. Epoll is edge-triggered here, or half a line would keep
/// the loop awake: so whoever has taken anything looks again, until nothing more can be taken.
///
/// One look is a bounded piece of work, and its lines go to the ring in batches of at most a quarter of it, between which
/// readers are served: one that keeps up must not lose lines, only because they came in one piece.
/// </summary>
internal sealed class LogStream
{
    private const byte DaemonFacility = 3 * 8;
    private const byte Informational = 6, Warning = 4;
    private const int Page = 4096;

    private readonly LogServer _server;
    private readonly FileDescriptor _pipe;
    private readonly Watch _watch;
    private readonly Action _look;
    private readonly byte[] _service;
    private readonly LogSource _source;
    private byte? _severity; // of the line that goes on; with LogRing.DroppedLine
    private int _rate = -1, _rateVersion = -1; // where its lines are counted
    private int _half; // bytes in the pipe that are half a line
    private TimeSpan _halfSince;
    private bool _hasHungUp, _lookIsPosted, _isClosed;

    public LogStream(LogServer server, long id, byte[] service, LogSource source, FileDescriptor pipe)
    {
        _server = server;
        Id = id;
        _service = service;
        _source = source;
        _pipe = pipe;
        _severity = server.Ring.UnfinishedOf(id);
        _look = () =>
        {
            _lookIsPosted = false;
            Look();
        };
        _watch = server.Loop.Watch(pipe, Libc.EPOLLIN | Libc.EPOLLET, "stream", events =>
        {
            _hasHungUp |= (events & Libc.EPOLLHUP) != 0;
            Look();
        });
    }

    public long Id { get; }

    public ReadOnlySpan<byte> Service => _service;

    public bool HasPartial => _half > 0;

    /// <summary>Gives out a line without end that has not grown since <paramref name="since"/>.</summary>
    public void FlushPartial(TimeSpan since)
    {
        if (_half > 0 && _halfSince <= since) Look(isPatienceOver: true);
    }

    public void Close()
    {
        _isClosed = true;
        _server.Loop.Unwatch(_watch);
        _pipe.Dispose();
    }

    private void Look(bool isPatienceOver = false)
    {
        if (_isClosed) return;
        var errno = Sys.PeekPipe(_pipe, _server.PeekPipe, _server.Buffer, out int count);
        if (errno != Errno.EAGAIN && count == 0)
        {
            // Every writer is gone (or this is no pipe).
            _server.EndStream(this);
            return;
        }
        int taken = 0, part;
        do taken += part = Take(_server.Buffer.AsSpan(taken, count - taken), isEnd: false);
        while (part > 0);
        if (taken == 0 && count > 0 && (_hasHungUp || (isPatienceOver && count == _half) || FillsPipe(count)))
            taken = Take(_server.Buffer.AsSpan(0, count), isEnd: true);
        if (taken > 0 || count != _half) _halfSince = EventLoop.Now;
        _half = count - taken;
        if (_half > 0) _server.WantSweep();
        if (taken == 0 || _lookIsPosted) return;
        // There may be more than was seen. Others first.
        _lookIsPosted = true;
        _server.Loop.Post("stream", _look);
    }

    /// <summary>Takes lines from the front of what is in the pipe; how many bytes that were.</summary>
    private int Take(Span<byte> bytes, bool isEnd)
    {
        var cutter = new LineCutter(bytes, _severity is not null);
        if (!cutter.Next(isEnd) && cutter.Rest.Length == bytes.Length) return 0;
        var ring = _server.Ring;
        int rate = Rate();
        if (rate >= 0) _server.TellIfDue(rate);
        ring.Begin(bytes[0], Id);
        if (rate >= 0) ring.Rates!.Save(rate);
        ulong enough = ring.Newest.Offset + ring.Capacity / 4;
        var stamp = LogServer.Stamp();
        byte? severity = _severity;
        int length = 0;
        cutter = new LineCutter(bytes, severity is not null);
        while (ring.Newest.Offset < enough && cutter.Next(isEnd))
        {
            Add(cutter.Line, cutter.IsContinuation, rate, ref severity, stamp);
            length = bytes.Length - cutter.Rest.Length;
        }
        if (ring.Newest.Offset < enough) length = bytes.Length - cutter.Rest.Length; // ends of lines that were given out
        if (!cutter.GoesOn) severity = null;
        ring.GoesOn(severity);
        ring.Step();
        if (!TakeOut(bytes[..length])) return 0;
        _severity = severity;
        _server.Added();
        return length;
    }

    private unsafe bool TakeOut(Span<byte> bytes)
    {
        var errno = Sys.ReadInTwo(_pipe, _server.Ring.Witness, bytes[1..], out int count);
        _server.Ring.Step();
        // Never less than was seen, as far as anybody knows: the rest is still to be taken then.
        while (errno == Errno.None && count > 0 && bytes.Length > count)
        {
            bytes = bytes[count..];
            errno = Sys.Read(_pipe, bytes, out count);
        }
        return _server.Ring.Settle();
    }

    private void Add(ReadOnlySpan<byte> line, bool isContinuation, int rate, ref byte? severity, (long Us, long BootUs) stamp)
    {
        bool isDropped = false;
        // Of a line that is dropped the rest is, too.
        if (isContinuation && severity is { } begun && (begun & LogRing.DroppedLine) != 0) isDropped = true;
        else if (!isContinuation || severity is null) // else it is the priority of the line that goes on
            severity = PriorityPrefix.TryStrip(ref line, out int said) ? (byte)said
                : _source == LogSource.Error ? Warning : Informational;
        if (isDropped)
        {
            if (rate >= 0) _server.Ring.Rates!.Drop(rate);
        }
        else if (rate >= 0 && !_server.Ring.Rates!.TryTake(rate, stamp.BootUs))
        {
            isDropped = true;
            severity = (byte)(severity!.Value | LogRing.DroppedLine);
            _server.WantSweep();
        }
        if (isDropped) return;
        _server.Add(new LogEntry
        {
            TimeUs = stamp.Us, BootUs = stamp.BootUs, Priority = (byte)(DaemonFacility | severity!.Value), Source = _source,
            IsContinuation = isContinuation, Service = _service, Text = line,
        });
    }

    private int Rate()
    {
        if (_server.Ring.Rates is not { } rates || rates.Version == _rateVersion) return _rate;
        _rate = rates.For(_service, EventLoop.Now.Ticks / 10);
        _rateVersion = rates.Version; // perhaps a new one
        return _rate;
    }

    /// <summary>There is no room for a page: its writer may wait for us. A pipe of the usual size holds the longest line and more.</summary>
    private bool FillsPipe(int count) => count >= Page && count + Page > Sys.PipeSize(_pipe);
}
